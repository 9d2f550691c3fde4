"""Singling out: conditions taken from fakes that are meant to be met by one training row alone.

A condition is an interval for each column, see :func:`gansmith.modalities.table.attacks.encoded`.
Who makes them knows nothing but the fakes: each condition is met by one fake.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gansmith.modalities.table.risk import Attack, repeated

Codes = npt.NDArray[np.float64]
CHUNK = 64
# A few dozen conditions tell nothing.
LEAST_CONDITIONS = 50


@dataclass(frozen=True)
class Conditions:
    """Intervals (P, columns), ends included; endless for a column that a condition leaves open."""

    low: Codes
    high: Codes

    def __len__(self) -> int:
        return len(self.low)

    def singled_out(self, rows: Codes) -> npt.NDArray[np.int64]:
        """The row (one of N) that each condition which only one row meets is met by."""
        found = []
        for at in _chunks(len(self)):
            met = np.ones((len(self.low[at]), len(rows)), bool)
            for column, low, high in zip(rows.T, self.low[at].T, self.high[at].T, strict=True):
                met &= (column >= low[:, None]) & (column <= high[:, None])
            found.append(met[met.sum(1) == 1].argmax(1))
        return np.concatenate(found)


def singling_out(conditions: Conditions, train: Codes, control: Codes) -> Attack | None:
    """How many of the conditions one row of a table meets, of two tables (N, columns).

    None where there are too few conditions to tell.
    """
    if len(conditions) < LEAST_CONDITIONS:
        return None
    sides = [repeated(conditions.singled_out(rows), len(conditions)) for rows in (train, control)]
    return Attack(sides[0], sides[1], f"; {len(conditions):,} conditions")


def of_one_column(fake: Codes, most: int, random: np.random.Generator) -> Conditions:
    """A value that one fake has, or numbers as far out as one fake's.

    Args:
        fake: (N, columns) codes.
        most: conditions; of values that occur once some are drawn, ends are all taken.
        random: draws them.
    """
    ends, single = [], []
    for j, column in enumerate(fake.T):
        codes, counts = np.unique(column, return_counts=True)
        single += [(j, code, code) for code in codes[counts == 1]]
        numbers = are_numbers(codes)
        if numbers.any():
            least, most_of_all = codes[numbers][[0, -1]]
            alone = counts[numbers][[0, -1]] == 1
            found = [(j, 0.0, least), (j, most_of_all, 1.0)]
            ends += [end for end, one in zip(found, alone, strict=True) if one]
    room = max(most - len(ends), 0)
    chosen = ends[:most] + [single[i] for i in random.permutation(len(single))[:room]]
    low, high = np.full((2, len(chosen), fake.shape[1]), np.array([-np.inf, np.inf])[:, None, None])
    for i, (j, *bounds) in enumerate(chosen):
        low[i, j], high[i, j] = bounds
    return Conditions(low, high)


def of_several_columns(fake: Codes, most: int, random: np.random.Generator) -> Conditions:
    """Columns of a fake, one after the other, until no other fake has all of them.

    Of a number it is taken that others are as large, or as small where it lies below the median.

    Args:
        fake: (N, columns) codes, at least two columns.
        most: fakes that conditions are made around.
        random: draws fakes and the order of columns.
    """
    median = [np.median(c[are_numbers(c)]) if are_numbers(c).any() else 0.0 for c in fake.T]
    rows = fake[random.permutation(len(fake))[:most]]
    number = are_numbers(rows)
    low = np.where(number & (rows < median), 0.0, rows)
    high = np.where(number & (rows >= median), 1.0, rows)
    order = random.permuted(np.tile(np.arange(fake.shape[1]), (len(rows), 1)), axis=1)
    used, alone = np.zeros(rows.shape, bool), np.zeros(len(rows), bool)
    by_column = np.ascontiguousarray(fake.T)
    for at in _chunks(len(rows)):
        used[at], alone[at] = _narrowed(by_column, low[at], high[at], order[at])
    low, high = np.where(used, low, -np.inf), np.where(used, high, np.inf)
    return Conditions(low[alone], high[alone])


def _narrowed(
    by_column: Codes, low: Codes, high: Codes, order: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Which columns (P, columns) each condition needs, and whether one fake alone meets it."""
    used = np.zeros(low.shape, bool)
    alone = np.zeros(len(low), bool)
    still = np.arange(len(low))
    met = np.ones((len(low), by_column.shape[1]), bool)
    for step, column in enumerate(order.T):
        j = column[still]
        codes = by_column[j]
        met &= (codes >= low[still, j, None]) & (codes <= high[still, j, None])
        used[still, j] = True
        if step:  # two columns at least
            done = met.sum(1) == 1
            alone[still[done]] = True
            still, met = still[~done], met[~done]
    return used, alone


def are_numbers(codes: Codes) -> npt.NDArray[np.bool_]:
    """Which codes are ranks of numbers or dates."""
    found: npt.NDArray[np.bool_] = (codes > 0) & (codes < 1)
    return found


def _chunks(n: int) -> Iterator[slice]:
    for first in range(0, n, CHUNK):
        yield slice(first, first + CHUNK)
