"""Tables from files, as columns of Arrow: a CSV's are texts, those of other files have types."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gansmith.errors import ConfigError, MissingExtraError, SourceError, did_you_mean
from gansmith.modalities.table.cells import cells_of
from gansmith.modalities.table.inference import MOST_EXACT, counts_on, infer_texts, spread
from gansmith.modalities.table.schema import Cells, Column, special_cells
from gansmith.progress import Progress

if TYPE_CHECKING:
    import pyarrow as pa

CSV_SUFFIXES = (".csv", ".tsv", ".tab", ".csv.gz", ".tsv.gz", ".tab.gz")
FEATHER_SUFFIXES = (".feather", ".arrow")
DELIMITERS = ",;\t|"
SNIFFED_BYTES = 2**16
# Of a row, the header among them: what Arrow reads at a time.
MOST_ROW_BYTES = 2**20
NAMED_BY_FILE = "Rename them in the first line of the file, which names the columns."


def is_csv(path: Path) -> bool:
    """Whether the name says so and the file is there."""
    return path.name.lower().endswith(CSV_SUFFIXES) and path.is_file()


def arrow() -> Any:
    """The library that reads tables. Raises a MissingExtraError where it is not installed."""
    try:
        import pyarrow
    except ImportError as error:
        raise MissingExtraError("pyarrow", "tables", "A table") from error
    return pyarrow


# What files that are cut off, damaged or no tables at all make Python raise; Arrow has its own.
BROKEN = (OSError, EOFError, ValueError, KeyError, NotImplementedError, csv.Error, zlib.error)


@contextmanager
def _broken_is_an_error(path: Path) -> Iterator[None]:
    try:
        yield
    except (arrow().ArrowException, *BROKEN) as error:
        if "straddl" in str(error):
            raise _too_long("A row of the table", path) from error
        first_line = str(error).partition("\n")[0]
        raise SourceError(
            f"The table cannot be read: {first_line}.",
            where=str(path),
            fix="Open it in an editor: every row needs as many cells as the header has names.",
        ) from error


def _too_long(what: str, path: Path) -> SourceError:
    return SourceError(
        f"{what} has more than {MOST_ROW_BYTES // 2**20} MiB.",
        where=str(path),
        fix="Leave out columns or shorten texts; or, if it should be many rows, look for a quote "
        "that is never closed, and for line ends that were lost.",
    )


def read_csv(path: Path) -> pa.Table:
    """All columns of a CSV file of any dialect, plain or gzipped, as texts.

    Raises:
        SourceError: if it is broken, empty, or has no header.
    """
    arrow()
    from pyarrow import csv as arrow_csv

    with _broken_is_an_error(path):
        start = _start(path)
        encoding = _encoding(start)
        text = start.decode(encoding, errors="replace")
        if not text.strip():
            raise SourceError("The table is empty.", where=str(path))
        dialect = _dialect(text)
        names = next(csv.reader(io.StringIO(text, newline=""), dialect))
        require_names(names, str(path), NAMED_BY_FILE)
        with _opened(path) as file:
            return arrow_csv.read_csv(
                file,
                read_options=arrow_csv.ReadOptions(
                    encoding=encoding, column_names=_inner(names), skip_rows=0
                ),
                parse_options=arrow_csv.ParseOptions(
                    delimiter=dialect.delimiter,
                    quote_char=dialect.quotechar or '"',
                    newlines_in_values=True,
                ),
                convert_options=arrow_csv.ConvertOptions(
                    column_types={name: arrow().string() for name in _inner(names)},
                    strings_can_be_null=False,
                ),
            ).rename_columns(names)[1:]


def _inner(names: list[str]) -> list[str]:
    """Names that cannot clash while the file is read."""
    return [f"{number}" for number in range(len(names))]


def _opened(path: Path) -> IO[bytes]:
    return gzip.open(path, "rb") if path.suffix.lower() == ".gz" else path.open("rb")  # type: ignore[return-value]


def _start(path: Path) -> bytes:
    """Whole lines from the beginning, enough to tell the dialect by, with all of the first."""
    with _opened(path) as file:
        start = file.read(SNIFFED_BYTES)
        if len(start) == SNIFFED_BYTES and b"\n" not in start:
            start += file.readline(MOST_ROW_BYTES + 1 - SNIFFED_BYTES)
    if len(start) > MOST_ROW_BYTES:
        raise _too_long("The first line, which names the columns,", path)
    whole, newline, _ = start.rpartition(b"\n")
    return whole + newline if newline and len(start) >= SNIFFED_BYTES else start


def _encoding(start: bytes) -> str:
    for mark, name in (
        (b"\xef\xbb\xbf", "utf-8-sig"),
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
    ):
        if start.startswith(mark):
            return name
    try:
        start.decode("utf-8")
    except UnicodeDecodeError as error:
        # A character may be cut in two at the end of what was looked at.
        return "utf-8" if error.start >= len(start) - 4 else "cp1252"
    return "utf-8"


def _dialect(text: str) -> type[csv.Dialect]:
    """Delimiter and quotes; commas where nothing else is to be seen."""

    class Found(csv.excel):
        delimiter = ","

    first = text.splitlines()[0]
    counts = Counter(character for character in first if character in DELIMITERS)
    if counts:
        Found.delimiter = counts.most_common(1)[0][0]
    if '"' not in first and first.count("'") >= 2:
        Found.quotechar = "'"
    return Found


def require_names(names: Sequence[str], where: str, fix: str) -> None:
    """Raise a SourceError where two columns have one name, or none has any."""
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise SourceError(
            f"Several columns have the same name: {', '.join(map(repr, twice[:5]))}.",
            where=where,
            fix=fix,
        )
    if not any(name.strip() for name in names):
        raise SourceError("The columns have no names.", where=where, fix=fix)


def read_parquet(path: Path) -> pa.Table:
    """A parquet file, with the types it has."""
    arrow()
    from pyarrow import parquet

    return _read_typed(path, parquet.read_table)


def read_feather(path: Path) -> pa.Table:
    """A Feather (Arrow IPC) file, with the types it has."""
    arrow()
    from pyarrow import feather

    return _read_typed(path, feather.read_table)


def _read_typed(path: Path, read: Callable[[Path], pa.Table]) -> pa.Table:
    with _broken_is_an_error(path):
        table = read(path)
    require_names(table.column_names, str(path), NAMED_BY_FILE)
    return table


def matrix(
    table: pa.Table, where: str, given: tuple[Column, ...] | None, progress: Progress,
    keys: Collection[str] = (),
) -> tuple[tuple[Column, ...], Cells]:  # fmt: skip
    """Columns and cells (N, columns) of a table.

    Args:
        table: as read.
        where: named in errors.
        given: columns that somebody has edited; they are taken as they are.
        progress: shows the columns.
        keys: names of columns of which a database says that they name its rows.

    Raises:
        SourceError: for a table without rows, a type that no column can have, or a schema that does
            not fit the table.
    """
    if table.num_rows == 0 or table.num_columns == 0:
        raise SourceError("The table has no rows.", where=where)
    known = _by_name(given, table, where)
    columns: list[Column] = []
    cells = np.empty((table.num_rows, table.num_columns))
    with progress("Reading columns", table.num_columns) as advance:
        for number, name in enumerate(table.column_names):
            if name in known:
                column, own = known[name], as_cells(known[name], table.column(number))
            else:
                column, own = infer(name, table.column(number), where, name in keys)
            columns.append(column)
            cells[:, number] = own
            advance()
    return tuple(columns), cells


def _by_name(given: tuple[Column, ...] | None, table: pa.Table, where: str) -> dict[str, Column]:
    if given is None:
        return {}
    found = {column.name: column for column in given}
    for name in found:
        if name not in table.column_names:
            raise ConfigError(
                f"The schema has a column {name!r}, and the table has none.",
                where=where,
                fix=did_you_mean(name, table.column_names),
            )
    return found


def _is_time(kind: Any) -> bool:
    types = arrow().types
    return bool(types.is_temporal(kind) and not types.is_duration(kind))


def as_cells(column: Column, read: pa.ChunkedArray) -> Cells:
    """Cells of a column that is said to hold something; texts of what it holds are looked at.

    But for truths and times that have the type already: Arrow's texts of them are other ones.
    """
    if column.kind == "boolean" and arrow().types.is_boolean(read.type):
        return _floats(read)
    if column.kind == "datetime" and _is_time(read.type):
        return _of_times(column.name, read, "")[1]
    levels, rows = _encoded(read.cast(arrow().string()))
    return spread(cells_of(column, levels), rows)


def infer(
    name: str, column: pa.ChunkedArray, where: str, key: bool = False
) -> tuple[Column, Cells]:
    """A column of Arrow and its cells; a key names the rows.

    Raises:
        SourceError: for a type that no column can have.
    """
    pa = arrow()
    types = pa.types
    kind, dtype = column.type, str(column.type)
    if types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if types.is_null(kind):
        return Column(name, "empty", dtype=dtype), np.full(len(column), np.nan)
    if types.is_integer(kind) and _too_large(column):  # a float would make equal what differs
        column, kind = column.cast(pa.string()), pa.string()
    if types.is_string(kind) or types.is_large_string(kind):
        found, cells = infer_texts(name, *_encoded(column), key)
        return replace(found, dtype=dtype), cells
    if types.is_boolean(kind):
        numbers = _floats(column)
        made = Column(
            name, "boolean", ("False", "True"), missing=bool(np.isnan(numbers).any()), dtype=dtype
        )
        return made, numbers
    if _is_time(kind):
        return _of_times(name, column, dtype)
    if types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind):
        return _of_numbers(name, column, dtype, key)
    raise SourceError(
        f"The column {name!r} holds {dtype}, which no cell of a table can be.",
        where=where,
        fix="Leave the column out, or turn it into numbers or texts.",
    )


def _encoded(column: pa.ChunkedArray) -> tuple[list[str], npt.NDArray[np.int64]]:
    """The different texts of a column, and (N,) the number of each row's, -1 for none."""
    import pyarrow.compute as pc

    whole = column.combine_chunks()
    if isinstance(whole, arrow().ChunkedArray):  # too large for one piece
        whole = arrow().chunked_array(whole).cast(arrow().large_string()).combine_chunks()
    encoded = whole.dictionary_encode()
    rows = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    return encoded.dictionary.to_pylist(), rows


