"""The curve from logits to probabilities, where the true probabilities are known."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gansmith.sample.judge import calibrate, expected_calibration_error, verdict

Floats = npt.NDArray[np.float64]


def normal(n: int, mean: float, seed: int) -> Floats:
    return np.random.default_rng(seed).normal(mean, 1.0, n)


@pytest.mark.parametrize(("scale", "shift"), [(1.0, 0.0), (0.01, 0.0), (40.0, 1e4), (1.0, -30.0)])
def test_two_normals_give_the_curve_that_bayes_gives(scale: float, shift: float) -> None:
    """N(m, 1) against N(-m, 1): log odds 2 m t, whatever units the logits have."""
    m = 0.8
    real, fake = normal(20_000, m, 0) * scale + shift, normal(20_000, -m, 1) * scale + shift
    curve = calibrate(real, fake, held_out=True)
    at = np.array([-2.0, -0.5, 0.0, 0.5, 2.0])
    truth = 1 / (1 + np.exp(-2 * m * at))
    np.testing.assert_allclose(curve.p_real(at * scale + shift), truth, atol=0.02)
    assert curve.error < 0.02
    assert curve.accuracy == pytest.approx(0.788, abs=0.01)  # Phi(0.8)


def test_uneven_numbers_are_weighed_evenly() -> None:
    even = calibrate(normal(20_000, 0.5, 0), normal(20_000, -0.5, 1), held_out=True)
    uneven = calibrate(normal(20_000, 0.5, 0), normal(1_000, -0.5, 1), held_out=True)
    assert uneven.slope == pytest.approx(even.slope, rel=0.15)
    assert uneven.offset == pytest.approx(even.offset, abs=0.15)
    assert uneven.error < 0.05


logits = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=40)


@given(logits, logits)
def test_it_is_a_probability_and_rises_with_the_logit(real: list[float], fake: list[float]) -> None:
    curve = calibrate(np.array(real), np.array(fake), held_out=False)
    at = np.sort(np.concatenate([np.linspace(-2e6, 2e6, 41), real, fake]))
    p = curve.p_real(at)
    assert np.isfinite([curve.slope, curve.offset]).all()
    assert ((p >= 0) & (p <= 1)).all()
    assert (np.diff(p) >= 0).all()
    assert 0 <= curve.error <= 1
    assert 0 <= curve.accuracy <= 1


@pytest.mark.parametrize("n", [2, 10, 1_000])
def test_separable_logits_stay_finite(n: int) -> None:
    curve = calibrate(np.linspace(1, 2, n), np.linspace(-2, -1, n), held_out=True)
    assert np.isfinite([curve.slope, curve.offset]).all()
    p = curve.p_real(np.array([-1.0, 1.0]))
    assert p[0] < 0.5 < p[1]
    assert p[0] > 0
    assert p[1] < 1
    assert curve.accuracy == 1.0


def test_a_discriminator_that_answers_the_wrong_way_round_knows_nothing() -> None:
    curve = calibrate(normal(500, -1.0, 0), normal(500, 1.0, 1), held_out=True)
    np.testing.assert_array_equal(curve.p_real(np.array([-5.0, 0.0, 5.0])), 0.5)
    assert curve.error < 0.05


def test_equal_logits_say_nothing() -> None:
    curve = calibrate(np.ones(50), np.ones(50), held_out=True)
    assert curve.p_real(np.ones(1))[0] == pytest.approx(0.5)


def test_the_error_is_zero_of_the_truth_and_large_of_a_boast() -> None:
    rng = np.random.default_rng(0)
    p = rng.uniform(0, 1, 40_000)
    is_real = rng.uniform(0, 1, 40_000) < p
    assert expected_calibration_error(p, is_real) < 0.015
    boast = np.where(p > 0.5, 0.99, 0.01)
    assert expected_calibration_error(boast, is_real) == pytest.approx(0.24, abs=0.02)
    assert expected_calibration_error(np.full(40_000, 0.5), is_real) == pytest.approx(0, abs=1e-9)


def test_a_verdict_has_both_probabilities() -> None:
    curve = calibrate(normal(500, 1.0, 0), normal(500, -1.0, 1), held_out=True)
    row = verdict("a.png", 0.3, curve)
    assert row["p_real"] + row["p_fake"] == 1
    assert (row["file"], row["logit"]) == ("a.png", 0.3)
    assert row["p_real"] > 0.5
