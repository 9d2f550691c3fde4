"""How the cells of a column become one of a few codes, and a place within it, and the way back.

A code is a value of its own where many rows hold that very value, else a range between two
quantiles; a missing cell and each special have codes too. The place within a range, in [0, 1], says
which of its values it was, so that nothing is lost: decoding gives back what was encoded.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from gansmith.modalities.table.schema import (
    SPECIAL,
    Cells,
    Column,
    are_values,
    special_cells,
    special_numbers,
)

Codes = npt.NDArray[np.int64]
# Quantiles kept of each range: its distribution, decoded by going along them. Closer together at
# both ends, because the outermost ranges end in tails.
KNOTS = 17
GRID = (1 - np.cos(np.linspace(0, np.pi, KNOTS))) / 2
# Where one value holds more than half of a column, such as no gain, the others are often amounts of
# which neighbours mean different things. If they are few, that many times the bins at most, each
# that so many rows hold has a code.
DISTINCT, LEAST_ROWS = 2, 5
# Levels that have a code each where there are too many; the others share so many codes.
OWN_LEVELS, SHARED_CODES = 96, 32


@dataclass(frozen=True)
class Bins:
    """The codes of one column, in this order: masses, ranges (or shared levels), specials, missing.

    Attributes:
        masses: (m,) ascending values with a code of their own.
        knots: (r, KNOTS) ascending values along each range.
        shared: (s,) code, counted from the first shared one, of each level above the masses'.
        weights: (s,) how often each of these levels occurs.
        num_specials: texts among numbers.
        missing: whether the last code is that of a missing cell.
        base, quantum: values along a range are ``base`` plus whole multiples of ``quantum``, which
            is 0 where they may be anything.
        decimals: digits after the point at most; None where they are not limited.
    """

    masses: Cells
    knots: Cells
    shared: Codes
    weights: Cells
    num_specials: int
    missing: bool
    base: float = 0.0
    quantum: float = 0.0
    decimals: int | None = None

    @property
    def num_shared(self) -> int:
        """Codes that several levels share."""
        return int(self.shared.max()) + 1 if len(self.shared) else 0

    @property
    def size(self) -> int:
        """Number of codes."""
        middle = len(self.knots) + self.num_shared
        return len(self.masses) + middle + self.num_specials + self.missing

    @property
    def placed(self) -> bool:
        """Whether a code alone does not say the value."""
        return bool(len(self.knots) or self.num_shared)

    @classmethod
    def fit(cls, column: Column, cells: Cells, num_bins: int) -> Bins:
        """For the cells (N,) of a column, about ``num_bins`` codes where it holds numbers."""
        known = cells[are_values(cells)]
        none, no_codes = np.zeros((0, KNOTS)), np.zeros(0, np.int64)
        rest = (len(column.specials), column.missing)
        if column.kind in {"number", "datetime"}:
            masses, knots = _ranges(known, num_bins)
            whole = column.integer or column.kind == "datetime"
            base, quantum = _grid(known) if whole else (0.0, 0.0)
            return cls(masses, knots, no_codes, np.zeros(0), *rest, base, quantum, column.decimals)
        if column.kind == "text":
            shared, weights = _shared(known, len(column.levels))
            return cls(np.arange(float(OWN_LEVELS)), none, shared, weights, *rest)
        levels = 1 if column.kind == "id" else len(column.levels)
        return cls(np.arange(float(levels)), none, no_codes, np.zeros(0), *rest)

    # -- there -------------------------------------------------------------------------------------

    def encode(self, cells: Cells) -> tuple[Codes, Cells]:
        """(N,) cells -> (N,) codes, and (N,) places in [0, 1]; a value without a range is at 0."""
        if len(cells) and cells.min() > SPECIAL / 2:  # of NaN this is not true either
            return self._of_values(cells)
        codes, places = np.zeros(len(cells), np.int64), np.zeros(len(cells))
        specials, other = special_numbers(cells), are_values(cells)
        first = len(self.masses) + len(self.knots) + self.num_shared
        codes[np.isnan(cells)] = self.size - 1
        codes[specials >= 0] = first + specials[specials >= 0]
        codes[other], places[other] = self._of_values(cells[other])
        return codes, places

    def _of_values(self, values: Cells) -> tuple[Codes, Cells]:
        """Of cells that are neither missing nor special."""
        codes, places = np.searchsorted(self.masses, values), np.zeros(len(values))
        codes = codes.clip(max=max(len(self.masses) - 1, 0))
        if not self.placed:
            return codes, places
        rest = self.masses[codes] != values if len(self.masses) else np.ones(len(values), bool)
        if len(self.knots):
            codes[rest], places[rest] = self._range_of(values[rest])
        else:
            level = values[rest].astype(np.int64) - len(self.masses)
            codes[rest] = len(self.masses) + self.shared[level]
            places[rest] = self._ends[level] - self._shares[level] / 2  # the middle
        return codes, places

    def _range_of(self, values: Cells) -> tuple[Codes, Cells]:
        bins = np.searchsorted(self.knots[1:, 0], values, side="right")
        knots = self.knots[bins]
        step = (knots[:, 1:-1] <= values[:, None]).sum(1)
        rows = np.arange(len(values))
        low, high = knots[rows, step], knots[rows, step + 1]
        along = np.divide(values - low, high - low, out=np.zeros(len(values)), where=high > low)
        places = GRID[step] + along.clip(0, 1) * (GRID[step + 1] - GRID[step])
        return len(self.masses) + bins, places

    @cached_property
    def _shares(self) -> Cells:
        """(s,) how much of its code's places each shared level has."""
        found: Cells = self.weights / np.bincount(self.shared, self.weights)[self.shared]
        return found

    @cached_property
    def _ends(self) -> Cells:
        """(s,) where each shared level's places end."""
        ends = np.zeros(len(self.shared))
        for code in range(self.num_shared):
            own = self.shared == code
            ends[own] = np.cumsum(self._shares[own])
        return ends

    # -- and back ----------------------------------------------------------------------------------

    def decode(self, codes: Codes, places: Cells) -> Cells:
        """(N,) codes and places -> (N,) cells."""
        cells = np.full(len(codes), np.nan)
        m, r, s = len(self.masses), len(self.knots), self.num_shared
        own = codes < m
        cells[own] = self.masses[codes[own]]
        ranged = (codes >= m) & (codes < m + r)
        cells[ranged] = self._along(codes[ranged] - m, places[ranged])
        shared = (codes >= m + r) & (codes < m + r + s)
        cells[shared] = self._level(codes[shared] - m - r, places[shared])
        special = (codes >= m + r + s) & (codes < m + r + s + self.num_specials)
        cells[special] = special_cells(codes[special] - m - r - s)
        return cells

    def _along(self, bins: Codes, places: Cells) -> Cells:
        step = (np.searchsorted(GRID, places, side="right") - 1).clip(0, KNOTS - 2)
        along = (places - GRID[step]) / (GRID[step + 1] - GRID[step])
        low, high = self.knots[bins, step], self.knots[bins, step + 1]
        values = low + along.clip(0, 1) * (high - low)
        if self.quantum:
            on_grid: Cells = self.base + np.rint((values - self.base) / self.quantum) * self.quantum
            return on_grid
        rounded: Cells = values if self.decimals is None else np.round(values, self.decimals)
        return rounded

    def _level(self, codes: Codes, places: Cells) -> Cells:
        found = np.zeros(len(codes))
        for code in range(self.num_shared):
            own = np.flatnonzero(self.shared == code)
            here = codes == code
            which = np.searchsorted(self._ends[own], places[here], side="left")
            found[here] = own[which.clip(max=len(own) - 1)]
        return found + len(self.masses)

    # -- kept --------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "masses": self.masses.tolist(), "knots": self.knots.tolist(),
            "shared": self.shared.tolist(), "weights": self.weights.tolist(),
            "num_specials": self.num_specials, "missing": self.missing,
            "base": self.base, "quantum": self.quantum, "decimals": self.decimals,
        }  # fmt: skip

    @classmethod
    def load(cls, state: dict[str, Any]) -> Bins:
        """From what :meth:`state` returned."""
        arrays = {
            "masses": np.array(state["masses"], np.float64),
            "knots": np.array(state["knots"], np.float64).reshape(-1, KNOTS),
            "shared": np.array(state["shared"], np.int64),
            "weights": np.array(state["weights"], np.float64),
        }
        return cls(**{**state, **arrays})


