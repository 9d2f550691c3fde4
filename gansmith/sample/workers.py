"""Work that several processes share, with results in the order of what was asked."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

import torch

from gansmith.errors import GansmithError, UserError

Asked = TypeVar("Asked")
Made = TypeVar("Made")
# Results that wait for their turn, for each process: none stands idle, and memory is bounded.
AHEAD = 2
_work: Callable[[Any], Any]


class WorkerError(GansmithError):
    """A process that was to do a part of the work has ended."""


def num_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def require_workers(workers: int) -> None:
    """Raise a UserError for a number of processes that cannot be."""
    if workers < 1:
        raise UserError(
            f"{workers} processes cannot do anything.", where="workers", fix="Take 1 or more."
        )


def _start(
    prepare: Callable[..., Callable[[Any], Any]], about: tuple[Any, ...], threads: int
) -> None:
    global _work
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C reaches all; the first process stops us
    torch.set_num_threads(threads)
    _work = prepare(*about)


def _do(asked: Any) -> Any:
    return _work(asked)


def in_order(
    workers: int,
    prepare: Callable[..., Callable[[Asked], Made]],
    about: tuple[Any, ...],
    asked: Iterable[Asked],
) -> Iterator[Made]:
    """What ``prepare(*about)`` makes of each that is asked, by so many processes.

    Args:
        workers: processes; each shares the cores evenly with the others.
        prepare: a function of a module, called once in each process.
        about: its arguments.
        asked: may be without end; it is not read further ahead than memory allows.

    Raises:
        WorkerError: if a process is killed, or runs out of memory.
    """
    threads = max(1, num_cores() // workers)
    pool = ProcessPoolExecutor(
        # A copy of this process might hold a lock of one of torch's threads for ever.
        workers, multiprocessing.get_context("spawn"), _start, (prepare, about, threads)
    )  # fmt: skip
    waiting: deque[Future[Made]] = deque()
    try:
        for each in asked:
            waiting.append(pool.submit(_do, each))
            if len(waiting) == AHEAD * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool:
        raise WorkerError(
            "A process that makes samples has ended before its work was done.",
            where=f"--workers {workers}",
            fix="It may have run out of memory: ask for fewer processes.",
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)
