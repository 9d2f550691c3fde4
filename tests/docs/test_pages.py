"""What the pages say can be typed: their Python compiles, their links lead somewhere."""

from __future__ import annotations

import ast
import contextlib
import io
import json
import re
from pathlib import Path

import pytest
from markdown_pages import ROOT, blocks, pages

from gansmith import modalities, registry
from gansmith.cli.main import main
from gansmith.game import build

assert build  # both register what the pages name
assert modalities

LINK = re.compile(r"(?<!`)\[[^\]]*\]\(([^)\s]+)\)")
COMMAND = re.compile(r"gansmith (train|plan|sample|judge|export|serve|track|list)\b([^\n`]*)")
FLAG = re.compile(r"(--[a-z]+)\b")
COMMANDS = ("train", "plan", "sample", "judge", "export", "serve", "track", "list")
# Where their flags are explained.
EXPLAINED = ("getting-started.md", "export.md", "serving.md", "trackers.md")


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


@pytest.fixture(scope="module")
def flags() -> dict[str, set[str]]:
    """The flags of each command, as its help shows them."""
    shown: dict[str, set[str]] = {}
    for command in COMMANDS:
        out = io.StringIO()
        with contextlib.redirect_stdout(out), pytest.raises(SystemExit):
            main([command, "--help"])
        shown[command] = set(FLAG.findall(out.getvalue()))
    return shown


@pytest.mark.parametrize("page", [*pages(), ROOT / "Makefile"], ids=by_name)
def test_commands_have_the_flags_that_pages_show(page: Path, flags: dict[str, set[str]]) -> None:
    for command, rest in COMMAND.findall(page.read_text("utf-8").replace("\\\n", " ")):
        unknown = set(FLAG.findall(rest)) - flags[command]
        assert not unknown, f"{by_name(page)}: gansmith {command} {unknown}"


def test_the_guide_explains_every_flag(flags: dict[str, set[str]]) -> None:
    text = "".join((ROOT / "docs" / page).read_text("utf-8") for page in EXPLAINED)
    missing = {flag for shown in flags.values() for flag in shown if flag not in text}
    assert missing <= {"--help", "--n"}


def test_the_slanted_faces_page_computes_what_it_says() -> None:
    text = (ROOT / "docs" / "slanted-faces.md").read_text("utf-8")
    for block in blocks(text):
        if block.language == "python":
            exec(compile(block.text, "slanted-faces.md", "exec"), {})  # noqa: S102


def test_the_numbers_of_the_fresh_discriminator_are_the_measured_ones() -> None:
    text = (ROOT / "docs" / "slanted-faces.md").read_text("utf-8")
    found = json.loads((ROOT / "docs" / "figures" / "slanted-faces.json").read_text("utf-8"))
    for moves, answers in found.items():
        for name, row in answers.items():
            who = "trained in the game" if name == "trained" else name
            line = (
                f"| {int(moves):,} moves | {who} | {row['faces_right']:.1%} | "
                f"{row['fakes_right']:.1%} | {row['error']:.4f} |"
            )
            assert line.replace("%", " %") in text


def test_every_objective_and_penalty_is_explained() -> None:
    text = (ROOT / "docs" / "the-game.md").read_text("utf-8")
    for kind in ("objective", "regularizer"):
        for name in registry.names(kind):
            assert f"`{name}`" in text, f"docs/the-game.md does not explain the {kind} {name}"
