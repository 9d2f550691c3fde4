"""Which values a column of numbers or dates can hold: whole ones, some decimals, months, any."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from gansmith.modalities.table.schema import Cells, Column


def counts_months(column: Column) -> bool:
    """Whether a column of dates names months and no days, so that its values are their first."""
    return column.kind == "datetime" and "%Y" in column.format and "%d" not in column.format


def month_starts(cells: Cells) -> Cells:
    """(N,) the first microsecond of each date's month."""
    months = cells.astype(np.int64).astype("datetime64[us]").astype("datetime64[M]")
    return _microseconds(months)


def _microseconds(months: Any) -> Cells:
    found: Cells = months.astype("datetime64[us]").astype(np.int64).astype(np.float64)
    return found


@dataclass(frozen=True)
class Grid:
    """The values of a column.

    Attributes:
        origin, step: values are ``origin`` and whole multiples of ``step`` away; 0 for others.
        decimals: digits after the point; None where they are not limited.
        months: only the first of each month.
    """

    origin: float = 0.0
    step: float = 0.0
    decimals: int | None = None
    months: bool = False

    @classmethod
    def of(cls, column: Column, values: Cells) -> Grid:
        """Of a column of numbers or dates that holds these values (N,)."""
        if counts_months(column):
            return cls(months=True)
        if column.integer or column.kind == "datetime":
            whole = np.rint(values).astype(np.int64)
            least = int(whole.min()) if len(whole) else 0
            return cls(float(least), float(max(np.gcd.reduce(whole - least), 1)), 0)
        return cls(decimals=column.decimals)

    def at_or_beyond(self, values: Cells, side: int, *, strictly: bool) -> Cells:
        """(N,) the nearest values of the grid that are not less (``side`` 1) or not more (-1).

        Args:
            values: any, also NaN, which stay.
            side: 1 upwards, -1 downwards.
            strictly: never the value itself; numbers without a grid stay what they are.
        """
        found = values.copy()
        there = ~np.isnan(values)
        found[there] = self._beyond(values[there], side, strictly)
        return found

    def _beyond(self, values: Cells, side: int, strictly: bool) -> Cells:
        if self.months:
            months = values.astype(np.int64).astype("datetime64[us]").astype("datetime64[M]")
            exact = _microseconds(months) == values
            up = np.where(exact, side * strictly, side > 0)
            return _microseconds(months + up.astype("timedelta64[M]"))
        if self.step:
            below = np.floor((values - self.origin) / self.step)
            # A quotient may be rounded to the next whole number.
            below -= self.origin + below * self.step > values
            below += self.origin + (below + 1) * self.step <= values
            exact = self.origin + below * self.step == values
            up = np.where(exact, side * strictly, side > 0)
            return self.origin + (below + up) * self.step
        if self.decimals is None:
            return values
        unit, near = 10.0**-self.decimals, np.round(values, self.decimals)
        short = (near - values) * side < 0
        away = np.where(short | ((near == values) & strictly), side * unit, 0.0)
        rounded: Cells = np.round(near + away, self.decimals)
        return rounded

    def nearest(self, values: Cells) -> Cells:
        """(N,) values of the grid; a date falls to the first of its month."""
        if self.months:
            return month_starts(values)
        if self.step:
            steps: Cells = np.rint((values - self.origin) / self.step)
            return self.origin + steps * self.step
        rounded: Cells = values if self.decimals is None else np.round(values, self.decimals)
        return rounded

    def unit(self, extent: float) -> float:
        """The least difference of two values; of real numbers, too little a part of their extent
        to matter.
        """
        if self.months:
            return 28 * 86_400e6
        least = 10.0**-self.decimals if self.decimals is not None else 1e-6 * extent
        return self.step or max(least, 1e-300)

    def state(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)
