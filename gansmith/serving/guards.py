"""What every request goes through before it reaches a route: who, how often, how large."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from gansmith.serving.limits import Limits, RefusedError
from gansmith.serving.metrics import Metrics

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

# Needs no token: says nothing about the run but that it is there.
OPEN = frozenset({"/", "/health", "/openapi.json"})
# Clients that are remembered; the one that has not been seen for longest is forgotten.
MOST_CLIENTS = 10_000
# Bodies of more than so many bytes come in a few at a time: of each, several copies are in memory
# until it is answered, and what is read as JSON takes many times its size.
LARGE_BYTES, MOST_LARGE = 2**20, 4
# What is left of a body that was refused is read and dropped for so long, with such pauses at most:
# most clients look for an answer when they have sent all, and see nothing but a broken connection
# where nobody takes it.
LINGER_SECONDS, PAUSE_SECONDS = 20.0, 1.0
HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'"),
    (b"cache-control", b"no-store"),
]
Headers = list[tuple[bytes, bytes]]


def headers_of(path: str) -> Headers:
    """What all answers of a server of one run carry."""
    del path
    return HEADERS


def is_open(path: str) -> bool:
    """Whether a server of one run answers there without a token."""
    return path in OPEN


class Pace:
    """A bucket of requests for each client, which fills up again at a steady rate.

    Args:
        per_minute: requests; all of them may come at once. 0 for any number.
        clock: seconds.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._clock = float(per_minute), clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_seconds(self, client: str) -> float:
        """0 where the client may go on, which counts; else the time until it may."""
        if not self._most:
            return 0.0
        now = self._clock()
        left, before = self._buckets.pop(client, (self._most, now))
        left = min(self._most, left + (now - before) * self._most / 60)
        allowed = left >= 1
        self._buckets[client] = (left - allowed, now)
        if len(self._buckets) > MOST_CLIENTS:
            self._buckets.popitem(last=False)
        return 0.0 if allowed else (1 - left) * 60 / self._most


