"""All constraints of a table: what is learned in place of which columns, and in which order.

Each constraint is held by construction where that can be: combinations as one level, totals as the
sum of their parts, comparisons as distances from a bound. A comparison of which both sides are made
in another way is held by drawing rows again. In any case each row is looked at before it goes out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from gansmith.errors import ConfigError
from gansmith.modalities.table.constraints.distance import Distance
from gansmith.modalities.table.constraints.grid import counts_months, month_starts
from gansmith.modalities.table.constraints.kinds import (
    Combination,
    Constraint,
    Inequality,
    Sum,
    Term,
    Unique,
)
from gansmith.modalities.table.constraints.parsing import parse
from gansmith.modalities.table.constraints.steps import Level, Rest, Step, load_step
from gansmith.modalities.table.schema import Cells, Column, Mask, are_values

NO_GROUP = {"constant", "empty"}
FAR_MORE = 2


@dataclass(frozen=True)
class Form:
    """Between the cells of a table and those that are learned.

    Attributes:
        columns: of the table.
        constraints: on it.
        steps: in the order in which columns come back.
    """

    columns: tuple[Column, ...]
    constraints: tuple[Constraint, ...]
    steps: tuple[Step, ...]

    @classmethod
    def fit(cls, columns: tuple[Column, ...], texts: Sequence[str], cells: Cells) -> Form:
        """From the constraints' texts and the rows (N, columns).

        Raises:
            ConfigError: if a constraint cannot be understood, or some do not go together.
        """
        constraints = tuple(parse(text, columns) for text in texts)
        plan = Plan(columns, constraints, cells)
        steps: list[Step] = [Level.fit(places, cells) for places in plan.groups]
        for place in plan.order:
            if place in plan.totals:
                found = plan.totals[place]
                digits, tolerance = found.decimals(columns)[0], found.tolerance(columns)
                steps.append(Rest.fit(place, found.parts, digits, tolerance, cells))
            else:
                side, bounds = plan.bounds[place]
                steps.append(Distance.fit(place, side, bounds, columns[place], cells))
        return cls(columns, constraints, tuple(steps))

    def __str__(self) -> str:
        return "; ".join(constraint.text for constraint in self.constraints)

    @cached_property
    def inner(self) -> tuple[Column, ...]:
        """What is learned, in the same places."""
        found = list(self.columns)
        for step in self.steps:
            for place, column in step.inner(self.columns).items():
                found[place] = column
        return tuple(found)

    @cached_property
    def owner(self) -> dict[int, Step]:
        """The step that makes a column, by its place."""
        return {place: step for step in self.steps for place in step.places}

    @property
    def levels(self) -> list[Level]:
        """The steps that learn one level in place of several columns."""
        return [step for step in self.steps if isinstance(step, Level)]

    @cached_property
    def _months(self) -> list[int]:
        """Places of columns that name months; a day within one would be lost when it is written."""
        named = {place for constraint in self.constraints for place in constraint.places}
        return [p for p in sorted(named - set(self.owner)) if counts_months(self.columns[p])]

    def forward(self, cells: Cells) -> Cells:
        """(N, columns) cells -> (N, columns) what is learned."""
        found = cells.copy()
        for step in self.steps:
            found[:, list(step.places)] = step.forward(cells)
        return found

    def back(self, cells: Cells) -> Cells:
        """The way back."""
        found = cells.copy()
        for place in self._months:
            own = are_values(found[:, place])
            found[own, place] = month_starts(found[own, place])
        for step in self.steps:
            found[:, list(step.places)] = step.back(found)
        return found

    def known(self, there: Mask) -> Mask:
        """(N, columns) what is learned of rows of which some cells are there."""
        found = there.copy()
        for step in self.steps:
            whole = np.logical_and.reduce(there[:, [*step.places, *step.needs]], axis=1)
            found[:, list(step.places)] = whole[:, None]
        return found

    def solved(self, cells: Cells, there: Mask) -> Cells:
        """(N, columns) rows with sums made right: a part that was drawn beside a known total.

        Args:
            cells: all of each row.
            there: which of them are no draws.
        """
        found = cells.copy()
        for constraint in self.constraints:
            if isinstance(constraint, Sum):
                self._solve(constraint, found, there)
        return found

    def _solve(self, found: Sum, cells: Cells, there: Mask) -> None:
        left = there[:, found.total] & are_values(cells[:, found.total])
        terms = np.stack([sign * term.of(cells) for sign, term in found.parts])
        for number, (sign, term) in reversed(list(enumerate(found.parts))):
            if term.place is None:
                continue
            rows = np.flatnonzero(left & ~there[:, term.place])
            others = np.delete(terms, number, axis=0)[:, rows].sum(0)
            value = sign * (cells[rows, found.total] - others)
            decimals = self.columns[term.place].decimals
            cells[rows, term.place] = value if decimals is None else np.round(value, decimals)
            left[rows] = False

    def meets(self, cells: Cells) -> Mask:
        """(N,) which rows (N, columns) hold all that a row alone can hold."""
        met = np.ones(len(cells), bool)
        for constraint in self.constraints:
            met &= self.meets_one(constraint, cells)
        return met

    def meets_one(self, constraint: Constraint, cells: Cells) -> Mask:
        """(N,) which rows hold one of the constraints."""
        met = constraint.meets(self.columns, cells)
        if isinstance(constraint, Combination):
            for level in self.levels:
                if set(level.places) & set(constraint.places):
                    met = met & level.knows(cells)
        return met

    def state(self) -> dict[str, Any]:
        """As JSON, without the columns."""
        return {
            "constraints": [constraint.text for constraint in self.constraints],
            "steps": [step.state() for step in self.steps],
        }

    @classmethod
    def load(cls, columns: tuple[Column, ...], state: dict[str, Any]) -> Form:
        """From what :meth:`state` returned."""
        constraints = tuple(parse(text, columns) for text in state["constraints"])
        return cls(columns, constraints, tuple(load_step(step) for step in state["steps"]))


def fitting_decimals(
    columns: tuple[Column, ...], constraints: Sequence[Constraint], cells: Cells
) -> tuple[Column, ...]:
    """The columns, of which totals have as many decimals as their parts, where rows (N, columns)
    have exact totals: new sums may need more digits than those that were seen.
    """
    found = list(columns)
    for _ in constraints:  # totals may be parts of totals
        for each in constraints:
            if not isinstance(each, Sum) or found[each.total].kind != "number":
                continue
            own, most = each.decimals(found)
            if own is None or most is None or own >= most:
                continue
            error = each.error(cells)
            if (np.isnan(error) | (error <= 0.4 * 10.0**-most)).all():
                finer = replace(found[each.total], integer=False, decimals=most)
                found[each.total] = finer
    return tuple(found)


class Plan:
    """Who makes which column.

    Args:
        columns, constraints: of the table.
        cells: (N, columns) its rows. Of two columns that are compared, the one with far fewer
            different values stays as it is, so that values which many rows hold are kept.

    Attributes:
        groups: places of columns that become one level, each of them in one group alone.
        totals: the sum that makes a column, by its place.
        bounds: (side, (term, strict) of each bound) of columns that become distances.
        order: places of totals and distances; what one needs stands before it.

    Raises:
        ConfigError: if constraints go round in a circle, or make one column in two ways.
    """

    def __init__(
        self, columns: Sequence[Column], constraints: Sequence[Constraint], cells: Cells
    ) -> None:
        self.columns, self._cells = columns, cells
        self.groups = self._groups([c for c in constraints if isinstance(c, Combination)])
        self.totals = self._totals([c for c in constraints if isinstance(c, Sum)])
        self.bounds: dict[int, tuple[int, list[tuple[Term, bool]]]] = {}
        self._needs = {
            place: {term.place for _, term in found.parts if term.place is not None}
            for place, found in self.totals.items()
        }
        self._require_no_circle(
            [(place, needed, found.text) for place, found in self.totals.items()
             for needed in self._needs[place]]
        )  # fmt: skip
        comparisons = [c for c in constraints if isinstance(c, Inequality)]
        self._require_no_circle(
            [(c.low.place, c.high.place, c.text) for c in comparisons
             if c.low.place is not None and c.high.place is not None]
        )  # fmt: skip
        for comparison in comparisons:
            self._bound(comparison)
        for comparison in comparisons:
            self._bound_by_number(comparison)
        self.order = self._ordered()

    def _groups(self, combinations: Sequence[Combination]) -> list[tuple[int, ...]]:
        """Combinations that share a column become one."""
        found: list[set[int]] = []
        for combination in combinations:
            own = {p for p in combination.places if self.columns[p].kind not in NO_GROUP}
            touching = [group for group in found if group & own]
            found = [group for group in found if not group & own]
            found.append(own.union(*touching))
        # A number alone beside constants: between those that were seen lie others.
        numbers = {
            place for place, c in enumerate(self.columns) if c.kind in {"number", "datetime"}
        }
        return [tuple(sorted(group)) for group in found if len(group) > 1 or group & numbers]

    def _totals(self, sums: Sequence[Sum]) -> dict[int, Sum]:
        grouped = {place for group in self.groups for place in group}
        found: dict[int, Sum] = {}
        for each in sums:
            name = self.columns[each.total].name
            if self.columns[each.total].kind == "empty":
                continue
            if each.total in found:
                raise ConfigError(
                    f"Two constraints make {name!r}.",
                    where=f"constraint: {found[each.total].text}; {each.text}",
                    fix="Turn one round, so that another column stands alone: a = total - b.",
                )
            if each.total in grouped:
                raise ConfigError(
                    f"{name!r} is a sum and stands in a combination; it cannot be made from both.",
                    where=f"constraint: {each.text}",
                    fix="Turn the sum round, so that another column stands alone: a = total - b.",
                )
            found[each.total] = each
        return found

    def _require_no_circle(self, edges: Sequence[tuple[int, int, str]]) -> None:
        follow: dict[int, list[tuple[int, str]]] = {}
        for start, end, text in edges:
            follow.setdefault(start, []).append((end, text))

        def walk(place: int, path: list[int], texts: list[str]) -> None:
            for following, text in follow.get(place, []):
                if following in path:
                    circle = dict.fromkeys([*texts[path.index(following) :], text])
                    raise ConfigError(
                        "These constraints go round in a circle.",
                        where=f"constraint: {'; '.join(circle)}",
                        fix="Leave one of them out.",
                    )
                walk(following, [*path, following], [*texts, text])

        for start in follow:
            walk(start, [start], [])

    def _bound(self, comparison: Inequality) -> None:
        """Make one of two columns a distance from the other, where none makes it otherwise yet."""
        low, high = comparison.low, comparison.high
        if low.place is None or high.place is None:
            return
        sides = [(1, high.place, low), (-1, low.place, high)]
        different = [len(np.unique(self._cells[:, place])) for _, place, _ in sides]
        if different[1] > FAR_MORE * different[0]:
            sides.reverse()
        for side, own, other in sides:
            if self._may_become_distance(own, side, other.place):
                self.bounds.setdefault(own, (side, []))[1].append((other, comparison.strict))
                self._needs.setdefault(own, set()).add(other.place or 0)
                return

    def _may_become_distance(self, place: int, side: int, other: int | None) -> bool:
        grouped = any(place in group for group in self.groups)
        taken = place in self.bounds and self.bounds[place][0] != side
        known = "empty" not in {self.columns[place].kind, self.columns[other or 0].kind}
        free = place not in self.totals and not grouped and not taken and known
        return free and other is not None and not self._goes_by(other, place)

    def _goes_by(self, place: int, wanted: int) -> bool:
        """Whether a column is made from another, at once or by others."""
        return place == wanted or any(
            self._goes_by(needed, wanted) for needed in self._needs.get(place, ())
        )

    def _bound_by_number(self, comparison: Inequality) -> None:
        """A number bounds a distance too. Other columns stay within what was seen by themselves."""
        low, high = comparison.low, comparison.high
        for side, own, number in ((1, high.place, low), (-1, low.place, high)):
            if number.place is None and own in self.bounds and self.bounds[own][0] == side:
                self.bounds[own][1].append((number, comparison.strict))

    def _ordered(self) -> list[int]:
        """What a column needs stands before it; there are no circles any more."""
        made: list[int] = []

        def make(place: int) -> None:
            for needed in sorted(self._needs.get(place, ())):
                make(needed)
            if place not in made and (place in self.totals or place in self.bounds):
                made.append(place)

        for place in [*self.totals, *self.bounds]:
            make(place)
        return made


def uniques(constraints: Sequence[Constraint], columns: Sequence[Column]) -> list[Unique]:
    """Those that are not held already because one of their columns is made anew for each row."""
    return [
        c for c in constraints
        if isinstance(c, Unique) and not any(columns[place].kind == "id" for place in c.places)
    ]  # fmt: skip
