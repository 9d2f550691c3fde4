"""Cells back into tables: data frames, and files of CSV, parquet and Feather, chunk by chunk."""

from __future__ import annotations

import csv
import gzip
import io
import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gansmith.errors import MissingExtraError
from gansmith.modalities.table.ids import ids
from gansmith.modalities.table.schema import Cells, Column, are_values, special_numbers

if TYPE_CHECKING:
    import pandas as pd

SUFFIXES = (".csv", ".csv.gz", ".tsv", ".parquet", ".feather")
LETTERS = "abcdefghijklmnopqrstuvwxyz"
GOLDEN = 0.6180339887498949


def texts(column: Column, cells: Cells, first: int = 0) -> list[str]:
    """The cells (N,) of a column as they stand in a CSV file; a missing one is empty.

    Args:
        column: what they mean.
        cells: as in :mod:`gansmith.modalities.table.schema`.
        first: number of the first row, which ids that are made anew go by.
    """
    missing, special = np.isnan(cells), special_numbers(cells)
    write = {"number": _number_texts, "datetime": _datetime_texts, "id": _id_texts,
             "empty": _empty_texts}.get(column.kind, _level_texts)  # fmt: skip
    found = write(column, np.where(are_values(cells), cells, 0.0), first)
    for i in np.flatnonzero(missing):
        found[i] = ""
    for i in np.flatnonzero(special >= 0):
        found[i] = column.specials[special[i]]
    return found


def _level_texts(column: Column, cells: Cells, first: int) -> list[str]:
    del first
    return [column.levels[int(cell)] for cell in cells]


def _empty_texts(column: Column, cells: Cells, first: int) -> list[str]:
    del column, first
    return [""] * len(cells)


def _number_texts(column: Column, cells: Cells, first: int) -> list[str]:
    del first
    if column.decimals is None:
        return [repr(float(cell)) for cell in cells]
    if column.integer and not column.decimals:
        return [str(int(cell)) for cell in cells]
    if column.integer:  # written as 3.0
        return [f"{cell:.1f}" for cell in cells]
    return [_shortest(f"{cell:.{column.decimals}f}") for cell in cells]


def _shortest(text: str) -> str:
    """Without zeros at the end, but for one behind the point."""
    whole, point, rest = text.partition(".")
    return f"{whole}.{rest.rstrip('0') or '0'}" if point else text


def _datetime_texts(column: Column, cells: Cells, first: int) -> list[str]:
    del first
    time_of_day = "%d" not in column.format and "%Y" not in column.format
    start = datetime(1900 if time_of_day else 1970, 1, 1, tzinfo=UTC)
    zone = timezone(timedelta(minutes=column.offset_minutes or 0))
    rounded = [start + timedelta(microseconds=float(cell)) for cell in cells]
    return [time.astimezone(zone).strftime(column.format) for time in rounded]


def _id_texts(column: Column, cells: Cells, first: int) -> list[str]:
    if column.pattern:
        return ids(column.pattern).texts(cells)
    if column.levels in {(), ("1",)}:
        return [str(first + 1 + i) for i in range(len(cells))]
    return [_from_pattern(column.levels, first + i) for i in range(len(cells))]


def _from_pattern(patterns: Sequence[str], number: int) -> str:
    """The text of a number: one of the patterns, no other number's, in an order that looks mixed.

    >>> len({_from_pattern(("A9", "9-9"), number) for number in range(500)})
    500
    """
    index, which = divmod(number, len(patterns))
    free = [character in "9aA" for character in patterns[which]]
    radices = [10 if c == "9" else 26 for c, f in zip(patterns[which], free, strict=True) if f]
    again, place = divmod(index, math.prod(radices))
    place = place * _step(math.prod(radices)) % math.prod(radices)
    made = []
    for character, is_free in zip(patterns[which], free, strict=True):
        if is_free:
            place, digit = divmod(place, 10 if character == "9" else 26)
            character = _digit(character, digit)
        made.append(character)
    # More rows than the pattern has texts: they are told apart by what follows.
    return "".join(made) + (f"#{again + 1}" if again else "")


