"""Tables and queries of databases, through SQLAlchemy: ``sqlite:///people.db::people``.

Nothing is ever changed. What is asked for is a table, or a query that begins with SELECT, WITH or
VALUES; the connection is for reading only where the database knows that; nothing is committed.
"""

from __future__ import annotations

import difflib
import re
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gansmith.config import DataConfig
from gansmith.data import address
from gansmith.data.dataset import Dataset
from gansmith.errors import SourceError
from gansmith.modalities.table.data import from_arrow
from gansmith.modalities.table.database import connected, said_in_a_line
from gansmith.modalities.table.fetched import Pieces, in_order
from gansmith.modalities.table.reading import arrow, require_names
from gansmith.progress import Progress
from gansmith.registry import register

if TYPE_CHECKING:
    import pyarrow as pa
    from sqlalchemy import Connection, CursorResult, Inspector

CHUNK_ROWS = 10_000
# Of columns and of tables named in an error.
MOST_NAMED = 20
READ_FIX = "Correct the query behind ::, or write one that leaves out what cannot be read."
# Rows are fetched as they are read, and a % of the query stays what it is.
STREAMED = {"stream_results": True, "no_parameters": True}


@register("source", "sql")
class Sql:
    """A table or a query of a database, as in sqlite:///people.db::people."""

    built_in = False

    def matches(self, uri: str) -> bool:
        return address.is_address(uri)

    def open(self, config: DataConfig, *, progress: Progress, cache_dir: Path | None) -> Dataset:
        del cache_dir
        fetched = read(config.source, progress)
        dataset = from_arrow(fetched.table, config, progress, fetched.keys)
        return replace(dataset, notes=[*fetched.notes, *dataset.notes])


@dataclass(frozen=True)
class Fetched:
    """What was read.

    Attributes:
        table: its rows, in an order that depends on nothing but what they hold.
        keys: columns of which the database says that they name the rows.
        notes: about columns that were taken for something else than they are.
    """

    table: pa.Table
    keys: frozenset[str]
    notes: list[str]


def read(source: str, progress: Progress) -> Fetched:
    """The rows that an address names, in memory of about their size.

    Args:
        source: without secrets, as :func:`gansmith.data.address.without_secrets` returns it.
        progress: shows the rows.

    Raises:
        SourceError: if the database cannot be reached or read, or has no such table.
        MissingExtraError: if SQLAlchemy or the driver of PostgreSQL is not installed.
    """
    arrow()
    place, wanted = address.split(source)
    with connected(place) as connection, said_in_a_line(source, place, READ_FIX):
        asked = _asked(connection, source, wanted)
        columns = _fetch(connection, asked, source, progress)
    whole = [column.whole(truths=column.name in asked.truths) for column in columns]
    table = in_order([column.name for column in columns], whole)
    notes = [f"{c.name} holds {c.as_texts}, taken as texts." for c in columns if c.as_texts]
    return Fetched(table, asked.keys, notes)


@dataclass(frozen=True)
class _Asked:
    """What is read.

    Attributes:
        run: gives the rows.
        table: as it is called in a query; empty for a query.
        num_rows: how many there are; 0 where that is not known.
        keys, truths: columns that name the rows, and those declared boolean.
    """

    run: Callable[[Connection], CursorResult[Any]]
    table: str = ""
    num_rows: int = 0
    keys: frozenset[str] = frozenset()
    truths: frozenset[str] = frozenset()


def _asked(connection: Connection, source: str, wanted: str) -> _Asked:
    """A table of that name, or else a query.

    Raises:
        SourceError: if it is neither.
    """
    from sqlalchemy import inspect

    inspector = inspect(connection)
    found = _table(inspector, wanted)
    if found is not None:
        return _whole_table(connection, inspector, *found)
    if not address.QUERY.match(wanted):
        raise _unknown(inspector, source, wanted)
    query = wanted.rstrip("; \n")
    return _Asked(lambda c: c.exec_driver_sql(query, execution_options=STREAMED))


def _table(inspector: Inspector, wanted: str) -> tuple[str, str | None] | None:
    """Name and schema of a table or view, where there is one so called."""
    if wanted and inspector.has_table(wanted):
        return wanted, None
    schema, _, name = wanted.partition(".")
    if name and schema in inspector.get_schema_names() and inspector.has_table(name, schema):
        return name, schema
    return None


