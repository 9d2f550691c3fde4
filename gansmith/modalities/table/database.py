"""Connections to databases through SQLAlchemy, for reading only, and what goes wrong with them."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gansmith.data import address
from gansmith.errors import MissingExtraError, SourceError

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection

CONNECT_SECONDS = 10
SQLITE_HEADER = b"SQLite format 3\0"
PASSWORD_VARIABLE = "GANSMITH_DB_PASSWORD"  # noqa: S105  (only its name)
# Names of packages, where they are not those of their modules.
PACKAGES = {"MySQLdb": "mysqlclient", "psycopg2": "psycopg2-binary"}
LOGIN_FIX = (
    "Check host, port, name, user and password. A password may stand in the address, in "
    f"{PASSWORD_VARIABLE}, or where the driver looks for it (PGPASSWORD, ~/.pgpass)."
)


@contextmanager
def connected(place: str) -> Iterator[Connection]:
    """A connection for reading; nothing is committed.

    Args:
        place: address of a database, without secrets.

    Raises:
        SourceError: if it cannot be reached or opened, or its driver is not installed.
        MissingExtraError: if SQLAlchemy or the driver of PostgreSQL is not installed.
    """
    try:
        from sqlalchemy import create_engine
        from sqlalchemy.pool import NullPool
    except ImportError:
        raise MissingExtraError("sqlalchemy", "sql", "A database") from None

    with said_in_a_line(place, place, LOGIN_FIX), _driver_is_there(place):
        url = _url(place)
        engine = create_engine(url, poolclass=NullPool, connect_args=_options(url))
        try:
            connection = engine.connect()
            _only_read(connection)
        except Exception:
            address.forget(place)  # perhaps the password was wrong
            raise
    with connection:
        yield connection


def _only_read(connection: Connection) -> None:
    """Tell the server that nothing will be written. Files are opened so by their addresses."""
    if connection.dialect.name == "postgresql":
        connection.execution_options(postgresql_readonly=True)
    elif connection.dialect.name in {"mysql", "mariadb"}:
        connection.exec_driver_sql("SET SESSION TRANSACTION READ ONLY")
        connection.rollback()  # it holds from the next transaction on


def _url(place: str) -> URL:
    """The whole address, with what was taken out of it."""
    from sqlalchemy import make_url

    secrets, url = address.secrets_of(place), make_url(place)
    password = secrets.password or os.environ.get(PASSWORD_VARIABLE)
    if url.username and password:
        url = url.set(password=password)
    url = url.update_query_dict(secrets.parameters)
    if url.drivername in {"postgres", "postgresql"}:
        return url.set(drivername="postgresql+psycopg")
    return _sqlite_file(url, place) if url.get_backend_name() == "sqlite" else url


def _options(url: URL) -> dict[str, Any]:
    """Arguments of the driver: who does not answer is not waited for long, and nothing is made."""
    driver = url.get_driver_name()
    if url.get_backend_name() == "duckdb":
        return {"read_only": True}
    patience = {} if "connect_timeout" in url.query else {"connect_timeout": CONNECT_SECONDS}
    if driver in {"psycopg", "psycopg2"}:
        return {"client_encoding": "utf8", **patience}
    return patience if driver in {"pymysql", "mysqldb"} else {}


def _sqlite_file(url: URL, place: str) -> URL:
    """The address that opens a file of SQLite for reading, and never makes one."""
    if url.host or not url.database:
        raise SourceError(
            "The address names no file.",
            where=place,
            fix=f"sqlite:///{url.host or 'people.db'} is a file of this folder, "
            "sqlite:////data/people.db one with its whole path.",
        )
    # As it is written; SQLAlchemy from 2.1 on reads %20 as a space, which it may be, too.
    path = Path(place.partition(":///")[2].partition("?")[0]).expanduser()
    if not path.is_file():
        path = Path(url.database).expanduser()
    if not path.is_file():
        raise SourceError(
            "There is no such file.",
            where=f"{place}: looked for {path.absolute()}",
            fix=_other_file(path),
        )
    with path.open("rb") as file:
        start = file.read(len(SQLITE_HEADER))
    if start and start != SQLITE_HEADER:
        raise SourceError("This file is no database of SQLite.", where=str(path))
    query = {**url.query, "mode": "ro", "uri": "true"}
    return url.set(database=path.absolute().as_uri(), query=query)


def _other_file(path: Path) -> str | None:
    """A hint at the file that was meant."""
    if Path("/", path).is_file():
        return f"Did you mean sqlite:////{path}? A whole path begins with a fourth slash."
    with suppress(OSError):
        names = [each.name for each in path.absolute().parent.iterdir()]
        near = difflib.get_close_matches(path.name, names, n=2)
        if near:
            return f"Did you mean {' or '.join(f'sqlite:///{path.with_name(n)}' for n in near)}?"
    return None


@contextmanager
def _driver_is_there(place: str) -> Iterator[None]:
    """Within, a driver or dialect that is not installed is an error that names it."""
    from sqlalchemy import exc

    kind = place.partition(":")[0]
    try:
        yield
    except exc.NoSuchModuleError:
        raise SourceError(
            f"SQLAlchemy knows no kind of database called {kind!r}.",
            where=place,
            fix="Install the package that teaches it this kind, as duckdb-engine does for duckdb.",
        ) from None
    except ImportError as error:
        module = (error.name or str(error)).partition(".")[0]
        if module.startswith("psycopg") and "+" not in kind:
            raise MissingExtraError("psycopg", "sql", "PostgreSQL") from None
        raise SourceError(
            f"The driver for {kind} is not installed: there is no module {module!r}.",
            where=place,
            fix=f"pip install {PACKAGES.get(module, module)}, or name another driver: "
            f"{kind.partition('+')[0]}+DRIVER://...",
        ) from None


@contextmanager
def said_in_a_line(where: str, place: str, fix: str) -> Iterator[None]:
    """Within, an error of the database is a SourceError in its own words, without the password."""
    from sqlalchemy import exc

    secrets = address.secrets_of(place)
    try:
        yield
    except exc.ArgumentError as error:
        raise SourceError(
            f"This is no address of a database: {_line(error)}.",
            where=where,
            fix="Write it as postgresql://user@host:5432/name::table.",
        ) from None
    except (exc.SQLAlchemyError, OSError) as error:
        said = _line(getattr(error, "orig", None) or error)
        for secret in filter(None, [secrets.password, *secrets.parameters.values()]):
            said = said.replace(secret, "***")
        raise SourceError(f"The database says: {said}.", where=where, fix=fix) from None


def _line(error: BaseException) -> str:
    """What an error says, in a line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [repr(error)]
    first = lines[1].removeprefix("- ") if lines[0].endswith(":") and lines[1:] else lines[0]
    return first.rstrip(".")
