"""The Gaussian mechanism: counts of rows with noise, and exactly what that guarantees.

Adding or removing one row changes the counts by at most their sensitivity D, in the L2 norm. With
normal noise of standard deviation s on each, nobody can tell from the result whether a row was
there better than one can tell N(0, 1) from N(mu, 1), mu = D / s (Dong, Roth and Su 2022,
doi:10.1111/rssb.12454, theorem 2.7). Several mechanisms, where a later one may depend on what an
earlier one gave, have together the root of the sum of their mu squared (corollary 3.3). The
(epsilon, delta) that follow are exact, with no slack (corollary 2.13; Balle and Wang 2018,
arXiv:1805.06530, theorem 8).
"""

from __future__ import annotations

import math
import secrets

import numpy as np
import numpy.typing as npt
import torch

Counts = npt.NDArray[np.float64]
# The smallest and largest mu that is looked at: 1e-6 is no information, 100 no protection.
LEAST_MU, MOST_MU = 1e-6, 100.0


def delta_of(epsilon: float, mu: float) -> float:
    """The least delta that a mechanism of this ``mu`` > 0 has at an ``epsilon`` >= 0.

    >>> round(delta_of(1.0, 1.0), 6)
    0.126937
    """
    left, right = -epsilon / mu + mu / 2, -epsilon / mu - mu / 2
    logs = torch.special.log_ndtr(torch.tensor([left, right], dtype=torch.float64)).tolist()
    return max(math.exp(logs[0]) - math.exp(epsilon + logs[1]), 0.0)


def mu_of(epsilon: float, delta: float) -> float:
    """The largest mu that keeps within (epsilon, delta), by bisection, rounded down.

    Args:
        epsilon: > 0.
        delta: in (0, 1).

    >>> mu = mu_of(1.0, 1e-5)
    >>> delta_of(1.0, mu) <= 1e-5 < delta_of(1.0, 1.001 * mu)
    True
    """
    low, high = LEAST_MU, MOST_MU
    for _ in range(100):
        middle = math.sqrt(low * high)
        if delta_of(epsilon, middle) > delta:
            high = middle
        else:
            low = middle
    return low


def together(mus: list[float]) -> float:
    """The mu of several mechanisms on the same rows.

    >>> together([0.6, 0.8])
    1.0
    """
    return math.hypot(*mus)


def secret_generator() -> np.random.Generator:
    """Randomness from the system, which no seed gives back: known noise could be taken off."""
    return np.random.default_rng(secrets.randbits(256))


def noised(counts: Counts, sigma: float, generator: np.random.Generator) -> Counts:
    """Whole counts with noise of standard deviation ``sigma``, rounded.

    The noise is rounded before it is added, so that the result is a whole number whose last digits
    say nothing about the count (Mironov 2012, doi:10.1145/2382196.2382264): as private as the
    counts with the noise itself, since it is those, rounded.
    """
    return counts + np.rint(generator.normal(0.0, sigma, counts.shape))
