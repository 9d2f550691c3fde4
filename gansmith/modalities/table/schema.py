"""What the columns of a table hold: kinds, bounds, levels, formats. Made by inference, editable.

A table becomes a matrix of numbers (N, columns), float64, one meaning for each kind of column:

=========  ============================================================================
kind       a cell is
=========  ============================================================================
number     the number itself
datetime   microseconds since 1970, UTC; of a time of day, since midnight
category   the number of its level
boolean    0 or 1, the number of its level
text       the number of its level, of which there are many
constant   0
id         0: the text itself is made anew; with a pattern, the number of its text, or -1
empty      NaN
=========  ============================================================================

A missing cell is NaN. In columns of numbers and dates a few other texts may stand, such as
``unknown`` or ``inf``: the k-th of these ``specials`` is -1e300 (k + 1).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from gansmith.convert import from_json, to_json
from gansmith.errors import ConfigError, SourceError, did_you_mean

Kind = Literal["number", "datetime", "category", "boolean", "text", "id", "constant", "empty"]
Cells = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

SPECIAL = -1e300


@dataclass(frozen=True, repr=False)
class Column:
    """One column.

    Attributes:
        name: as in the header.
        kind: what its cells are.
        levels: of a category, boolean, text or constant, as texts; of an id its patterns, in which
            the letters a and A and the digit 9 stand for any such, and ``1`` alone for counting on.
        specials: texts among the numbers or dates that are neither.
        missing: whether cells may be missing.
        integer: of a number: whole, also where it is written as 3.0.
        decimals: of a number: digits after the point at most; None where they are not limited.
        low, high: of a number or date: the smallest and largest that were seen.
        format: of a date: as ``strptime`` has it.
        offset_minutes: of a date with a time zone: of the zone from UTC; None for none.
        dtype: of the source's column where it had types, else empty.
        pattern: of an id: a regular expression that new ones match, as far as
            :mod:`gansmith.modalities.table.patterns` knows it; empty for some like the data's.
    """

    name: str
    kind: Kind
    levels: tuple[str, ...] = ()
    specials: tuple[str, ...] = ()
    missing: bool = False
    integer: bool = False
    decimals: int | None = None
    low: float = 0.0
    high: float = 0.0
    format: str = ""
    offset_minutes: int | None = None
    dtype: str = ""
    pattern: str = ""

    def __repr__(self) -> str:
        # Fingerprints of data are made of it, and those without a pattern stay what they were.
        shown = [f for f in fields(self) if f.name != "pattern" or self.pattern]
        return f"Column({', '.join(f'{f.name}={getattr(self, f.name)!r}' for f in shown)})"

    @property
    def learned(self) -> bool:
        """Whether there is anything to learn about it."""
        return self.kind not in {"id", "constant", "empty"} or self.missing

    def describe(self) -> str:
        """What it holds, in a few words.

        >>> Column("age", "number", integer=True, low=17, high=90, missing=True).describe()
        'whole numbers from 17 to 90, some missing'
        """
        says: dict[str, Callable[[], str]] = {
            "number": self._describe_number,
            "datetime": lambda: f"dates as {self.format}",
            "category": lambda: f"{len(self.levels)} levels: {_some(self.levels)}",
            "boolean": lambda: f"{self.levels[0]} or {self.levels[1]}",
            "text": lambda: f"{len(self.levels):,} different texts",
            "id": lambda: f"names of rows, made anew like {self.pattern or _some(self.levels)}",
            "constant": lambda: f"always {self.levels[0]!r}",
            "empty": lambda: "nothing",
        }
        also = f", also {_some(self.specials)}" if self.specials else ""
        return f"{says[self.kind]()}{also}{', some missing' if self.missing else ''}"

    def _describe_number(self) -> str:
        of = "whole numbers" if self.integer else "numbers"
        return f"{of} from {self.low:.10g} to {self.high:.10g}"


def _some(texts: Sequence[str], most: int = 4) -> str:
    shown = ", ".join(texts[:most])
    return shown if len(texts) <= most else f"{shown}, ..."


def special_cells(numbers: npt.NDArray[np.int64]) -> Cells:
    """Cells of specials, by their numbers."""
    cells: Cells = SPECIAL * (numbers + np.float64(1.0))
    return cells


def special_numbers(cells: Cells) -> npt.NDArray[np.int64]:
    """(N,) numbers of the specials among cells; -1 for a cell that is none."""
    found = np.nan_to_num(cells, nan=0.0) <= SPECIAL / 2
    return np.where(found, np.rint(np.where(found, cells, SPECIAL) / SPECIAL) - 1, -1).astype(
        np.int64
    )


def are_values(cells: Cells) -> npt.NDArray[np.bool_]:
    """(N,) whether a cell is neither missing nor a special."""
    return ~np.isnan(cells) & (special_numbers(cells) < 0)


def to_dict(columns: Sequence[Column]) -> list[dict[str, Any]]:
    """For JSON: each column by the fields that say something."""
    defaults = {f.name: f.default for f in fields(Column)}
    return [
        {k: v for k, v in to_json(column).items() if v != to_json(defaults[k])}
        for column in columns
    ]


def from_dict(content: Any, where: str) -> tuple[Column, ...]:
    """The way back, checked.

    Raises:
        ConfigError: for an unknown field or kind, or a column without name.
    """
    if not isinstance(content, list):
        raise ConfigError("A schema is a list of columns.", where=where)
    found = []
    for number, each in enumerate(content):
        named = each.get("name", number) if isinstance(each, Mapping) else number
        if isinstance(each, Mapping) and isinstance(each.get("levels"), list):
            each = {**each, "levels": tuple(str(level) for level in each["levels"])}
        column: Column = from_json(Column, each, where=f"{where}: {named}")
        if column.pattern and column.kind != "id":
            raise ConfigError(
                f"{column.name!r} has a pattern and is {column.kind}; ids alone have patterns.",
                where=f"{where}: {named}",
                fix='Say "kind": "id", or leave the pattern out.',
            )
        found.append(column)
    return tuple(found)


def read_schema(path: Path) -> tuple[Column, ...]:
    """The columns of a schema that somebody has edited.

    Raises:
        SourceError: if it cannot be read.
        ConfigError: if it is no schema.
    """
    return from_dict(_parts(path)["columns"], str(path))


def read_constraints(path: Path) -> tuple[str, ...]:
    """The constraints of a schema, as texts; an older one, a list of columns, has none.

    Raises:
        SourceError: if it cannot be read.
        ConfigError: if it is no schema.
    """
    found = _parts(path)["constraints"]
    if not isinstance(found, list) or not all(isinstance(text, str) for text in found):
        raise ConfigError(
            "Constraints are a list of texts.",
            where=f"{path}: constraints",
            fix='For example "constraints": ["start <= end"]',
        )
    return tuple(found)


def _parts(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError("The schema cannot be read.", where=str(path)) from error
    except json.JSONDecodeError as error:
        raise ConfigError(f"The schema is not valid JSON: {error}.", where=str(path)) from error
    parts: dict[str, Any] = {"columns": [], "constraints": []}
    if not isinstance(content, dict):
        return {**parts, "columns": content}
    if not content:
        raise ConfigError(
            "The schema says nothing.", where=str(path), fix=f"Known: {_some([*parts])}."
        )
    for name in content:
        if name not in parts:
            raise ConfigError(
                f"A schema has no {name!r}.", where=str(path), fix=did_you_mean(name, parts)
            )
    return {**parts, **content}