def _floats(column: pa.ChunkedArray) -> Cells:
    """(N,) with NaN for nulls."""
    cast = column.cast(arrow().float64(), safe=False)
    found: Cells = cast.to_numpy().astype(np.float64)
    return found


def _too_large(column: pa.ChunkedArray) -> bool:
    import pyarrow.compute as pc

    bounds = pc.min_max(column).as_py().values()
    return any(abs(bound) >= MOST_EXACT for bound in bounds if bound is not None)


def _of_numbers(name: str, column: pa.ChunkedArray, dtype: str, key: bool) -> tuple[Column, Cells]:
    cells = _floats(column)
    finite = cells[np.isfinite(cells)]
    infinite = [text for text in ("inf", "-inf") if (cells == float(text)).any()]
    if not len(finite) and not infinite:
        return Column(name, "empty", dtype=dtype), np.full(len(cells), np.nan)
    integer = bool((finite == np.rint(finite)).all())
    whole_type = arrow().types.is_integer(column.type)
    if whole_type and len(finite) == len(cells) and counts_on(name, finite, len(cells), key):
        return Column(name, "id", ("1",), dtype=dtype), np.zeros(len(cells))
    if len(finite) == len(cells) and finite.min() == finite.max():
        return Column(name, "constant", (_written(finite[0]),), dtype=dtype), np.zeros(len(cells))
    for number, text in enumerate(infinite):
        cells[cells == float(text)] = special_cells(np.array([number]))[0]
    found = Column(
        name,
        "number",
        specials=tuple(infinite),
        missing=bool(np.isnan(cells).any()),
        integer=integer,
        decimals=0 if integer else _decimals(finite),
        low=float(finite.min()) if len(finite) else 0.0,
        high=float(finite.max()) if len(finite) else 0.0,
        dtype=dtype,
    )
    return found, cells


