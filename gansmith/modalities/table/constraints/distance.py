"""A number or date as its distance from what it may not be below, or above."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gansmith.modalities.table.constraints.grid import Grid
from gansmith.modalities.table.constraints.kinds import Term
from gansmith.modalities.table.schema import Cells, Column, are_values

# Ranges of a column that are compared, about as many as a codec makes; and what counts as coarser:
# half as wide again.
RANGES, CLEARLY = 64, 0.4


@dataclass(frozen=True)
class Distance:
    """How far a number or date is from its bound, in place of itself: never less than 0.

    Where no bound is known it is the distance from the least value that was seen (the largest,
    where bounds are above). A column that lies far from its bounds, on its own scale, is learned
    itself, since distances would be coarser, and the few values beyond a bound are brought to it.

    Attributes:
        place: of the column.
        side: 1 where the bounds are below it, -1 where they are above.
        bounds: (what it is compared with, whether strictly).
        grid: values that the column can hold.
        low, high: the least and largest that were seen.
        itself: whether the column itself is learned.
    """

    place: int
    side: int
    bounds: tuple[tuple[Term, bool], ...]
    grid: Grid
    low: float
    high: float
    itself: bool = False

    @classmethod
    def fit(
        cls,
        place: int,
        side: int,
        bounds: Sequence[tuple[Term, bool]],
        column: Column,
        cells: Cells,
    ) -> Distance:
        """From rows (N, columns)."""
        own = cells[:, place]
        known = are_values(own)
        values = own[known]
        low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 0.0)
        made = cls(place, side, tuple(bounds), Grid.of(column, values), low, high)
        unit = made.grid.unit(high - low)
        distances = made.forward(cells)[known, 0]
        coarser = coarseness(distances, unit) > coarseness(values, unit) + CLEARLY
        return replace(made, itself=coarser)

    @property
    def places(self) -> tuple[int, ...]:
        """Of the column."""
        return (self.place,)

    @property
    def needs(self) -> tuple[int, ...]:
        """Of its bounds."""
        bounds = tuple(term.place for term, _ in self.bounds if term.place is not None)
        return () if self.itself else bounds

    def inner(self, columns: Sequence[Column]) -> dict[int, Column]:
        """A number, or itself."""
        column = columns[self.place]
        if self.itself:
            return {self.place: column}
        whole = column.integer or column.kind == "datetime"
        learned = Column(
            column.name, "number", specials=column.specials, missing=column.missing, integer=whole,
            decimals=0 if column.kind == "datetime" else column.decimals,
        )  # fmt: skip
        return {self.place: learned}

    def base(self, cells: Cells) -> Cells:
        """(N,) the nearest value to the bounds that the column can hold."""
        nearest = np.full(len(cells), np.nan)
        for term, strict in self.bounds:
            one = self.grid.at_or_beyond(term.of(cells), self.side, strictly=strict)
            nearest = np.fmax(nearest, one) if self.side > 0 else np.fmin(nearest, one)
        return np.where(np.isnan(nearest), self.low if self.side > 0 else self.high, nearest)

    def forward(self, cells: Cells) -> Cells:
        """Missing cells and specials stay."""
        own = cells[:, self.place]
        if self.itself:
            return own[:, None]
        distance = self.side * (own - self.base(cells))
        if self.grid.decimals is not None:
            distance = np.round(distance, self.grid.decimals)
        return np.where(are_values(own), distance, own)[:, None]

    def back(self, cells: Cells) -> Cells:
        """Within what was seen, as far as the bounds leave that."""
        own, base = cells[:, self.place], self.base(cells)
        known = are_values(own)
        value = np.where(known, own, 0.0)
        value = value if self.itself else base + self.side * value
        value = self.grid.nearest(value.clip(self.low, self.high))
        value = np.maximum(value, base) if self.side > 0 else np.minimum(value, base)
        return np.where(known, value + 0.0, own)[:, None]  # no negative zero

    def state(self) -> dict[str, Any]:
        """As JSON."""
        bounds = [[term.place, term.value, strict] for term, strict in self.bounds]
        return {
            "learns": "distance", "place": self.place, "side": self.side, "bounds": bounds,
            "grid": self.grid.state(), "low": self.low, "high": self.high, "itself": self.itself,
        }  # fmt: skip

    @classmethod
    def load(cls, state: dict[str, Any]) -> Distance:
        """From what :meth:`state` returned."""
        bounds = tuple((Term(place, value), strict) for place, value, strict in state["bounds"])
        ends = (float(state["low"]), float(state["high"]))
        grid = Grid(**state["grid"])
        return cls(state["place"], state["side"], bounds, grid, *ends, state["itself"])


def coarseness(values: Cells, unit: float) -> float:
    """The mean logarithm of the width of the ranges that codes would have, of values (N,).

    Args:
        values: of one column.
        unit: the least difference of two values, above 0.
    """
    if not len(values):
        return 0.0
    edges = np.quantile(values, np.linspace(0, 1, RANGES + 1))
    return float(np.log(np.maximum(np.diff(edges), unit)).mean())
