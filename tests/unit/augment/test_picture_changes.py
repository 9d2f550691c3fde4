"""The augmentation of pictures: exact where it can be, differentiable twice, the same each time."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck

from gansmith.config import Component
from gansmith.game.game import Augmentation, unchanged
from gansmith.game.randomness import Randomness
from gansmith.modalities.image.augment import (
    Draws,
    hole,
    hue_and_saturation,
    none,
    pictures,
    resampling,
    rotation,
    tinting,
)
from gansmith.registry import build

ALL = {"flips": True, "quarter_turns": True, "cutout": True}
quick = settings(deadline=None, max_examples=30)


def noise(seed: int = 0) -> Randomness:
    return Randomness(seed, 0, 0, dtype=torch.float64)


def batch(*shape: int) -> Tensor:
    return Randomness(1, 2, 3, dtype=torch.float64).normal(*shape)


def moved(x: Tensor, matrix: list[list[float]], shift: list[float]) -> Tensor:
    n = len(x)
    return resampling(
        x.shape, x.new_tensor(matrix).expand(n, 2, 2), x.new_tensor(shift).expand(n, 2)
    )(x)


class Untouchable:
    def __getattr__(self, name: str) -> None:
        raise AssertionError("nothing may be drawn")


@pytest.mark.parametrize("augmentation", [pictures(**ALL), none()])
def test_strength_zero_is_the_identity_and_draws_nothing(augmentation: Augmentation) -> None:
    x = batch(3, 1, 5, 6)
    assert augmentation(x.shape, 0.0, Untouchable())(x) is x  # type: ignore[arg-type]


def test_registered() -> None:
    assert build("transform", Component("none")) is unchanged
    x = batch(3, 1, 5, 6)
    assert not torch.equal(build("transform", Component("pictures"))(x.shape, 1.0, noise())(x), x)


@given(
    shape=st.tuples(
        st.integers(1, 4), st.sampled_from([1, 3, 4]), st.integers(1, 20), st.integers(1, 20)
    ),
    strength=st.floats(0, 1),
)
@quick
def test_any_shape_the_same_each_time(shape: tuple[int, ...], strength: float) -> None:
    x = batch(*shape)
    transform = pictures(**ALL)(x.shape, strength, noise())
    y = transform(x)
    assert y.shape == x.shape
    assert torch.isfinite(y).all()
    assert torch.equal(transform(x), y)
    assert torch.equal(pictures(**ALL)(x.shape, strength, noise())(x), y)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_single_precision(channels: int) -> None:
    x = batch(2, channels, 8, 6).float()
    assert pictures(**ALL)(x.shape, 1.0, Randomness(0, 0, 0))(x).dtype == torch.float32


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_derivatives_of_both_orders(channels: int) -> None:
    x = batch(2, channels, 4, 3).requires_grad_()
    transform = pictures(**ALL)(x.shape, 0.9, noise())
    assert gradcheck(transform, x)
    # The transformation is affine: its second derivative shows behind something curved.
    assert gradgradcheck(lambda x: transform(x).tanh(), x)


def test_strength_is_the_probability_of_each_change() -> None:
    drawn = Draws(20_000, 0.3, noise())
    for made in (drawn.normal(1.0) != 0, drawn.uniform(1.0) != 0):
        assert made.double().mean().item() == pytest.approx(0.3, abs=0.02)
    shares = torch.bincount(drawn.integers(4).long(), minlength=4) / 20_000
    assert shares.tolist() == pytest.approx([0.775, 0.075, 0.075, 0.075], abs=0.02)
    assert drawn.uniform(0.5, 2).shape == (20_000, 2)


def test_the_unchanged_picture_stays_among_the_rest() -> None:
    """At half strength all coins of the default show no for one picture in 64."""
    x = batch(4000, 1, 16, 16)
    y = pictures()(x.shape, 0.5, noise())(x)
    same = torch.isclose(x, y).flatten(1).all(1).double().mean().item()
    coins = 6  # scale, stretch, turn, shift, brightness, contrast
    assert same == pytest.approx(0.5**coins, abs=0.01)


@pytest.mark.parametrize("steps", [(1, 0), (0, 1), (2, -1)])
def test_a_shift_by_whole_pixels_is_exact_and_mirrors_at_the_border(steps: tuple[int, int]) -> None:
    x, (across, down) = batch(2, 3, 6, 5), steps
    padded = torch.nn.functional.pad(x, (2, 2, 2, 2), mode="reflect")
    expected = padded[:, :, 2 + down : 8 + down, 2 + across : 7 + across]
    assert torch.equal(moved(x, [[1, 0], [0, 1]], [across, down]), expected)


def test_a_flip_is_exact() -> None:
    x = batch(2, 3, 6, 5)
    assert torch.equal(moved(x, [[-1, 0], [0, 1]], [0, 0]), x.flip(3))


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_quarter_turns(turns: int) -> None:
    x = batch(2, 1, 5, 5)
    matrix = rotation(torch.tensor([turns * math.pi / 2], dtype=torch.float64))[0].tolist()
    turned = moved(x, matrix, [0, 0])
    torch.testing.assert_close(turned, x.rot90(turns, (2, 3)))


def test_half_a_pixel_is_the_mean_of_two() -> None:
    x = batch(1, 1, 1, 6)
    half = moved(x, [[1, 0], [0, 1]], [0.5, 0])
    torch.testing.assert_close(half[..., :-1], (x[..., :-1] + x[..., 1:]) / 2)


def test_a_scale_about_the_middle() -> None:
    """Looking twice as far on both sides of the middle of 5 pixels: 0, 2 and 4 come to 1, 2, 3."""
    x = torch.arange(5.0)[None, None, None]
    assert moved(x, [[2, 0], [0, 1]], [0, 0]).flatten().tolist() == [2, 0, 2, 4, 2]


def test_constant_pictures_stay_constant_under_changes_of_place() -> None:
    x = torch.full((50, 1, 9, 7), 0.3, dtype=torch.float64)
    y = pictures(flips=True, quarter_turns=True, color=False)(x.shape, 1.0, noise())(x)
    torch.testing.assert_close(y, x)


def test_means_stay_about_the_same() -> None:
    """Over many pictures changes have no preferred side: neither lighter nor darker."""
    x = batch(2000, 3, 8, 8) * 0.3 + 0.2
    y = pictures(color=False)(x.shape, 1.0, noise())(x)
    assert y.mean().item() == pytest.approx(x.mean().item(), abs=0.02)
    tinted = pictures(geometry=False)(x.shape, 1.0, noise())(x)
    # Contrast is 2^normal(0, 1/2), whose mean is exp((ln 2 / 2)^2 / 2).
    expected = 0.2 * math.exp((math.log(2) / 2) ** 2 / 2)
    assert tinted.mean().item() == pytest.approx(expected, abs=0.02)


def test_hue_and_saturation_leave_greys_and_lightness() -> None:
    matrix = hue_and_saturation(Draws(20, 1.0, noise()))
    ones = torch.ones(20, 3, 1, dtype=torch.float64)
    torch.testing.assert_close(matrix @ ones, ones)
    torch.testing.assert_close(ones.mT @ matrix, ones.mT)


def test_alpha_keeps_its_values_under_changes_of_colour() -> None:
    x = batch(5, 4, 3, 3)
    y = tinting(Draws(5, 1.0, noise()), 4)(x)
    torch.testing.assert_close(y[:, 3], x[:, 3])
    assert not torch.isclose(y[:, :3], x[:, :3]).all(1).any()


def test_a_hole_is_a_grey_rectangle_of_at_most_half_the_sides() -> None:
    x = torch.ones(500, 1, 8, 12, dtype=torch.float64)
    y = hole(Draws(500, 1.0, noise()), 8, 12)(x)[:, 0]
    missing = 1 - y
    assert set(y.unique().tolist()) == {0.0, 1.0}
    heights, widths = missing.amax(2).sum(1), missing.amax(1).sum(1)
    assert torch.equal(missing.sum((1, 2)), heights * widths)
    assert heights.max() == 4
    assert widths.max() == 6
    assert (missing.sum((1, 2)) > 0).all()
    assert torch.equal(hole(Draws(5, 0.0, noise()), 8, 12)(x[:5]), x[:5])
    # Everywhere is missing now and then.
    assert (missing.mean(0) > 0.05).all()


def test_ranks_change_their_own_pictures_as_one_process_would() -> None:
    x = batch(6, 3, 8, 8)
    whole = pictures(**ALL)(x.shape, 0.6, noise())(x)
    parts = []
    for rank in range(2):
        mine = x[3 * rank : 3 * rank + 3]
        drawn = Randomness(0, 0, 0, dtype=torch.float64, rank=rank, world=2)
        parts.append(pictures(**ALL)(mine.shape, 0.6, drawn)(mine))
    torch.testing.assert_close(torch.cat(parts), whole)