def _written(number: float) -> str:
    return str(int(number)) if number == int(number) else repr(float(number))


def _decimals(values: Cells) -> int | None:
    """The fewest digits after the point that write all values; None where six do not."""
    for digits in range(1, 7):
        if np.array_equal(np.round(values, digits), values):
            return digits
    return None


def _of_times(name: str, column: pa.ChunkedArray, dtype: str) -> tuple[Column, Cells]:
    pa = arrow()
    form = "%Y-%m-%d %H:%M:%S"
    if pa.types.is_time(column.type):
        micros, form = column.cast(pa.time64("us")).cast(pa.int64()), "%H:%M:%S"
    elif pa.types.is_date(column.type):
        micros, form = column.cast(pa.timestamp("us")).cast(pa.int64()), "%Y-%m-%d"
    else:
        micros = column.cast(pa.timestamp("us", tz=column.type.tz), safe=False).cast(pa.int64())
    cells = _floats(micros)
    known = cells[np.isfinite(cells)]
    if not len(known):
        return Column(name, "empty", dtype=dtype), cells
    if form.endswith("%S") and (known % 1e6 != 0).any():
        form += ".%f"
    zone = getattr(column.type, "tz", None)
    found = Column(
        name,
        "datetime",
        missing=len(known) < len(cells),
        low=float(known.min()),
        high=float(known.max()),
        format=f"{form}%z" if zone else form,
        offset_minutes=0 if zone else None,
        dtype=dtype,
    )
    return found, cells
