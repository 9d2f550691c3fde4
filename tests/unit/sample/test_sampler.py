"""Samples belong to their numbers; classes, truncation, interpolation, and the later average."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from invariance.small_runs import PICTURES, SMALL, train, write_points
from torch import Tensor

from gansmith import api
from gansmith.errors import RunError, UserError
from gansmith.protocols import Condition
from gansmith.sample.sampler import CHUNK, great_circle


@pytest.fixture(scope="module")
def points(tmp_path_factory: pytest.TempPathFactory) -> api.Run:
    root = tmp_path_factory.mktemp("points")
    chosen = {**SMALL, "ema.name": "power"}
    return train(write_points(root / "points.npy"), root / "run", 20, chosen)


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> api.Run:
    return train("digits", tmp_path_factory.mktemp("digits") / "run", 3, PICTURES)


@pytest.fixture(scope="module")
def many(points: api.Run) -> np.ndarray:
    return points.sample(3 * CHUNK, seed=7)


@given(n=st.integers(1, 3 * CHUNK))
@settings(max_examples=15)
def test_a_sample_is_the_same_however_many_are_asked_for(
    n: int, points: api.Run, many: np.ndarray
) -> None:
    np.testing.assert_allclose(points.sample(n, seed=7), many[:n], rtol=1e-5, atol=1e-6)


@given(first=st.integers(0, 2 * CHUNK), n=st.integers(1, CHUNK))
@settings(max_examples=15)
def test_latents_belong_to_their_numbers(first: int, n: int, points: api.Run) -> None:
    sampler = points.sampler()
    whole = sampler.latents(0, first + n, 3, 0.7)
    assert torch.equal(sampler.latents(first, n, 3, 0.7), whole[first:])


def test_other_seeds_and_other_numbers_are_other_samples(many: np.ndarray, points: api.Run) -> None:
    assert len(np.unique(many, axis=0)) == len(many)
    assert not np.isclose(points.sample(5, seed=8), many[:5]).all(1).any()


def test_classes_are_chosen_by_name_or_number_and_come_in_turn(digits: api.Run) -> None:
    sampler = digits.sampler()
    assert sampler.class_indices("3, 7") == [3, 7]
    labels = [label for _, part in sampler.stream(5, classes=[3, 7]) for label in part]
    assert labels == [3, 7, 3, 7, 3]
    everything = next(iter(digits.stream(20)))[1]
    assert everything is not None
    assert everything.tolist() == [*range(10)] * 2
    threes = digits.sample(30, condition="3")
    np.testing.assert_array_equal(threes[13], digits.sample(30)[13])  # number 13 is a 3 in both
    assert (threes != digits.sample(30)).any()


@pytest.mark.parametrize("name", ["ten", "10", "", "²"])
def test_there_is_no_such_class(name: str, digits: api.Run) -> None:
    with pytest.raises(UserError, match="There is no class"):
        digits.sampler().class_indices(name)


def test_a_run_without_classes_has_none_to_choose(points: api.Run) -> None:
    with pytest.raises(UserError, match="no classes"):
        points.sample(3, condition="0")


def test_truncated_to_nothing_there_is_one_picture_of_each_class(
    digits: api.Run, points: api.Run
) -> None:
    pictures = digits.sample(30, truncation=0.0).astype(int)
    assert np.abs(pictures[:10] - pictures[10:20]).max() <= 1
    assert np.abs(pictures[:10] - pictures[20:]).max() <= 1
    assert len(np.unique(pictures[:10], axis=0)) == 10
    spread = [points.sample(300, truncation=t).std(0).max() for t in (0.0, 0.5, 1.0)]
    assert spread[0] < 1e-6
    assert spread[0] < spread[1] < spread[2]


def test_an_interpolation_ends_at_samples(points: api.Run) -> None:
    path = points.sampler().interpolate(3, 5, seed=2).reshape(3, 5, 2)
    ends = points.sample(6, seed=2)
    np.testing.assert_allclose(path[:, 0], ends[0::2], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(path[:, -1], ends[1::2], rtol=1e-4, atol=1e-5)


def test_an_interpolation_stays_within_its_class(digits: api.Run) -> None:
    sampler = digits.sampler()
    path = sampler.interpolate(2, 3).reshape(2, 3, 8, 8, 1)
    latents = sampler.latents(0, 4, 0, 1.0)
    for row in (0, 1):
        x = sampler.generate(latents[2 * row :][:2], Condition(torch.tensor([row, row])))
        ends = sampler.codec.decode(x).numpy().astype(int)
        assert np.abs(path[row, [0, -1]] - ends).max() <= 1


def test_a_great_circle_keeps_the_length_of_latents() -> None:
    start, end = torch.randn(2, 64, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    end *= start.norm() / end.norm()
    path = great_circle(start, end, torch.linspace(0, 1, 9, dtype=torch.float64))
    torch.testing.assert_close(path.norm(dim=1), start.norm().expand(9))
    steps = (path[1:] - path[:-1]).norm(dim=1)
    torch.testing.assert_close(steps, steps[:1].expand(8))
    same = great_circle(start, 2 * start, torch.tensor([0.0, 0.5, 1.0], dtype=torch.float64))
    torch.testing.assert_close(same, start * torch.tensor([[1.0], [1.5], [2.0]]))


def test_the_average_chosen_later_is_the_tracked_one_at_its_width(points: api.Run) -> None:
    tracked = points.sample(20, seed=1)
    np.testing.assert_allclose(points.sample(20, seed=1, ema=0.05), tracked, rtol=1e-3, atol=1e-4)
    assert np.abs(points.sample(20, seed=1, ema=0.2) - tracked).max() > 1e-3


def test_widths_and_runs_from_which_no_average_can_be_made(
    points: api.Run, digits: api.Run
) -> None:
    for width in (0.0, -1.0, 0.3):
        with pytest.raises(RunError, match="cannot be made"):
            points.sample(1, ema=width)
    with pytest.raises(RunError, match="kept no snapshots"):
        digits.sample(1, ema=0.1)


@pytest.mark.parametrize("n", [0, -3])
def test_fewer_than_one_sample(n: int, points: api.Run) -> None:
    with pytest.raises(UserError, match="cannot be made"):
        points.sample(n)


def test_logits_do_not_depend_on_their_company(digits: api.Run) -> None:
    sampler, raw = digits.sampler(), digits.sample(CHUNK + 20, seed=3)
    together = sampler.logits(raw)
    assert together.shape == (CHUNK + 20,)
    np.testing.assert_allclose(sampler.logits(raw[CHUNK - 3 :]), together[CHUNK - 3 :], atol=1e-5)
    assert sampler.logits(raw[:0]).shape == (0,)


def test_an_unknown_class_is_judged_as_the_likeliest_above_its_level(digits: api.Run) -> None:
    sampler, raw = digits.sampler(), digits.sample(4)
    x = sampler.codec.encode(torch.from_numpy(raw))
    critic = sampler.game.networks[sampler.game.critic]
    each = torch.stack([critic(x, Condition(torch.full((4,), c))).reshape(4) for c in range(10)])
    above = each - torch.tensor(sampler.class_levels)[:, None]
    np.testing.assert_allclose(sampler.logits(raw), above.amax(0).numpy(), atol=1e-5)


def test_a_level_of_its_own_for_each_class_changes_no_verdict(digits: api.Run) -> None:
    """What a relativistic loss leaves free must not matter."""
    sampler, raw = digits.sampler(), digits.sample(4)
    before, critic = sampler.logits(raw), sampler.game.critic
    plain, raised = sampler.game.networks[critic], digits.sampler()
    free = torch.linspace(-5, 5, 10)

    class Raised(torch.nn.Module):
        def forward(self, x: Tensor, condition: Condition) -> Tensor:
            assert condition.classes is not None
            raised_logits: Tensor = plain(x, condition) + free[condition.classes]
            return raised_logits

    raised.game.networks[critic] = Raised()
    np.testing.assert_allclose(raised.logits(raw), before, atol=1e-4)


def test_a_run_is_opened_without_its_source(tmp_path: Path) -> None:
    source = write_points(tmp_path / "points.npy")
    made = train(source, tmp_path / "run", 2).sample(4)
    source.unlink()
    np.testing.assert_array_equal(api.load(tmp_path / "run").sample(4), made)
