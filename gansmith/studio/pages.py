"""What a browser is told, and what is not taken from one: headers, caching, other origins."""

from __future__ import annotations

from urllib.parse import urlsplit

from gansmith.serving.guards import App, Headers, Receive, Scope, Send
from gansmith.serving.limits import RefusedError

# Charts set the style of what they draw; scripts come from files of ours alone.
POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' blob: data:; "
    "media-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors {ancestors}"
)
NO_FRAME, FRAME = "'none'", "'self' https://huggingface.co"
# The version of a library is in its name, so what has been fetched once stays right.
VENDOR, YEAR = "/vendor/", b"public, max-age=31536000, immutable"
API = "/api/"


def headers_of(path: str, framed: bool = False) -> Headers:
    """Headers of the answer to ``path``.

    Args:
        path: that was asked for.
        framed: whether a Space of the Hub may show the page in a frame.
    """
    policy = POLICY.format(ancestors=FRAME if framed else NO_FRAME)
    if path.startswith(API):
        keeping = b"no-store"
    else:  # asked again each time, and answered by 304 where nothing has changed
        keeping = YEAR if path.startswith(VENDOR) else b"no-cache"
    return [
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer"),
        (b"content-security-policy", policy.encode()),
        (b"cache-control", keeping),
    ]


def is_open(path: str) -> bool:
    """Whether a path needs no token: the page itself, which holds no data."""
    return not path.startswith(API)


class SameOrigin:
    """ASGI middleware: what changes something is taken from our own page, or from a program.

    A page of somebody else's could otherwise send requests from the browser of a visitor. Browsers
    say where a request comes from; programs say nothing.
    """

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "http" and scope["method"] not in ("GET", "HEAD"):
            headers = {name.decode("latin-1"): value.decode("latin-1")
                       for name, value in scope["headers"]}  # fmt: skip
            if not _is_own(headers):
                raise RefusedError(403, "This request comes from another site.")
        await self._app(scope, receive, send)


def _is_own(headers: dict[str, str]) -> bool:
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")
