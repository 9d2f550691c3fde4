"""The holdout: chosen by content, so that order and machine play no part and no copy leaks."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gansmith.data import Dataset, Schema, content_hashes
from gansmith.data.dataset import occurrence_hashes


def dataset(rows: np.ndarray) -> Dataset:
    schema = Schema("points", rows.shape[1:], str(rows.dtype))
    return Dataset(schema, rows, None, content_hashes(rows), "rows")


some_rows = st.lists(st.integers(0, 20), min_size=1, max_size=60)


@settings(max_examples=30, deadline=None)
@given(values=some_rows, seed=st.integers(0, 100), fraction=st.floats(0, 0.9))
def test_a_sample_stays_on_its_side_in_any_order(
    values: list[int], seed: int, fraction: float
) -> None:
    rows = np.array(values, np.float32)[:, None]
    moved = rows[np.random.default_rng(seed).permutation(len(rows))]
    held = {float(v) for v in rows[dataset(rows).split("holdout", fraction), 0]}
    held_moved = {float(v) for v in moved[dataset(moved).split("holdout", fraction), 0]}
    assert held == held_moved


@settings(max_examples=30, deadline=None)
@given(values=some_rows, fraction=st.floats(0, 0.9))
def test_equal_samples_are_never_on_both_sides(values: list[int], fraction: float) -> None:
    data = dataset(np.array(values, np.float32)[:, None])
    train, held = data.split("train", fraction), data.split("holdout", fraction)
    assert sorted([*train, *held]) == list(range(len(values)))
    assert not set(data.samples[train, 0]) & set(data.samples[held, 0])


def test_the_fraction_is_about_met() -> None:
    data = dataset(np.arange(20_000, dtype=np.float64)[:, None])
    assert abs(len(data.split("holdout", 0.1)) / 20_000 - 0.1) < 0.01


def test_a_given_holdout_is_taken_unless_none_is_wanted() -> None:
    rows = np.arange(4.0)[:, None]
    given_part = np.array([False, True, False, True])
    schema = Schema("points", (1,), "float64")
    data = Dataset(schema, rows, None, content_hashes(rows), "r", given_holdout=given_part)
    assert data.split("holdout", 0.1).tolist() == [1, 3]
    assert data.split("train", 0.0).tolist() == [0, 1, 2, 3]


def test_equal_rows_of_a_table_fall_on_both_sides_in_any_order() -> None:
    rows = np.repeat(np.arange(4.0), 1_000)[:, None]
    hashes = occurrence_hashes(content_hashes(rows))
    assert len(np.unique(hashes)) == len(rows)
    held = hashes < np.uint64(int(0.1 * 2**64))
    shares = held.reshape(4, 1_000).mean(1)
    assert (np.abs(shares - 0.1) < 0.04).all()
    order = np.random.default_rng(0).permutation(len(rows))
    again = occurrence_hashes(content_hashes(rows[order]))
    assert sorted(zip(rows[order, 0], again, strict=True)) == sorted(
        zip(rows[:, 0], hashes, strict=True)
    )
