"""Random numbers as a pure function, the same for any number of processes; schedules."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from gansmith.config import Cosine, constant
from gansmith.errors import ConfigError
from gansmith.game.latent import normal, textbook, textbook_stream, uniform
from gansmith.game.randomness import Randomness, mix

whole = st.integers(0, 2**40)
quick = settings(deadline=None, max_examples=30)


def everything(randomness: Randomness, n: int) -> list[Tensor]:
    return [randomness.normal(n, 3), randomness.uniform(n), randomness.integers(10, n, 2)]


@given(seed=whole, position=whole, stream=st.integers(0, 100), world=st.integers(1, 4))
@quick
def test_ranks_together_draw_what_one_process_would(
    seed: int, position: int, stream: int, world: int
) -> None:
    one = everything(Randomness(seed, position, stream), 4 * world)
    parts = [
        everything(Randomness(seed, position, stream, rank=rank, world=world), 4)
        for rank in range(world)
    ]
    for whole_draw, *slices in zip(one, *parts, strict=True):
        assert torch.equal(whole_draw, torch.cat(slices))


@given(seed=whole, position=whole, stream=st.integers(0, 100))
@quick
def test_a_pure_function_that_leaves_the_global_generator_alone(
    seed: int, position: int, stream: int
) -> None:
    before = torch.get_rng_state()
    first, second = (everything(Randomness(seed, position, stream), 3) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    assert torch.equal(before, torch.get_rng_state())


@given(st.sets(st.tuples(whole, whole, st.integers(0, 9)), min_size=2, max_size=20))
@quick
def test_other_places_have_other_numbers(places: set[tuple[int, int, int]]) -> None:
    assert len({mix(*place) for place in places}) == len(places)
    assert all(0 <= mix(*place) < 2**63 for place in places)


def test_moments_and_ranges() -> None:
    randomness = Randomness(0, 0, 0, dtype=torch.float64)
    z, u, k = randomness.normal(40_000), randomness.uniform(40_000), randomness.integers(5, 40_000)
    assert (z.mean().item(), z.std().item()) == pytest.approx((0, 1), abs=0.02)
    assert (u.mean().item(), u.min().item(), u.max().item()) == pytest.approx((0.5, 0, 1), abs=0.01)
    assert torch.bincount(k).double().div(40_000).tolist() == pytest.approx([0.2] * 5, abs=0.01)
    assert z.dtype == u.dtype == torch.float64
    assert k.dtype == torch.int64


def test_latents() -> None:
    assert normal(3, 5, Randomness(0, 0, 0)).shape == (3, 5)
    drawn = uniform(10_000, 2, Randomness(0, 0, 0))
    assert drawn.abs().max() < math.sqrt(3)
    assert drawn.mean().item() == pytest.approx(0, abs=0.03)
    assert drawn.var().item() == pytest.approx(1, rel=0.03)


def test_the_textbook_latent_goes_on_where_the_weights_end() -> None:
    """The textbook draws 13 normal weights, then a uniform number for each face."""
    legacy = np.random.RandomState(42)
    weights, latents = legacy.standard_normal(13), legacy.random_sample(5000)
    assert np.array_equal(textbook_stream(0)[0], weights)
    drawn = [
        textbook(1, 1, Randomness(0, position, 0, dtype=torch.float64)).item()
        for position in (0, 1, 4095, 4096, 4999)
    ]
    assert drawn == latents[[0, 1, 4095, 4096, 4999]].tolist()
    # Elsewhere than in the game, seeds matter again.
    assert textbook(1, 1, Randomness(1, 0, 2_000)) != textbook(1, 1, Randomness(2, 0, 2_000))
    with pytest.raises(ConfigError, match="size 1"):
        textbook(1, 2, Randomness(0, 0, 0))


positive = st.floats(1e-6, 1e3)


@given(positive, positive, st.floats(0.05, 1.0), st.booleans(), st.floats(0, 1))
@quick
def test_cosine(start: float, end: float, until: float, log: bool, progress: float) -> None:
    schedule = Cosine(start, end, until, log)
    low, high = sorted((start, end))
    assert schedule.at(0.0) == pytest.approx(start)
    assert schedule.at(until) == pytest.approx(end)
    assert schedule.at(1.0) == pytest.approx(end)
    assert low * (1 - 1e-9) <= schedule.at(progress) <= high * (1 + 1e-9)
    middle = math.sqrt(start * end) if log else (start + end) / 2
    assert schedule.at(until / 2) == pytest.approx(middle)
    assert constant(start).at(progress) == pytest.approx(start)
