"""The Fréchet distance of two sets of features, as if each were a Gaussian."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Moments:
    """Mean (d,) and covariance (d, d)."""

    mean: Floats
    covariance: Floats


def moments(features: npt.NDArray[Any]) -> Moments:
    """Of features (N, d), N >= 2, in float64."""
    x = np.asarray(features, np.float64)
    return Moments(x.mean(0), np.atleast_2d(np.cov(x, rowvar=False)))


def _root(symmetric: Floats) -> Floats:
    """The square root of a positive semi-definite matrix; rounding below 0 counts as 0."""
    values, vectors = np.linalg.eigh(symmetric)
    root: Floats = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    return root


def frechet_distance(a: Moments, b: Moments) -> float:
    """||m_a - m_b||^2 + tr(A + B - 2 (A^(1/2) B A^(1/2))^(1/2)), not below 0.

    Dowson and Landau 1982; for features of pictures Heusel et al. 2017 (arXiv:1706.08500). The
    matrix under the root is symmetric, so its eigenvalues are real, which those of A B are not
    after rounding.

    >>> a, b = Moments(np.zeros(2), np.eye(2)), Moments(np.ones(2), 4 * np.eye(2))
    >>> round(frechet_distance(a, b), 9)
    4.0
    """
    root = _root(a.covariance)
    between = np.linalg.eigvalsh(root @ b.covariance @ root)
    traces = np.trace(a.covariance) + np.trace(b.covariance)
    apart = np.square(a.mean - b.mean).sum()
    return max(float(apart + traces - 2 * np.sqrt(between.clip(0)).sum()), 0.0)
