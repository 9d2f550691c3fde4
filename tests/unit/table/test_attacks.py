"""Attacks on made-up tables: a memoriser is caught, a generator of fresh rows is not."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from gansmith.data.dataset import Dataset, Schema, content_hashes
from gansmith.evaluation.comparison import Comparison
from gansmith.evaluation.estimate import share
from gansmith.evaluation.report import Missing, Value
from gansmith.modalities.table.attacks import (
    FLOORS,
    attack_values,
    encoded,
    inference,
    linkability,
    nearest,
)
from gansmith.modalities.table.risk import average, repeated, risk, true_positives
from gansmith.modalities.table.schema import Column
from gansmith.modalities.table.singling import of_one_column, of_several_columns

COLUMNS = (
    Column("income", "number", missing=True, specials=("withdrawn",)),
    Column("age", "number", integer=True),
    Column("city", "category", levels=tuple("abcdefgh"), missing=True),
    Column("member", "boolean", levels=("no", "yes")),
    Column("joined", "datetime", format="%Y-%m-%d"),
    Column("id", "id", levels=("P-99999",)),
)
NUM_TRIALS = 200
Table = np.ndarray


def rows(n: int, random: np.random.Generator) -> Table:
    """(n, columns) cells that depend on each other, with all that a schema allows."""
    age = np.floor(18 + 70 * random.random(n))
    income = age + 5 * random.normal(size=n)
    income[random.random(n) < 0.1] = np.nan
    income[random.random(n) < 0.05] = -1e300
    city = np.floor(8 * random.random(n) ** 2)
    city[random.random(n) < 0.05] = np.nan
    member = np.where(random.random(n) < age / 100, 1.0, 0.0)
    joined = 86_400e6 * random.integers(0, 900, n)
    return np.stack([income, age, city, member, joined, np.zeros(n)], axis=1)


def tables(seed: int, *sizes: int) -> list[Table]:
    random = np.random.default_rng(seed)
    return [rows(n, random) for n in sizes]


def attacks(
    fake: Table, train: Table, held_out: Table, seed: int = 0, columns: tuple[Column, ...] = COLUMNS
) -> tuple[dict[str, Value], list[Missing]]:
    schema = Schema("table", (len(columns),), "float64", label="rows")
    data = Dataset(schema, train, None, content_hashes(train), "rows", columns=columns)
    comparison = Comparison(data, np.arange(1), np.arange(1), fake)
    values, missing = attack_values(comparison, train, held_out, seed)
    return {value.name: value for value in values}, missing


# -- the story -----------------------------------------------------------------------------------


def test_every_attack_catches_a_memoriser() -> None:
    train, held_out = tables(0, 1_000, 1_000)
    fake = train[np.random.default_rng(1).permutation(len(train))]
    values, missing = attacks(fake, train, held_out)
    assert not missing
    assert list(values) == list(FLOORS)
    for name, floor in FLOORS.items():
        assert values[name].floor == floor
        assert floor < values[name].low <= values[name].value <= values[name].high <= 1, name
    assert "most " in values["attribute-inference"].reads


def test_attacks_do_not_catch_fresh_rows() -> None:
    """Which are to the training rows what held-out rows in their place would be: the floor."""
    found: dict[str, list[Value]] = {}
    for trial in range(NUM_TRIALS):
        fake, train, held_out = tables(trial, 200, 200, 200)
        values, _ = attacks(fake, train, held_out, trial)
        for name, value in values.items():
            found.setdefault(name, []).append(value)
    assert list(found) == [name for name in FLOORS if name != "membership-tpr"]
    for name, trials in found.items():
        floor = FLOORS[name]
        covered = np.mean([value.low <= floor <= value.high for value in trials])
        assert covered >= 0.9, f"{name}: {covered}"
        measured = np.array([value.value for value in trials])
        error = measured.std() / NUM_TRIALS**0.5
        assert abs(measured.mean() - floor) < 3.5 * error, name


def test_the_share_of_members_found_covers_fresh_rows() -> None:
    random = np.random.default_rng(0)
    for gap, truth in ((0.0, 0.01), (1.5, 0.2043)):  # normal scores; the second has a tail of .2043
        covered = 0
        for _ in range(NUM_TRIALS):
            found = true_positives(random.normal(gap, size=2_000), random.normal(size=1_000))
            covered += found.low <= truth <= found.high
        assert covered >= 0.9 * NUM_TRIALS


def test_a_few_copies_hide_in_the_averages() -> None:
    """As the page says: what one in fifty rows gives away is little on average."""
    fake, train, held_out = tables(3, 1_000, 1_000, 1_000)
    fake[:20] = train[:20]
    values, _ = attacks(fake, train, held_out)
    for name in ("singling-out-multivariate", "linkability", "attribute-inference"):
        assert values[name].value < 0.05


def test_no_output_promises_anything() -> None:
    """Estimates: two words that would say more are never used of them."""
    page = Path(__file__).parents[3] / "docs" / "metrics" / "attacks.md"
    said = [page.read_text("utf-8"), *FLOORS]
    for sizes in ((1_000, 1_000, 1_000), (60, 60, 60), (10, 10, 10)):
        values, missing = attacks(*tables(0, *sizes))
        said += [value.reads for value in values.values()] + [each.why for each in missing]
    for text in said:
        assert "private" not in text.lower()
        assert "anonym" not in text.lower()


def test_the_seed_decides_and_nothing_else() -> None:
    sides = tables(4, 300, 400, 300)
    before = [side.copy() for side in sides]
    first, again, other = (attacks(*sides, seed) for seed in (5, 5, 6))
    assert first == again
    assert first != other
    for side, old in zip(sides, before, strict=True):
        np.testing.assert_array_equal(side, old)


# -- tables of other kinds -----------------------------------------------------------------------


def test_two_columns_are_enough() -> None:
    """But for conditions on several: nobody but who lies far out is alone beyond two medians."""
    train, held_out = tables(0, 1_000, 1_000)
    few = [0, 4]
    values, missing = attacks(
        train[:, few], train[:, few], held_out[:, few], columns=(COLUMNS[0], COLUMNS[4])
    )
    assert [each.name for each in missing] == ["singling-out-multivariate"]
    assert all(value.low > FLOORS[name] for name, value in values.items())


def test_one_column_can_only_be_looked_at() -> None:
    train, held_out = tables(0, 1_000, 1_000)
    income = np.where(np.isnan(train[:, :1]), 0, train[:, :1])
    other = np.where(np.isnan(held_out[:, :1]), 0, held_out[:, :1])
    values, missing = attacks(income, income, other, columns=COLUMNS[:1])
    assert [(each.name, each.why) for each in missing] == [
        (name, "needs two columns")
        for name in ("singling-out-multivariate", "linkability", "attribute-inference")
    ]
    assert all(value.low > FLOORS[name] for name, value in values.items())


def test_levels_that_crowd_single_nobody_out() -> None:
    random = np.random.default_rng(0)
    cells = [random.integers(0, 3, (300, 2)).astype(float) for _ in range(3)]
    levels = tuple(Column(name, "category", levels=tuple("xyz")) for name in "ab")
    values, missing = attacks(*cells, columns=levels)
    found = {each.name: each.why for each in missing}
    for name in ("singling-out-univariate", "singling-out-multivariate"):
        assert found[name] == "fewer than 50 conditions single out a fake"
    assert values["membership-auc"].value == 0.5
    assert values["membership-auc"].low <= 0.5 <= values["membership-auc"].high


def test_what_is_known_anyhow_cannot_be_given_away() -> None:
    cells = [np.zeros((100, 2)) for _ in range(3)]
    levels = tuple(Column(name, "category", levels=tuple("xy")) for name in "ab")
    _, missing = attacks(*cells, columns=levels)
    found = {each.name: each.why for each in missing}
    assert found["attribute-inference"] == "the attack on held-out rows always succeeds"


def test_too_few_rows_are_said() -> None:
    values, missing = attacks(*tables(0, 300, 300, 49))
    assert not values
    assert [each.name for each in missing] == list(FLOORS)
    assert {each.why for each in missing} == {
        "needs 50 fakes, training rows and held-out rows each, and has 49"
    }
    values, missing = attacks(*tables(0, 300, 300, 99))
    assert {each.name: each.why for each in missing} == {
        "membership-calibrated": "needs 100 held-out rows",
        "membership-tpr": "needs 1,000 held-out rows",
    }


def test_the_secret_that_is_given_away_is_named() -> None:
    """Of fakes that repeat training rows but for two columns, which are anybody's."""
    fake, train, held_out = tables(7, 600, 600, 600)
    fake[:, [0, 1, 4]] = train[:, [0, 1, 4]]
    x = encoded(COLUMNS, fake, train, held_out)
    names = [column.name for column in COLUMNS if column.learned]
    found = inference(*x, names, np.random.default_rng(0))
    assert any(f"most {name} (" in found.about for name in ("income", "age", "joined"))


