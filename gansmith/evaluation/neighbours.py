"""Precision, recall, density and coverage: where samples lie among each other's neighbours.

Each real sample has a ball that reaches to its k-th nearest real one, each fake sample likewise.
Precision is the share of fakes in any real ball, recall that of real samples in any fake ball
(Kynkäänniemi et al. 2019, arXiv:1904.06991, eqs. 1 and 2); density counts the real balls a fake
lies in, over k, and coverage the real balls with any fake inside (Naeem et al. 2020,
arXiv:2002.09797, eqs. 5 and 6). A sample on the rim counts as inside, so that equal data give
precision, recall and coverage of 1 even where samples occur many times.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gansmith.evaluation.estimate import NUM_GROUPS, Estimate, group_bounds, jackknife, share

Features = npt.NDArray[np.floating]
CHUNK = 256
# Of squared lengths: what rounding may move a squared distance by.
ROUNDING = {torch.float64: 1e-12, torch.float32: 1e-6}
# With more samples of a side, distances are taken in float32, in half the time.
MOST_DOUBLE = 2_000


@dataclass(frozen=True)
class Neighbourhoods:
    """The four numbers, each with its interval at these sample counts.

    Attributes:
        precision: share of fakes that look real, in [0, 1].
        recall: share of real samples that the fakes could have been, in [0, 1].
        density: real balls around a fake, over k; 1 where fakes are as real ones are, no upper end.
        coverage: share of real samples with a fake nearby, in [0, 1].
        num_neighbours: k.
    """

    precision: Estimate
    recall: Estimate
    density: Estimate
    coverage: Estimate
    num_neighbours: int


class Side:
    """One side's samples, their groups, and the radii of their balls without each group.

    Radii are (n, groups + 1): column g without group g, the last with all. Squared.
    """

    def __init__(self, x: Tensor, k: int, groups: int) -> None:
        self.x = x
        self.norms = self.x.square().sum(1)
        self.bounds, self.k, self.groups = group_bounds(len(x), max(groups, 1)), k, groups
        sizes = torch.tensor([last - first for first, last in self.bounds])
        self.group = torch.repeat_interleave(torch.arange(len(sizes)), sizes)
        self.radii = torch.cat([self._radii(at) for at in self.chunks()])

    def __len__(self) -> int:
        return len(self.x)

    def chunks(self) -> list[slice]:
        """Of rows."""
        return [slice(i, min(i + CHUNK, len(self))) for i in range(0, len(self), CHUNK)]

    def squares(self, at: slice, other: Side) -> Tensor:
        """(chunk, m) squared distances from own samples to others; 0 where that may be rounding."""
        squares = torch.addmm(self.norms[at, None] + other.norms, self.x[at], other.x.T, alpha=-2)
        squares[squares <= self.slack(at, other)] = 0
        return squares

    def slack(self, at: slice, other: Side) -> Tensor:
        """(chunk, m) what rounding may move a squared distance by."""
        return (self.norms[at, None] + other.norms).mul_(ROUNDING[self.x.dtype])

    def kept(self) -> Tensor:
        """(n, groups + 1) bool: False where a sample belongs to the group that is left out."""
        kept = torch.ones(len(self), self.groups + 1, dtype=torch.bool)
        if self.groups:
            kept[torch.arange(len(self)), self.group] = False
        return kept

    def _radii(self, at: slice) -> Tensor:
        squares = self.squares(at, self)
        rows = torch.arange(at.start, at.stop)
        squares[rows - at.start, rows] = torch.inf  # not its own neighbour
        nearest = [_smallest(squares[:, first:last], self.k) for first, last in self.bounds]
        radii = []
        for left_out in range(self.groups + 1):
            every = left_out == self.groups
            parts = [part for g, part in enumerate(nearest) if every or g != left_out]
            radii.append(_smallest(torch.cat(parts, 1), self.k)[:, self.k - 1])
        return torch.stack(radii, 1)


def _smallest(x: Tensor, k: int) -> Tensor:
    return x.topk(min(k, x.shape[1]), dim=1, largest=False).values


class _Counts:
    """What is counted over all pairs, without each group and with all: last dimension groups + 1.

    Attributes:
        in_real: (m, .) real balls that each fake lies in.
        in_fake: (n, .) fake balls that each real sample lies in.
        near: (n, .) fakes that lie in each real sample's ball.
    """

    def __init__(self, real: Side, fake: Side) -> None:
        variants = real.groups + 1
        self.in_real = torch.zeros(len(fake), variants, dtype=torch.int32)
        self.in_fake = torch.zeros(len(real), variants, dtype=torch.int32)
        self.near = torch.zeros(len(real), variants, dtype=torch.int32)
        self.kept_real, self.kept_fake = real.kept(), fake.kept()
        # Radii only grow when samples are left out, so few pairs can lie inside at all.
        widest_real, widest_fake = real.radii.amax(1), fake.radii.amax(1)
        for at in real.chunks():
            squares = real.squares(at, fake)
            squares -= real.slack(at, fake)
            near = (squares <= widest_real[at, None]) | (squares <= widest_fake)
            rows, columns = near.nonzero(as_tuple=True)
            self._count(squares[rows, columns, None], rows + at.start, columns, (real, fake))

    def _count(
        self, squares: Tensor, rows: Tensor, columns: Tensor, sides: tuple[Side, Side]
    ) -> None:
        """Take in pairs of a real sample and a fake; squared distances (pairs, 1)."""
        real, fake = sides
        both = self.kept_real[rows] & self.kept_fake[columns]
        in_real = (squares <= real.radii[rows]) & both
        in_fake = (squares <= fake.radii[columns]) & both
        self.in_real.index_add_(0, columns, in_real.int())
        self.in_fake.index_add_(0, rows, in_fake.int())
        self.near.index_add_(0, rows, in_real.int())

    def values(self, k: int) -> dict[str, list[float]]:
        """Each number without each group, and with all as the last."""
        named = {
            "precision": ((self.in_real > 0).double(), self.kept_fake),
            "recall": ((self.in_fake > 0).double(), self.kept_real),
            "density": (self.in_real.double() / k, self.kept_fake),
            "coverage": ((self.near > 0).double(), self.kept_real),
        }
        return {
            name: ((x * kept).sum(0) / kept.sum(0)).tolist() for name, (x, kept) in named.items()
        }


def neighbourhoods(
    real: Features, fake: Features, *, num_neighbours: int = 5, groups: int = NUM_GROUPS
) -> Neighbourhoods:
    """Precision, recall, density and coverage of features (n, d) and (m, d).

    All of them move with the sample counts: compare at equal ones only. Time and not memory grows
    with n m.

    Args:
        real: in random order, more than 2 * (num_neighbours + 1) of them.
        fake: likewise.
        num_neighbours: k, that balls reach to.
        groups: that are left out in turn, of both, for the intervals.

    >>> x = np.random.default_rng(0).normal(size=(100, 3))
    >>> found = neighbourhoods(x, x)
    >>> found.precision.value, found.recall.value, found.coverage.value
    (1.0, 1.0, 1.0)
    """
    values = _values(real, fake, num_neighbours, groups)
    estimates = {name: jackknife(v[-1], v[:-1], corrected=False) for name, v in values.items()}
    density = estimates.pop("density").clipped(0, float("inf"))
    counts = {"precision": len(fake), "recall": len(real), "coverage": len(real)}
    shares = {name: at_least_of_share(e, counts[name]) for name, e in estimates.items()}
    return Neighbourhoods(**shares, density=density, num_neighbours=num_neighbours)


def neighbourhood_values(
    real: Features, fake: Features, *, num_neighbours: int = 5
) -> dict[str, float]:
    """The numbers of :func:`neighbourhoods` alone, without intervals, in less time."""
    values = _values(real, fake, num_neighbours, 0)
    return {name: each[0] for name, each in values.items()}


def _values(real: Features, fake: Features, k: int, groups: int) -> dict[str, list[float]]:
    return _Counts(*sides_of(real, fake, k, groups)).values(k)


def sides_of(real: Features, fake: Features, k: int, groups: int) -> tuple[Side, Side]:
    """Both sides, in the precision that their number allows."""
    dtype = torch.float64 if max(len(real), len(fake)) <= MOST_DOUBLE else torch.float32
    # Lengths about the middle are short, and what rounds with them little.
    middle = real[:MOST_DOUBLE].mean(0, dtype=np.float64)
    ours, theirs = (Side(torch.from_numpy(x - middle).to(dtype), k, groups) for x in (real, fake))
    return ours, theirs


def at_least_of_share(estimate: Estimate, n: int) -> Estimate:
    """With an interval at least as wide as that of n independent samples.

    Where all samples are inside, leaving some out changes nothing, and the jackknife would be sure
    of what it has not seen.
    """
    alone = share(estimate.value * n, n)
    low, high = min(estimate.low, alone.low), max(estimate.high, alone.high)
    return Estimate(estimate.value, low, high, estimate.level).clipped(0, 1)
