"""Conditions on rows, such as ``age > 60 and sex = 'F'``, as codes that may be drawn.

Rows are not made and thrown away: a code that does not fit is never drawn, and a number within a
range that fits in part is brought to the part that does. So each row meets the condition.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from gansmith.errors import UserError, did_you_mean
from gansmith.modalities.table.bins import Bins
from gansmith.modalities.table.cells import cells_of
from gansmith.modalities.table.codec import TableCodec
from gansmith.modalities.table.constraints import Distance, Form, Level
from gansmith.modalities.table.schema import Cells, Column, Mask, are_values, special_numbers
from gansmith.modalities.table.tokens import Token, tokens

EXAMPLE = "For example: \"age > 60 and sex in ('F', 'M') and city is not missing\""


@dataclass(frozen=True)
class Clause:
    """One condition on one column.

    Attributes:
        name: of the column.
        operator: ``<``, ``<=``, ``>``, ``>=``, ``=``, ``!=``, ``in``, ``missing``, ``known``.
        values: what it is compared with, as texts; none for the last two.
    """

    name: str
    operator: str
    values: tuple[str, ...] = ()


def parse(text: str) -> list[Clause]:
    """Conditions joined by ``and``.

    Raises:
        UserError: if it cannot be understood.

    >>> parse("age >= 18 and sex = 'F'")[1]
    Clause(name='sex', operator='=', values=('F',))
    """
    words = tokens(text, _unclear)
    found, place = [], 0
    while True:
        clause, place = _clause(words, place, text)
        found.append(clause)
        if place == len(words):
            return found
        if words[place] != ("word", "and"):
            raise _unclear(text, f"after {found[-1].name!r} comes {words[place][1]!r}")
        place += 1


def _unclear(text: str, why: str) -> UserError:
    hint = " Conditions are joined by `and` alone." if " or " in text.lower() else ""
    return UserError(
        f"This condition cannot be understood: {why}.{hint}",
        where=f"where: {text}",
        fix=EXAMPLE,
    )


def _clause(words: list[Token], place: int, text: str) -> tuple[Clause, int]:
    def at(offset: int) -> Token:
        return words[place + offset] if place + offset < len(words) else ("end", "the end")

    kind, name = at(0)
    if kind not in {"word", "name"}:
        raise _unclear(text, f"{name!r} stands where a column should")
    if at(1)[0] == "op":
        if at(2)[0] not in {"text", "word", "name"}:
            raise _unclear(text, f"after {at(1)[1]!r} comes {at(2)[1]!r}")
        return Clause(name, at(1)[1], (at(2)[1],)), place + 3
    if at(1) == ("word", "is"):
        negative = at(2) == ("word", "not")
        word = at(3 if negative else 2)[1].lower()
        if word not in {"missing", "null"}:
            raise _unclear(text, f"after `is` comes {word!r}")
        return Clause(name, "known" if negative else "missing"), place + 3 + negative
    if at(1) == ("word", "in") and at(2) == ("mark", "("):
        values, offset = [], 3
        while at(offset)[0] in {"text", "word", "name"}:
            values.append(at(offset)[1])
            if at(offset + 1) == ("mark", ")"):
                return Clause(name, "in", tuple(values)), place + offset + 2
            offset += 2
        raise _unclear(text, "a list after `in` is not closed")
    raise _unclear(text, f"after {name!r} comes {at(1)[1]!r}")


@dataclass(frozen=True)
class Restriction:
    """What may be drawn.

    Attributes:
        asks: the condition.
        codes: (D,) bool.
        bounds: (place of the column, lowest, highest) of numbers and dates, both allowed.
        avoided: (place of the column, a number, what stands in its place).
        form: what is learned in place of the columns; None where they are learned themselves.
        checked: (place of the column, its clause) of columns of which the codes do not say enough.
    """

    asks: str
    codes: Tensor
    bounds: tuple[tuple[int, float, float], ...]
    avoided: tuple[tuple[int, float, float], ...] = ()
    form: Form | None = None
    checked: tuple[tuple[int, Clause], ...] = ()

    def hold(self, cells: Cells) -> Cells:
        """(N, columns) cells whose numbers lie within bounds; a range may fit in part only."""
        if not self.bounds and not self.avoided:
            return cells
        held = cells.copy() if self.form is None else self.form.forward(cells)
        for place, value, other in self.avoided:
            held[held[:, place] == value, place] = other
        for place, low, high in self.bounds:
            number = are_values(held[:, place])
            held[number, place] = held[number, place].clip(low, high)
        return held if self.form is None else self.form.back(held)

    @property
    def checks(self) -> bool:
        """Whether there are columns of which the codes do not say enough."""
        return bool(self.checked)

    def accepts(self, cells: Cells) -> Mask:
        """(N,) which rows (N, columns) meet the clauses on those."""
        assert self.form is not None
        met = np.ones(len(cells), bool)
        for place, clause in self.checked:
            met &= meets(self.form.columns[place], clause, cells[:, place], self.asks)
        return met


def restrict(codec: TableCodec, text: str) -> Restriction:
    """The codes and bounds of a condition.

    Raises:
        UserError: if it cannot be understood, names no column that is learned, or nothing meets it.
    """
    found = _Restricting(codec, text)
    for clause in parse(text):
        found.add(clause)
    bounds = tuple((i, *both) for i, both in found.bounds.items())
    return Restriction(
        f"where: {text}", found.codes, bounds, tuple(found.avoided), codec.form,
        tuple(found.checked),
    )  # fmt: skip


class _Restricting:
    """A restriction while clauses are added to it."""

    def __init__(self, codec: TableCodec, text: str) -> None:
        self.codec, self.text = codec, text
        self.codes = torch.ones(codec.num_codes, dtype=torch.bool)
        self.bounds: dict[int, tuple[float, float]] = {}
        self.avoided: list[tuple[int, float, float]] = []
        self.checked: list[tuple[int, Clause]] = []

    def add(self, clause: Clause) -> None:
        place = self._place(clause.name)
        step = None if self.codec.form is None else self.codec.form.owner.get(place)
        if isinstance(step, Level):
            self._add_to_level(place, clause, step)
        elif isinstance(step, Distance) and step.itself:
            self._add_to_codes(place, clause)
            self.checked.append((place, clause))
        elif step is not None:  # made from other columns
            meets(self.codec.columns[place], clause, np.zeros(0), self.text)
            self.checked.append((place, clause))
        else:
            self._add_to_codes(place, clause)

    def _place(self, name: str) -> int:
        names = [column.name for column in self.codec.columns]
        if name not in names:
            raise UserError(
                f"There is no column {name!r}.",
                where=f"where: {self.text}",
                fix=did_you_mean(name, names),
            )
        return names.index(name)

    def _add_to_codes(self, place: int, clause: Clause) -> None:
        column, bins = self.codec.columns[place], self.codec.bins[place]
        if bins is None:
            raise UserError(
                f"Nothing was learned about {column.name!r}: it is {column.kind}.",
                where=f"where: {self.text}",
            )
        first, last = self.codec.span(place)
        fits, interval = _fitting(column, bins, clause, self.text)
        self.codes[first:last] &= torch.from_numpy(fits)
        if interval is not None:
            old = self.bounds.get(place, (-np.inf, np.inf))
            self.bounds[place] = (max(old[0], interval[0]), min(old[1], interval[1]))
        self.codes[first:last] &= torch.from_numpy(_reachable(bins, self.bounds.get(place)))
        if clause.operator == "!=" and column.kind in {"number", "datetime"}:
            value = float(cells_of(column, clause.values)[0])
            self.avoided.append((place, value, _on_grid(bins, value, 1, strictly=True)))
        self._require_some(bool(self.codes[first:last].any()), column)

    def _add_to_level(self, place: int, clause: Clause, level: Level) -> None:
        """A column that is learned together with others: the combinations that meet the clause."""
        column, bins = self.codec.columns[place], self.codec.bins[level.places[0]]
        own = level.seen[:, level.places.index(place)]
        fits = meets(column, clause, own, self.text)
        self._require_some(bool(fits.any()), column)
        if bins is None:  # there is one combination alone
            return
        codes, _ = bins.encode(np.arange(len(own), dtype=np.float64))
        some, all_ = np.zeros(bins.size, bool), np.ones(bins.size, bool)
        some[codes[fits]], all_[codes[~fits]] = True, False
        if (some & ~all_).any():
            self.checked.append((place, clause))
        first, last = self.codec.span(level.places[0])
        self.codes[first:last] &= torch.from_numpy(some)
        self._require_some(bool(self.codes[first:last].any()), column)

    def _require_some(self, some: bool, column: Column) -> None:
        if not some:
            raise UserError(
                f"No row can meet this: nothing that was seen of {column.name!r} fits.",
                where=f"where: {self.text}",
                fix=f"{column.name} holds {column.describe()}.",
            )


def meets(column: Column, clause: Clause, cells: Cells, text: str) -> Mask:
    """(N,) which cells (N,) of a column meet a clause.

    Raises:
        UserError: if the clause asks for what the column does not hold.
    """
    if clause.operator in {"missing", "known"}:
        missing: Mask = np.isnan(cells)
        return missing if clause.operator == "missing" else ~missing
    values = _values(column, clause, text)
    if clause.operator in {"=", "in"}:
        return np.isin(cells, values[~np.isnan(values)])
    if clause.operator == "!=":
        return ~np.isnan(cells) & ~np.isin(cells, values)
    if column.kind not in {"number", "datetime"} or not are_values(values).all():
        raise _no_order(column, text)
    compare = {"<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal}
    met: Mask = are_values(cells) & compare[clause.operator](cells, values[0])
    return met


def _values(column: Column, clause: Clause, text: str) -> Cells:
    """Cells of what a column is compared with."""
    values = cells_of(column, clause.values)
    unknown = np.isnan(values) | (
        special_numbers(values) >= len(column.specials)
        if column.kind in {"number", "datetime"}
        else values >= len(column.levels)
    )
    if unknown.any() and clause.operator != "!=":
        raise UserError(
            f"{clause.values[int(unknown.argmax())]!r} is nothing that {column.name!r} holds.",
            where=f"where: {text}",
            fix=f"{column.name} holds {column.describe()}.",
        )
    return values


def _no_order(column: Column, text: str) -> UserError:
    return UserError(
        f"{column.name!r} has no order: it is {column.kind}.",
        where=f"where: {text}",
        fix="Compare it by =, != or in (...).",
    )


def _fitting(
    column: Column, bins: Bins, clause: Clause, text: str
) -> tuple[Mask, tuple[float, float] | None]:
    """(codes,) which fit, and the interval of numbers that do, where there is one."""
    is_missing = np.zeros(bins.size, bool)
    is_missing[-1] = bins.missing
    if clause.operator in {"missing", "known"}:
        return (is_missing if clause.operator == "missing" else ~is_missing), None
    values = _values(column, clause, text)
    numeric = column.kind in {"number", "datetime"}
    if not numeric or (special_numbers(values) >= 0).any() or clause.operator == "in":
        return _listed(column, bins, clause, values, text) & ~is_missing, None
    if clause.operator == "!=":
        fits = ~is_missing
        fits[: len(bins.masses)] &= bins.masses != values[0]
        return fits, None
    return _ordered(bins, clause.operator, float(values[0]))


def _listed(column: Column, bins: Bins, clause: Clause, values: Cells, text: str) -> Mask:
    """Codes of the values themselves, or all others."""
    if clause.operator not in {"=", "!=", "in"}:
        raise _no_order(column, text)
    codes, _ = bins.encode(values[~np.isnan(values)])
    shares_codes = (codes >= len(bins.masses)) & (
        codes < len(bins.masses) + len(bins.knots) + bins.num_shared
    )
    if shares_codes.any():
        raise UserError(
            f"{column.name!r} has too many different values to fix a single one of these.",
            where=f"where: {text}",
            fix="Take a range of numbers, or a commoner text.",
        )
    named = np.zeros(bins.size, bool)
    named[codes] = True
    return ~named if clause.operator == "!=" else named


def _ordered(bins: Bins, operator: str, value: float) -> tuple[Mask, tuple[float, float]]:
    """Codes of numbers on one side of a value or at it, and the interval of these numbers."""
    low, high = -np.inf, np.inf
    if operator in {"<", "<=", "="}:
        high = _on_grid(bins, value, -1, strictly=operator == "<")
    if operator in {">", ">=", "="}:
        low = _on_grid(bins, value, 1, strictly=operator == ">")
    fits = np.zeros(bins.size, bool)
    fits[: len(bins.masses) + len(bins.knots)] = low <= high
    return fits & _reachable(bins, (low, high)), (low, high)


def _on_grid(bins: Bins, value: float, direction: int, *, strictly: bool) -> float:
    """The nearest number that a cell can hold, on one side of a value or at it."""
    step = bins.quantum or (0.0 if bins.decimals is None else 10.0**-bins.decimals)
    if not step:
        return float(np.nextafter(value, direction * np.inf)) if strictly else value
    place = (value - bins.base) / step
    nearest = round(place)
    if abs(place - nearest) < 1e-9 * max(1.0, abs(place)):
        place = nearest + direction * strictly
    else:
        place = math.ceil(place) if direction > 0 else math.floor(place)
    found = bins.base + place * step
    return found if bins.quantum or bins.decimals is None else round(found, bins.decimals)


def _reachable(bins: Bins, interval: tuple[float, float] | None) -> Mask:
    """(codes,) those of numbers that have any within the interval, and all others."""
    fits = np.ones(bins.size, bool)
    if interval is None:
        return fits
    low, high = interval
    m, r = len(bins.masses), len(bins.knots)
    fits[:m] = (bins.masses >= low) & (bins.masses <= high)
    fits[m : m + r] = (bins.knots[:, -1] >= low) & (bins.knots[:, 0] <= high)
    return fits
