"""Passes a run's records and sheets on to a tracker, each of them once."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from gansmith.errors import RunError
from gansmith.runs.folder import RunFolder, holding, write_atomic, writing
from gansmith.runs.tail import Tail, numbers

Name = Literal["tensorboard", "wandb"]
FOLDER = "tracked"
# Between two looks at a run that is training.
PAUSE_SECONDS = 2.0


class Destination(Protocol):
    """Where records go."""

    def record(self, samples: int, seconds: float, values: Mapping[str, float]) -> None:
        """Numbers at a sample count, ``seconds`` of training after its start."""

    def sheet(self, samples: int, path: Path) -> None:
        """A sheet of samples: a picture, or a file of texts."""

    def flush(self) -> None:
        """Bring all that was passed on so far to where it is kept."""

    def close(self) -> None:
        """Nothing more follows."""


@dataclass
class _Passed:
    """How much was passed on, kept beside what it was passed on to."""

    lines: int = 0
    sheet: int = -1


class Tracker:
    """Passes on what a run folder holds and has not been passed on yet.

    A training that goes on after it was killed writes the lines after its checkpoint again, and
    they are the same: so their number says which of them are new.

    Args:
        folder: of the run.
        name: of the tracker.
        destination: opened for that run.
    """

    def __init__(self, folder: RunFolder, name: Name, destination: Destination) -> None:
        self._folder, self._destination = folder, destination
        self._state = folder.path / FOLDER / f"{name}.json"
        self._passed = _read(self._state)
        self._tail, self._seen = Tail(folder.metrics), (0, 0)

    def catch_up(self) -> tuple[int, int]:
        """Pass on what is new; how many records and sheets that were."""
        new = list(self._new_records())
        sheets = list(self._new_sheets())
        for record in new:
            values = numbers(record)
            self._destination.record(record["samples"], values.get("seconds", 0.0), values)
        for samples, path in sheets:
            self._destination.sheet(samples, path)
        if new or sheets:
            self._destination.flush()
            self._passed.lines += len(new)
            self._passed.sheet = max([self._passed.sheet, *(samples for samples, _ in sheets)])
            write_atomic(self._state, json.dumps(asdict(self._passed)) + "\n")
        return len(new), len(sheets)

    def _new_records(self) -> Iterator[dict[str, Any]]:
        for record in self._tail.records():
            restarts, line = self._seen
            line = 0 if self._tail.restarts != restarts else line
            self._seen = (self._tail.restarts, line + 1)
            if line >= self._passed.lines:
                yield record

    def _new_sheets(self) -> Iterator[tuple[int, Path]]:
        for path in sorted(self._folder.samples.glob("*.*")):
            if path.stem.isdigit() and path.suffix in (".png", ".txt"):
                samples = int(path.stem)
                if samples > self._passed.sheet:
                    yield samples, path

    def close(self) -> None:
        """Pass on the rest, and end."""
        self.catch_up()
        self._destination.close()


def _read(state: Path) -> _Passed:
    if not state.exists():
        return _Passed()
    try:
        content = json.loads(state.read_text("utf-8"))
        return _Passed(int(content["lines"]), int(content["sheet"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(
            f"What says how much was passed on is damaged: {error}.",
            where=str(state),
            fix=f"Remove the folder {state.parent}, and all is passed on anew.",
        ) from None


def require(name: Name) -> None:
    """Raise a MissingExtraError where the tracker's package is not installed."""
    _opener(name)


def _opener(name: Name) -> Callable[[RunFolder, Path], Destination]:
    if name == "tensorboard":
        from gansmith.tracking.event_files import EventFiles, require_tensorboard

        require_tensorboard()
        return EventFiles
    from gansmith.tracking.weights_and_biases import Project, require_wandb

    require_wandb()
    return Project


@contextmanager
def tracking(folder: RunFolder, name: Name) -> Iterator[Tracker]:
    """A tracker of a run; what is left at the end is passed on.

    Raises:
        MissingExtraError: if its package is not installed.
        RunError: if another process passes the same run on, or nothing can be written there.
    """
    make, home = _opener(name), folder.path / FOLDER
    with writing(home):
        home.mkdir(exist_ok=True)
    with holding(home / f".{name}.lock") as held:
        if not held:
            raise RunError(
                f"Another process is passing this run on to {name}.", where=str(folder.path)
            )
        tracker = Tracker(folder, name, make(folder, home / name))
        try:
            yield tracker
        finally:
            tracker.close()


def follow(folder: RunFolder, tracker: Tracker, told: Callable[[int, int], object]) -> None:
    """Pass on what is there, and what comes for as long as the run trains.

    Args:
        folder: of the run.
        tracker: of the same.
        told: called with the new records and sheets of each look.
    """
    while True:
        training = folder.is_training()
        told(*tracker.catch_up())
        if not training:
            return
        time.sleep(PAUSE_SECONDS)
