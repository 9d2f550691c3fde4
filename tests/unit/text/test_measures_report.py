"""What ``gansmith evaluate`` says of texts besides what it says of everything."""

from __future__ import annotations

import sys
from collections.abc import Callable
from html import escape
from pathlib import Path

import numpy as np
import pytest

import gansmith
from gansmith.config import DataConfig
from gansmith.data import open_source
from gansmith.evaluation.comparison import Comparison
from gansmith.evaluation.division import divide
from gansmith.evaluation.report import Missing, Report, Value
from gansmith.modalities.text import page
from gansmith.modalities.text.measures import copies, minilm, report
from gansmith.modalities.text.store import to_rows

OWN = {
    "bleu", "self-bleu", "reverse-perplexity", "copied-lines", "near-copied-lines", "new-2-grams",
    "new-3-grams", "new-4-grams",
}  # fmt: skip
WHO, DOES = ("cat", "dog", "bird", "fish", "cow", "größe"), ("sees", "has", "likes", "eats")
WHAT = ("milk", "hay", "corn", "grass", "rain", "文")


def lines(count: int, seed: int) -> list[str]:
    """Different sentences of a small language."""
    random = np.random.default_rng(seed)
    found = [f"the {a} {b} my {c} and a {d}" for a in WHO for b in DOES for c in WHAT for d in WHAT]
    return [found[i] for i in random.permutation(len(found))[:count]]


def written(path: Path, of: list[str]) -> Path:
    path.write_text("\n".join(of) + "\n", "utf-8")
    return path


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "TOKENS", 800)


@pytest.fixture
def real(tmp_path: Path) -> Path:
    return written(tmp_path / "real.txt", lines(300, 0))


def by_name(found: Report) -> dict[str, Value]:
    return {value.name: value for value in found.values}


def test_training_lines_given_out_as_samples_are_told(real: Path, tmp_path: Path) -> None:
    """In each number beside its floor: by lines that were held out, and not by others."""
    data = open_source(DataConfig(source=str(real)))
    train = set(data.split("train", DataConfig(source="").holdout).tolist())
    known = [line.upper() for i, line in enumerate(lines(300, 0)) if i in train]
    fake = written(tmp_path / "fake.txt", known[:150])
    found = by_name(gansmith.evaluate(real, fake, features="lsa"))
    assert set(found) >= OWN
    copied, near = found["copied-lines"], found["near-copied-lines"]
    assert (copied.value, near.value, copied.floor) == (1, 1, 0)
    assert copied.num_real == len(data) - len(train)
    assert copied.low is not None
    assert near.floor is not None
    assert near.floor < 1
    for order in (2, 3, 4):
        value = found[f"new-{order}-grams"]
        assert value.value == 0
        assert value.floor is not None
    assert found["new-4-grams"].floor != 0


def test_few_lines_again_and_again_stand_out(real: Path, tmp_path: Path) -> None:
    fake = written(tmp_path / "fake.txt", lines(5, 1) * 30)
    found = by_name(gansmith.evaluate(real, fake, features="lsa"))
    self_bleu, perplexity = found["self-bleu"], found["reverse-perplexity"]
    for value in (self_bleu, found["bleu"], perplexity):
        assert value.floor is not None
        assert value.low is not None
        assert value.num_fake == value.num_real == 150
    assert self_bleu.value == 1 > (self_bleu.floor or 1)
    assert perplexity.low is not None
    assert perplexity.low > (perplexity.floor or 0)


def test_what_a_number_lacks_is_said(
    real: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = written(tmp_path / "fake.txt", lines(30, 1))
    few = gansmith.evaluate(real, fake, features="lsa")
    why = {missing.name: missing.why for missing in few.missing}
    assert why["bleu"] == why["self-bleu"] == "needs 50 lines of each side, and has 30"
    assert why["sentence-frechet"] == "needs 768 lines of each side, and has 30"
    monkeypatch.setattr(minilm, "PACKAGE", "no_such_package")
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    monkeypatch.setattr(report, "LEAST_LINES", 50)
    bare = gansmith.evaluate(real, written(tmp_path / "fake.txt", lines(60, 1)))
    assert bare.about["features"]["name"] == "lsa"
    why = {missing.name: missing.why for missing in bare.missing}
    assert "gansmith[minilm]" in why["sentence-frechet"]
    assert "gansmith[text]" in why["reverse-perplexity"]
    assert set(by_name(bare)) >= OWN - {"reverse-perplexity"}


Compared = Callable[[list[str], str], Comparison]


@pytest.fixture
def compared(real: Path) -> Compared:
    data = open_source(DataConfig(source=str(real)))
    parts = divide(data, 0.1, 120, 0)

    def make(fake: list[str], features: str) -> Comparison:
        rows = to_rows([line.encode() for line in fake], data.schema.shape[0])
        return Comparison(
            data, parts.reference, parts.control, rows, features=features,
            train_indices=parts.train, held_out_indices=parts.held_out,
        )  # fmt: skip

    return make


def test_no_distance_is_shown_twice(compared: Compared, monkeypatch: pytest.MonkeyPatch) -> None:
    def meanings(features: str) -> list[Value | Missing]:
        comparison = compared(lines(120, 1), features)
        return report.meanings(comparison, report.fakes_of(comparison))

    assert meanings("minilm") == []
    (missing,) = meanings("lsa")
    assert isinstance(missing, Missing)


def test_the_page_shows_what_is_nearly_copied(compared: Compared) -> None:
    known = lines(300, 0)
    near = known[0].replace("the ", "<i> ")
    comparison = compared([near, *["all of it is new"] * 119], "minilm")
    report.copied(comparison, report.fakes_of(comparison))
    overlap, fake, real = comparison.kept[report.CLOSEST][0]
    assert fake == near
    assert overlap == copies.overlap(near, real)
    shown = page.sections(comparison, [])["Closest to the training samples"]
    assert f"<td>{escape(near)}</td><td>{real}" in shown


def test_samples_without_a_word_are_measured(compared: Compared) -> None:
    """As a generator that was not trained may make them."""
    found = {each.name: each for each in report.own_metrics(compared([""] * 120, "minilm"))}
    assert set(found) == OWN
    assert found["new-2-grams"] == Missing("new-2-grams", "no sample has 2 words")
    bleu = found["bleu"]
    assert isinstance(bleu, Value)
    assert bleu.value == 0
