"""Progress that any part can report without knowing who shows it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class Advance(Protocol):
    """Call with how many items are done since the last call."""

    def __call__(self, items: int = 1) -> None: ...


class Progress(Protocol):
    """Opens a bar for a piece of work: ``with progress("Decoding", total=n) as advance: ...``.

    A total of 0 says that it is not known how many there are.
    """

    def __call__(self, title: str, total: int) -> AbstractContextManager[Advance]: ...


@contextmanager
def silent(title: str, total: int) -> Iterator[Advance]:
    """The progress that shows nothing; what Python callers get unless they ask for more."""
    del title, total
    yield _nothing


def _nothing(items: int = 1) -> None:
    del items