def _digit(kind: str, number: int) -> str:
    if kind == "9":
        return str(number)
    return LETTERS[number] if kind == "a" else LETTERS[number].upper()


@cache
def _step(capacity: int) -> int:
    """A number without common divisors, so that its multiples run through all places."""
    step = int(capacity * GOLDEN) | 1
    while math.gcd(step, capacity) > 1:
        step += 2
    return step


def frame(columns: Sequence[Column], cells: Cells, first: int = 0) -> pd.DataFrame:
    """Rows (N, columns) as a data frame, with the types that the source had or that fit best.

    Raises:
        MissingExtraError: where pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError:
        raise MissingExtraError("pandas", "tables", "A data frame") from None
    return pd.DataFrame({c.name: _series(c, cells[:, i], first) for i, c in enumerate(columns)})


def _series(column: Column, cells: Cells, first: int) -> Any:
    """A column of a data frame."""
    import pandas as pd

    missing = np.isnan(cells)
    if column.kind == "empty":
        return np.full(len(cells), None, object)
    if column.kind == "number" and not column.specials:
        whole = column.integer and not column.decimals
        if not whole or column.dtype.startswith(("float", "double")):
            return cells
        return pd.Series(cells).astype("Int64") if column.missing else cells.astype(np.int64)
    if column.kind == "boolean":
        return pd.Series(cells).astype("boolean") if column.missing else cells.astype(bool)
    if column.kind == "datetime" and not column.specials and "%Y" in column.format:
        micros = np.where(missing, 0, cells).astype(np.int64).astype("datetime64[us]")
        times = pd.Series(micros)
        times[missing] = pd.NaT
        return times.dt.tz_localize("UTC") if column.offset_minutes is not None else times
    written = np.array(texts(column, cells, first), object)
    written[missing] = None
    return written


def write(
    path: Path, columns: Sequence[Column], chunks: Iterator[tuple[Cells, Any]], advance: Any
) -> None:
    """Write all chunks of cells (n, columns) to one file, of the kind that its name says."""
    name = path.name.lower()
    if name.endswith((".parquet", ".feather")):
        _write_arrow(path, columns, chunks, advance, feather=name.endswith(".feather"))
    else:
        _write_csv(path, columns, chunks, advance, "\t" if ".tsv" in name else ",")


def _write_csv(
    path: Path, columns: Sequence[Column], chunks: Iterator[tuple[Cells, Any]], advance: Any,
    delimiter: str,
) -> None:  # fmt: skip
    first = 0
    with ExitStack() as stack:
        raw: Any = stack.enter_context(path.open("wb"))
        if ".gz" in path.name:
            raw = stack.enter_context(gzip.GzipFile(fileobj=raw, mode="wb", mtime=0))
        file = stack.enter_context(io.TextIOWrapper(raw, "utf-8", newline=""))
        writer = csv.writer(file, delimiter=delimiter, lineterminator="\n")
        writer.writerow([column.name for column in columns])
        for cells, _ in chunks:
            written = [texts(column, cells[:, i], first) for i, column in enumerate(columns)]
            writer.writerows(zip(*written, strict=True))
            first += len(cells)
            advance(len(cells))


def _write_arrow(
    path: Path, columns: Sequence[Column], chunks: Iterator[tuple[Cells, Any]], advance: Any,
    *, feather: bool,
) -> None:  # fmt: skip
    import pyarrow as pa
    from pyarrow import ipc, parquet

    writer: Any = None
    schema: Any = None
    first = 0
    try:
        for cells, _ in chunks:
            table = pa.Table.from_pandas(frame(columns, cells, first), preserve_index=False)
            if writer is None:
                schema = pa.schema([_widest(field) for field in table.schema])
                make = ipc.new_file if feather else parquet.ParquetWriter
                writer = make(str(path), schema)
            writer.write_table(table.cast(schema))
            first += len(cells)
            advance(len(cells))
    finally:
        if writer is not None:
            writer.close()


def _widest(field: Any) -> Any:
    """The type that all chunks fit, whatever the first of them happened to hold."""
    import pyarrow as pa

    return field.with_type(pa.string()) if pa.types.is_null(field.type) else field
