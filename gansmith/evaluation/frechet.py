"""The Fréchet distance between two sets of features, as between Gaussians of their moments::

    FD = |m - m'|^2 + tr(S + S' - 2 (S S')^(1/2))

(Dowson and Landau 1982; on Inception features the FID of Heusel et al. 2017, arXiv:1706.08500,
eq. 6). With S = A A' and S' = B B', the trace of the root is the sum of the singular values of A'B,
which needs no root of a matrix that is not symmetric, and takes either form of A: Cholesky's
factor, or the centred features themselves where they are fewer than their dimensions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gansmith.evaluation.estimate import NUM_GROUPS, Estimate, group_bounds, jackknife

Features = npt.NDArray[np.floating]
CHUNK = 4096


@dataclass(frozen=True)
class Moments:
    """Sums over samples, of which a group can be taken out again.

    Attributes:
        count: of samples.
        total: (d,) sum of samples.
        products: (d, d) sum of outer products.
    """

    count: int
    total: Tensor
    products: Tensor

    @classmethod
    def of(cls, features: Features, shift: Tensor) -> Moments:
        """Of features (n, d) less a shift (d,), which keeps rounding small."""
        size = features.shape[1]
        total = torch.zeros(size, dtype=torch.float64)
        products = torch.zeros(size, size, dtype=torch.float64)
        for first in range(0, len(features), CHUNK):
            x = _tensor(features[first : first + CHUNK]) - shift
            total += x.sum(0)
            products.addmm_(x.T, x)
        return cls(len(features), total, products)

    def without(self, part: Moments) -> Moments:
        """What is left when a part is taken out."""
        return Moments(
            self.count - part.count, self.total - part.total, self.products - part.products
        )

    @property
    def mean(self) -> Tensor:
        """(d,)."""
        return self.total / self.count

    def factor(self) -> Tensor:
        """(d, d) lower triangle or symmetric A with A A' the covariance."""
        mean = self.mean
        covariance = self.products - self.count * torch.outer(mean, mean)
        covariance /= max(self.count - 1, 1)
        root: Tensor
        root, failed = torch.linalg.cholesky_ex(covariance)
        if failed:  # constant or dependent features
            values, vectors = torch.linalg.eigh(covariance)
            root = vectors * values.clamp(min=0).sqrt()
        return root


def _tensor(features: Features) -> Tensor:
    return torch.from_numpy(np.array(features, np.float64))


def _distance(mean: Tensor, factor: Tensor, other_mean: Tensor, other_factor: Tensor) -> float:
    both = torch.linalg.svdvals(factor.T @ other_factor).sum()
    between = (mean - other_mean).square().sum()
    return float(between + factor.square().sum() + other_factor.square().sum() - 2 * both)


def _from_samples(features: Features, shift: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (d,) and factor (d, min(n, d)) of the covariance."""
    if len(features) > features.shape[1]:
        moments = Moments.of(features, shift)
        return moments.mean, moments.factor()
    x = _tensor(features) - shift
    mean = x.mean(0)
    return mean, (x - mean).T / max(len(x) - 1, 1) ** 0.5


def frechet_distance(real: Features, fake: Features) -> float:
    """Fréchet distance of features (n, d) and (m, d), covariances over n - 1 and m - 1.

    It falls as the samples grow in number, also for equal distributions; see :func:`frechet`.

    >>> x = np.random.default_rng(0).normal(size=(50, 3))
    >>> abs(frechet_distance(x, x)) < 1e-12, round(frechet_distance(x, x + 2), 6)
    (True, 12.0)
    """
    shift = _tensor(real[:CHUNK]).mean(0)
    return _distance(*_from_samples(real, shift), *_from_samples(fake, shift))


@dataclass(frozen=True)
class Frechet:
    """A Fréchet distance.

    Attributes:
        plain: at these sample counts, biased upwards.
        limit: for endless samples, with its interval; may fall below 0 by chance.
    """

    plain: float
    limit: Estimate


def frechet(real: Features, fake: Features, groups: int = NUM_GROUPS) -> Frechet:
    """The Fréchet distance and its limit for endless samples.

    The bias falls as 1/n (Chong and Forsyth 2020, arXiv:1911.07023, who extrapolate along a line);
    the jackknife takes that part out and gives the interval as well.

    Args:
        real: (n, d) in random order, n at least 2 d.
        fake: (m, d), likewise.
        groups: that are left out in turn, of both.
    """
    shift = _tensor(real[:CHUNK]).mean(0)
    sides = [_LeftOut(features, shift, groups) for features in (real, fake)]
    plain = _distance(*sides[0].whole(), *sides[1].whole())
    without = [_distance(*sides[0].without(i), *sides[1].without(i)) for i in range(groups)]
    return Frechet(plain, jackknife(plain, without, corrected=True))


class _LeftOut:
    """Mean and factor of one side, whole and without each group."""

    def __init__(self, features: Features, shift: Tensor, groups: int) -> None:
        self._features, self._shift = features, shift
        self._bounds = group_bounds(len(features), groups)
        self._moments = Moments.of(features, shift)

    def whole(self) -> tuple[Tensor, Tensor]:
        return self._moments.mean, self._moments.factor()

    def without(self, group: int) -> tuple[Tensor, Tensor]:
        first, last = self._bounds[group]
        part = Moments.of(self._features[first:last], self._shift)
        left = self._moments.without(part)
        return left.mean, left.factor()
