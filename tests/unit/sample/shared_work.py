"""What other processes are given to do; they import this alone."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable


def slower_at_first(base: int) -> Callable[[int], tuple[int, int]]:
    """Squares and the process that made them; the first takes longest."""

    def work(number: int) -> tuple[int, int]:
        time.sleep(0.3 if number == 0 else 0.0)
        return base + number**2, os.getpid()

    return work


def ends_at_three() -> Callable[[int], int]:
    """A process that is killed by its third task."""

    def work(number: int) -> int:
        if number == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return number

    return work
