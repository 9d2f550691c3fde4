"""Functions and files stay small enough to be read."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from source_files import by_name, docstring_lines, files, tree

MOST_FUNCTION_LINES, MOST_FILE_LINES = 40, 400
ALL = files("gansmith", "examples", "benchmarks", "tests", "docs")


@pytest.mark.parametrize("path", ALL, ids=by_name)
def test_functions_are_short(path: Path) -> None:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            # From `def` to the last line; the docstring may be as long as it must.
            lines = (node.end_lineno or 0) - node.lineno + 1 - docstring_lines(node)
            assert lines <= MOST_FUNCTION_LINES, f"{node.name} has {lines} lines"


@pytest.mark.parametrize("path", ALL, ids=by_name)
def test_files_are_short(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= MOST_FILE_LINES


def test_no_file_is_called_after_nothing() -> None:
    vague = {"utils", "util", "misc", "helpers", "helper", "common"}
    assert not [by_name(path) for path in ALL if path.stem in vague]
