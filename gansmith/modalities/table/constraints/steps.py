"""What is learned in place of a constraint's columns, so that each row holds it by construction.

A step takes the cells of a table (N, columns) to those that are learned, in the same places, and
back: one level in place of a combination's cells, how far a number is from its bound, and nothing
in place of a sum. It is reversible: rows that hold the constraint come back as they were.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from gansmith.modalities.table.bins import SHARED_CODES, Codes
from gansmith.modalities.table.constraints.distance import Distance
from gansmith.modalities.table.constraints.kinds import Term
from gansmith.modalities.table.inference import MOST_LEVELS
from gansmith.modalities.table.schema import Cells, Column, Mask, are_values


class Step(Protocol):
    """One part of the way from cells to what is learned, and back."""

    @property
    def places(self) -> tuple[int, ...]:
        """Of the columns that something else is learned in place of."""
        ...

    @property
    def needs(self) -> tuple[int, ...]:
        """Places of the other columns that what is learned goes by."""
        ...

    def inner(self, columns: Sequence[Column]) -> Mapping[int, Column]:
        """What is learned at its places."""
        ...

    def forward(self, cells: Cells) -> Cells:
        """(N, columns) -> (N, places) what is learned; of rows that do not hold it, something."""
        ...

    def back(self, cells: Cells) -> Cells:
        """(N, columns), of which what it needs has come back -> (N, places)."""
        ...

    def state(self) -> dict[str, Any]:
        """As JSON."""
        ...


@dataclass(frozen=True)
class Level:
    """One level in place of several columns: which of the combinations that were seen.

    Attributes:
        places: of the columns.
        seen: (T, places) the combinations, the commonest first.
    """

    places: tuple[int, ...]
    seen: Cells
    needs: tuple[int, ...] = ()

    @classmethod
    def fit(cls, places: Sequence[int], cells: Cells) -> Level:
        """From rows (N, columns)."""
        own = cells[:, list(places)] + 0.0
        different, counts = np.unique(own, axis=0, return_counts=True)
        known = _Rows.of(different)  # np.unique takes each NaN for another one
        total = np.bincount(known.found(different), counts, minlength=len(different))
        keep = np.flatnonzero(total)
        return cls(tuple(places), different[keep[np.argsort(-total[keep], kind="stable")]])

    def inner(self, columns: Sequence[Column]) -> dict[int, Column]:
        """A category, or a text where there are many, at the first place; nothing at the others."""
        names = ", ".join(columns[place].name for place in self.places)
        kind = "category" if len(self.seen) <= MOST_LEVELS else "text"
        levels = tuple(str(number) for number in range(len(self.seen)))
        first = Column(names, kind, levels)  # type: ignore[arg-type]
        if len(self.seen) == 1:
            first = replace(first, kind="constant")
        rest = {place: Column(columns[place].name, "constant", ("",)) for place in self.places[1:]}
        return {self.places[0]: first, **rest}

    @cached_property
    def _rows(self) -> _Rows:
        return _Rows.of(self.seen)

    def knows(self, cells: Cells) -> Mask:
        """(N,) whether a row's combination was seen."""
        return self._rows.found(cells[:, list(self.places)]) >= 0

    def forward(self, cells: Cells) -> Cells:
        """One that was not seen becomes the commonest with the same first value."""
        own = cells[:, list(self.places)]
        level = self._rows.found(own)
        other = np.flatnonzero(level < 0)
        if len(other):
            starts = _Rows.of(self.seen[:, :1])
            level[other] = starts.found(own[other, :1]).clip(min=0)
        found = np.zeros((len(cells), len(self.places)))
        found[:, 0] = level
        return found

    def back(self, cells: Cells) -> Cells:
        """The combination of each level."""
        found: Cells = self.seen[cells[:, self.places[0]].astype(np.int64)]
        return found

    def fitting(self, cells: Cells, there: Mask) -> Iterator[Mask]:
        """For each row (N, columns) the (T,) combinations that its known cells leave open."""
        own, known = cells[:, list(self.places)], there[:, list(self.places)]
        gone = np.isnan(self.seen)
        for row, is_known in zip(own, known, strict=True):
            # A cell that is not known is to be filled: nothing missing may come of it.
            yield np.logical_and.reduce(np.where(is_known, self.seen == row, ~gone), axis=1)

    def grouped(self, weights: Cells) -> Codes:
        """(len(weights),) a shared code for each of the last levels, about as many rows in each.

        Levels that share one are alike in the columns with the fewest values, so that these are
        still learned.
        """
        rare = self.seen[len(self.seen) - len(weights) :]
        sizes = [len(np.unique(column)) for column in rare.T]
        order = np.lexsort([rare[:, i] for i in np.argsort(sizes, kind="stable")[::-1]])
        middle = np.cumsum(weights[order]) - weights[order] / 2
        share = np.minimum(middle / weights.sum() * SHARED_CODES, SHARED_CODES - 1).astype(np.int64)
        codes = np.empty(len(weights), np.int64)
        codes[order] = np.unique(share, return_inverse=True)[1]  # none is left out
        return codes

    def state(self) -> dict[str, Any]:
        """As JSON; a missing cell is null."""
        seen = [[None if np.isnan(cell) else cell for cell in row] for row in self.seen.tolist()]
        return {"learns": "level", "places": list(self.places), "seen": seen}

    @classmethod
    def load(cls, state: dict[str, Any]) -> Level:
        """From what :meth:`state` returned."""
        seen = np.array(state["seen"], np.float64)
        return cls(tuple(state["places"]), seen.reshape(-1, len(state["places"])))


