"""The walks of CONTRIBUTING.md are true: their code is taken out of the page and executed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from markdown_pages import ROOT, blocks, sections

from gansmith import registry
from gansmith.api import Run

WALKS = {
    "Add an objective": ("objective", "relativistic-hinge"),
    "Add a source": ("source", "moons"),
    "Add a network": ("generator", "gated"),
}


@pytest.fixture
def clean_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a walk registers is gone afterwards."""
    copies = {kind: dict(entries) for kind, entries in registry._entries.items()}
    monkeypatch.setattr(registry, "_entries", copies)


def walk(heading: str) -> dict[str, Any]:
    """Execute the Python blocks of one section in order, as one module."""
    page = ROOT / "CONTRIBUTING.md"
    names: dict[str, Any] = {"__name__": "walk"}
    for title, line, text in sections(page.read_text("utf-8")):
        if title == heading:
            for block in blocks(text, line):
                if block.language == "python":
                    # Blank lines before, so that a traceback shows lines of the page.
                    source = "\n" * (block.line - 1) + block.text
                    exec(compile(source, page, "exec", dont_inherit=True), names)  # noqa: S102
    return names


@pytest.mark.usefixtures("clean_registry")
@pytest.mark.parametrize("heading", WALKS)
def test_a_walk_can_be_followed(
    heading: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    kind, name = WALKS[heading]
    names = walk(heading)
    assert registry.get(kind, name).summary.endswith((".", ")"))
    run = names["run"]
    assert isinstance(run, Run)
    assert name in str(run.config)
    assert np.isfinite(run.sample(3)).all()
    losses = [record["generator_loss"] for record in run.folder.read_metrics()]
    assert losses
    assert np.isfinite(losses).all()


def test_every_walk_is_numbered_and_ends_with_the_changelog() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    found = {title: body for title, _, body in sections(text) if title.startswith("Add a")}
    assert set(found) == set(WALKS)
    for body in found.values():
        assert "\n1. " in body
        assert "CHANGELOG.md" in body.rpartition("\n4. ")[2]
