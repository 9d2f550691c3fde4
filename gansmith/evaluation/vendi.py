"""The Vendi score: how many different samples there are, in effect.

exp of the entropy of the eigenvalues of K / n, with K the cosine similarities (Friedman and Dieng
2023, arXiv:2210.02410, definition 3.1). It knows nothing of real samples: noise scores high. It
means something only beside the real samples' own score at the same count.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gansmith.evaluation.estimate import NUM_GROUPS, Estimate, group_bounds, jackknife

Features = npt.NDArray[np.floating]


def vendi_score(features: Features) -> float:
    """Effective number of samples (n, d), from 1 to n.

    >>> round(vendi_score(np.eye(3)), 6), round(vendi_score(np.ones((3, 2))), 6)
    (3.0, 1.0)
    """
    x = _directions(features)
    # Both have the same eigenvalues but for zeros.
    return _score(x.T @ x if x.shape[1] < len(x) else x @ x.T, len(x))


def _directions(features: Features) -> Tensor:
    """Rows of length 1."""
    x = torch.from_numpy(np.array(features, np.float64))
    return x.div_(x.norm(dim=1, keepdim=True).clamp(min=1e-300))


def _score(similar: Tensor, n: int) -> float:
    shares = torch.linalg.eigvalsh(similar / n).clamp(min=0)
    return math.exp(float(torch.special.entr(shares).sum()))


def vendi(features: Features, groups: int = NUM_GROUPS) -> Estimate:
    """:func:`vendi_score` with its interval at this count, of features (n, d) in random order."""
    x, n = _directions(features), len(features)
    bounds = group_bounds(n, groups)
    if x.shape[1] < n:
        every = x.T @ x
        without = [_score(every - x[a:b].T @ x[a:b], n - (b - a)) for a, b in bounds]
        return jackknife(_score(every, n), without, corrected=False)
    every = x @ x.T
    kept = [torch.cat([torch.arange(a), torch.arange(b, n)]) for a, b in bounds]
    without = [_score(every[rows][:, rows], len(rows)) for rows in kept]
    return jackknife(_score(every, n), without, corrected=False)
