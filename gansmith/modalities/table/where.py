"""Conditions on rows, such as ``age > 60 and sex = 'F'``, as codes that may be drawn.

Rows are not made and thrown away: a code that does not fit is never drawn, and a number within a
range that fits in part is brought to the part that does. So each row meets the condition.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gansmith.errors import UserError, did_you_mean
from gansmith.modalities.table.bins import Bins
from gansmith.modalities.table.cells import cells_of
from gansmith.modalities.table.codec import TableCodec
from gansmith.modalities.table.schema import Cells, Column, are_values, special_numbers

TOKEN = re.compile(
    r"""\s*(?:(?P<text>'(?:[^']|'')*')|(?P<name>"(?:[^"]|"")*"|`[^`]*`)|(?P<op><=|>=|!=|<>|==|=|<|>)"""
    r"""|(?P<mark>[(),])|(?P<word>[^\s'"`<>=!(),]+))"""
)
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
    tokens = _tokens(text)
    found, place = [], 0
    while True:
        clause, place = _clause(tokens, place, text)
        found.append(clause)
        if place == len(tokens):
            return found
        if tokens[place] != ("word", "and"):
            raise _unclear(text, f"after {found[-1].name!r} comes {tokens[place][1]!r}")
        place += 1


def _unclear(text: str, why: str) -> UserError:
    hint = " Conditions are joined by `and` alone." if " or " in text.lower() else ""
    return UserError(
        f"This condition cannot be understood: {why}.{hint}",
        where=f"where: {text}",
        fix=EXAMPLE,
    )


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens, place = [], 0
    text = text.strip()
    while place < len(text):
        found = TOKEN.match(text, place)
        if found is None or found.end() == place:
            raise _unclear(text, f"there is {text[place]!r} at place {place + 1}")
        place = found.end()
        kind = str(found.lastgroup)
        value = str(found.group(kind))
        if kind == "text":
            value = value[1:-1].replace("''", "'")
        elif kind == "name":
            value = value[1:-1].replace('""', '"')
        elif kind == "word" and value.lower() in {"and", "or", "in", "is", "not"}:
            value = value.lower()
        tokens.append((kind, {"==": "=", "<>": "!="}.get(value, value) if kind == "op" else value))
    return tokens


def _clause(tokens: list[tuple[str, str]], place: int, text: str) -> tuple[Clause, int]:
    def at(offset: int) -> tuple[str, str]:
        return tokens[place + offset] if place + offset < len(tokens) else ("end", "the end")

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
        codes: (D,) bool.
        bounds: (place of the column, lowest, highest) of numbers and dates, both allowed.
        avoided: (place of the column, a number, what stands in its place).
    """

    codes: Tensor
    bounds: tuple[tuple[int, float, float], ...]
    avoided: tuple[tuple[int, float, float], ...] = ()

    def hold(self, cells: Cells) -> Cells:
        """(N, columns) cells whose numbers lie within bounds; a range may fit in part only."""
        held = cells.copy()
        for place, value, other in self.avoided:
            held[held[:, place] == value, place] = other
        for place, low, high in self.bounds:
            number = are_values(held[:, place])
            held[number, place] = held[number, place].clip(low, high)
        return held


def restrict(codec: TableCodec, text: str) -> Restriction:
    """The codes and bounds of a condition.

    Raises:
        UserError: if it cannot be understood, names no column that is learned, or nothing meets it.
    """
    codes = torch.ones(codec.num_codes, dtype=torch.bool)
    bounds: dict[int, tuple[float, float]] = {}
    avoided = []
    for clause in parse(text):
        place, (first, last) = _place(codec, clause.name, text)
        column, bins = codec.columns[place], codec.bins[place]
        assert bins is not None
        fits, interval = _fitting(column, bins, clause, text)
        codes[first:last] &= torch.from_numpy(fits)
        if interval is not None:
            old = bounds.get(place, (-np.inf, np.inf))
            bounds[place] = (max(old[0], interval[0]), min(old[1], interval[1]))
        codes[first:last] &= torch.from_numpy(_reachable(bins, bounds.get(place)))
        if clause.operator == "!=" and column.kind in {"number", "datetime"}:
            value = float(cells_of(column, clause.values)[0])
            avoided.append((place, value, _on_grid(bins, value, 1, strictly=True)))
        if not codes[first:last].any():
            raise UserError(
                f"No row can meet this: nothing that was seen of {column.name!r} fits.",
                where=f"where: {text}",
                fix=f"{column.name} holds {column.describe()}.",
            )
    return Restriction(codes, tuple((i, *both) for i, both in bounds.items()), tuple(avoided))


def _place(codec: TableCodec, name: str, text: str) -> tuple[int, tuple[int, int]]:
    names = [column.name for column in codec.columns]
    if name not in names:
        raise UserError(
            f"There is no column {name!r}.", where=f"where: {text}", fix=did_you_mean(name, names)
        )
    spans = {span: (first, last) for span, first, last in codec.spec.spans}
    if name not in spans:
        raise UserError(
            f"Nothing was learned about {name!r}: it is {codec.columns[names.index(name)].kind}.",
            where=f"where: {text}",
        )
    return names.index(name), spans[name]


Fits = npt.NDArray[np.bool_]


def _fitting(
    column: Column, bins: Bins, clause: Clause, text: str
) -> tuple[Fits, tuple[float, float] | None]:
    """(codes,) which fit, and the interval of numbers that do, where there is one."""
    is_missing = np.zeros(bins.size, bool)
    is_missing[-1] = bins.missing
    if clause.operator in {"missing", "known"}:
        return (is_missing if clause.operator == "missing" else ~is_missing), None
    values = cells_of(column, clause.values)
    numeric = column.kind in {"number", "datetime"}
    unknown = np.isnan(values) | (
        special_numbers(values) >= len(column.specials) if numeric
        else values >= len(column.levels)
    )  # fmt: skip
    if unknown.any() and clause.operator != "!=":
        raise UserError(
            f"{clause.values[int(unknown.argmax())]!r} is nothing that {column.name!r} holds.",
            where=f"where: {text}",
            fix=f"{column.name} holds {column.describe()}.",
        )
    if not numeric or (special_numbers(values) >= 0).any() or clause.operator == "in":
        return _listed(column, bins, clause, values, text) & ~is_missing, None
    if clause.operator == "!=":
        fits = ~is_missing
        fits[: len(bins.masses)] &= bins.masses != values[0]
        return fits, None
    return _ordered(bins, clause.operator, float(values[0]))


def _listed(column: Column, bins: Bins, clause: Clause, values: Cells, text: str) -> Fits:
    """Codes of the values themselves, or all others."""
    if clause.operator not in {"=", "!=", "in"}:
        raise UserError(
            f"{column.name!r} has no order: it is {column.kind}.",
            where=f"where: {text}",
            fix="Compare it by =, != or in (...).",
        )
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


def _ordered(bins: Bins, operator: str, value: float) -> tuple[Fits, tuple[float, float]]:
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


def _reachable(bins: Bins, interval: tuple[float, float] | None) -> Fits:
    """(codes,) those of numbers that have any within the interval, and all others."""
    fits = np.ones(bins.size, bool)
    if interval is None:
        return fits
    low, high = interval
    m, r = len(bins.masses), len(bins.knots)
    fits[:m] = (bins.masses >= low) & (bins.masses <= high)
    fits[m : m + r] = (bins.knots[:, -1] >= low) & (bins.knots[:, 0] <= high)
    return fits
