"""A table's part of a report."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from people import write

import gansmith
from gansmith.modalities.table.schema import Column
from gansmith.modalities.table.scores import Coder


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Of rows of which some columns were shuffled, and one has a level that was never seen."""
    folder = tmp_path_factory.mktemp("page")
    real = pd.read_csv(write(folder / "real.csv", n=600), dtype=str, keep_default_na=False)
    real["city"] = real["city"].replace("Bern", "<script>alert(1)</script>")
    fake = real.sample(frac=1, random_state=0).reset_index(drop=True)
    fake["income"] = real["income"]
    fake.loc[:9, "sex"] = "a & b"
    fake.loc[:9, "score"] = "<b>none</b>"
    for name, frame in (("real", real), ("fake", fake)):
        frame.to_csv(folder / f"{name}.csv", index=False)
    gansmith.evaluate(folder / "real.csv", folder / "fake.csv", 200, out=folder / "out")
    return (folder / "out" / "report.html").read_text()


def test_every_column_is_drawn_and_every_pair(page: str) -> None:
    drawings = [ElementTree.fromstring(svg) for svg in re.findall(r"<svg.*?</svg>", page, re.S)]
    named = {text.text for svg in drawings for text in svg.iter("text")}
    learned = {"age", "income", "sex", "city", "joined", "member", "zip", "score", "größe"}
    assert learned <= named
    titles = [title.text or "" for svg in drawings for title in svg.iter("title")]
    pairs = [title for title in titles if " and " in title and "real rows" in title]
    assert len(pairs) == len(learned) * (len(learned) - 1) // 2


def test_the_pair_that_was_torn_apart_is_drawn_first(page: str) -> None:
    _, _, worst = page.partition("Those that agree least")
    assert "income" in worst.partition("figcaption")[0].rpartition("font-weight='600'")[2]


def test_what_a_table_holds_is_text_and_never_markup(page: str) -> None:
    assert "<script>" not in page
    assert "<b>none" not in page
    assert "&lt;script&gt;" in page
    assert "(something else)" in page


def test_shares_add_up(page: str) -> None:
    """All bars of a column together are all rows."""
    drawing = next(svg for svg in re.findall(r"<svg.*?</svg>", page, re.S) if ">city<" in svg)
    for side in ("real", "fakes"):
        shares = [float(share) for share in re.findall(rf"{side} ([\d.]+)%", drawing)]
        assert sum(shares) == pytest.approx(100, abs=0.1)


def test_a_number_that_many_rows_hold_does_not_hide_the_others() -> None:
    cells = np.concatenate([np.zeros(900), np.arange(1.0, 101)])
    coder = Coder(Column("gain", "number", low=0, high=100), cells)
    counts = np.bincount(coder(cells), minlength=coder.size)
    assert counts.max() == 900
    assert (np.sort(counts[counts > 0])[:-1] == 10).all()
    assert coder(np.array([0.0]))[0] != coder(np.array([0.5]))[0]


def test_a_file_is_written_beside_the_numbers(tmp_path: Path) -> None:
    """A table of one column has no pairs, and still a page."""
    frame = pd.DataFrame({"x": np.random.default_rng(0).normal(size=400)})
    for name in ("real", "fake"):
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
    gansmith.evaluate(tmp_path / "real.csv", tmp_path / "fake.csv", 150, out=tmp_path / "out")
    assert "<h2>Columns</h2>" in (tmp_path / "out" / "report.html").read_text()