class Guards:
    """ASGI middleware: token, pace and size of each request; counts and headers of each answer.

    A body is counted while it comes in. One that is too large is refused there and then, and no
    more of it is read.

    Args:
        app: what is guarded.
        limits: of size and pace.
        token: that each request must carry; None for none.
        metrics: where answers are counted.
        headers: of each answer, by the path that was asked for.
        is_open: whether a path needs no token.
    """

    def __init__(
        self,
        app: App,
        *,
        limits: Limits,
        token: str | None,
        metrics: Metrics,
        headers: Callable[[str], Headers] = headers_of,
        is_open: Callable[[str], bool] = is_open,
    ) -> None:
        self._app, self._limits, self._metrics = app, limits, metrics
        self._headers, self._is_open = headers, is_open
        self._token = None if token is None else token.encode()
        self._pace, self._room = Pace(limits.per_minute), asyncio.Semaphore(MOST_LARGE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["method"] == "HEAD":  # as GET; the server leaves the body out
            scope = {**scope, "method": "GET"}
        started = time.monotonic()
        exchange = _Exchange(send, self._headers(scope["path"]))
        bounded = _Bounded(receive, self._limits, self._room)
        try:
            self._require_allowed(scope)
            bounded.require_said_length(dict(scope["headers"]))
            await self._answered(scope, bounded, exchange)
        except RefusedError as refused:
            await exchange.refuse(refused, receive)
        finally:
            bounded.leave()
            route = getattr(scope.get("route"), "path", "other")
            self._metrics.answered(route, exchange.code or 500, time.monotonic() - started)

    async def _answered(self, scope: Scope, bounded: _Bounded, exchange: _Exchange) -> None:
        async def send(message: Message) -> None:
            if not bounded.refused:  # else the framework calls a broken body what we refuse
                await exchange.send(message)

        try:
            await self._app(scope, bounded.receive, send)
        except Exception:
            if not bounded.refused:
                raise
        if bounded.refused:
            raise bounded.refused

    def _require_allowed(self, scope: Scope) -> None:
        client = scope.get("client") or ("unknown",)
        wait = self._pace.wait_seconds(str(client[0]))
        if wait:
            raise RefusedError(429, "Too many requests.", retry_seconds=int(wait) + 1)
        if self._token is None or self._is_open(scope["path"]):
            return
        given = dict(scope["headers"]).get(b"authorization", b"")
        kind, _, token = given.partition(b" ")
        # In a time that says nothing about how much of it is right.
        same = hmac.compare_digest(token.strip(), self._token)
        if kind.lower() != b"bearer" or not same:
            raise RefusedError(401, "A token is needed.", fix="Authorization: Bearer TOKEN")


class _Bounded:
    """The body of a request, up to its limits; a large one waits until there is room for it."""

    def __init__(self, receive: Receive, limits: Limits, room: asyncio.Semaphore) -> None:
        self._receive, self._limits, self._room = receive, limits, room
        self._size_bytes, self._whole, self._inside = 0, False, False
        self.refused: RefusedError | None = None

    def require_said_length(self, headers: dict[bytes, bytes]) -> None:
        said = headers.get(b"content-length", b"")
        if said.isdigit() and int(said) > self._limits.body_bytes:
            raise self._too_large()

    def _too_large(self) -> RefusedError:
        most = self._limits.body_bytes / 2**20
        return RefusedError(413, f"The body has more than {most:g} MiB.", fix="Send it in parts.")

    async def receive(self) -> Message:
        if self.refused:
            raise self.refused
        if self._whole:
            return await self._receive()
        try:
            message = await asyncio.wait_for(self._receive(), self._limits.body_seconds)
        except TimeoutError:
            self.refused = RefusedError(408, "The body did not come.")
            raise self.refused from None
        self._size_bytes += len(message.get("body", b""))
        self._whole = message["type"] != "http.request" or not message.get("more_body")
        if self._size_bytes > self._limits.body_bytes:
            self.refused = self._too_large()
            raise self.refused
        if self._size_bytes > LARGE_BYTES and not self._inside:
            await self._enter()
        return message

    async def _enter(self) -> None:
        try:
            await asyncio.wait_for(self._room.acquire(), self._limits.work_seconds)
        except TimeoutError:
            self.refused = RefusedError(503, "Too much is sent at once.", retry_seconds=10)
            raise self.refused from None
        self._inside = True

    def leave(self) -> None:
        """It is answered."""
        if self._inside:
            self._room.release()


class _Exchange:
    """The answer: its code, and headers that all have."""

    def __init__(self, send: Send, headers: Headers) -> None:
        self._send, self._headers, self.code = send, headers, 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.code = message["status"]
            message["headers"] = [*message.get("headers", []), *self._headers]
        await self._send(message)

    async def refuse(self, refused: RefusedError, receive: Receive) -> None:
        if self.code:  # it has begun to answer
            return
        content = json.dumps({"error": refused.what, "fix": refused.fix}).encode()
        headers = {
            "content-type": "application/json", "content-length": str(len(content)),
            **refused.headers,
            **({"www-authenticate": "Bearer"} if refused.code == 401 else {}),
            # What is left of the body is dropped, so nothing can follow.
            **({"connection": "close"} if refused.code in (408, 413) else {}),
        }  # fmt: skip
        pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        start = {"type": "http.response.start", "status": refused.code, "headers": pairs}
        await self.send(start)
        if refused.code == 413:
            await self._send({"type": "http.response.body", "body": content, "more_body": True})
            await _drop(receive)
            content = b""
        await self._send({"type": "http.response.body", "body": content})


async def _drop(receive: Receive) -> None:
    """Take what is left of a body, for a while."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LINGER_SECONDS):
            more = True
            while more:
                message = await asyncio.wait_for(receive(), PAUSE_SECONDS)
                more = message["type"] == "http.request" and bool(message.get("more_body"))
