"""Hashes of rows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gansmith.data.dataset import GOLDEN, finalised
from gansmith.modalities.table.schema import Cells

Keys = npt.NDArray[np.uint64]


def keys(cells: Cells) -> Keys:
    """(N,) a hash of each row (N, k); rows that are equal have equal ones.

    Different rows share one with a probability of 2^-64 for each two of them.
    """
    bits = np.where(np.isnan(cells), np.nan, cells + 0.0)  # one NaN, and no negative zero
    words = np.ascontiguousarray(bits).view(np.uint64)
    found = np.full(len(cells), GOLDEN)
    for word in words.T:
        found = mixed(found ^ word)
    return found


def mixed(words: Keys) -> Keys:
    """Each bit depends on all bits: one step of splitmix64."""
    with np.errstate(over="ignore"):
        return finalised(words + GOLDEN)
