"""A server of PostgreSQL for tests: made, started, and stopped with its folder."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine


@dataclass(frozen=True)
class Server:
    """Where it listens: for its owner through a socket, for others with a password."""

    folder: Path
    port: int

    @property
    def place(self) -> str:
        """As its owner, who needs no password."""
        return f"postgresql://owner@/postgres?host={self.folder}&port={self.port}"

    def others(self, login: str, database: str = "postgres") -> str:
        """As somebody else, over the network."""
        return f"postgresql://{login}@127.0.0.1:{self.port}/{database}"

    def run(self, *statements: str) -> list[Any]:
        """Run statements as the owner, and commit; the first column of the last one's rows."""
        place = self.place.replace("postgresql:", "postgresql+psycopg:")
        options = {"no_parameters": True}
        with create_engine(place).begin() as connection:
            for statement in statements:
                result = connection.exec_driver_sql(statement, execution_options=options)
            return list(result.scalars()) if result.returns_rows else []


def _programs() -> Path | None:
    """The folder of the programs, where they are installed."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((each for each in folders if (each / "pg_ctl").exists()), None)


def _other_user() -> dict[str, Any]:
    """The server refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = names.get("postgres") or names["nobody"]
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


@contextmanager
def server() -> Iterator[Server]:
    """A server of its own; skips the test where PostgreSQL is not installed."""
    programs, user = _programs(), _other_user()
    if programs is None:
        pytest.skip("no server of PostgreSQL is installed (initdb, pg_ctl)")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # Not in pytest's own folder, which another user than root cannot enter.
    with tempfile.TemporaryDirectory(prefix="gansmith-pg-") as name:
        folder = Path(name)
        if user:
            os.chown(folder, user["user"], user["group"])

        def call(program: str, *arguments: str) -> None:
            command = [str(programs / program), "-D", str(folder / "data"), *arguments]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=60, cwd=folder,
                           **user)  # fmt: skip

        call("initdb", "-U", "owner", "--auth-local=trust", "--auth-host=scram-sha-256",
             "--no-sync", "-E", "UTF8", "--locale=C")  # fmt: skip
        options = (
            f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off "
            "-c shared_buffers=16MB -c timezone=Asia/Tokyo"
        )
        call("pg_ctl", "-w", "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield Server(folder, port)
        finally:
            call("pg_ctl", "-w", "-m", "immediate", "stop")
