"""What a server takes at most, and what it answers where that is too much."""

from __future__ import annotations

from dataclasses import dataclass

from gansmith.errors import GansmithError, UserError


@dataclass(frozen=True)
class Limits:
    """Bounds of everything that a client decides.

    Attributes:
        samples: in one request, made or judged.
        body_bytes: of a request.
        pixels: of an uploaded picture, as its header says, before it is decoded.
        queue: requests that wait for the networks.
        per_minute: requests of one client, by its address; 0 for any number.
        body_seconds: between two pieces of a body.
        work_seconds: that the samples of one request may take.
    """

    samples: int = 1_000
    body_bytes: int = 16 * 2**20
    pixels: int = 50_000_000
    queue: int = 64
    per_minute: int = 600
    body_seconds: float = 30.0
    work_seconds: float = 60.0

    def require(self) -> Limits:
        """These limits. Raises a UserError where one of them lets nothing through."""
        for name in ("samples", "body_bytes", "pixels", "queue"):
            if getattr(self, name) < 1:
                raise UserError(
                    f"A server that takes {getattr(self, name)} {name} serves nothing.",
                    fix="Take 1 or more.",
                )
        if self.per_minute < 0:
            raise UserError(
                f"{self.per_minute} requests a minute cannot be.", fix="0 sets no limit."
            )
        return self


class RefusedError(GansmithError):
    """A request that is not answered, with the code to say so.

    Args:
        code: of HTTP.
        what: what is wrong, one sentence.
        fix: what to do about it.
        retry_seconds: after which it may be asked again; None where that changes nothing.
    """

    def __init__(
        self, code: int, what: str, *, fix: str | None = None, retry_seconds: int | None = None
    ) -> None:
        super().__init__(what, fix=fix)
        self.code, self.retry_seconds = code, retry_seconds

    @property
    def headers(self) -> dict[str, str]:
        """Of the answer."""
        return {} if self.retry_seconds is None else {"Retry-After": str(self.retry_seconds)}
