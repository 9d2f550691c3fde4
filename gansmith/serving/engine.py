"""One thread that has the networks, and a queue with a bound before it.

What is asked for is made exactly as ``gansmith sample`` makes it, chunk by chunk: a product of
matrices may round a row in other ways when it stands in another batch, so requests that name a
seed are not mixed with others. Those that name none and wait at the same time share one seed: each
gets the samples behind those of the one before.
"""

from __future__ import annotations

import math
import secrets
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gansmith.run import Array, Run
from gansmith.runs.folder import RunFolder
from gansmith.sample.sampler import Sampler
from gansmith.serving.limits import Limits, RefusedError

SEEDS = 2**31
# Of the usual time that a job takes, in the hint when to come again.
MOST_RETRY_SECONDS = 60


@dataclass(frozen=True)
class Wish:
    """What samples are asked for; see :meth:`gansmith.run.Run.sample`."""

    n: int
    seed: int | None = None
    condition: str | None = None
    truncation: float = 1.0
    where: str | None = None

    def shares_with(self, other: Wish) -> bool:
        """Whether both may be parts of one sampling."""
        kinds = [(w.seed, w.condition, w.truncation, w.where) for w in (self, other)]
        return self.seed is None and kinds[0] == kinds[1]


@dataclass(frozen=True)
class Made:
    """Samples ``first`` to ``first + n`` of the ``total`` of a seed, raw, with their classes."""

    samples: Array
    labels: Array | None
    seed: int
    first: int
    total: int


@dataclass
class _Job:
    """Something to do, and where its result goes."""

    work: Callable[[], Any] | None = None
    wish: Wish | None = None
    finish: Callable[[Made], Any] | None = None
    result: Future[Any] = field(default_factory=Future)


class _Loaded(Run):
    """A run whose networks are loaded once."""

    _kept: Sampler | None = None

    def sampler(
        self, *, ema: float | None = None, best: bool = False, device: str = "cpu"
    ) -> Sampler:
        """The one sampler."""
        assert ema is None
        assert not best
        if self._kept is None:
            self._kept = super().sampler(device=device)
        return self._kept


class Engine:
    """Does one thing after the other.

    Args:
        folder: of the run.
        limits: of the queue and of the time.

    Attributes:
        run: with its networks loaded; to be used within jobs alone.
        num_merged: requests that were answered together with others.
    """

    def __init__(self, folder: RunFolder, limits: Limits) -> None:
        self.run, self.limits = _Loaded(folder), limits
        self.run.sampler()
        self.num_merged = 0
        self._waiting: deque[_Job] = deque()
        self._changed = threading.Condition()
        self._closed, self._busy, self._usual_seconds = False, False, 0.1
        self._thread = threading.Thread(target=self._loop, name="gansmith-engine", daemon=True)
        self._thread.start()

    @property
    def num_waiting(self) -> int:
        """Jobs that wait."""
        return len(self._waiting)

    def sample(self, wish: Wish, finish: Callable[[Made], Any]) -> Future[Any]:
        """What ``finish`` makes of the samples, later.

        Raises:
            RefusedError: if too many wait already, or the server ends.
        """
        return self._put(_Job(wish=wish, finish=finish))

    def do(self, work: Callable[[], Any]) -> Future[Any]:
        """What ``work`` returns, later. Raises a RefusedError as :meth:`sample` does."""
        return self._put(_Job(work=work))

    def _put(self, job: _Job) -> Future[Any]:
        with self._changed:
            if self._closed:
                raise RefusedError(503, "The server is about to end.", retry_seconds=10)
            if len(self._waiting) >= self.limits.queue:
                seconds = math.ceil(self._usual_seconds * len(self._waiting))
                raise RefusedError(
                    503, "Too many requests wait already.",
                    retry_seconds=min(max(seconds, 1), MOST_RETRY_SECONDS),
                )  # fmt: skip
            self._waiting.append(job)
            self._changed.notify()
        return job.result

    def close(self) -> None:
        """Finish what waits, and end."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _loop(self) -> None:
        while jobs := self._next():
            started = time.monotonic()
            self._answer([job for job in jobs if job.result.set_running_or_notify_cancel()])
            took = (time.monotonic() - started) / len(jobs)
            del jobs  # what was sent is let go of before the next wait
            self._usual_seconds += 0.1 * (took - self._usual_seconds)

    def _next(self) -> list[_Job]:
        """The first that waits, with those that share its samples; none at the end."""
        with self._changed:
            while not self._waiting and not self._closed:
                self._changed.wait()
            if not self._waiting:
                return []
            first = self._waiting.popleft()
            jobs, total = [first], first.wish.n if first.wish else 0
            if first.wish is None or first.wish.seed is not None:
                return jobs
            for other in list(self._waiting):
                wish = other.wish
                fits = wish is not None and total + wish.n <= self.limits.samples
                if wish is not None and fits and first.wish.shares_with(wish):
                    self._waiting.remove(other)
                    jobs.append(other)
                    total += wish.n
            return jobs

    def _answer(self, jobs: list[_Job]) -> None:
        try:
            if jobs and jobs[0].work is not None:
                jobs[0].result.set_result(jobs[0].work())
            elif jobs:
                self._share([(job, job.wish) for job in jobs if job.wish is not None])
        except Exception as error:
            forget_frames(error)
            for job in jobs:
                job.result.set_exception(error)
            del job
        finally:
            jobs.clear()  # of this frame too

    def _share(self, jobs: list[tuple[_Job, Wish]]) -> None:
        """Make the samples of all, and give each its part as soon as that is ready."""
        self.num_merged += len(jobs) if len(jobs) > 1 else 0
        made = self._made(jobs[0][1], sum(wish.n for _, wish in jobs))
        first = 0
        for job, wish in jobs:
            own = slice(first, first + wish.n)
            labels = None if made.labels is None else made.labels[own]
            _finish(job, Made(made.samples[own], labels, made.seed, first, made.total))
            first += wish.n

    def _made(self, wish: Wish, n: int) -> Made:
        seed = secrets.randbelow(SEEDS) if wish.seed is None else wish.seed
        latest = time.monotonic() + self.limits.work_seconds
        samples, labels = [], []
        for chunk, classes in self.run.stream(
            n, condition=wish.condition, seed=seed, truncation=wish.truncation, where=wish.where
        ):
            samples.append(chunk)
            if classes is not None:
                labels.append(classes)
            if time.monotonic() > latest:
                raise RefusedError(
                    503, f"This takes more than {self.limits.work_seconds:g} seconds.",
                    fix="Ask for fewer samples, or a condition that more of them meet.",
                )  # fmt: skip
        return Made(np.concatenate(samples), np.concatenate(labels) if labels else None, seed, 0, n)


def _finish(job: _Job, made: Made) -> None:
    """Give a job what it makes of its samples, or the error, which is its alone."""
    assert job.finish is not None
    try:
        job.result.set_result(job.finish(made))
    except Exception as error:
        forget_frames(error)
        job.result.set_exception(error)
        del job, made  # of this frame too


def forget_frames(error: BaseException | None) -> None:
    """Let go of what the functions that an error came through were given.

    They hold the error and it holds them, so that all that a client has sent would stay in memory
    until the collector of garbage comes by, which counts objects and not their sizes.
    """
    while error is not None:
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__