class _Rows:
    """Finds rows among known ones."""

    def __init__(self, numbers: dict[bytes, int]) -> None:
        self.numbers = numbers

    @classmethod
    def of(cls, rows: Cells) -> _Rows:
        """The first of equal ones counts."""
        numbers: dict[bytes, int] = {}
        for number, key in enumerate(cls._keys(rows)):
            numbers.setdefault(key, number)
        return cls(numbers)

    @staticmethod
    def _keys(rows: Cells) -> list[bytes]:
        alike = np.where(np.isnan(rows), np.nan, rows + 0.0)  # one NaN, and no negative zero
        return [row.tobytes() for row in np.ascontiguousarray(alike)]

    def found(self, rows: Cells) -> npt.NDArray[np.int64]:
        """(N,) the number of each row; -1 where it is none of them."""
        return np.array([self.numbers.get(key, -1) for key in self._keys(rows)], np.int64)


@dataclass(frozen=True)
class Rest:
    """What a total has beyond the parts that are known: nothing, or a last digit of rounding, where
    all of them are.

    Attributes:
        place: of the total.
        parts: signs, and what is added up.
        decimals: of the total; None where they are not limited.
        tolerance: how far the total may be from its sum; None where it is real.
        learned: whether there is anything to learn, as where a part or a total is missing.
    """

    place: int
    parts: tuple[tuple[int, Term], ...]
    decimals: int | None
    tolerance: float | None
    learned: bool

    @classmethod
    def fit(
        cls, place: int, parts: tuple[tuple[int, Term], ...], decimals: int | None,
        tolerance: float | None, cells: Cells,
    ) -> Rest:  # fmt: skip
        """From rows (N, columns)."""
        made = cls(place, parts, decimals, tolerance, learned=True)
        return replace(made, learned=bool((made.forward(cells) != 0).any()))

    @property
    def places(self) -> tuple[int, ...]:
        """Of the total."""
        return (self.place,)

    @property
    def needs(self) -> tuple[int, ...]:
        """Of the parts."""
        return tuple(term.place for _, term in self.parts if term.place is not None)

    def inner(self, columns: Sequence[Column]) -> dict[int, Column]:
        """A number, or nothing to learn."""
        column = columns[self.place]
        if not self.learned:
            return {self.place: Column(column.name, "constant", ("0",))}
        return {self.place: replace(column, low=0.0, high=0.0, dtype="")}

    def _known(self, cells: Cells) -> tuple[Cells, Mask]:
        """(N,) the sum of the parts that are known, and whether all are."""
        terms = np.stack([sign * term.of(cells) for sign, term in self.parts])
        return np.nansum(terms, 0), ~np.logical_or.reduce(np.isnan(terms), axis=0)

    def _rounded(self, values: Cells) -> Cells:
        rounded: Cells = values if self.decimals is None else np.round(values, self.decimals)
        return rounded

    def forward(self, cells: Cells) -> Cells:
        """Missing cells and specials stay."""
        own = cells[:, self.place]
        known, whole = self._known(cells)
        nothing = whole & (self.tolerance is None)
        rest = self._rounded(np.where(are_values(own), own, 0.0) - self._rounded(known))
        rest = np.where(nothing, 0.0, rest)
        return np.where(are_values(own), rest, own)[:, None]

    def back(self, cells: Cells) -> Cells:
        """The sum, and the rest where a part is missing."""
        rest = cells[:, self.place]
        known, whole = self._known(cells)
        total = self._rounded(self._rounded(known) + np.where(are_values(rest), rest, 0.0))
        wrong = whole & ~(np.abs(total - known) <= (self.tolerance or 0.0))
        total = np.where(wrong, self._rounded(known), total) + 0.0  # no negative zero
        return np.where(are_values(rest), total, rest)[:, None]

    def state(self) -> dict[str, Any]:
        """As JSON."""
        parts = [[sign, term.place, term.value] for sign, term in self.parts]
        return {
            "learns": "rest", "place": self.place, "parts": parts, "decimals": self.decimals,
            "tolerance": self.tolerance, "learned": self.learned,
        }  # fmt: skip

    @classmethod
    def load(cls, state: dict[str, Any]) -> Rest:
        """From what :meth:`state` returned."""
        parts = tuple((sign, Term(place, value)) for sign, place, value in state["parts"])
        return cls(state["place"], parts, state["decimals"], state["tolerance"], state["learned"])


def load_step(state: dict[str, Any]) -> Step:
    """From what a step's ``state`` returned."""
    kinds = {"level": Level, "distance": Distance, "rest": Rest}
    made: Step = kinds[state["learns"]].load(state)  # type: ignore[attr-defined]
    return made