def _grid(values: Cells) -> tuple[float, float]:
    """The smallest of whole numbers, and the largest step that leads to all others."""
    if not len(values):
        return 0.0, 0.0
    whole = np.rint(values).astype(np.int64)
    return float(whole.min()), float(max(np.gcd.reduce(whole - whole.min()), 1))


def _ranges(values: Cells, num_bins: int) -> tuple[Cells, Cells]:
    """Values with a code of their own, and knots of ranges between the others."""
    if not len(values):
        return np.zeros(0), np.zeros((0, KNOTS))
    different, counts = np.unique(values, return_counts=True)
    if len(different) <= num_bins:
        return different, np.zeros((0, KNOTS))
    is_mass = counts > len(values) / num_bins / 2
    if len(different) <= DISTINCT * num_bins and counts.max() > len(values) / 2:
        is_mass |= counts >= LEAST_ROWS
    masses = different[is_mass]
    others = np.sort(values[~np.isin(values, masses)])
    if not len(others):
        return masses, np.zeros((0, KNOTS))
    wanted = max(1, min(round(num_bins * len(others) / len(values)) + 4, len(np.unique(others))))
    edges = np.unique(np.quantile(others, np.linspace(0, 1, wanted + 1)[1:-1], method="nearest"))
    parts = np.split(others, np.searchsorted(others, edges, side="left"))
    return masses, np.stack([np.quantile(part, GRID) for part in parts if len(part)])


def _shared(cells: Cells, num_levels: int) -> tuple[Codes, Cells]:
    """Codes of the levels beyond the commonest, spread evenly in turn, and how often they occur."""
    counts = np.bincount(cells.astype(np.int64), minlength=num_levels)[OWN_LEVELS:]
    codes = np.arange(len(counts)) % min(SHARED_CODES, max(len(counts), 1))
    return codes.astype(np.int64), counts.astype(np.float64).clip(min=0.5)
