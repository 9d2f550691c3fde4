"""The order of samples: complete in each epoch, and a function of the place alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gansmith.data import Dataset, Loader, Schema, content_hashes
from gansmith.data import loader as loader_module


def make_loader(n: int, seed: int = 0, shuffle: bool = True) -> Loader:
    rows = np.arange(n * 2, dtype=np.float32).reshape(n, 2)
    data = Dataset(
        Schema("points", (2,), "float32", ("a", "b")),
        rows,
        np.arange(n, dtype=np.int64) % 2,
        content_hashes(rows),
        "counted",
    )
    return Loader(data, np.arange(n, dtype=np.int64), seed=seed, shuffle=shuffle)


sizes = st.integers(1, 40)
seeds = st.integers(0, 2**64 - 1)


@settings(max_examples=30, deadline=None)
@given(n=sizes, seed=seeds, epoch=st.integers(0, 10**6), stream=st.integers(0, 2**64 - 1))
def test_each_epoch_visits_each_sample_once(n: int, seed: int, epoch: int, stream: int) -> None:
    visited = make_loader(n, seed).indices_at(epoch * n, n, stream)
    assert sorted(visited.tolist()) == list(range(n))


@settings(max_examples=30, deadline=None)
@given(n=sizes, seed=seeds, start=st.integers(0, 1000), cuts=st.lists(st.integers(0, 60)))
def test_however_it_is_cut_into_batches_the_order_is_the_same(
    n: int, seed: int, start: int, cuts: list[int]
) -> None:
    loader, position, batches = make_loader(n, seed), start, [np.empty(0, np.int64)]
    for count in cuts:
        batches.append(loader.indices_at(position, count, 0))
        position += count
    at_once = make_loader(n, seed).indices_at(start, sum(cuts), 0)
    np.testing.assert_array_equal(np.concatenate(batches), at_once)


def test_order_depends_on_nothing_but_seed_stream_and_place() -> None:
    first, second = make_loader(50, seed=7), make_loader(50, seed=7)
    for epoch in range(9):  # drawing from elsewhere first must not matter
        second.indices_at(epoch * 50, 50, stream=3)
    np.testing.assert_array_equal(first.indices_at(120, 64, 1), second.indices_at(120, 64, 1))


def test_seeds_streams_and_epochs_have_orders_of_their_own() -> None:
    one, other = make_loader(50, seed=1), make_loader(50, seed=2)
    orders = [one.indices_at(0, 50, 0), one.indices_at(0, 50, 1), one.indices_at(50, 50, 0)]
    orders.append(other.indices_at(0, 50, 0))
    assert len({tuple(order.tolist()) for order in orders}) == 4


def test_the_order_is_the_one_of_earlier_versions() -> None:
    # A run that goes on with a newer version must go on as it began: never change these numbers.
    assert make_loader(8, seed=5).indices_at(0, 8, stream=1).tolist() == [7, 4, 5, 1, 6, 0, 2, 3]


def test_without_shuffling_it_walks_in_order() -> None:
    walk = make_loader(3, shuffle=False).indices_at(2, 5, stream=9)
    assert walk.tolist() == [2, 0, 1, 2, 0]


@pytest.mark.parametrize("sorted_reads", [False, True])
def test_gather_returns_the_rows_asked_for(
    sorted_reads: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if sorted_reads:
        monkeypatch.setattr(loader_module, "SORTED_READS_BYTES", 0)
    loader, indices = make_loader(6), np.array([4, 0, 4, 5])
    rows, labels = loader.gather(indices)
    np.testing.assert_array_equal(rows, loader.dataset.samples[indices])
    assert rows.flags.c_contiguous
    assert labels is not None
    assert labels.tolist() == [0, 0, 0, 1]


def test_no_sample_is_no_loader() -> None:
    data = make_loader(3).dataset
    with pytest.raises(ValueError, match="at least one"):
        Loader(data, np.empty(0, np.int64), seed=0)
