"""Names that a server answers to, so that a page on the web cannot reach it by one of its own."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.responses import PlainTextResponse

from gansmith.serving.guards import App, Receive, Scope, Send
from gansmith.serving.limits import RefusedError

ANY = "*"
# Of a name that is told back to whoever gave it.
_MOST_TOLD = 80


class OwnHosts:
    """ASGI middleware: a request under another name is refused; a person is told in a sentence.

    Inside of :class:`~gansmith.serving.guards.Guards`, which makes JSON of a refusal.

    Args:
        app: what is guarded.
        hosts: names that the server answers to; ``*`` for any.
    """

    def __init__(self, app: App, *, hosts: Sequence[str]) -> None:
        self._app = app
        self._hosts = None if ANY in hosts else frozenset(host.strip("[]") for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if self._hosts is None or scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        given = headers.get(b"host", b"").decode("latin-1")
        if _name(given) in self._hosts:
            await self._app(scope, receive, send)
            return
        refused = _refused(given, scope.get("server"))
        if b"text/html" not in headers.get(b"accept", b""):  # a program, or a script of a page
            raise refused
        sentence = f"{refused.what} {refused.fix}\n"
        await PlainTextResponse(sentence, refused.code)(scope, receive, send)


def _name(host: str) -> str:
    """The name in a Host header, without its port; empty where there is none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _refused(given: str, server: Sequence[object] | None) -> RefusedError:
    name = given[:_MOST_TOLD].encode("ascii", "replace").decode()
    port = server[1] if server and server[1] else None
    address = "http://127.0.0.1" + (f":{port}" if port else "")
    return RefusedError(
        400,
        f"This server does not answer under the name {name!r}, but under those of its own machine "
        "alone.",
        fix=f"Open it there, at {address}; to let others in, start it with --host and a token.",
    )
