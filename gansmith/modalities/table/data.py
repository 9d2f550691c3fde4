"""Sources of tables: files of every usual kind, and what is held in memory."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gansmith.config import DataConfig
from gansmith.data import parquet
from gansmith.data.dataset import Dataset, Schema, content_hashes, occurrence_hashes
from gansmith.errors import ConfigError, SourceError, did_you_mean
from gansmith.modalities.table.cells import cells_of
from gansmith.modalities.table.constraints import checked, once
from gansmith.modalities.table.ids import NO_MATCH, Taken, ids
from gansmith.modalities.table.reading import (
    FEATHER_SUFFIXES,
    is_csv,
    matrix,
    read_csv,
    read_feather,
    read_parquet,
)
from gansmith.modalities.table.schema import (
    Cells,
    Column,
    read_constraints,
    read_schema,
    special_numbers,
)
from gansmith.modalities.table.writing import texts
from gansmith.progress import Progress
from gansmith.registry import register

if TYPE_CHECKING:
    import pyarrow as pa

LEAST_ROWS = 20


class _TableFile:
    """A file that holds a table."""

    built_in = False
    read: Callable[[Path], pa.Table]

    def open(self, config: DataConfig, *, progress: Progress, cache_dir: Path | None) -> Dataset:
        del cache_dir
        table = type(self).read(Path(config.source).expanduser())
        return from_arrow(table, config, progress)


@register("source", "csv")
class Csv(_TableFile):
    """A table as .csv or .tsv, of any dialect, plain or gzipped."""

    read = staticmethod(read_csv)

    def matches(self, uri: str) -> bool:
        return is_csv(Path(uri).expanduser())


@register("source", "feather")
class Feather(_TableFile):
    """A table as .feather or .arrow."""

    read = staticmethod(read_feather)

    def matches(self, uri: str) -> bool:
        path = Path(uri).expanduser()
        return path.suffix.lower() in FEATHER_SUFFIXES and path.is_file()


@register("source", "parquet-table")
class ParquetTable(_TableFile):
    """A table as .parquet; one with a column of pictures is a source of pictures."""

    read = staticmethod(read_parquet)

    def matches(self, uri: str) -> bool:
        path = Path(uri).expanduser()
        named = path.suffix.lower() == ".parquet" and path.is_file()
        return named and not parquet.holds_pictures(path)


def from_arrow(
    table: pa.Table, config: DataConfig, progress: Progress, keys: Collection[str] = ()
) -> Dataset:
    """A data set of the rows of a table; keys name its rows, as a database says.

    Raises:
        SourceError: if it has too few rows, nothing to learn, or a column that no table can have.
        ConfigError: if the schema that was given does not fit.
    """
    if config.size is not None or config.channels:
        raise SourceError(
            "Tables have neither a size nor channels.",
            where=config.source,
            fix="Leave size and channels out.",
        )
    given = read_schema(Path(config.schema).expanduser()) if config.schema else None
    columns, cells = matrix(table, config.source, given, progress, keys)
    if given is not None:
        _require_fits(columns, cells, config.schema)
    constraints = _declared(config)
    if constraints:
        first_line = 2 if is_csv(Path(config.source).expanduser()) else 1
        columns = checked(columns, cells, constraints, config.source, first_line)
    if len(cells) < LEAST_ROWS:
        raise SourceError(
            f"The table has {len(cells)} row{'s' * (len(cells) != 1)}; nothing can be learned from "
            "so few.",
            where=config.source,
            fix=f"Bring at least {LEAST_ROWS}, and hundreds to learn anything worth having.",
        )
    if not any(column.learned for column in columns):
        raise SourceError(
            "No column of the table has anything to learn: all are constant, empty or ids.",
            where=config.source,
        )
    return Dataset(
        Schema("table", (len(columns),), "float64", label="rows"),
        cells,
        None,
        occurrence_hashes(content_hashes(cells)),
        config.source,
        notes=_notes(columns, cells, constraints),
        columns=columns,
        constraints=constraints,
    )


def _require_fits(columns: tuple[Column, ...], cells: Cells, where: str) -> None:
    """Raise a ConfigError for cells that the columns of a given schema cannot hold."""
    for i, column in enumerate(columns):
        missing, special = np.isnan(cells[:, i]), special_numbers(cells[:, i])
        levelled = column.kind in {"category", "boolean", "text", "constant"}
        unknown = special >= len(column.specials)
        if levelled:
            unknown = ~missing & (cells[:, i] >= len(column.levels))
        wrong = unknown | (missing & (not column.missing and column.kind != "empty"))
        if wrong.any():
            row = int(wrong.argmax())
            what = "missing cells" if missing[row] else "texts"
            fix = '"missing": true' if missing[row] else "them to its levels or specials"
            raise ConfigError(
                f"{column.name!r} holds {what} that the schema does not allow: in {wrong.sum():,} "
                f"rows, row {row + 1:,} the first.",
                where=where,
                fix=f"Add {fix}.",
            )


def _declared(config: DataConfig) -> tuple[str, ...]:
    """The constraints of the schema, and those that were given beside it."""
    of_schema = read_constraints(Path(config.schema).expanduser()) if config.schema else ()
    return once((*of_schema, *config.constraints))


def align(real: Dataset, fake: Dataset) -> Dataset:
    """The fakes' rows as cells of the real table's columns, whatever their own file says of them.

    Raises:
        SourceError: if a column is missing.
    """
    places = {column.name: i for i, column in enumerate(fake.columns)}
    cells = np.empty((len(fake), len(real.columns)))
    for i, column in enumerate(real.columns):
        if column.name not in places:
            raise SourceError(
                f"The fakes have no column {column.name!r}.",
                where=fake.name,
                fix=did_you_mean(column.name, places),
            )
        place = places[column.name]
        different, rows = np.unique(fake.samples[:, place], return_inverse=True)
        own = fake.columns[place]
        if own.kind == column.kind == "datetime" and not own.specials:
            cells[:, i] = different[rows]
        else:
            cells[:, i] = cells_of(column, texts(own, different))[rows]
    return replace(
        fake,
        schema=real.schema,
        samples=cells,
        columns=real.columns,
        hashes=occurrence_hashes(content_hashes(cells)),
    )


def _notes(columns: tuple[Column, ...], cells: Cells, constraints: Sequence[str]) -> list[str]:
    """What was found out about columns that a user might have expected otherwise."""
    said = {
        "id": "are made anew and never learned",
        "empty": "hold nothing",
        "constant": "always hold the same",
    }
    notes = []
    for kind, what in said.items():
        names = [column.name for column in columns if column.kind == kind]
        if names:
            more = f" and {len(names) - 5} more" if len(names) > 5 else ""
            notes.append(f"{', '.join(names[:5])}{more} {what}.")
    for column in columns:
        if column.specials and column.kind in {"number", "datetime"}:
            kept = ", ".join(map(repr, column.specials[:5]))
            notes.append(f"{column.name} holds {kept} among its {column.kind}s, which are kept.")
    for place, column in enumerate(columns):
        if column.pattern:
            notes += _notes_of_pattern(column, cells[:, place])
    if constraints:
        notes.append(f"Each row holds: {'; '.join(constraints)}.")
    return notes


def _notes_of_pattern(column: Column, cells: Cells) -> list[str]:
    """What a pattern does not match, and how many ids it leaves where these are few."""
    others, size = int((cells == NO_MATCH).sum()), ids(column.pattern).size
    free = Taken.of(size, cells).free(size)
    notes = []
    if others:
        notes.append(f"{others:,} of {column.name} do not match their pattern; new ones do.")
    if free < len(cells):
        notes.append(
            f"The pattern of {column.name} leaves {free:,} new ids: no more rows at a time."
        )
    return notes
