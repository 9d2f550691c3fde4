"""Whatever a user can name is described where it is defined."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import sys
from pathlib import Path

import pytest
from source_files import ROOT, by_name, files, public, tree

from gansmith import config, modalities, registry
from gansmith.game import build

sys.path.insert(0, str(ROOT / "docs" / "_extensions"))
from generated_reference import field_descriptions, option_descriptions

assert build  # both are imported so that they register what they hold
assert modalities

ENTRIES = [registry.get(kind, name) for kind in registry.KINDS for name in registry.names(kind)]
CONFIGS = [c for c in vars(config).values() if dataclasses.is_dataclass(c) and c.__module__]


def promised() -> set[str]:
    """Names of methods that a protocol or an abstract method of ours has described."""
    found: set[str] = set()
    for node in (node for path in files("gansmith") for node in ast.walk(tree(path))):
        if isinstance(node, ast.ClassDef):
            is_protocol = any("Protocol" in ast.unparse(base) for base in node.bases)
            found |= {
                method.name
                for method in node.body
                if isinstance(method, ast.FunctionDef)
                and ast.get_docstring(method)
                and (is_protocol or "abstractmethod" in map(ast.unparse, method.decorator_list))
            }
    return found


PROMISED = promised()


def is_described(name: str, node: ast.AST) -> bool:
    """Whether a definition has a docstring, or is a method that fulfils a described promise."""
    assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    return ast.get_docstring(node) is not None or ("." in name and node.name in PROMISED)


@pytest.mark.parametrize("path", files("gansmith", "examples"), ids=by_name)
def test_public_names_have_docstrings(path: Path) -> None:
    missing = [name for name, node in public(tree(path)) if not is_described(name, node)]
    assert not missing


@pytest.mark.parametrize("path", files("gansmith"), ids=by_name)
def test_modules_have_docstrings(path: Path) -> None:
    text = path.read_text("utf-8")
    assert not text.strip() or ast.get_docstring(tree(path))


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: f"{e.kind}-{e.name}")
def test_a_registered_part_has_a_line_about_it(entry: registry.Entry) -> None:
    assert len(entry.summary) >= 8
    assert entry.build.__doc__, "the summary comes from a base class"


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: f"{e.kind}-{e.name}")
def test_names_are_written_alike(entry: registry.Entry) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", entry.name)


@pytest.mark.parametrize(
    "entry",
    [e for e in ENTRIES if e.kind in {"generator", "discriminator", "transform"}],
    ids=lambda e: f"{e.kind}-{e.name}",
)
def test_options_are_described(entry: registry.Entry) -> None:
    described = set(option_descriptions(entry))
    text = inspect.getdoc(entry.build) or ""
    missing = [o for o in entry.options if o not in described and f"``{o}``" not in text]
    assert not missing


@pytest.mark.parametrize("entry", [e for e in ENTRIES if e.kind == "recipe"], ids=lambda e: e.name)
def test_a_recipe_names_its_command(entry: registry.Entry) -> None:
    assert "``gansmith train " in (inspect.getdoc(entry.build) or "")


@pytest.mark.parametrize("kind", CONFIGS, ids=lambda c: c.__name__)
def test_configuration_fields_are_described(kind: type) -> None:
    if kind in {config.Experiment, config.Component}:
        return  # their fields are sections, and a name with options
    fields = {f.name for f in dataclasses.fields(kind)}
    assert fields == set(field_descriptions(kind))
