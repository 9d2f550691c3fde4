"""The Fréchet distance against closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.frechet import Moments, frechet_distance, moments


def test_of_gaussians_that_share_their_axes():
    """Then it is the squared distance of the means plus that of the standard deviations."""
    rng = np.random.default_rng(0)
    axes, _ = np.linalg.qr(rng.normal(size=(6, 6)))
    s, t = rng.uniform(0, 3, (2, 6))
    a = Moments(rng.normal(size=6), axes @ np.diag(s**2) @ axes.T)
    b = Moments(rng.normal(size=6), axes @ np.diag(t**2) @ axes.T)
    expected = np.square(a.mean - b.mean).sum() + np.square(s - t).sum()
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-9)


def test_of_two_dimensional_gaussians():
    """tr (AB)^(1/2) has a closed form in the plane: (tr AB + 2 (det AB)^(1/2))^(1/2)."""
    a, b = np.array([[2.0, 0.7], [0.7, 1.0]]), np.array([[1.0, -0.4], [-0.4, 3.0]])
    root = np.sqrt(np.trace(a @ b) + 2 * np.sqrt(np.linalg.det(a @ b)))
    expected = np.trace(a) + np.trace(b) - 2 * root
    zero = np.zeros(2)
    distance = frechet_distance(Moments(zero, a), Moments(zero, b))
    assert distance == pytest.approx(expected, rel=1e-12)


def test_is_symmetric_and_zero_for_the_same():
    rng = np.random.default_rng(1)
    a, b = moments(rng.normal(size=(500, 20))), moments(rng.normal(1, 2, size=(500, 20)))
    assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a), rel=1e-9)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-9)


def test_with_fewer_samples_than_features():
    rng = np.random.default_rng(2)
    a = moments(rng.normal(size=(10, 64)))
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-6)


def test_of_samples_nears_the_true_one():
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(200_000, 3)), rng.normal([1, 0, 0], [2, 1, 1], size=(200_000, 3))
    assert frechet_distance(moments(x), moments(y)) == pytest.approx(2, rel=0.02)
