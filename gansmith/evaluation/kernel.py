"""The kernel distance: squared maximum mean discrepancy under a polynomial kernel.

Of Bińkowski et al. 2018 (arXiv:1801.01401, section 4), whose kernel is (x.y / d + 1)^3. All pairs
are taken, once, instead of a mean over random subsets: the same expectation with less variance.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gansmith.evaluation.estimate import NUM_GROUPS, Estimate, group_bounds, jackknife

Features = npt.NDArray[np.floating]
Sums = npt.NDArray[np.float64]
CHUNK = 1024
# Up to these many pairs, 8 MB, their kernel is taken in one matrix.
MOST_AT_ONCE = 1_000_000
# Beyond, products are taken in float32, in half the time: their rounding averages out.
MOST_DOUBLE_PAIRS = 4_000_000


def polynomial(x: Tensor, y: Tensor) -> Tensor:
    """(n, d), (m, d) -> (n, m): (x.y / d + 1)^3."""
    k = (x @ y.T).div_(x.shape[1]).add_(1)
    return k.square().mul_(k)


def _block_sums(x: Features, y: Features, groups: int) -> tuple[Sums, Sums]:
    """(groups, groups) sums of the kernel over pairs of groups, and (groups,) over its diagonal."""
    rows, columns = group_bounds(len(x), groups), group_bounds(len(y), groups)
    pairs = len(x) * len(y)
    if pairs <= MOST_AT_ONCE and min(len(x), len(y)) >= groups:
        return _sums_at_once(x, y, [first for first, _ in rows], [first for first, _ in columns])
    dtype = torch.float64 if pairs <= MOST_DOUBLE_PAIRS else torch.float32
    sums = torch.zeros(groups, groups, dtype=torch.float64)
    diagonal = torch.zeros(groups, dtype=torch.float64)
    same = x is y
    others = [_tensor(y[left:right], dtype) for left, right in columns]
    for i, (first, last) in enumerate(rows):
        for start in range(first, last, CHUNK):
            chunk = _tensor(x[start : min(start + CHUNK, last)], dtype)
            if same:
                diagonal[i] += _own(chunk.double()).sum()
            for j in range(i if same else 0, groups):
                sums[i, j] += polynomial(chunk, others[j]).sum(dtype=torch.float64)
    if same:
        sums = torch.triu(sums) + torch.triu(sums, 1).T
    return sums.numpy(), diagonal.numpy()


def _sums_at_once(
    x: Features, y: Features, rows: list[int], columns: list[int]
) -> tuple[Sums, Sums]:
    """The same for few samples, whose matrix is cheaper than one operation for each two groups."""
    left = _tensor(x, torch.float64)
    right = left if x is y else _tensor(y, torch.float64)
    by_row = np.add.reduceat(polynomial(left, right).numpy(), rows, 0)
    return np.add.reduceat(by_row, columns, 1), np.add.reduceat(_own(left).numpy(), rows)


def _own(x: Tensor) -> Tensor:
    """(n, d) -> (n,): the kernel of each sample with itself."""
    return (x.square().sum(1) / x.shape[1] + 1).pow(3)


def _tensor(features: Features, dtype: torch.dtype) -> Tensor:
    return torch.from_numpy(np.array(features)).to(dtype)


def _within(sums: Sums, diagonal: Sums, n: int, left_out: int | None) -> float:
    """Mean over pairs of two different samples."""
    pairs = sums.copy()
    own = diagonal.copy()
    if left_out is not None:
        pairs[left_out], pairs[:, left_out], own[left_out] = 0, 0, 0
    return float(pairs.sum() - own.sum()) / (n * (n - 1))


def _across(sums: Sums, n: int, m: int, left_out: int | None) -> float:
    pairs = sums.copy()
    if left_out is not None:
        pairs[left_out], pairs[:, left_out] = 0, 0
    return float(pairs.sum()) / (n * m)


def kernel_distance(real: Features, fake: Features, groups: int = NUM_GROUPS) -> Estimate:
    """Unbiased kernel distance of features (n, d) and (m, d); below 0 by chance where it is 0.

    Args:
        real: in random order, at least 2 * groups of them.
        fake: likewise.
        groups: that are left out in turn, of both, for the interval.

    >>> x = np.random.default_rng(0).normal(size=(200, 3))
    >>> estimate = kernel_distance(x[:100], x[100:])
    >>> estimate.low < 0 < estimate.high
    True
    """
    sides = [
        (len(x), group_bounds(len(x), groups), *_block_sums(x, x, groups)) for x in (real, fake)
    ]
    across, _ = _block_sums(real, fake, groups)

    def value(left_out: int | None) -> float:
        counts, total = [], 0.0
        for n, bounds, sums, diagonal in sides:
            gone = 0 if left_out is None else bounds[left_out][1] - bounds[left_out][0]
            counts.append(n - gone)
            total += _within(sums, diagonal, n - gone, left_out)
        return total - 2 * _across(across, counts[0], counts[1], left_out)

    return jackknife(value(None), [value(g) for g in range(groups)], corrected=False)
