"""A signal asks for an end; the trainer answers after the round, with everything saved."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


def ending_signals() -> tuple[signal.Signals, ...]:
    """The signals that ask for an end: a closed terminal too, unless ``nohup`` said otherwise."""
    hang_up: signal.Signals | None = getattr(signal, "SIGHUP", None)  # not on Windows
    if hang_up is None or signal.getsignal(hang_up) is signal.SIG_IGN:
        return (signal.SIGTERM, signal.SIGINT)
    return (signal.SIGTERM, signal.SIGINT, hang_up)


class StopRequest:
    """Whether a signal has asked for an end, and which one.

    Args:
        asked: called at each signal, for whoever must be told.
    """

    def __init__(self, asked: Callable[[], object] = lambda: None) -> None:
        self.signal_number: int | None = None
        self._asked = asked

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
