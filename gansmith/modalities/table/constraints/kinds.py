"""What each row must hold, and whether rows do.

A constraint about a cell that is missing, or about a text among numbers, holds: nothing is known
that it could be wrong about. Of combinations alone a missing cell is a part like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gansmith.modalities.table.hashing import keys
from gansmith.modalities.table.schema import Cells, Column, Mask, are_values

TRUE, FALSE = {"1", "1.0", "true", "t", "yes", "y"}, {"0", "0.0", "false", "f", "no", "n"}
# Of the largest term; sums of real numbers without a limit of decimals are not exact.
ROUNDING = 1e-9


@dataclass(frozen=True)
class Constraint:
    """A constraint on the columns of one table.

    Attributes:
        text: as it was declared.
        places: of the columns that it speaks about.
    """

    text: str
    places: tuple[int, ...]

    def meets(self, columns: Sequence[Column], cells: Cells) -> Mask:
        """(N,) which rows hold it, as far as a row alone can say."""
        del columns
        return np.ones(len(cells), bool)


@dataclass(frozen=True)
class Combination(Constraint):
    """Values of several columns stand together only as they do in the data."""


@dataclass(frozen=True)
class OneOf(Combination):
    """Of several truth values exactly one is true."""

    def meets(self, columns: Sequence[Column], cells: Cells) -> Mask:
        """(N,) which rows hold it; those with a missing one among them do."""
        of = np.stack([truths(columns[place], cells[:, place]) for place in self.places], 1)
        met: Mask = np.isnan(of).any(1) | ((of.sum(1) == 1) & np.isin(of, (0, 1)).all(1))
        return met


@dataclass(frozen=True)
class Unique(Constraint):
    """No two rows of a file are alike in these columns; those with a missing cell never are."""


@dataclass(frozen=True)
class Term:
    """A column, or a number in its place.

    Attributes:
        place: of the column; None for a number.
        value: the number.
    """

    place: int | None
    value: float = 0.0

    def of(self, cells: Cells) -> Cells:
        """(N,) values of rows (N, columns); NaN where there is none."""
        if self.place is None:
            return np.full(len(cells), self.value)
        own = cells[:, self.place]
        return np.where(are_values(own), own, np.nan)


@dataclass(frozen=True)
class Inequality(Constraint):
    """``low <= high``, or ``low < high`` where it is strict."""

    low: Term
    high: Term
    strict: bool

    def meets(self, columns: Sequence[Column], cells: Cells) -> Mask:
        """(N,) which rows hold it."""
        del columns
        low, high = self.low.of(cells), self.high.of(cells)
        met = low < high if self.strict else low <= high
        return met | np.isnan(low) | np.isnan(high)


@dataclass(frozen=True)
class Sum(Constraint):
    """``total = a + b - c``, exactly at the decimals of the total."""

    total: int
    parts: tuple[tuple[int, Term], ...]

    def error(self, cells: Cells) -> Cells:
        """(N,) how far the total is from the sum of its parts; NaN where one is missing."""
        found: Cells = Term(self.total).of(cells) - np.sum(self._terms(cells), axis=0)
        return np.abs(found)

    def _terms(self, cells: Cells) -> list[Cells]:
        return [sign * term.of(cells) for sign, term in self.parts]

    def meets(self, columns: Sequence[Column], cells: Cells) -> Mask:
        """(N,) which rows hold it."""
        error = self.error(cells)
        tolerance = self.tolerance(columns)
        if tolerance is None:
            tolerance = ROUNDING * np.max(np.abs(self._terms(cells)), axis=0)
        met: Mask = np.isnan(error) | (error <= tolerance)
        return met

    def tolerance(self, columns: Sequence[Column]) -> float | None:
        """How far a total may be from its sum: less than its last digit where the parts have no
        more digits, else as far as rounding goes; None where it has all digits of a real number.
        """
        own, most = self.decimals(columns)
        if own is None:
            return None
        exact = most is not None and own >= most
        return (0.4 if exact else 0.500001) * 10.0**-own

    def decimals(self, columns: Sequence[Column]) -> tuple[int | None, int | None]:
        """Digits after the point at most, of the total and of any column; None for no limit."""
        found = [
            0 if columns[place].integer else columns[place].decimals
            for place in self.places if columns[place].kind == "number"
        ]  # fmt: skip
        total = columns[self.total]
        own = 0 if total.integer else total.decimals
        return own, None if None in found else max((d for d in found if d is not None), default=0)


def truths(column: Column, cells: Cells) -> Cells:
    """(N,) 1 for true, 0 for false, NaN for a missing cell; other numbers as they are."""
    if column.kind == "constant":
        return np.full(len(cells), float(column.levels[0].strip().lower() in TRUE))
    return np.where(are_values(cells), cells, np.nan)


def repeated(cells: Cells) -> Mask:
    """(N,) which rows (N, k) are equal to one before them; none with a missing cell is."""
    whole = np.flatnonzero(~np.isnan(cells).any(1))
    _, first = np.unique(keys(cells[whole]), return_index=True)
    again = np.zeros(len(cells), bool)
    again[np.delete(whole, first)] = True
    return again
