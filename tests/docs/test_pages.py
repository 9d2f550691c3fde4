"""What the pages say can be typed: their Python compiles, their links lead somewhere."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from markdown_pages import ROOT, blocks, pages

from gansmith import modalities, registry
from gansmith.game import build

assert build  # both register what the pages name
assert modalities

LINK = re.compile(r"(?<!`)\[[^\]]*\]\(([^)\s]+)\)")
COMMAND = re.compile(r"gansmith (train|plan|sample|judge|list)\b([^\n`]*)")
FLAG = re.compile(r"(--[a-z]+)\b")
FLAGS = {
    "train": "--out --recipe --seed --minutes --samples --device --precision --processes --strict "
    "--fresh",
    "plan": "--recipe --seed --minutes --samples --device --precision --processes --strict --json",
    "sample": "--out --class --seed --truncation --interpolate --ema --overwrite",
    "judge": "--json",
    "list": "--json",
}


def by_name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", pages(), ids=by_name)
def test_python_blocks_compile(page: Path) -> None:
    for block in blocks(page.read_text("utf-8")):
        if block.language == "python":
            compile("\n" * (block.line - 1) + block.text, page, "exec", ast.PyCF_ONLY_AST)


@pytest.mark.parametrize("page", pages(), ids=by_name)
def test_links_to_files_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text("utf-8")):
        path = target.partition("#")[0]
        if path and "://" not in path:
            assert (page.parent / path).exists(), f"{by_name(page)} links to {target}"


@pytest.mark.parametrize("page", pages(), ids=by_name)
def test_commands_have_the_flags_that_pages_show(page: Path) -> None:
    for command, rest in COMMAND.findall(page.read_text("utf-8").replace("\\\n", " ")):
        unknown = set(FLAG.findall(rest)) - set(FLAGS[command].split())
        assert not unknown, f"{by_name(page)}: gansmith {command} {unknown}"


def test_the_flags_known_here_are_those_of_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    from gansmith.cli.main import main

    for command, flags in FLAGS.items():
        with pytest.raises(SystemExit):
            main([command, "--help"])
        shown = capsys.readouterr().out
        for flag in flags.split():
            assert flag in shown, f"gansmith {command} has no {flag}"


def test_the_slanted_faces_page_computes_what_it_says() -> None:
    text = (ROOT / "docs" / "slanted-faces.md").read_text("utf-8")
    for block in blocks(text):
        if block.language == "python":
            exec(compile(block.text, "slanted-faces.md", "exec"), {})  # noqa: S102


def test_every_objective_and_penalty_is_explained() -> None:
    text = (ROOT / "docs" / "the-game.md").read_text("utf-8")
    for kind in ("objective", "regularizer"):
        for name in registry.names(kind):
            assert f"`{name}`" in text, f"docs/the-game.md does not explain the {kind} {name}"
