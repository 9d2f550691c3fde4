"""Texts as cells of a column whose kind is known."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from gansmith.modalities.table.ids import ids
from gansmith.modalities.table.schema import Cells, Column, special_cells

# In columns of numbers and dates these mean that nothing is known; elsewhere they are texts.
MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "nil", "#n/a", "#na", "nat", "<na>"})
# Numbers beyond this could be taken for specials.
LARGEST = 1e299
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def cells_of(column: Column, texts: Sequence[str]) -> Cells:
    """(N,) cells of texts.

    A level that the column does not know becomes the number after its last; a text among numbers or
    dates that it does not know, the special after its last.
    """
    if column.kind == "empty":
        return np.full(len(texts), np.nan)
    if column.kind == "id" and column.pattern:
        return ids(column.pattern).cells(texts)
    if column.kind == "id":
        return np.array([0.0 if text.strip() else np.nan for text in texts])
    if column.kind in {"number", "datetime"}:
        return _values(column, texts)
    known = {level: float(number) for number, level in enumerate(column.levels)}
    if column.kind == "boolean":
        texts = [text.strip() for text in texts]
    other = float(len(column.levels))
    return np.array([known.get(t, other) if t.strip() else np.nan for t in texts])


def _values(column: Column, texts: Sequence[str]) -> Cells:
    specials = {text: number for number, text in enumerate(column.specials)}
    found = np.full(len(texts), np.nan)
    for i, text in enumerate(texts):
        stripped = text.strip()
        value = _value(column, stripped)
        if stripped in specials:
            found[i] = special_cells(np.array([specials[stripped]]))[0]
        elif value is not None:
            found[i] = value
        elif stripped.lower() not in MISSING:
            found[i] = special_cells(np.array([len(column.specials)]))[0]
    return found


def _value(column: Column, text: str) -> float | None:
    if column.kind == "number":
        return number(text)
    time = parsed(text, column.format)
    return None if time is None else microseconds(time)


def number(text: str) -> float | None:
    """The number that a text says, or None where it says none, or one too large to be held."""
    value = float(text) if NUMBER.fullmatch(text) else math.inf
    return value if abs(value) < LARGEST else None


def parsed(text: str, form: str) -> datetime | None:
    """The time that a text names, or None where it has another format."""
    try:
        return datetime.strptime(text, form)
    except ValueError:
        return None


def microseconds(time: datetime) -> float:
    """Since 1970 in UTC, or since midnight where there is no date (1900 is strptime's)."""
    start = datetime(1900 if time.year == 1900 else 1970, 1, 1, tzinfo=UTC)
    aware = time if time.tzinfo is not None else time.replace(tzinfo=UTC)
    return (aware - start) / timedelta(microseconds=1)