def test_halves_of_copies_are_linked() -> None:
    train, held_out = tables(0, 400, 400)
    x, other = encoded(COLUMNS, train, held_out)
    found = linkability(x, x, other, np.random.default_rng(0))
    assert found.train.low > 0.4 > 0.2 > found.control.high


# -- rows as codes, and conditions ---------------------------------------------------------------


def test_distances_are_zero_for_equal_cells_and_one_for_different_kinds() -> None:
    cells = np.array([[1.0], [1.0], [5.0], [5.0 + 1e-9], [np.nan], [-1e300], [-2e300]])
    column = Column("x", "number", missing=True, specials=("a", "b"))
    (codes,) = encoded((column,), cells)
    gaps = np.minimum(np.abs(codes - codes.T), 1)
    equal = gaps == 0
    equal[0, 1] = equal[1, 0] = False
    assert np.array_equal(equal, np.eye(7, dtype=bool))
    assert gaps[0, 1] == 0
    assert (gaps[4:] + np.eye(7)[4:] == 1).all()
    levels = Column("x", "category", levels=("a", "b"), missing=True)
    (codes,) = encoded((levels,), np.array([[0.0], [1.0], [np.nan]]))
    assert (np.abs(codes - codes.T) + np.eye(3) >= 1).all()


def test_nearest_is_what_a_plain_loop_finds() -> None:
    x, y = encoded(COLUMNS, *tables(0, 30, 40))
    plain = [min(np.minimum(np.abs(a - b), 1).sum() for b in y) for a in x]
    np.testing.assert_allclose(nearest(x, y), plain, atol=1e-5)
    assert (nearest(x, x) == 0).all()


