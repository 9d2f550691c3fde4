"""Cells become codes and places within them, and come back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from people import write

from gansmith.config import DataConfig
from gansmith.convert import to_json
from gansmith.data import open_source
from gansmith.modalities.table.bins import OWN_LEVELS, Bins
from gansmith.modalities.table.codec import TableCodec
from gansmith.modalities.table.inference import infer_texts
from gansmith.modalities.table.schema import Column, from_dict, special_cells, to_dict
from gansmith.modalities.table.spans import Spans


def roundtrip(bins: Bins, cells: np.ndarray) -> np.ndarray:
    codes, places = bins.encode(cells)
    assert codes.min() >= 0
    assert codes.max() < bins.size
    assert 0 <= places.min() <= places.max() <= 1
    # Places travel as single precision.
    return bins.decode(codes, places.astype(np.float32).astype(np.float64))


whole = st.lists(st.integers(-(10**6), 10**6), min_size=1, max_size=300)


@given(whole, st.integers(2, 64))
def test_whole_numbers_come_back(values: list[int], num_bins: int) -> None:
    cells = np.array(values, np.float64)
    column = Column("x", "number", integer=True, decimals=0)
    np.testing.assert_array_equal(roundtrip(Bins.fit(column, cells, num_bins), cells), cells)


@given(whole, st.integers(0, 4), st.integers(2, 64))
def test_decimals_come_back(values: list[int], digits: int, num_bins: int) -> None:
    cells = np.round(np.array(values) / 10.0**digits, digits)
    column = Column("x", "number", decimals=digits)
    np.testing.assert_array_equal(roundtrip(Bins.fit(column, cells, num_bins), cells), cells)


@given(st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=200))
def test_real_numbers_come_back_to_single_precision(values: list[float]) -> None:
    cells = np.array(values)
    bins = Bins.fit(Column("x", "number"), cells, 16)
    spread = max(cells.max() - cells.min(), 1e-300)
    np.testing.assert_allclose(roundtrip(bins, cells), cells, rtol=1e-6, atol=1e-6 * spread)


@given(st.lists(st.integers(0, 40_000), min_size=2, max_size=100))
def test_days_come_back(days: list[int]) -> None:
    cells = np.array(days) * 86_400e6
    bins = Bins.fit(Column("x", "datetime", format="%Y-%m-%d"), cells, 16)
    np.testing.assert_array_equal(roundtrip(bins, cells), cells)


@given(st.lists(st.sampled_from([np.nan, -1e300, -2e300, 0.5, 1.5, 7.0]), min_size=1))
def test_missing_cells_and_specials_come_back(values: list[float]) -> None:
    cells = np.array(values)
    column = Column("x", "number", specials=("a", "b"), missing=True, decimals=1)
    np.testing.assert_array_equal(roundtrip(Bins.fit(column, cells, 8), cells), cells)


def test_many_levels_share_codes_and_come_back() -> None:
    random = np.random.default_rng(0)
    cells = random.zipf(1.3, 5_000).clip(max=900).astype(np.float64) - 1
    column = Column("x", "text", levels=tuple(map(str, range(900))))
    bins = Bins.fit(column, cells, 64)
    assert bins.size == OWN_LEVELS + 32
    np.testing.assert_array_equal(roundtrip(bins, cells), cells)


def test_levels_that_share_a_code_are_drawn_as_often_as_they_occur() -> None:
    random = np.random.default_rng(0)
    weights = np.ones(OWN_LEVELS + 64)
    weights[:OWN_LEVELS] = 50
    weights[OWN_LEVELS] = 20  # shares its code with one other level
    cells = random.choice(len(weights), 40_000, p=weights / weights.sum()).astype(np.float64)
    bins = Bins.fit(Column("x", "text", levels=tuple(map(str, range(len(weights))))), cells, 64)
    codes = np.full(20_000, OWN_LEVELS)
    drawn = bins.decode(codes, random.random(20_000))
    assert set(drawn) == {OWN_LEVELS, OWN_LEVELS + 32}
    often, rare = ((cells == OWN_LEVELS + k).sum() for k in (0, 32))
    assert (drawn == OWN_LEVELS).mean() == pytest.approx(often / (often + rare), abs=0.01)


def test_places_follow_the_distribution_within_a_range() -> None:
    random = np.random.default_rng(0)
    cells = random.exponential(size=20_000)
    bins = Bins.fit(Column("x", "number"), cells, 4)
    codes, _ = bins.encode(cells)
    again = bins.decode(codes, random.random(len(codes)))
    # Drawn anew within 8 ranges, the distribution is what it was.
    grid = np.linspace(0.01, 0.99, 50)
    shift = np.abs(np.quantile(again, grid) - np.quantile(cells, grid))
    assert (shift / np.quantile(cells, grid)).max() < 0.05


def test_amounts_have_codes_of_their_own_and_measurements_do_not() -> None:
    random = np.random.default_rng(0)
    amounts = random.permutation(10_000)[:100].astype(np.float64)
    mostly_nothing = np.concatenate([np.zeros(9_000), np.repeat(amounts, 10), [1e6, 2e6]])
    bins = Bins.fit(Column("gain", "number"), mostly_nothing, 64)
    assert set(bins.masses) == {0.0, *amounts}  # but not what a single row holds
    codes, _ = bins.encode(np.sort(amounts))
    assert len(set(codes)) == len(amounts)

    measured = Bins.fit(Column("weight", "number"), np.repeat(random.normal(size=1_000), 10), 64)
    assert not len(measured.masses)
    assert measured.size <= 64 + 4


def test_a_value_that_was_not_seen_becomes_one_nearby() -> None:
    bins = Bins.fit(Column("x", "number"), np.linspace(0, 100, 1_001), 10)
    outside = roundtrip(bins, np.array([-50.0, 33.333, 1e6]))
    np.testing.assert_allclose(outside, [0, 33.333, 100], atol=0.1)


def test_a_whole_table_comes_back(tmp_path: Path) -> None:
    data = open_source(DataConfig(source=str(write(tmp_path / "people.csv"))))
    train = data.split("train", 0.1)
    codec = TableCodec.fit(data, train)
    raw = torch.from_numpy(data.samples[train])
    x = codec.encode(raw)
    assert x.shape[1:] == codec.spec.shape
    learned = sum(column.learned for column in data.columns)
    assert len(codec.spec.spans) == learned
    assert x[:, : codec.num_codes].sum(1).eq(learned).all()
    np.testing.assert_array_equal(codec.decode(x).numpy(), raw.numpy())
    loaded = TableCodec.load(to_json(codec.state()))
    np.testing.assert_array_equal(loaded.decode(loaded.encode(raw)).numpy(), raw.numpy())
    assert loaded.spec == codec.spec


def test_moments_are_those_of_the_codes(tmp_path: Path) -> None:
    data = open_source(DataConfig(source=str(write(tmp_path / "people.csv"))))
    train = data.split("train", 0.1)
    codec = TableCodec.fit(data, train)
    x = codec.encode(torch.from_numpy(data.samples[train]))
    codes = x[:, : codec.num_codes]
    torch.testing.assert_close(codec.spec.mean, x.mean(0))
    torch.testing.assert_close(codec.spec.pairs, codes.T @ codes / len(codes))


def test_a_schema_survives_json() -> None:
    column, _ = infer_texts("x", ["1", "2", "none", "a b"], np.array([0, 1, 2, 0, 1] * 9 + [3]))
    again = from_dict(to_dict([column]), "here")
    assert again == (column,)


SPANS = Spans([("a", 0, 3), ("b", 3, 4), ("c", 4, 9)])


@given(st.integers(0, 2**32 - 1), st.floats(0.01, 50))
def test_softmax_of_each_column(seed: int, scale: float) -> None:
    logits = scale * torch.randn(7, 9, generator=torch.Generator().manual_seed(seed))
    parts = [logits[:, 0:3], logits[:, 3:4], logits[:, 4:9]]
    expected = torch.cat([part.softmax(1) for part in parts], 1)
    torch.testing.assert_close(SPANS.softmax(logits), expected)
    torch.testing.assert_close(SPANS.log_softmax(logits).exp(), expected)


def test_one_hot_takes_one_also_where_several_are_largest() -> None:
    logits = torch.tensor([[1.0, 1.0, 0.0, -5.0, 2.0, 2.0, 2.0, 0.0, 1.0]])
    assert SPANS.one_hot(logits).tolist() == [[1, 0, 0, 1, 1, 0, 0, 0, 0]]
    assert SPANS.numbers(SPANS.one_hot(logits)).tolist() == [[0, 3, 4]]


def test_specials_are_told_from_numbers() -> None:
    assert special_cells(np.array([0, 2])).tolist() == [-1e300, -3e300]
