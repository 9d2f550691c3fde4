"""Trainings that the studio has begun: child processes, one for each, that end with it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from gansmith.api import default_out
from gansmith.data.address import is_address, without_secrets
from gansmith.errors import RunError
from gansmith.runs.folder import LOCK, RunFolder
from gansmith.serving.limits import RefusedError

# At a time; more would only take the processors from each other.
MOST_TRAININGS = 2
# After the signal; a training plays its round to the end and saves.
GRACE_SECONDS = 60.0
_MOST_SAID_BYTES = 4_096
# Trainings that ended, with what they said.
_MOST_REMEMBERED = 20


@dataclass
class Training:
    """A child process.

    Attributes:
        process: of it.
        began: when, in seconds of the epoch.
        asked_to_stop: whether it was.
        failure: its error, without the places that it names; None where it ended as it should.
    """

    process: subprocess.Popen[bytes]
    began: float = field(default_factory=time.time)
    asked_to_stop: bool = False
    failure: str | None = None

    @property
    def is_running(self) -> bool:
        """Whether it has not ended yet."""
        return self.process.poll() is None

    def stop(self) -> None:
        """Ask it to save and end."""
        self.asked_to_stop = True
        self.process.send_signal(signal.SIGTERM)


def _failure(said: IO[bytes], code: int) -> str | None:
    """What a process that ended with ``code`` said was wrong."""
    if code == 0:
        return None
    said.seek(max(said.seek(0, os.SEEK_END) - _MOST_SAID_BYTES, 0))
    lines = said.read().decode("utf-8", "replace").splitlines()
    errors = [line.removeprefix("gansmith: ") for line in lines if line.startswith("gansmith:")]
    return errors[-1] if errors else f"The training ended with code {code}."


def sources_named(sources: Sequence[str]) -> dict[str, str]:
    """Sources under names that are no paths; two of one name are told apart by a number."""
    named: dict[str, str] = {}
    for source in sources:
        plain = default_out(source).name
        name, number = plain, 2
        while name in named:
            name, number = f"{plain}-{number}", number + 1
        named[name] = source
    return named


class Trainings:
    """Begins, stops and continues trainings on sources that the server has named.

    Args:
        sources: that may be trained on, by their names.
        home: where run folders are made; None where there is no such place.
        stops_others: whether trainings may be stopped that were begun elsewhere.
    """

    def __init__(
        self, sources: Mapping[str, str], home: Path | None, *, stops_others: bool = False
    ) -> None:
        self.sources, self._home, self._stops_others = dict(sources), home, stops_others
        self._lock = threading.Lock()
        self._known: dict[Path, Training] = {}

    @property
    def running(self) -> int:
        """How many there are now."""
        return sum(training.is_running for training in self._known.values())

    def of(self, folder: RunFolder) -> Training | None:
        """The last one into that folder, if it was begun here."""
        return self._known.get(folder.path.resolve())

    def without_run(self) -> dict[str, Training]:
        """Those that have no run yet, or never came to have one, by the names of their folders."""
        return {
            path.name: training
            for path, training in list(self._known.items())
            if not RunFolder(path).exists() and (training.is_running or not training.asked_to_stop)
        }

    def beginning(self, name: str) -> RunFolder | None:
        """The folder of a training that has no run yet, by its name."""
        known = (RunFolder(path) for path in list(self._known) if path.name == name)
        return next((folder for folder in known if not folder.exists()), None)

    def start(self, source: str, minutes: float) -> str:
        """Begin a training; the name of its run.

        Args:
            source: a name of :attr:`sources`.
            minutes: its time budget.

        Raises:
            RefusedError: 404 for another source, 409 where there are enough trainings already.
        """
        if source not in self.sources or self._home is None:
            raise RefusedError(404, f"There is no source {source[:80]!r} here.")
        with self._lock:
            self._require_room()
            path = self._new_folder(source)
            self._begin(path, [self.sources[source], "--minutes", f"{minutes:g}"])
        return path.name

    def resume(self, folder: RunFolder, config: Mapping[str, Any]) -> None:
        """Let a run that was stopped go on.

        Args:
            folder: of the run.
            config: its config.json.

        Raises:
            RefusedError: 403 if it learns from a source that is not on the list, 409 where there
                are enough trainings already, or one into this folder.
        """
        source = self.source_of(config)
        if source is None:
            raise RefusedError(
                403, "This run learns from a source that this server does not offer.",
                fix="Go on where it began: gansmith train, with the same arguments.",
            )  # fmt: skip
        with self._lock:
            if folder.is_training():
                raise RefusedError(409, "This run is training.")
            self._require_room()
            self._begin(folder.path.resolve(), [source, "--recipe", str(folder.config.resolve())])

    def source_of(self, config: Mapping[str, Any]) -> str | None:
        """The source on the list that a run learns from, or None."""
        data = config.get("data")
        wanted = data.get("source") if isinstance(data, dict) else None
        if not isinstance(wanted, str):
            return None
        return next((s for s in self.sources.values() if _same(s, wanted)), None)

    def stop(self, folder: RunFolder) -> None:
        """Ask a training to save and end.

        One that was begun here gets a signal, which it hears before its first round, too; another
        one a file in its run folder.

        Raises:
            RefusedError: 409 if none is running, or one that was begun elsewhere and is not to be
                stopped from here, or cannot be.
        """
        training = self.of(folder)
        if training is not None and training.is_running:
            training.stop()
            return
        if not folder.is_training():
            raise RefusedError(409, "This run is not training.")
        if not self.stops(folder):
            raise RefusedError(
                409, "No training of this run was begun here.",
                fix="End it where it was begun, by Ctrl-C.",
            )  # fmt: skip
        try:
            with self._lock:  # two requests would write the same file to the side
                folder.ask_to_stop()
        except RunError as error:
            raise RefusedError(
                409, f"It could not be asked to stop: {error.what}",
                fix="End it where it was begun, by Ctrl-C.",
            ) from error  # fmt: skip

    def stops(self, folder: RunFolder) -> bool:
        """Whether a training that was begun elsewhere can be stopped from here."""
        return self._stops_others and folder.can_be_asked_to_stop()

    def close(self) -> None:
        """End all of them: each saves, and can go on later."""
        running = [training for training in self._known.values() if training.is_running]
        for training in running:
            training.stop()
        until = time.monotonic() + GRACE_SECONDS
        for training in running:
            try:
                training.process.wait(max(until - time.monotonic(), 0.0))
            except subprocess.TimeoutExpired:
                training.process.kill()
                training.process.wait()

    def _require_room(self) -> None:
        if self.running >= MOST_TRAININGS:
            raise RefusedError(
                409, f"{MOST_TRAININGS} trainings are running; more are not begun at once.",
                fix="Stop one of them, or wait for its end.",
            )  # fmt: skip

    def _new_folder(self, source: str) -> Path:
        assert self._home is not None
        number = 1
        while True:
            path = self._home / f"{source}-{number}"
            try:
                path.mkdir(parents=True)
            except FileExistsError:
                number += 1
                continue
            except OSError as error:
                raise RefusedError(
                    422, f"The run folder cannot be made: {error.strerror}."
                ) from error
            return path.resolve()

    def _begin(self, path: Path, arguments: Sequence[str]) -> None:
        said = tempfile.TemporaryFile()  # noqa: SIM115  (closed by what waits for the end)
        process = subprocess.Popen(
            [sys.executable, "-m", "gansmith", "train", *arguments, "--out", str(path)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said,
            # Ctrl-C in the studio's terminal reaches the studio alone, which then ends it.
            start_new_session=True,
        )  # fmt: skip
        training = self._known[path] = Training(process)
        threading.Thread(target=_await, args=(path, training, said), daemon=True).start()
        ended = [path for path, training in self._known.items() if not training.is_running]
        for old in ended[:-_MOST_REMEMBERED]:
            del self._known[old]


def _await(path: Path, training: Training, said: IO[bytes]) -> None:
    """What a training said at its end; of one that never began, the folders made for it go."""
    code = training.process.wait()
    with said:
        training.failure = None if training.asked_to_stop else _failure(said, code)
    folder = RunFolder(path)
    if folder.exists():
        return
    with contextlib.suppress(OSError):
        (path / LOCK).unlink(missing_ok=True)
        for own in (folder.samples, folder.checkpoints, path):
            if own.is_dir():
                own.rmdir()


def _same(source: str, stored: str) -> bool:
    """Whether a run's source is one that was named; a relative path is one of this folder."""
    if is_address(source) or is_address(stored):
        return without_secrets(source) == stored
    return source == stored or (
        Path(source).expanduser().resolve() == Path(stored).expanduser().resolve()
    )
