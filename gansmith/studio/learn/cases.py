"""Guided cases: a game to begin with, and what is to be seen in it.

Each text says what happens under these settings and this seed, and a test plays it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Case:
    """A game that shows one thing.

    Attributes:
        name: in the address.
        title: what it shows.
        text: what to do, and what is seen.
        moves: after which it is seen.
        settings: that differ from the usual ones.
    """

    name: str
    title: str
    text: str
    moves: str
    settings: dict[str, Any]


CASES: tuple[Case, ...] = ()
