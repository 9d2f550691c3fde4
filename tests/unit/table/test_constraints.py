"""What each row must hold is understood, looked for in the data, and held by what is learned."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from orders import CONSTRAINTS, PATTERN, write

from gansmith.config import DataConfig
from gansmith.data import open_source
from gansmith.data.dataset import Dataset
from gansmith.errors import ConfigError, SourceError, UserError
from gansmith.modalities.table.codec import TableCodec
from gansmith.modalities.table.constraints import Form, checked, parse
from gansmith.modalities.table.constraints.form import Plan
from gansmith.modalities.table.constraints.kinds import Inequality, Sum, Term, repeated
from gansmith.modalities.table.schema import Cells, Column, special_cells

GAP, SPECIAL = np.nan, float(special_cells(np.array([0]))[0])
whole = Column("x", "number", integer=True, decimals=0, missing=True, specials=("odd",))
cents = replace(whole, integer=False, decimals=2)
real = replace(whole, integer=False, decimals=None)
COLUMNS = tuple(
    replace(column, name=name)
    for name, column in {
        "a": whole, "b": whole, "c": whole, "net": cents, "tax": cents, "total": cents,
        "share-1": real, "city": Column("", "category", ("Oslo", "Bern")),
        "day": Column("", "datetime", format="%Y-%m-%d"),
        "hour": Column("", "datetime", format="%H:%M"),
        "yes": Column("", "boolean", ("False", "True")), "key": Column("", "id", ("A9",)),
        "five": Column("", "constant", ("5",)), "none": Column("", "empty"),
    }.items()
)  # fmt: skip
PLACE = {column.name: place for place, column in enumerate(COLUMNS)}


def constraint(text: str) -> object:
    return parse(text, COLUMNS)


def test_comparisons_and_sums_are_understood() -> None:
    low, high = Term(PLACE["a"]), Term(PLACE["b"])
    assert constraint("a<b") == Inequality("a<b", (0, 1), low, high, True)
    assert constraint("b >= a") == Inequality("b >= a", (0, 1), low, high, False)
    assert constraint("18 <= `a`") == Inequality("18 <= `a`", (0,), Term(None, 18), low, False)
    assert constraint("a < five").high == Term(None, 5.0)  # type: ignore[attr-defined]
    day = constraint("day >= 2024-02-01")
    assert day.low.value == np.datetime64("2024-02-01", "us").astype(int)  # type: ignore[attr-defined]
    parts = ((1, Term(PLACE["net"])), (-1, Term(PLACE["tax"])))
    for text in ("total = net - tax", "net-tax == total", '"total" = + net - "tax"'):
        found = constraint(text)
        assert isinstance(found, Sum)
        assert (found.total, found.parts) == (PLACE["total"], parts)
    assert constraint("share-1 = a+b").places == (PLACE["share-1"], 0, 1)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("", "compares nothing"), ("a", "compares nothing"), ("a < b < c", "more than once"),
        ("a != b", "only <, <=, >, >= and ="), ("a < ", "on each side stands one"),
        ("a + b < c", "on each side stands one"), ("a < bb", "Did you mean b"),
        ("agee < 3", "names no column"), ("a < seven", "neither a column nor a number"),
        ("day < 3", "neither a column nor a date"), ("city < a", "'city' has no order"),
        ("yes <= a", "'yes' has no order"), ("key < 3", "'key' has no order"),
        ("a < day", "do not compare"), ("day < hour", "times of day"), ("3 < 4", "names no column"),
        ("total = net + city", "'city' cannot be added up"), ("total = ", "one column alone"),
        ("total = net tax", "with + and - between"), ("total = totl + net", "Did you mean total"),
        ("total = total + net", "stands on both sides"), ("five = a + b", "is no sum"),
        ("a + b = net + tax", "stands one column alone"), ("total = net * tax", "with + and -"),
        ("combinatoin(a, b)", "Did you mean combination"), ("combination(a)", "at least 2"),
        ("combination(a, a)", "a column twice"), ("combination(a b)", "with commas"),
        ("combination(a, citty)", "Did you mean city"), ("combination(key, a)", "made anew"),
        ("combination(a, b", "in brackets"), ("one-of(city, yes)", "is no truth value"),
        ("one-of(net, yes)", "is no truth value"), ("unique()", "at least 1"),
        ("unique(five)", "cannot tell rows apart"), ("a < 'b", "there is"),
    ],
)  # fmt: skip
def test_what_cannot_be_understood_or_asked_is_named(text: str, hint: str) -> None:
    with pytest.raises(UserError) as caught:
        constraint(text)
    assert hint in str(caught.value)
    assert isinstance(caught.value, ConfigError)
    assert f"where: constraint: {text}" in str(caught.value)


@pytest.mark.parametrize(
    ("texts", "hint"),
    [
        (["a < b", "b <= c", "c < a"], "round in a circle"), (["a <= b", "b <= a"], "a circle"),
        (["total = net + tax", "net = total - tax"], "round in a circle"),
        (["a = b + c", "a = b - c"], "Two constraints make 'a'"),
        (["total = net + tax", "combination(total, city)"], "in a combination"),
    ],
)  # fmt: skip
def test_constraints_that_do_not_go_together_are_named(texts: list[str], hint: str) -> None:
    with pytest.raises(ConfigError, match=hint):
        Plan(COLUMNS, [parse(text, COLUMNS) for text in texts], np.zeros((9, len(COLUMNS))))


# -- rows come back, and whatever is learned holds ----------------------------------------------

numbers = st.sampled_from([GAP, SPECIAL, 0.0, 1.0, 2.0, 3.0, 7.0])
tables = st.lists(st.tuples(numbers, numbers, numbers), min_size=1, max_size=30)
texts_of_three = st.sampled_from([
    ["a <= b"], ["a < b"], ["b >= a", "c > a"], ["a < b", "b < c"], ["a <= c", "b <= c"],
    ["c = a + b"], ["c = a - b", "a <= b"], ["c = a + b", "a <= c"], ["a = b", "c < a"],
    ["combination(a, c)"], ["combination(a, b)", "combination(b, c)"], ["one-of(a, b)", "b <= c"],
    ["a >= 1", "a < b"], ["a <= b", "b <= 5"], ["combination(a, b)", "a < b", "c > b"],
])  # fmt: skip


def holding(texts: list[str], rows: Cells) -> Cells:
    """The rows that hold all; those of a sum with their total made."""
    found = rows.copy()
    for each in (parse(text, COLUMNS[:3]) for text in texts):
        if isinstance(each, Sum):
            known = [sign * term.of(found) for sign, term in each.parts]
            found[:, each.total] = np.sum(known, axis=0)  # missing where a part is
            found[::2, each.total] = rows[::2, each.total]
    met = [parse(text, COLUMNS[:3]).meets(COLUMNS[:3], found) for text in texts]
    return found[np.logical_and.reduce(met)]


@given(texts_of_three, tables, tables)
def test_rows_come_back_and_all_that_is_made_holds(
    texts: list[str], rows: list[tuple[float, ...]], others: list[tuple[float, ...]]
) -> None:
    cells = holding(texts, np.array(rows))
    if not len(cells):
        return
    form = Form.fit(COLUMNS[:3], texts, cells)
    form = Form.load(COLUMNS[:3], json.loads(json.dumps(form.state())))
    inner = form.forward(cells)
    np.testing.assert_array_equal(form.back(inner), cells)
    # Columns of what is learned, each shuffled by itself: no dependence is left.
    shuffled = np.stack([column[np.random.default_rng(k).permutation(len(cells))]
                         for k, column in enumerate(inner.T)], 1)  # fmt: skip
    made = form.back(shuffled)
    # A part below its own sum, and a bound beyond which only rows with a gap lie, are looked for.
    by_construction = texts not in (["c = a + b", "a <= c"], ["a <= b", "b <= 5"])
    assert not by_construction or form.meets(made).all()
    # Rows that do not hold it are encoded as something that does; numbers, by the bins' ranges.
    odd = form.back(form.forward(np.array(others)))
    assert not by_construction or "a >= 1" in texts or form.meets(odd).all()


@given(st.lists(st.tuples(*[st.integers(-10_000, 10_000)] * 3), min_size=1, max_size=40))
def test_sums_are_exact_at_the_decimals_of_their_columns(rows: list[tuple[int, ...]]) -> None:
    """Whole cents, tenths, and a total of both."""
    raw = np.array(rows, np.float64)
    cells = np.full((len(raw), len(COLUMNS)), 0.0)
    cells[:, PLACE["net"]], cells[:, PLACE["tax"]] = raw[:, 0] / 100, np.round(raw[:, 1] / 10, 1)
    cells[:, PLACE["total"]] = np.round(raw[:, 0] / 100 - raw[:, 1] / 10, 2)
    tenths = list(COLUMNS)
    tenths[PLACE["tax"]] = replace(COLUMNS[PLACE["tax"]], decimals=1)
    tenths[PLACE["total"]] = replace(COLUMNS[PLACE["total"]], decimals=1)
    columns = checked(tuple(tenths), cells, ["total = net - tax"], "here", 1)
    assert columns[PLACE["total"]].decimals == 2  # others need it
    form = Form.fit(columns, ["total = net - tax"], cells)
    assert form.inner[PLACE["total"]].kind == "constant"  # nothing is left to learn
    np.testing.assert_array_equal(form.back(form.forward(cells)), cells)


def test_totals_that_are_rounded_stay_rounded(tmp_path: Path) -> None:
    """Halves of cents are rounded up here, and to even numbers by computers."""
    lines = ["total,a,b"]
    random = np.random.default_rng(0)
    for a, b in random.integers(0, 9_999, (60, 2)).tolist():
        total = (a + b * 10 + 5) // 10  # a in tenths of cents
        lines.append(f"{total / 100:.2f},{a / 1000:.3f},{b / 100:.2f}")
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    data = opened(tmp_path / "t.csv", "total = a + b")
    assert data.columns[0].decimals == 2
    form = Form.fit(data.columns, data.constraints, data.samples)
    inner = form.forward(data.samples)
    np.testing.assert_array_equal(form.back(inner), data.samples)
    made = form.back(np.stack([random.permutation(column) for column in inner.T], 1))
    assert form.meets(made).all()


def test_a_distance_keeps_to_the_grid_of_its_column() -> None:
    """A whole number above a decimal, a month after a day, a real number above another."""
    random = np.random.default_rng(0)
    columns = (cents, replace(whole, name="b"), Column("day", "datetime", format="%Y-%m-%d"),
               Column("month", "datetime", format="%Y-%m"), replace(real, name="r"))  # fmt: skip
    columns = (replace(columns[0], name="a"), *columns[1:])
    months = np.datetime64("2020-01", "M") + random.integers(0, 40, 300)
    days = months.astype("datetime64[D]") - random.integers(0, 90, 300)
    a = np.round(random.normal(size=300), 2)
    micros = [d.astype("datetime64[us]").astype(np.int64).astype(float) for d in (days, months)]
    cells = np.stack([a, np.ceil(a) + 5 * random.integers(0, 3, 300), *micros,
                      a + random.exponential(size=300)], 1)  # fmt: skip
    texts = ["a <= b", "day <= month", "a < r"]
    form = Form.fit(columns, texts, cells)
    inner = form.forward(cells)
    np.testing.assert_allclose(form.back(inner), cells, rtol=1e-15)
    made = form.back(np.stack([random.permutation(column) for column in inner.T], 1))
    assert form.meets(made).all()
    np.testing.assert_array_equal(made[:, 1], np.rint(made[:, 1]))
    starts = made[:, 3].astype("datetime64[us]")
    np.testing.assert_array_equal(starts, starts.astype("datetime64[M]").astype("datetime64[us]"))


def test_many_combinations_that_share_a_code_are_alike_in_the_coarser_column() -> None:
    random = np.random.default_rng(0)
    city = random.integers(0, 900, 20_000).astype(float)
    cells = np.stack([city, city // 90], 1)
    columns = (Column("city", "text", tuple(map(str, range(900)))),
               Column("state", "category", tuple(map(str, range(10)))))  # fmt: skip
    data = open_like(columns, cells, ["combination(city, state)"])
    codec = TableCodec.fit(data, np.arange(len(data)), moments=False)
    bins, (level,) = codec.bins[0], codec.form.levels  # type: ignore[union-attr]
    assert bins is not None
    states = level.seen[96:, 1]
    pure = sum(len(set(states[bins.shared == code])) == 1 for code in range(bins.num_shared))
    assert pure >= bins.num_shared - 10  # one border between any two states
    again = codec.decode(codec.encode(torch.from_numpy(cells))).numpy()
    np.testing.assert_array_equal(again, cells)


def open_like(columns: tuple[Column, ...], cells: Cells, texts: list[str]) -> Dataset:
    schema = open_source(DataConfig(source="ring")).schema
    hashes = np.arange(len(cells), dtype=np.uint64)
    return Dataset(
        replace(schema, modality="table"), cells, None, hashes, "here", columns=columns,
        constraints=tuple(texts),
    )  # fmt: skip


# -- the data ------------------------------------------------------------------------------------


def opened(path: Path, *constraints: str, schema: str = "") -> Dataset:
    return open_source(DataConfig(source=str(path), constraints=constraints, schema=schema))


def test_rows_of_a_file_come_back_through_the_codec(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text(
        json.dumps({"columns": [{"name": "order", "kind": "id", "pattern": PATTERN}]})
    )
    data = opened(write(tmp_path / "o.csv"), *CONSTRAINTS, schema=str(tmp_path / "s.json"))
    train = data.split("train", 0.1)
    codec = TableCodec.fit(data, train)
    codec = TableCodec.load(json.loads(json.dumps(codec.state())))
    rows = torch.from_numpy(data.samples[train])
    expected = data.samples[train].copy()
    expected[:, 0] = 0.0  # ids are made anew
    np.testing.assert_allclose(codec.decode(codec.encode(rows)).numpy(), expected, rtol=1e-12)
    assert codec.accepts(data.samples).all()
    assert any("Each row holds: combination(city, country); ordered" in n for n in data.notes)
    ids = {"columns": [{"name": "order", "kind": "id", "pattern": r"A[AB]-0\d{2}9"}]}
    (tmp_path / "s.json").write_text(json.dumps(ids))
    said = opened(tmp_path / "o.csv", schema=str(tmp_path / "s.json")).notes
    assert any("360 of order do not match" in note for note in said)
    assert any("leaves 160 new ids" in note for note in said)


def test_the_column_with_few_values_keeps_them() -> None:
    """Round amounts stay round, whichever side they are on."""
    random = np.random.default_rng(0)
    cells = np.zeros((300, len(COLUMNS)))
    cells[:, PLACE["total"]] = random.choice([500.0, 1000.0, 5000.0], 300)
    cells[:, PLACE["net"]] = np.round(cells[:, PLACE["total"]] * random.random(300), 2)
    form = Form.fit(COLUMNS, ["net <= total", "net >= 0"], cells)
    assert set(form.owner) == {PLACE["net"]}
    inner = form.forward(cells)
    np.testing.assert_array_equal(form.back(inner), cells)
    made = form.back(np.stack([random.permutation(column) for column in inner.T], 1))
    assert form.meets(made).all()
    assert set(made[:, PLACE["total"]]) == {500.0, 1000.0, 5000.0}


def test_a_column_far_from_its_bound_is_learned_itself() -> None:
    """Small payments on large loans: distances would be as coarse as the loans are."""
    random = np.random.default_rng(0)
    cells = np.zeros((600, len(COLUMNS)))
    cells[:, PLACE["net"]] = np.round(random.exponential(30, 600), 2)
    cells[:, PLACE["total"]] = 2_000 + random.integers(0, 90, 600) * 500.0
    cells[:30, PLACE["net"]] = cells[:30, PLACE["total"]]
    form = Form.fit(COLUMNS, ["net <= total"], cells)
    assert form.inner[PLACE["net"]] == COLUMNS[PLACE["net"]]
    np.testing.assert_array_equal(form.back(form.forward(cells)), cells)
    cells[:30, PLACE["net"]] = np.roll(cells[:30, PLACE["net"]], 1)
    made = form.back(cells)
    assert form.meets(made).all()
    np.testing.assert_array_equal(made[30:], cells[30:])  # the others stay


def test_numbers_in_a_combination_are_those_that_were_seen() -> None:
    """Also where the other column is always the same."""
    cells = np.zeros((60, len(COLUMNS)))
    cells[:, PLACE["a"]] = np.arange(60) * 7
    form = Form.fit(COLUMNS, ["combination(a, five)"], cells)
    assert form.inner[PLACE["a"]].kind == "category"
    assert not form.meets(cells + 1).any()


@pytest.mark.parametrize(
    ("text", "what", "line"),
    [
        (
            "least >= most",
            "400 of 400 rows do not hold it; in the first of them most = ",
            "lines 2",
        ),
        ("age > 18", "rows do not hold it; in the first of them age = 18", ""),
        ("total = net + tax", "in the first of them total = ", "line"),
        ("one-of(post, courier)", "post = 0, courier = 0", ""),
        ("unique(city)", "395 of 400 rows repeat one before them; in the first", "and 392 more"),
    ],
)
def test_rows_that_do_not_hold_it_are_named(
    text: str, what: str, line: str, tmp_path: Path
) -> None:
    with pytest.raises(SourceError) as caught:
        opened(write(tmp_path / "o.csv"), text)
    assert what in str(caught.value)
    assert line in str(caught.value)


def test_the_line_is_that_of_the_file(tmp_path: Path) -> None:
    path = write(tmp_path / "o.csv")
    lines = path.read_text("utf-8").splitlines()
    cells = lines[16].split(",")
    cells[9] = "99"
    lines[16] = ",".join(cells)
    path.write_text("\n".join(lines) + "\n", "utf-8")
    with pytest.raises(SourceError, match="1 of 400 rows") as caught:
        opened(path, "least < most")
    assert "o.csv, line 17\n" in str(caught.value)


def test_one_file_holds_columns_and_constraints_and_older_ones_are_read(tmp_path: Path) -> None:
    path, schema = write(tmp_path / "o.csv"), tmp_path / "s.json"
    ages = sorted(set(opened(path).samples[:, -1].astype(int).astype(str)))
    schema.write_text(json.dumps([{"name": "age", "kind": "category", "levels": ages}]))
    assert opened(path, schema=str(schema)).columns[-1].kind == "category"
    schema.write_text(json.dumps({"constraints": ["least < most"]}))
    data = opened(path, "least < most", "age >= 18", schema=str(schema))
    assert data.constraints == ("least < most", "age >= 18")
    assert data.fingerprint != opened(path).fingerprint != opened(path, "age >= 18").fingerprint
    for content, hint in [
        ({"constraint": []}, "Did you mean constraints"),
        ({"constraints": "a < b"}, "a list of texts"),
        ({"constraints": ["  "]}, "A constraint is empty"),
        ({"columns": [{"name": "age", "kind": "number", "pattern": "A"}]}, "ids alone have"),
        ({"columns": [{"name": "order", "kind": "id", "pattern": "A*"}]}, "has no end"),
    ]:
        schema.write_text(json.dumps(content))
        with pytest.raises(UserError, match=hint):
            opened(path, schema=str(schema))


def test_without_constraints_nothing_changes(tmp_path: Path) -> None:
    """Fingerprints are made of how columns are shown, and codecs are kept as they are."""
    data = opened(write(tmp_path / "o.csv"))
    assert "pattern" not in repr(data.columns)
    state = TableCodec.fit(data, data.split("train", 0.1)).state()
    assert set(state) == {"columns", "bins", "dtype"}


@given(st.lists(st.tuples(numbers, numbers), max_size=60))
def test_repeated_rows_are_those_that_pandas_finds(rows: list[tuple[float, float]]) -> None:
    cells = np.array(rows, np.float64).reshape(-1, 2)
    seen: set[tuple[float, float]] = set()
    expected = []
    for row in map(tuple, cells.tolist()):
        expected.append(row in seen and not np.isnan(row).any())
        seen.add(row)
    assert repeated(cells).tolist() == expected
