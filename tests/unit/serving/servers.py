"""A real server on a free port, and a client that speaks HTTP and nothing more."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI

from gansmith.serving import server
from gansmith.serving.limits import Limits

# Small ones, which a test can exceed.
LIMITS = Limits(samples=300, body_bytes=200_000, pixels=10_000, per_minute=0)


@dataclass(frozen=True)
class Answer:
    """What came back."""

    code: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Client:
    """Asks a server."""

    port: int

    def ask(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.headers), answer.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Answer:
        """A GET."""
        return self.ask("GET", path, headers=headers)

    def upload(self, path: str, files: Mapping[str, bytes]) -> Answer:
        """A POST of files, under these names."""
        body, kind = form(files)
        return self.ask("POST", path, body, {"Content-Type": kind})

    def post(self, path: str, value: Any) -> Answer:
        """A POST of JSON."""
        return self.ask("POST", path, json.dumps(value), {"Content-Type": "application/json"})


def form(files: Mapping[str, bytes]) -> tuple[bytes, str]:
    """The body of a form with files, and its type."""
    mark = uuid.uuid4().hex
    parts = [
        f'--{mark}\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'
        .encode() + content + b"\r\n"
        for name, content in files.items()
    ]  # fmt: skip
    return b"".join(parts) + f"--{mark}--\r\n".encode(), f"multipart/form-data; boundary={mark}"


@contextmanager
def running(app: FastAPI) -> Iterator[Client]:
    """The app, on a free port of this machine."""
    at, ready = server.listen("127.0.0.1", 0), threading.Event()
    port = at.getsockname()[1]
    own = server._Server(server.config_of(app), ready.set)
    thread = threading.Thread(target=own.run, args=([at],))
    thread.start()
    try:
        assert ready.wait(30)
        yield Client(port)
    finally:
        own.should_exit = True
        thread.join(30)
        at.close()


def send_slowly(port: int, head: bytes, piece: bytes, most: int) -> tuple[bytes, int]:
    """Send pieces of a body until an answer comes; the answer, and the bytes that were sent."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(head)
        sent = 0
        connection.settimeout(0.02)
        while sent < most:
            try:
                answer = connection.recv(65536)
                return answer, sent
            except TimeoutError:
                pass
            connection.settimeout(30)
            connection.sendall(piece)
            sent += len(piece)
            connection.settimeout(0.02)
        connection.settimeout(30)
        return connection.recv(65536), sent
