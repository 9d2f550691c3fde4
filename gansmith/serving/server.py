"""Runs the app on a socket, until a signal asks for an end; what is under way is finished."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI

from gansmith.errors import UserError
from gansmith.trainer.signals import ending_signals

# After a signal, for requests that are under way.
GRACE_SECONDS = 60


def listen(host: str, port: int) -> socket.socket:
    """A socket that clients can connect to; port 0 takes a free one.

    Raises:
        UserError: if it cannot be had.
    """
    if not 0 <= port < 2**16:
        raise UserError(f"{port} is no port.", where="--port", fix="Take one from 1 to 65535.")
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=256)
    except OSError as error:
        raise UserError(
            f"Nobody can be served there: {error.strerror or error}.",
            where=f"{host}:{port}",
            fix="Another program may be there: name another --port (0 takes a free one).",
        ) from error


def serve(app: FastAPI, at: socket.socket, ready: Callable[[], None]) -> None:
    """Answer until SIGINT, SIGTERM or a closed terminal; a second Ctrl-C ends at once.

    Args:
        app: to run.
        at: from :func:`listen`.
        ready: called when the first client may come.
    """
    server = _Server(config_of(app), ready)

    def end(*_: object) -> None:
        server.should_exit = True

    # The library listens to two of these itself, and raises what it heard anew when it has ended.
    if threading.current_thread() is threading.main_thread():
        for number in ending_signals():
            signal.signal(number, end)
    try:
        server.run(sockets=[at])
    finally:
        at.close()


def config_of(app: FastAPI) -> uvicorn.Config:
    """How the library is to run the app."""
    return uvicorn.Config(
        app, log_level="warning", access_log=False, server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS, h11_max_incomplete_event_size=2**16,
    )  # fmt: skip


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()
