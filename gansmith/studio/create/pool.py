"""A few runs with their networks in memory; the one that nobody used for longest is let go."""

from __future__ import annotations

import asyncio
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cached_property
from typing import TypeVar

import anyio.to_thread

from gansmith.exploring import Explorer, Inspector
from gansmith.run import Run
from gansmith.runs import checkpoints
from gansmith.runs.folder import RunFolder
from gansmith.sample.places import Directions
from gansmith.sample.projection import Projection
from gansmith.serving.engine import Engine
from gansmith.serving.limits import Limits, RefusedError
from gansmith.studio.studio import Runs

MOST_LOADED, MOST_SEARCHES = 3, 16
# For a run in memory that nobody uses any more, so that another can take its place.
WAIT_SECONDS = 10.0
Result = TypeVar("Result")


class _InUseError(RefusedError):
    """All runs that are in memory are in use."""


class Loaded:
    """A run with its networks; all that computes is done by its engine, one thing at a time.

    Attributes:
        engine: has the networks.
        state: of the run folder when it was loaded.
        num_users: requests that are under way.
    """

    def __init__(self, folder: RunFolder, limits: Limits) -> None:
        self.state = state_of(folder)
        self.engine, self.num_users = Engine(folder, limits), 0
        self._searches: OrderedDict[str, Projection] = OrderedDict()
        self._inspecting = threading.Lock()

    @property
    def run(self) -> Run:
        """To be used by the engine alone."""
        return self.engine.run

    @cached_property
    def explorer(self) -> Explorer:
        """To be used by the engine alone. Raises a UserError for rows of a table."""
        return Explorer(self.run)

    @cached_property
    def directions(self) -> Directions:
        """Found once; to be used by the engine alone."""
        return self.explorer.directions()

    @cached_property
    def inspector(self) -> Inspector:
        """Opens the training data when they are first asked for."""
        return Inspector(self.run)

    def inspect(self, work: Callable[[Inspector], Result]) -> Result:
        """What needs the training data: on the caller's thread, one at a time."""
        with self._inspecting:
            return work(self.inspector)

    def keep(self, search: Projection) -> str:
        """Remember a search, and forget the oldest of too many; the name it is found by."""
        name = secrets.token_urlsafe(9)
        self._searches[name] = search
        if len(self._searches) > MOST_SEARCHES:
            self._searches.popitem(last=False)
        return name

    def search(self, name: str) -> Projection:
        """A search. Raises a RefusedError if it is forgotten."""
        if name not in self._searches:
            raise RefusedError(404, "This search is forgotten.", fix="Begin it again.")
        self._searches.move_to_end(name)
        return self._searches[name]

    async def do(self, work: Callable[[], Result]) -> Result:
        """What ``work`` returns, by the engine, when its turn comes."""
        done: Result = await asyncio.wrap_future(self.engine.do(work))
        return done


def state_of(folder: RunFolder) -> tuple[str, str, int]:
    """What changes when other networks are to be loaded: place, checkpoint, calibration."""
    calibration = folder.path / "calibration.json"
    written = calibration.stat().st_mtime_ns if calibration.is_file() else 0
    return str(folder.path), checkpoints.newest_name(folder.checkpoints), written


class Pool:
    """Loads runs when they are asked for.

    Args:
        runs: that may be asked for, by name.
        limits: of each engine.
        most: runs in memory.
    """

    def __init__(self, runs: Runs, limits: Limits, most: int = MOST_LOADED) -> None:
        self.runs, self.limits, self.most = runs, limits, most
        self._loaded: OrderedDict[str, Loaded] = OrderedDict()
        self._lock, self._counting = threading.Lock(), threading.Lock()
        self._closed = False

    @asynccontextmanager
    async def using(self, name: str) -> AsyncIterator[Loaded]:
        """The run of that name; within, it stays in memory.

        Raises:
            RefusedError: if there is none, or all that are in memory stay in use for long.
            RunError: if it cannot be loaded.
        """
        loaded = await self._taken(name)
        try:
            yield loaded
        finally:
            self._count(loaded, -1)

    async def do(self, name: str, work: Callable[[Loaded], Result]) -> Result:
        """What ``work`` returns, done by the engine of that run; raises as :meth:`using` does."""
        async with self.using(name) as loaded:
            return await loaded.do(lambda: work(loaded))

    async def _taken(self, name: str) -> Loaded:
        latest = time.monotonic() + WAIT_SECONDS
        while True:
            try:
                return await anyio.to_thread.run_sync(self._take, name)
            except _InUseError:
                if time.monotonic() > latest:
                    raise
            await anyio.sleep(0.1)

    def _take(self, name: str) -> Loaded:
        folder = self.runs.get(name)
        with self._lock:
            if self._closed:
                raise RefusedError(503, "The server is about to end.", retry_seconds=10)
            found = self._loaded.get(name)
            if found is None or (found.state != state_of(folder) and not found.num_users):
                found = self._load(name, folder)
            self._loaded.move_to_end(name)
            self._count(found, 1)
            return found

    def _count(self, loaded: Loaded, more: int) -> None:
        # A lock of its own: loading a run takes the other for seconds.
        with self._counting:
            loaded.num_users += more

    def _load(self, name: str, folder: RunFolder) -> Loaded:
        old = self._loaded.pop(name, None)
        if old is not None:  # it was trained on since
            old.engine.close()
        while len(self._loaded) >= self.most:
            idle = next((each for each, own in self._loaded.items() if not own.num_users), None)
            if idle is None:
                raise _InUseError(503, "Other runs are in use.", retry_seconds=5)
            self._loaded.pop(idle).engine.close()
        self._loaded[name] = Loaded(folder, self.limits)
        return self._loaded[name]

    def close(self) -> None:
        """Finish what is under way, and let go of all."""
        with self._lock:
            self._closed = True
            for loaded in self._loaded.values():
                loaded.engine.close()
            self._loaded.clear()