def _whole_table(
    connection: Connection, inspector: Inspector, name: str, schema: str | None
) -> _Asked:
    from sqlalchemy import func, select, table, text

    which, declared = table(name, schema=schema), _declared(connection, name, schema)
    counted = name in inspector.get_table_names(schema)  # of a view, that may cost as much again
    rows = connection.scalar(select(func.count()).select_from(which)) if counted else 0
    every = select(text("*")).select_from(which)
    return _Asked(
        lambda c: c.execute(every, execution_options={**STREAMED, "no_parameters": False}),
        inspector.dialect.identifier_preparer.format_table(which),
        rows or 0,
        *declared,
    )


def _declared(
    connection: Connection, name: str, schema: str | None
) -> tuple[frozenset[str], frozenset[str]]:
    """Columns each of which names the rows by itself, and those that are called boolean.

    A hint: there is none where the dialect cannot tell.
    """
    from sqlalchemy import Boolean, inspect
    from sqlalchemy.exc import SAWarning, SQLAlchemyError

    found: list[Sequence[str | None]] = []
    truths: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)  # types and indexes that it has no word for
        try:
            of = inspect(connection)
            columns = of.get_columns(name, schema)
            truths += [each["name"] for each in columns if isinstance(each["type"], Boolean)]
            found.append(of.get_pk_constraint(name, schema)["constrained_columns"])
            found += [each["column_names"] for each in of.get_unique_constraints(name, schema)]
            found += [
                each["column_names"] for each in of.get_indexes(name, schema) if each["unique"]
            ]
        except (NotImplementedError, SQLAlchemyError):
            connection.rollback()  # else nothing more could be asked
    keys = frozenset(columns[0] for columns in found if len(columns) == 1 and columns[0])
    return keys, frozenset(truths)


def _unknown(inspector: Inspector, source: str, wanted: str) -> SourceError:
    """The error for what is neither a table nor a query that reads."""
    tables = _tables(inspector)
    more = f" and {len(tables) - MOST_NAMED} more" if len(tables) > MOST_NAMED else ""
    listed = f"Tables: {', '.join(tables[:MOST_NAMED])}{more}." if tables else "It has no tables."
    if not wanted:
        return SourceError(
            "The address names no table.",
            where=source,
            fix=f"Add ::TABLE, or a query as ::SELECT ... {listed}",
        )
    if re.search(r"\s", wanted):
        return SourceError(
            "This is neither a table of the database nor a query that only reads.",
            where=source,
            fix=f"A query begins with SELECT, WITH or VALUES. {listed}",
        )
    called = {name.lower(): name for name in tables}
    near = [called[name] for name in difflib.get_close_matches(wanted.lower(), called, n=2)]
    return SourceError(
        f"The database has no table {wanted!r}.",
        where=source,
        fix=f"Did you mean {' or '.join(near)}? {listed}" if near else listed,
    )


def _tables(inspector: Inspector) -> list[str]:
    """Names of all tables and views, those of other schemas of PostgreSQL with their schema."""
    schemas: list[str | None] = [None]
    if inspector.dialect.name == "postgresql":
        own = {inspector.default_schema_name, "information_schema"}
        schemas += [s for s in inspector.get_schema_names() if s not in own]
    found = []
    for schema in schemas:
        names = [*inspector.get_table_names(schema), *inspector.get_view_names(schema)]
        with suppress(NotImplementedError):
            names += inspector.get_materialized_view_names(schema)
        found += [f"{schema}.{name}" if schema else name for name in names]
    return sorted(found)


def _fetch(connection: Connection, asked: _Asked, source: str, progress: Progress) -> list[Pieces]:
    """All rows, as columns.

    Raises:
        SourceError: for names that are not different, and for a column of bytes.
    """
    with asked.run(connection) as result, progress("Reading rows", asked.num_rows) as advance:
        names = list(map(str, result.keys()))
        require_names(names, source, "Name columns in a query: ::SELECT a.id AS first, b.id AS ...")
        columns = [Pieces(name) for name in names]
        for rows in result.partitions(CHUNK_ROWS):
            for column, values in zip(columns, zip(*rows, strict=True), strict=True):
                column.add(values)
                if column.holds_bytes:
                    raise _bytes(connection, asked, source, names, column.name)
            advance(len(rows))
    return columns


def _bytes(
    connection: Connection, asked: _Asked, source: str, names: Sequence[str], name: str
) -> SourceError:
    fix = "Leave the column out of the query, or turn it into a text there."
    if asked.table and len(names) <= MOST_NAMED:
        quote = connection.dialect.identifier_preparer.quote
        others = ", ".join(quote(each) for each in names if each != name)
        query = f"select {others} from {asked.table}"  # noqa: S608  (shown, not run)
        fix = f"Leave it out: '{address.split(source)[0]}::{query}'"
    return SourceError(
        f"The column {name!r} holds bytes, which no cell of a table can be.", where=source, fix=fix
    )
