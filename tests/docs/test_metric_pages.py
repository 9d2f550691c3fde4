"""The pages on metrics: each metric has one, and every number of a figure was measured."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from markdown_pages import ROOT, sections

import gansmith
from gansmith import registry
from gansmith.config import DataConfig
from gansmith.data import open_source
from gansmith.modalities.table.attacks import FLOORS

sys.path.insert(0, str(ROOT / "docs" / "figures"))
from fooled_drawing import alternative
from fooled_points import measure_neighbours

FIGURES = ROOT / "docs" / "figures"
PAGES = sorted((ROOT / "docs" / "metrics").glob("*.md"))
NUMBERS: dict[str, Any] = json.loads((FIGURES / "fooled.json").read_text("utf-8"))

# What a report can hold; a test below looks whether it holds others.
REPORTED = {
    "frechet", "frechet-at-n", "kernel", "precision", "recall", "density", "coverage",
    "critic-accuracy", "critic-auc", "divergence", "closer-to-training", "near-copies", "copies",
    "vendi", "modes-hit", "captured", "kl", "spread", "class-agreement", "shapes", "pairs",
    *FLOORS,
    "boosted-auc", "train-on-synthetic", "alpha-precision", "beta-recall",
    "sentence-frechet", "bleu", "self-bleu", "reverse-perplexity", "copied-lines",
    "near-copied-lines", "new-2-grams", "new-3-grams", "new-4-grams",
}  # fmt: skip
RECORDED = {"duality_gap", "discriminator_could_gain", "generator_could_gain"}

TERMS = re.compile(r"^((?:`[\w-]+`(?:, )?)+)\n: ", re.MULTILINE)
FIGURE = re.compile(r"!\[([^\]]*)\]\(\.\./figures/fooled-(\w+)\.png\)")
LEFT_OUT = re.compile(r"`[^`]*`|\$[^$]*\$|!?\[[^\]]*\]\([^)]*\)|\d+(?:st|nd|rd|th)\b")
NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")


def by_name(page: Path) -> str:
    return page.stem


def defined(page: Path) -> list[str]:
    """The names that a page defines: code in front of a definition."""
    return [name for found in TERMS.findall(page.read_text("utf-8")) for name in names(found)]


def names(text: str) -> list[str]:
    return re.findall(r"`([\w-]+)`", text)


def fooling(page: Path) -> list[str]:
    """The sections of a page on what fools its metric."""
    text = page.read_text("utf-8")
    return [part for head, _, part in sections(text) if head.startswith("What fools ")]


def leaves(found: Any) -> list[float]:
    if isinstance(found, dict):
        return [number for value in found.values() for number in leaves(value)]
    return [float(found)]


def is_measured(written: str, measured: list[float]) -> bool:
    """Whether one of them, rounded as it is written, is this number."""
    plain = written.replace(",", "")
    places = len(plain.partition(".")[2])
    return any(f"{number:.{places}f}" == plain for number in measured)


def test_every_metric_is_defined_on_one_page() -> None:
    found = [name for page in PAGES for name in defined(page)]
    extractors = set(registry.names("extractor"))
    assert sorted(set(found) - extractors) == sorted(REPORTED | RECORDED)
    assert len(found) == len(set(found))


def ours(extractor: str) -> bool:
    """Whether it comes with the package, and not from a test."""
    return registry.get("extractor", extractor).build.__module__.startswith("gansmith.")


def test_every_extractor_is_defined() -> None:
    known = {name for name in registry.names("extractor") if ours(name)}
    assert known <= set(defined(ROOT / "docs" / "metrics" / "features.md"))


def test_a_report_holds_no_other_metrics(tmp_path: Path) -> None:
    """Of points whose modes are known, of digits with classes, of rows, of texts: all there are."""
    ring = open_source(DataConfig(source="ring")).samples[:60]
    np.savez(tmp_path / "ring.npz", x=ring)
    digits = open_source(DataConfig(source="digits"))
    assert digits.labels is not None
    few = digits.labels < 3
    np.savez(tmp_path / "digits.npz", x=digits.samples[few], y=digits.labels[few])
    lines = [f"{'ab'[i % 2]},{i % 7}" for i in range(60)]
    (tmp_path / "rows.csv").write_text("\n".join(["letter,number", *lines]))
    (tmp_path / "lines.txt").write_text("\n".join(f"{i % 7} is {i} for me" for i in range(60)))
    found = set()
    for real, fake, features in (
        ("ring", "ring.npz", None),
        (str(tmp_path / "digits.npz"), "digits.npz", None),
        (str(tmp_path / "rows.csv"), "rows.csv", None),
        (str(tmp_path / "lines.txt"), "lines.txt", "lsa"),
    ):
        report = gansmith.evaluate(
            real, str(tmp_path / fake), 60, out=tmp_path / "report", features=features
        )
        found |= {value.name for value in report.values}
        found |= {value.name for values in report.classes.values() for value in values}
        found |= {missing.name for missing in report.missing if "class " not in missing.name}
    assert found == REPORTED


@pytest.mark.parametrize("page", PAGES, ids=by_name)
def test_a_page_shows_its_metric_fooled(page: Path) -> None:
    assert fooling(page)
    for part in fooling(page):
        assert FIGURE.search(part), "a section on what fools a metric has a figure"
    for told, name in FIGURE.findall(page.read_text("utf-8")):
        drawn = FIGURES / f"fooled-{name}.png"
        assert drawn.stat().st_size < 60_000
        assert " ".join(told.split()) == alternative(NUMBERS[name]["rows"])


@pytest.mark.parametrize("page", PAGES, ids=by_name)
def test_every_number_of_a_figure_was_measured(page: Path) -> None:
    """In the sections on what fools a metric, all but numbers below 10 without a point."""
    for part in fooling(page):
        measured = [n for _, name in FIGURE.findall(part) for n in leaves(NUMBERS[name])]
        for written in NUMBER.findall(LEFT_OUT.sub("", FIGURE.sub("", part))):
            number = written.rstrip(",")
            if "." in number or float(number.replace(",", "")) >= 10:
                assert is_measured(number, measured), f"{page.name} says {number}"


def test_all_figures_are_shown() -> None:
    shown = {name for page in PAGES for _, name in FIGURE.findall(page.read_text("utf-8"))}
    assert shown == set(NUMBERS) == {p.stem[7:] for p in FIGURES.glob("fooled-*.png")}


def test_the_overview_names_every_metric_and_page() -> None:
    text = (ROOT / "docs" / "measuring.md").read_text("utf-8")
    assert (REPORTED | {"duality_gap"}) <= set(names(text))
    for page in PAGES:
        assert f"(metrics/{page.name})" in text
        assert f"\nmetrics/{page.stem}\n" in text


def test_the_figure_of_neighbours_is_what_is_measured_now() -> None:
    for label, row in measure_neighbours()["rows"].items():
        assert row == pytest.approx(NUMBERS["neighbours"]["rows"][label], rel=1e-9), label
