"""Rows that are given to a finished run, to be judged as those of its own table."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gansmith.errors import UserError, did_you_mean
from gansmith.modalities.table.codec import TableCodec
from gansmith.modalities.table.reading import as_cells, read_csv
from gansmith.modalities.table.schema import Cells, Column, Mask, special_numbers


def read_rows(path: Path, codec: TableCodec) -> tuple[list[str], Cells]:
    """Names and cells (N, columns) of the rows of a CSV file.

    Other columns than the run's are left out. Numbers beyond those that were learned from are seen
    as the nearest of these.

    Raises:
        UserError: if a column is missing, or a cell holds what nothing was learned about.
    """
    table = read_csv(path)
    cells = np.empty((table.num_rows, len(codec.columns)))
    for place, column in enumerate(codec.columns):
        if column.name not in table.column_names:
            raise UserError(
                f"The rows have no column {column.name!r}.",
                where=str(path),
                fix=did_you_mean(column.name, table.column_names),
            )
        cells[:, place] = as_cells(column, table[column.name])
        unknown = _unknown(column, cells[:, place])
        if column.learned and unknown.any():
            row = int(unknown.argmax())
            raise UserError(
                f"Row {row + 1}: {table[column.name][row].as_py()!r} is nothing that "
                f"{column.name!r} holds.",
                where=str(path),
                fix=f"{column.name} holds {column.describe()}.",
            )
    return [f"{path}:{row}" for row in range(1, len(cells) + 1)], cells


def _unknown(column: Column, cells: Cells) -> Mask:
    """(N,) which cells hold what the column never did."""
    if column.kind in {"number", "datetime"}:
        other = special_numbers(cells) >= len(column.specials)
    else:
        other = cells >= max(len(column.levels), 1)
    unknown: Mask = other if column.missing else other | np.isnan(cells)
    return unknown