@pytest.mark.parametrize("make", [of_one_column, of_several_columns])
def test_each_condition_is_met_by_one_fake(make: object) -> None:
    (fake,) = encoded(COLUMNS, *tables(1, 500))
    found = make(fake, 200, np.random.default_rng(0))  # type: ignore[operator]
    assert 50 < len(found) <= 200
    assert len(found.singled_out(fake)) == len(found)
    twice = np.concatenate([fake, fake])
    assert len(found.singled_out(twice)) == 0


# -- intervals -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("train", "control"), [(0.1, 0.1), (0.02, 0.01), (0.5, 0.3), (0.9, 0.8), (0.3, 0.01)]
)
def test_the_interval_of_a_risk_holds_it(train: float, control: float) -> None:
    random, n = np.random.default_rng(0), 300
    truth = (train - control) / (1 - control)
    covered = 0
    for _ in range(NUM_TRIALS):
        found = risk(share(random.binomial(n, train), n), share(random.binomial(n, control), n))
        assert found is not None
        assert found.low <= found.value <= found.high <= 1
        covered += found.low <= truth <= found.high
    assert covered >= 0.91 * NUM_TRIALS


def test_a_risk_at_its_ends() -> None:
    whole = risk(share(100, 100), share(0, 100))
    assert whole is not None
    assert (whole.value, whole.high) == (1.0, 1.0)
    assert whole.low > 0.9
    none = risk(share(0, 100), share(0, 100))
    assert none is not None
    assert none.low < none.value == 0.0 < none.high < 0.05
    assert risk(share(100, 100), share(100, 100)) is None


def test_averages_and_repeated_successes_are_worth_what_they_say() -> None:
    random, covered = np.random.default_rng(0), [0, 0]
    for _ in range(NUM_TRIALS):
        found = average(random.binomial(10, 0.3, 200) / 10)
        covered[0] += found.low <= 0.3 <= found.high
        named = np.repeat(np.flatnonzero(random.random(100) < 0.3), 3)  # three attacks a row
        found = repeated(named, 300)
        covered[1] += found.low <= 0.3 <= found.high
    assert min(covered) >= 0.91 * NUM_TRIALS
    assert average(np.ones(50)).low < 1


@pytest.mark.slow
def test_many_rows_take_seconds() -> None:
    random = np.random.default_rng(0)
    fake, train, held_out = (
        np.concatenate([rows(n, random) for _ in range(3)], axis=1)[:, :15]
        for n in (10_000, 30_000, 3_300)
    )
    wide = tuple(Column(f"{c.name}-{i}", c.kind, c.levels, c.specials, c.missing)
                 for i, c in enumerate((*COLUMNS, *COLUMNS, *COLUMNS)))[:15]  # fmt: skip
    start = time.process_time()
    values, _ = attacks(fake, train, held_out, columns=wide)
    assert len(values) == len(FLOORS)
    assert time.process_time() - start < 15
