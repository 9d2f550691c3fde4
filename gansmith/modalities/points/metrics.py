"""How well generated points cover a mixture of Gaussians whose truth is known."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from gansmith.evaluation.comparison import with_intervals
from gansmith.evaluation.estimate import LEAST, LEVEL, Estimate, share
from gansmith.registry import register

Floats = npt.NDArray[np.float64]
FAIR_SHARE, NUM_SIGMAS = 0.2, 3.0


@register("metric", "modes")
def modes(
    samples: npt.NDArray[Any],
    truth: Mapping[str, Any],
    *,
    fair_share: float = FAIR_SHARE,
    num_sigmas: float = NUM_SIGMAS,
) -> dict[str, float]:
    """Modes hit, and how many samples lie on them, for a mixture of equal Gaussians.

    A sample is captured by the nearest centre if it lies within ``num_sigmas`` sigma of it: in the
    plane 98.9 % of true samples, 1 - exp(-9/2).

    Args:
        samples: (N, d) points in raw units, N >= 1.
        truth: ``centres`` (K, d) and ``sigma``, as ``Dataset.truth`` has them.
        fair_share: a mode is hit if it captures at least this fraction of N/K samples.
        num_sigmas: how near counts.

    Returns:
        ``modes_hit`` of ``num_modes`` (K); ``captured``, the share of samples that any mode
        captures; ``kl``, the divergence in nats of their histogram from the uniform one, log K if
        there are none; ``spread``, their standard deviation about their mode's mean over the true.

    >>> truth = {"centres": [[0.0, 0.0], [9.0, 0.0]], "sigma": 1.0}
    >>> values = modes(np.array([[0.0, 0.0], [0.0, 1.0]]), truth)
    >>> values["modes_hit"], values["captured"], round(values["kl"], 4)
    (1.0, 1.0, 0.6931)
    """
    sigma, points = float(truth["sigma"]), np.asarray(samples, np.float64)
    nearest, near = _captured(points, truth, num_sigmas)
    counts = np.bincount(nearest[near], minlength=len(truth["centres"]))
    return {
        "modes_hit": float((counts >= max(fair_share * len(points) / len(counts), 1)).sum()),
        "num_modes": float(len(counts)),
        "captured": float(near.mean()),
        "kl": _divergence(counts),
        "spread": _spread(points[near], nearest[near], counts, sigma, num_sigmas),
    }


def estimated_modes(
    samples: npt.NDArray[Any], truth: Mapping[str, Any]
) -> dict[str, Estimate | float]:
    """:func:`modes` by its defaults, with intervals where there are samples enough.

    That of ``modes_hit`` is of the number of modes that get at least their fair share of endless
    samples: from those that surely do to those that may, all of them at once, by each mode's own
    interval at the level 1 - 0.05 / K (Bonferroni). Leaving samples out would not do: a mode at the
    threshold stays on its side of it.
    """
    found = with_intervals(lambda rows: modes(rows, truth), samples)
    if len(samples) < LEAST:
        return found
    nearest, near = _captured(np.asarray(samples, np.float64), truth, NUM_SIGMAS)
    counts = np.bincount(nearest[near], minlength=len(truth["centres"]))
    level = 1 - (1 - LEVEL) / len(counts)
    shares = [share(count, len(samples), level) for count in counts]
    enough = FAIR_SHARE / len(counts)
    low, high = (float(sum(end >= enough for end in ends))
                 for ends in zip(*((s.low, s.high) for s in shares), strict=True))  # fmt: skip
    hit = modes(samples, truth)["modes_hit"]
    return {
        **found,
        "modes_hit": Estimate(hit, low, high),
        "captured": share(float(near.sum()), len(samples)),
    }


def _captured(
    points: Floats, truth: Mapping[str, Any], num_sigmas: float
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """(N,) the nearest mode of each point, and whether that captures it."""
    nearest, distance = _nearest(points, np.asarray(truth["centres"], np.float64))
    return nearest, distance <= num_sigmas * float(truth["sigma"])


def _nearest(points: Floats, centres: Floats) -> tuple[npt.NDArray[np.int64], Floats]:
    """(N,) number of the nearest centre of each point, and its distance."""
    distances = np.linalg.norm(points[:, None] - centres[None], axis=-1)
    nearest = distances.argmin(1)
    return nearest, distances[np.arange(len(points)), nearest]


def _divergence(counts: npt.NDArray[np.int64]) -> float:
    """KL of a histogram from the uniform one; as large as it can be where it is empty."""
    if not counts.sum():
        return math.log(len(counts))
    shares = counts[counts > 0] / counts.sum()
    return max(float((shares * np.log(shares * len(counts))).sum()), 0.0)


def _spread(
    points: Floats,
    nearest: npt.NDArray[np.int64],
    counts: npt.NDArray[np.int64],
    sigma: float,
    num_sigmas: float,
) -> float:
    """Pooled standard deviation about the modes' own means, over that of true samples."""
    freedom = len(points) - int((counts > 0).sum())
    if freedom <= 0:
        return 0.0
    dimensions = points.shape[1]
    sums = np.stack(
        [np.bincount(nearest, points[:, i], len(counts)) for i in range(dimensions)], axis=1
    )
    means = sums / np.maximum(counts, 1)[:, None]
    squares = np.square(points - means[nearest]).sum() / (freedom * dimensions)
    expected = sigma**2 * truncated_variance(dimensions, num_sigmas)
    return float(math.sqrt(squares / expected))


def truncated_variance(dimensions: int, num_sigmas: float) -> float:
    """Variance of one coordinate of a standard normal point, given its length is at most k.

    P(chi2(d + 2) <= k^2) / P(chi2(d) <= k^2), with d dimensions; for 3 sigma in the plane 0.949.
    """
    half = torch.tensor(num_sigmas**2 / 2, dtype=torch.float64)
    inside, weighted = (
        torch.special.gammainc(torch.tensor(d / 2, dtype=torch.float64), half)
        for d in (dimensions, dimensions + 2)
    )
    return float(weighted / inside)
