"""Several processes share the work, and nobody can tell from the results."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import numpy as np
import pytest
from invariance.small_runs import SMALL, train, write_points
from shared_work import ends_at_three, slower_at_first

from gansmith.errors import UserError
from gansmith.sample.workers import AHEAD, WorkerError, in_order


def test_results_come_in_the_order_of_what_was_asked_which_is_read_no_further_than_needed() -> None:
    asked = itertools.count()
    made = in_order(2, slower_at_first, (10,), asked)
    found = list(itertools.islice(made, 5))
    assert [value for value, _ in found] == [10, 11, 14, 19, 26]
    assert os.getpid() not in {process for _, process in found}
    assert next(asked) <= 5 + 2 * AHEAD
    made.close()  # type: ignore[attr-defined]


@pytest.mark.slow
def test_a_process_that_is_killed_is_an_error_and_not_a_wait_for_ever() -> None:
    made = in_order(1, ends_at_three, (), range(10))
    with pytest.raises(WorkerError, match="has ended before"):
        list(made)


@pytest.mark.slow
def test_samples_are_the_same_however_many_processes_make_them(tmp_path: Path) -> None:
    run = train(write_points(tmp_path / "points.npy"), tmp_path / "run", 5, SMALL)
    alone = run.sample(10_000, seed=3)
    np.testing.assert_array_equal(alone, run.sample(10_000, seed=3, workers=2))


def test_no_process_at_all_is_a_mistake(tmp_path: Path) -> None:
    run = train(write_points(tmp_path / "points.npy"), tmp_path / "run", 1, SMALL)
    with pytest.raises(UserError, match="0 processes"):
        run.sample(10, workers=0)
