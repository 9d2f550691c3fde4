"""The length of the average, chosen after training."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from gansmith.config import EmaConfig
from gansmith.runs.profiles import combination, exponent_of
from gansmith.trainer.ema import WeightAverage

STEPS, BATCH = 2_000, 16
SNAPSHOTS = 10  # as a run keeps


@given(st.floats(0.005, 0.28))
def test_the_exponent_has_the_width(width: float) -> None:
    g = exponent_of(width)
    assert g > -1
    variance = (g + 1) / ((g + 2) ** 2 * (g + 3))
    assert math.sqrt(variance) == pytest.approx(width, rel=1e-6)


@pytest.mark.parametrize("width", [0.0, -0.1, 0.29, 1.0])
def test_widths_that_no_profile_has(width: float) -> None:
    with pytest.raises(ValueError, match="width of a profile"):
        exponent_of(width)


def trajectory(step: int) -> torch.Tensor:
    """Weights that fall, swing, and wander, as weights do; all of order 1."""
    t = step / STEPS
    values = [t, math.exp(-4 * t), math.sin(9 * t), math.sin(25 * t), t**3 - t]
    return torch.tensor(values, dtype=torch.float64)


class Weights(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(trajectory(0))


def track(widths: tuple[float, float]) -> list[tuple[int, list[torch.Tensor]]]:
    """(sample count, both averages) at each tenth of the trajectory."""
    network, kept = Weights(), []
    average = WeightAverage(network, EmaConfig("power", widths=widths))
    for step in range(1, STEPS + 1):
        network.w.data.copy_(trajectory(step))
        average.update(step * BATCH, BATCH, step / STEPS)
        if step % (STEPS // SNAPSHOTS) == 0:
            kept.append((step * BATCH, [p.w.detach().clone() for p in average.profiles]))  # type: ignore[union-attr]
    return kept


@pytest.mark.parametrize(
    ("width", "tolerance"), [(0.06, 0.01), (0.075, 0.01), (0.15, 0.01), (0.2, 0.02)]
)
def test_a_combination_of_snapshots_is_the_profile_tracked_directly(
    width: float, tolerance: float
) -> None:
    kept = track((0.05, 0.10))
    wanted = track((width, 0.25))[-1][1][0]
    rows = [
        (time, w, value) for time, both in kept for w, value in zip((0.05, 0.10), both, strict=True)
    ]
    times, widths = np.array([r[0] for r in rows], float), np.array([r[1] for r in rows])
    weights = combination(times, widths, STEPS * BATCH, width)
    made = sum(float(c) * r[2] for c, r in zip(weights, rows, strict=True))
    assert weights.sum() == pytest.approx(1, abs=1e-6)
    assert float((made - wanted).abs().max()) < tolerance


def test_what_was_tracked_comes_back_as_it_is() -> None:
    times, widths = np.repeat(np.arange(1.0, 11), 2), np.tile([0.05, 0.1], 10)
    for k in (18, 19):
        weights = combination(times, widths, 10.0, widths[k])
        np.testing.assert_allclose(weights, np.eye(20)[k], atol=1e-6)


def test_a_power_profile_weighs_time_as_its_formula_says() -> None:
    """w(t) = t has the mean of the profile: (g + 1) / (g + 2) of the end."""
    for width, value in zip((0.05, 0.10), track((0.05, 0.10))[-1][1], strict=True):
        g = exponent_of(width)
        assert float(value[0]) == pytest.approx((g + 1) / (g + 2), abs=2e-3)
