"""Whether a table holds what is asked of it, before anything is learned from it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gansmith.errors import ConfigError, SourceError
from gansmith.modalities.table.constraints.form import Plan, fitting_decimals, uniques
from gansmith.modalities.table.constraints.kinds import Constraint, Unique, repeated
from gansmith.modalities.table.constraints.parsing import parse
from gansmith.modalities.table.schema import Cells, Column, Mask
from gansmith.modalities.table.writing import texts

SHOWN_ROWS = 3


def checked(
    columns: tuple[Column, ...], cells: Cells, declared: Sequence[str], where: str, first_line: int
) -> tuple[Column, ...]:
    """The columns, with totals as fine as their parts, where they are exact.

    Args:
        columns: of the table.
        cells: (N, columns) all rows.
        declared: constraints as texts.
        where: named in errors.
        first_line: of the file that holds a row; 1 where rows are counted themselves.

    Raises:
        ConfigError: if a constraint cannot be understood, is said twice, or some do not go
            together.
        SourceError: if rows do not hold one.
    """
    constraints = [parse(text, columns) for text in declared]
    Plan(columns, constraints, cells)
    columns = fitting_decimals(columns, constraints, cells)
    for constraint in constraints:
        wrong = _wrong(constraint, constraints, columns, cells)
        if wrong.any():
            raise _violated(constraint, columns, cells, wrong, where, first_line)
    return columns


def _wrong(
    constraint: Constraint, among: Sequence[Constraint], columns: Sequence[Column], cells: Cells
) -> Mask:
    if isinstance(constraint, Unique):
        if constraint not in uniques(among, columns):
            return np.zeros(len(cells), bool)
        return repeated(cells[:, list(constraint.places)])
    return ~constraint.meets(columns, cells)


def _violated(
    constraint: Constraint, columns: Sequence[Column], cells: Cells, wrong: Mask, where: str,
    first_line: int,
) -> SourceError:  # fmt: skip
    rows = np.flatnonzero(wrong)
    of = "line" if first_line > 1 else "row"
    numbers = ", ".join(str(row + first_line) for row in rows[:SHOWN_ROWS])
    more = f" and {len(rows) - SHOWN_ROWS:,} more" if len(rows) > SHOWN_ROWS else ""
    shown = []
    for place in dict.fromkeys(constraint.places):
        column = columns[place]
        written = texts(column, cells[rows[:1], place])[0]
        shown.append(f"{column.name} = {written or 'missing'}")
    do = "repeat one before them" if isinstance(constraint, Unique) else "do not hold it"
    return SourceError(
        f"The constraint {constraint.text!r} is asked for, and {len(rows):,} of {len(cells):,} "
        f"rows {do}; in the first of them {', '.join(shown)}.",
        where=f"{where}, {of}{'s' if len(rows) > 1 else ''} {numbers}{more}",
        fix="Correct these rows or leave them out, or change the constraint.",
    )


def once(declared: Sequence[str]) -> tuple[str, ...]:
    """Constraints in the order given, each once.

    Raises:
        ConfigError: for an empty one.
    """
    found: dict[str, str] = {}
    for text in declared:
        if not text.strip():
            raise ConfigError("A constraint is empty.", where="constraints")
        found.setdefault(" ".join(text.split()), text.strip())
    return tuple(found.values())
