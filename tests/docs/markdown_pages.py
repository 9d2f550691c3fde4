"""Code blocks and headings of Markdown files."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^## (.+)$", re.MULTILINE)


class Block(NamedTuple):
    """A fenced block: where it begins, its language, its text without indentation."""

    line: int
    language: str
    text: str


def pages() -> list[Path]:
    """Every Markdown file that people read."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def blocks(text: str, first_line: int = 1) -> Iterator[Block]:
    """The fenced blocks of a text, in order."""
    for found in FENCE.finditer(text):
        line = first_line + text.count("\n", 0, found.start()) + 1
        yield Block(line, found[2], textwrap.dedent(found[3]))


def sections(text: str) -> Iterator[tuple[str, int, str]]:
    """Heading, first line, and text of each section of the second level."""
    marks = list(HEADING.finditer(text))
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    for mark, end in zip(marks, ends, strict=True):
        yield mark[1], text.count("\n", 0, mark.start()) + 1, text[mark.start() : end]
