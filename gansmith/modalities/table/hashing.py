"""Hashes of rows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gansmith.modalities.table.schema import Cells

Keys = npt.NDArray[np.uint64]


def keys(cells: Cells) -> Keys:
    """(N,) a hash of each row (N, k); rows that are equal have equal ones.

    Different rows share one with a probability of 2^-64 for each two of them.
    """
    bits = np.where(np.isnan(cells), np.nan, cells + 0.0)  # one NaN, and no negative zero
    words = np.ascontiguousarray(bits).view(np.uint64)
    found = np.full(len(cells), 0x9E3779B97F4A7C15, np.uint64)
    for word in words.T:
        found = mixed(found ^ word)
    return found


def mixed(words: Keys) -> Keys:
    """Each bit depends on all bits: one step of splitmix64 (Steele et al. 2014, figure 17)."""
    with np.errstate(over="ignore"):
        words = words + np.uint64(0x9E3779B97F4A7C15)
        words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        spread: Keys = words ^ (words >> np.uint64(31))
    return spread
