"""The metric of the point sets, on samples whose values are known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gansmith.modalities.points.data import Grid, Ring
from gansmith.modalities.points.metrics import modes, truncated_variance

TRUE_SHARE = 1 - math.exp(-4.5)


@pytest.mark.parametrize(("source", "num_modes"), [(Ring(), 8), (Grid(), 25)])
def test_true_samples_hit_all_modes_with_their_own_width(source: Ring | Grid, num_modes: int):
    points, truth = source.draw(np.random.default_rng(1))
    values = modes(points[:50_000], truth)
    assert values["modes_hit"] == values["num_modes"] == num_modes
    assert values["captured"] == pytest.approx(TRUE_SHARE, abs=0.003)
    assert values["kl"] == pytest.approx(0, abs=2e-3)
    assert values["spread"] == pytest.approx(1, abs=0.01)


def test_one_mode_alone():
    points, truth = Grid().draw(np.random.default_rng(2))
    centre = np.array(truth["centres"][3])
    own = points[np.linalg.norm(points - centre, axis=1) < 1]
    values = modes(own, truth)
    assert values["modes_hit"] == 1
    assert values["kl"] == pytest.approx(math.log(25))
    assert values["captured"] == pytest.approx(TRUE_SHARE, abs=0.01)


def test_points_without_width():
    _, truth = Ring().draw(np.random.default_rng(3))
    values = modes(np.repeat(truth["centres"], 100, axis=0), truth)
    assert (values["modes_hit"], values["captured"]) == (8, 1)
    assert (values["kl"], values["spread"]) == pytest.approx((0, 0), abs=1e-12)


def test_a_shift_within_the_mode_is_no_width():
    _, truth = Ring().draw(np.random.default_rng(3))
    shifted = np.repeat(truth["centres"], 50, axis=0) + np.array([truth["sigma"], 0])
    assert modes(shifted, truth)["spread"] == pytest.approx(0, abs=1e-9)


def test_noise_hits_as_little_as_its_area():
    _, truth = Grid().draw(np.random.default_rng(4))
    noise = np.random.default_rng(5).uniform(-5, 5, (100_000, 2))
    values = modes(noise, truth)
    assert values["captured"] == pytest.approx(25 * math.pi * 0.15**2 / 100, rel=0.1)
    assert values["modes_hit"] == 0


def test_nothing_captured():
    _, truth = Ring().draw(np.random.default_rng(6))
    values = modes(np.full((100, 2), 50.0), truth)
    assert values == {
        "modes_hit": 0, "num_modes": 8, "captured": 0, "kl": math.log(8), "spread": 0,
    }  # fmt: skip


@pytest.mark.parametrize("dimensions", [1, 2, 5])
def test_truncated_variance_against_samples(dimensions: int):
    normal = np.random.default_rng(7).normal(size=(400_000, dimensions))
    inside = normal[np.linalg.norm(normal, axis=1) <= 3]
    assert truncated_variance(dimensions, 3.0) == pytest.approx(inside.var(), rel=0.01)
