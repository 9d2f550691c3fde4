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

from gansmith.evaluation.estimate import NUM_GROUPS, Estimate, group_bounds, jackknife

Features = npt.NDArray[np.floating]


def vendi_score(features: Features) -> float:
    """Effective number of samples (n, d), from 1 to n.

    >>> round(vendi_score(np.eye(3)), 6), round(vendi_score(np.ones((3, 2))), 6)
    (3.0, 1.0)
    """
    x = torch.from_numpy(np.asarray(features, np.float64))
    x = x / x.norm(dim=1, keepdim=True).clamp(min=1e-300)
    # Both have the same eigenvalues but for zeros.
    similar = x.T @ x if x.shape[1] < len(x) else x @ x.T
    shares = torch.linalg.eigvalsh(similar / len(x)).clamp(min=0)
    return math.exp(float(torch.special.entr(shares).sum()))


def vendi(features: Features, groups: int = NUM_GROUPS) -> Estimate:
    """:func:`vendi_score` with its interval at this count, of features (n, d) in random order."""
    without = [
        vendi_score(np.delete(features, np.s_[first:last], 0))
        for first, last in group_bounds(len(features), groups)
    ]
    return jackknife(vendi_score(features), without, corrected=False)
