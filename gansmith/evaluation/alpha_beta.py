"""Alpha-precision and beta-recall: precision and recall at every level of typicality.

Alaa et al. 2022 (arXiv:2102.08921). The alpha-support of the real samples is here the ball about
their mean that holds a share alpha of them; P(alpha) is the share of fakes inside. The beta-support
of the fakes is the ball about their mean with a share beta of them; R(beta) is the share of real
samples whose nearest fake lies in it, and no farther off than their k-th real neighbour. Equal
distributions have P(alpha) = alpha, and nearly R(beta) = beta where dimensions are few. What is
reported is integrated over all levels, 1 - 2 * integral |P(alpha) - alpha| d alpha, from 0 to 1.

Deviates from the paper, as its authors' code does: by the paper's formula any fake of the
beta-support serves that lies in a real sample's ball, not the nearest alone. Since most balls reach
inwards, that prefers fakes that are too narrow (in 5 dimensions, 0.95 for fakes of 0.7 times the
width, 0.56 for fakes of the same distribution).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gansmith.evaluation.estimate import NUM_GROUPS, Estimate, jackknife
from gansmith.evaluation.neighbours import Side, sides_of

Features = npt.NDArray[np.floating]
NUM_NEIGHBOURS = 5


@dataclass(frozen=True)
class AlphaBeta:
    """Both numbers, each with its interval at these sample counts.

    Attributes:
        precision: of fakes: 1 where each real ball has as many of them as of real samples.
        recall: of real samples: 1 where each ball of fakes accounts for its share of them.
    """

    precision: Estimate
    recall: Estimate


def alpha_beta(
    real: Features, fake: Features, *, num_neighbours: int = NUM_NEIGHBOURS
) -> AlphaBeta:
    """Both of features (n, d) and (m, d), with intervals from leaving out tenths of both sides.

    Args:
        real: in random order, at least 50.
        fake: likewise.
        num_neighbours: k, that balls of real samples reach to.
    """
    values = _values(real, fake, num_neighbours, NUM_GROUPS)
    precision, recall = (
        jackknife(each[-1], each[:-1], corrected=False).clipped(0, 1) for each in values
    )
    return AlphaBeta(precision, recall)


def alpha_beta_values(
    real: Features, fake: Features, *, num_neighbours: int = NUM_NEIGHBOURS
) -> tuple[float, float]:
    """Both without intervals, in less time.

    >>> x = np.random.default_rng(0).normal(size=(500, 2))
    >>> precision, recall = alpha_beta_values(x[:250], x[250:])
    >>> precision > 0.9 and recall > 0.9
    True
    >>> alpha_beta_values(x[:250], 0 * x[250:])[0] < 0.02  # all at the centre
    True
    """
    precision, recall = _values(real, fake, num_neighbours, 0)
    return precision[-1], recall[-1]


def _values(real: Features, fake: Features, k: int, groups: int) -> tuple[list[float], list[float]]:
    """Each number without each group, and with all as the last."""
    ours, theirs = sides_of(real, fake, k, groups)
    kept_real, kept_fake = ours.kept(), theirs.kept()
    precision: list[float] = []
    levels = torch.empty(len(theirs), groups + 1, dtype=torch.float64)
    for g in range(groups + 1):
        own, others = ours.x[kept_real[:, g]], theirs.x[kept_fake[:, g]]
        inner, outer = _from_centre(own, own), _from_centre(others, own)
        precision.append(_integrated(_ranks(outer, inner)))
        inner = _from_centre(others, others)
        levels[kept_fake[:, g], g] = _ranks(inner, inner)
    near = _levels_near(ours, theirs, levels)
    recall = [_integrated(near[kept_real[:, g], g]) for g in range(groups + 1)]
    return precision, recall


def _from_centre(x: Tensor, of: Tensor) -> Tensor:
    """(n,) distances of x (n, d) from the mean of others."""
    lengths: Tensor = torch.linalg.vector_norm(x - of.mean(0), dim=1)
    return lengths.double()


def _ranks(x: Tensor, among: Tensor) -> Tensor:
    """(n,) shares of others below each, ties counting half: the level at which a ball holds it."""
    ordered = among.sort().values
    left, right = (torch.searchsorted(ordered, x, side=side) for side in ("left", "right"))
    return (left + right).double() / (2 * len(among))


def _integrated(levels: Tensor) -> float:
    """1 - 2 * integral |F(level) - level|, F the distribution of levels (n,) in [0, 1].

    The integral is the Wasserstein distance of F from the uniform distribution: the mean distance
    of the ordered levels from those of a uniform one.
    """
    n = len(levels)
    even = (torch.arange(n, dtype=torch.float64) + 0.5) / n
    return 1 - 2 * float((levels.sort().values - even).abs().mean())


def _levels_near(real: Side, fake: Side, levels: Tensor) -> Tensor:
    """(n, groups + 1) the level of the fake nearest to each real sample; 1 outside of its ball.

    Levels are (m, groups + 1): of each fake, without each group and with all.
    """
    found, every = torch.ones(len(real), levels.shape[1], dtype=torch.float64), fake.groups
    for at in real.chunks():
        squares = real.squares(at, fake) - real.slack(at, fake)
        nearest = [squares[:, first:last].min(1) for first, last in fake.bounds]
        distances = torch.stack([each.values for each in nearest], 1)
        columns = torch.stack([each.indices for each in nearest], 1)
        columns += torch.tensor([first for first, _ in fake.bounds])
        for g in range(every + 1):
            groups = [other for other in range(len(fake.bounds)) if other != g or g == every]
            best = distances[:, groups].min(1)
            column = columns[:, groups].gather(1, best.indices[:, None])[:, 0]
            inside = best.values <= real.radii[at, g]
            found[at, g] = levels[column, g].where(inside, 1.0)
    return found
