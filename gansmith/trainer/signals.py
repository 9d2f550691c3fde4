"""A signal or a file asks for an end; the trainer answers after the round, with all saved."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from gansmith.errors import StoppedError

# In place of a signal's number, where it is the run folder that asks; above all of these.
FROM_FOLDER = 1_000
# Between two looks at it, which on a disk of the network may take longer than a round.
LOOK_SECONDS = 0.5


def ending_signals() -> tuple[signal.Signals, ...]:
    """The signals that ask for an end: a closed terminal too, unless ``nohup`` said otherwise."""
    hang_up: signal.Signals | None = getattr(signal, "SIGHUP", None)  # not on Windows
    if hang_up is None or signal.getsignal(hang_up) is signal.SIG_IGN:
        return (signal.SIGTERM, signal.SIGINT)
    return (signal.SIGTERM, signal.SIGINT, hang_up)


class StopRequest:
    """Whether a signal has asked for an end, and which one, or a file in the run folder.

    Args:
        asked: called at each signal, for whoever must be told.
        in_folder: whether the run folder asks for it; looked up now and then.
    """

    def __init__(
        self,
        asked: Callable[[], object] = lambda: None,
        in_folder: Callable[[], bool] = lambda: False,
    ) -> None:
        self.signal_number: int | None = None
        self._asked, self._in_folder = asked, in_folder
        self._from_folder, self._next_look = False, 0.0

    def look(self) -> int:
        """What has asked for an end: a signal's number, ``FROM_FOLDER``, or 0 for nothing yet."""
        if self.signal_number:
            return self.signal_number
        now = time.monotonic()
        if not self._from_folder and now >= self._next_look:
            self._next_look = now + LOOK_SECONDS
            self._from_folder = self._in_folder()
            if self._from_folder:
                self._asked()
        return FROM_FOLDER if self._from_folder else 0

    def _handle(self, number: int, frame: FrameType | None) -> None:
        del frame
        if self.signal_number is not None and number == signal.SIGINT:
            raise KeyboardInterrupt  # asked twice: at once, without saving
        self.signal_number = number
        self._asked()

    @contextmanager
    def listening(self) -> Iterator[StopRequest]:
        """Within, those signals only set ``signal_number``; a no-op but in the main thread."""
        if threading.current_thread() is not threading.main_thread():
            yield self
            return
        before = {number: signal.signal(number, self._handle) for number in ending_signals()}
        try:
            yield self
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def stopped(asked: int, where: str) -> StoppedError:
    """The error that ends a training which is saved.

    Args:
        asked: what :meth:`StopRequest.look` returned.
        where: the run folder.
    """
    if asked == FROM_FOLDER:
        return StoppedError(signal.SIGTERM, where, "from the studio")
    return StoppedError(asked, where)
