"""Rows that are asked for by a condition meet it, each of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from people import write

import gansmith
from gansmith.cli.main import main
from gansmith.errors import UserError
from gansmith.modalities.table.bins import Bins
from gansmith.modalities.table.codec import TableCodec
from gansmith.modalities.table.schema import Column
from gansmith.modalities.table.where import Clause, parse, restrict

# Looked at once in a run, and not ten times.
SMALL = {
    "generator.width": 16, "discriminator.width": 16, "train.batch_size": 32,
    "train.measure_samples": 320,
}  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> gansmith.Run:
    folder = tmp_path_factory.mktemp("tables")
    return gansmith.train(write(folder / "p.csv"), folder / "run", samples=320, settings=SMALL)


def test_conditions_are_read() -> None:
    text = "age>=18 AND \"last name\" = 'O''Neil' and `x y` in (1, 'b') and z is not NULL"
    assert parse(text) == [
        Clause("age", ">=", ("18",)),
        Clause("last name", "=", ("O'Neil",)),
        Clause("x y", "in", ("1", "b")),
        Clause("z", "known"),
    ]


@pytest.mark.parametrize(
    ("where", "meets"),
    [
        ("age > 60 and sex = 'F'", lambda f: (f["age"] > 60) & (f["sex"] == "F")),
        ("age >= 60.5 and age < 62", lambda f: f["age"] == 61),
        ("age = 44", lambda f: f["age"] == 44),
        ("age != 44", lambda f: f["age"] != 44),
        ("income < 30000 and income > 29000", lambda f: f["income"].between(29000.01, 29999.99)),
        ("city in (Oslo, 'Lima')", lambda f: f["city"].isin(["Oslo", "Lima"])),
        ("city != Oslo", lambda f: f["city"] != "Oslo"),
        ("joined is missing", lambda f: f["joined"].isna()),
        ("joined >= 2021-06-01", lambda f: f["joined"] >= pd.Timestamp("2021-06-01")),
        ("joined is not missing and member = True", lambda f: f["joined"].notna() & f["member"]),
        ("score = withdrawn", lambda f: f["score"] == "withdrawn"),
        ("score > 0.25", lambda f: pd.to_numeric(f["score"], errors="coerce") > 0.25),
        ("größe <= 155", lambda f: f["größe"] <= 155),
    ],
)
def test_each_row_meets_it(where: str, meets: object, run: gansmith.Run) -> None:
    rows = run.sample(400, where=where)
    assert len(rows) == 400
    assert meets(rows).all()  # type: ignore[operator]
    assert rows["city"].nunique() > 1  # the rest is still drawn


def test_what_is_asked_for_does_not_depend_on_how_much(run: gansmith.Run) -> None:
    where = "age < 30 and city = Bern"
    assert run.sample(2_003, where=where).head(5).equals(run.sample(5, where=where))


@pytest.mark.parametrize(
    ("where", "hint"),
    [
        ("", "stands where a column should"),
        ("age", "after 'age' comes"),
        ("age > ", "after '>' comes"),
        ("age > 3 or age < 2", "joined by `and` alone"),
        ("agee > 3", "Did you mean age?"),
        ("age > 300", "nothing that was seen of 'age' fits"),
        ("age > 40 and age < 40", "nothing that was seen of 'age' fits"),
        ("age = 40.5", "nothing that was seen of 'age' fits"),
        ("age > old", "is nothing that 'age' holds"),
        ("city > Oslo", "has no order"),
        ("city = Paris", "is nothing that 'city' holds"),
        ("country = Utopia", "Nothing was learned about 'country'"),
        ("city in (Oslo", "is not closed"),
        ("city is nice", "after `is` comes 'nice'"),
        ("age > 3 %", "comes '%'"),
        ("city = 'Oslo", "there is"),
    ],
)
def test_what_cannot_be_met_or_read_is_refused(where: str, hint: str, run: gansmith.Run) -> None:
    with pytest.raises(UserError) as caught:
        run.sample(5, where=where)
    assert hint in str(caught.value)


def test_the_command_takes_conditions(
    run: gansmith.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given_ = ["sample", str(run.folder.path), "-n", "50", "--out", str(tmp_path / "a.csv")]
    with pytest.raises(SystemExit) as stop:
        main([*given_, "--where", "sex=F"])
    assert not stop.value.code
    assert set(pd.read_csv(tmp_path / "a.csv")["sex"]) == {"F"}
    points = gansmith.train("ring", tmp_path / "ring", samples=128)
    with pytest.raises(UserError, match="Only rows of a table"):
        points.sample(3, where="x > 1")


numbers = st.lists(st.integers(-500, 500), min_size=3, max_size=200)


@given(numbers, st.integers(0, 2), st.sampled_from(["<", "<=", ">", ">=", "=", "!="]),
       st.integers(-600, 600), st.integers(2, 20))  # fmt: skip
def test_codes_and_bounds_agree_with_the_comparison(
    values: list[int], digits: int, operator: str, other: int, num_bins: int
) -> None:
    """Every allowed code, at any place, gives a number that meets it; others that do are kept."""
    cells = np.round(np.array(values) / 10.0**digits, digits)
    value = round(other / 10.0**digits, digits)
    column = Column("x", "number", integer=digits == 0, decimals=digits,
                    low=cells.min(), high=cells.max())  # fmt: skip
    bins = Bins.fit(column, cells, num_bins)
    codec = TableCodec((column,), (bins,))
    compare = {"<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal,
               "=": np.equal, "!=": np.not_equal}[operator]  # fmt: skip
    codes, _ = bins.encode(cells)
    try:
        restriction = restrict(codec, f"x {operator} {value}")
    except UserError:
        assert not compare(cells, value).any() or operator == "="
        return
    allowed = restriction.codes.numpy()
    assert allowed[codes[compare(cells, value)]].all()
    places = np.random.default_rng(0).random(20)
    for code in np.flatnonzero(allowed):
        drawn = bins.decode(np.full(20, code), places)[:, None]
        assert compare(restriction.hold(drawn), value).all()
