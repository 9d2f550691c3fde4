"""The games under way: one a visitor, a bounded number, each rebuilt where it was dropped."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from gansmith.serving.limits import RefusedError
from gansmith.studio.learn.dirac import DiracPlay
from gansmith.studio.learn.faces import FacesPlay
from gansmith.studio.learn.play import Play
from gansmith.studio.learn.points import PointsPlay
from gansmith.studio.learn.settings import Settings, read_moves

PLAYS: dict[str, type[Play]] = {"points": PointsPlay, "dirac": DiracPlay, "faces": FacesPlay}
# Games that are kept; a visitor who looked away for so long begins anew, unseen.
MOST_GAMES, IDLE_SECONDS = 32, 600.0
# That a request may compute: a long way is gone in several, so that others get their turn.
SLICE_SECONDS = 0.25
# Requests that wait for their turn or have it: each takes one of the server's 40 threads.
MOST_WAITING = 24


@dataclass
class _Seat:
    """A visitor's game."""

    play: Play
    lock: threading.Lock = field(default_factory=threading.Lock)
    seen: float = 0.0


class Table:
    """Games by visitor.

    What a game is depends on its settings and moves alone. So one that was dropped is played again
    from its beginning, and a visitor notices nothing but the time.

    Args:
        clock: seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._seats: OrderedDict[str, _Seat] = OrderedDict()
        self._clock, self._lock = clock, threading.Lock()
        self._turns, self._waiting = threading.Semaphore(2), 0

    def __len__(self) -> int:
        return len(self._seats)

    def play(
        self,
        visitor: str,
        settings: Settings,
        moves: str,
        look: Callable[[Play, bool], dict[str, Any]],
    ) -> dict[str, Any]:
        """Bring a visitor's game nearer to where ``moves`` lead, and look at it.

        Args:
            visitor: a random name of the page.
            settings: of the game.
            moves: all since its beginning, such as r500d3.
            look: from the game, and whether it came all the way, to what the visitor gets.

        Raises:
            RefusedError: 503, if too many wait.
        """
        wanted = read_moves(moves, PLAYS[settings.game].letters, settings.round)
        with self._turn():
            seat = self._seat(visitor, settings, wanted)
            with seat.lock:
                self._go_on(seat.play, wanted)
                return look(seat.play, seat.play.singles == wanted)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Within, a request computes; few do so at once, and few wait."""
        with self._lock:
            if self._waiting >= MOST_WAITING:
                raise RefusedError(503, "Too many games are played here.", retry_seconds=2)
            self._waiting += 1
        try:
            with self._turns:
                yield
        finally:
            with self._lock:
                self._waiting -= 1

    def _seat(self, visitor: str, settings: Settings, wanted: str) -> _Seat:
        with self._lock:
            now = self._clock()
            for name, idle in list(self._seats.items()):
                if now - idle.seen > IDLE_SECONDS:
                    del self._seats[name]
            seat: _Seat | None = self._seats.pop(
                visitor, None
            )  # and back at the end: the last one seen
            if (
                seat is None
                or seat.play.settings != settings
                or not wanted.startswith(seat.play.singles)
            ):
                seat = _Seat(PLAYS[settings.game](settings))
            seat.seen = now
            self._seats[visitor] = seat
            while len(self._seats) > MOST_GAMES:
                self._seats.popitem(last=False)
            return seat

    def _go_on(self, play: Play, wanted: str) -> None:
        if not wanted.startswith(play.singles):  # another request of the visitor went further
            return
        end = self._clock() + SLICE_SECONDS
        for letter in wanted[len(play.singles) :]:
            play.move(letter)
            if self._clock() > end:
                return
