"""What importing costs, and that public names are what they say."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from source_files import by_name, files, tree

import gansmith

HEAVY = ("torch", "numpy", "lightning_fabric", "pandas", "sklearn", "datasets")


def loaded_by(statement: str) -> set[str]:
    """Which heavy packages a fresh interpreter has loaded after a statement."""
    code = f"{statement}\nimport sys\nprint(*(m for m in {HEAVY!r} if m in sys.modules))"
    finished = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return set(finished.stdout.split())


@pytest.mark.parametrize("module", ["gansmith", "gansmith.cli.main", "gansmith.config"])
def test_torch_is_imported_when_it_is_needed(module: str) -> None:
    assert not loaded_by(f"import {module}")


@pytest.mark.parametrize("path", files("gansmith"), ids=by_name)
def test_fabric_is_imported_when_a_run_begins(path: Path) -> None:
    """What lists, samples or judges would wait for it longer than for torch."""
    at_import = [node for node in tree(path).body if isinstance(node, ast.Import | ast.ImportFrom)]
    named = " ".join(ast.unparse(node) for node in at_import)
    assert "lightning_fabric" not in named


@pytest.mark.parametrize("name", gansmith.__all__)
def test_public_names_are_there_and_stay_what_they_are(name: str) -> None:
    # Twice: a submodule of the same name would take the place of a function once it is imported.
    first, second = (getattr(gansmith, name) for _ in range(2))
    assert first is second
    assert name == "__version__" or callable(first)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        _ = gansmith.trian
