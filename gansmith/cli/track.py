"""``gansmith track``, and a training that is tracked."""

from __future__ import annotations

import shlex
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from gansmith.cli.console import TrainingReporter, say
from gansmith.errors import RunError
from gansmith.runs.exported import require_data
from gansmith.runs.folder import RunFolder
from gansmith.tracking.tracker import FOLDER, PAUSE_SECONDS, Name, Tracker, follow, tracking
from gansmith.trainer.trainer import Trainer


def track_command(run_path: Path, to: Name) -> int:
    """Pass a run on, and say where to look."""
    folder = RunFolder(run_path).require()
    require_data(folder)
    with tracking(folder, to) as tracker:
        if folder.is_training():
            say("The run is training; Ctrl-C ends this, and the training goes on.")
        passed = [0, 0]

        def told(records: int, sheets: int) -> None:
            passed[0] += records
            passed[1] += sheets

        follow(folder, tracker, told)
    say(f"New: {passed[0]:,} records and {passed[1]:,} sheets of samples.")
    say(f"  look at  {where_to_look(folder, to)}")
    return 0


def where_to_look(folder: RunFolder, to: Name) -> str:
    """What shows the run now."""
    home = shlex.quote(str(folder.path / FOLDER / to))
    if to == "tensorboard":
        return f"tensorboard --logdir {home}"
    return f"your project there; what was kept offline: wandb sync {home}/wandb/offline-run-*"


class TrackingReporter(TrainingReporter):
    """Shows a training here, and in a tracker too. What the tracker cannot do, ends no training.

    Args:
        path: of the run folder.
        to: the tracker.
    """

    def __init__(self, path: Path, to: Name) -> None:
        super().__init__()
        self._folder, self._to = RunFolder(path), to
        self._open = ExitStack()
        self._tracker: Tracker | None = None
        self._last = 0.0

    def begun(self, trainer: Trainer, resumed_at: int, broken: list[Path]) -> None:
        """Open the tracker."""
        self._tracker = self._open.enter_context(tracking(self._folder, self._to))
        super().begun(trainer, resumed_at, broken)

    def logged(self, record: dict[str, Any]) -> None:
        """Pass on what is new, now and then."""
        super().logged(record)
        now = time.monotonic()
        if self._tracker is not None and now - self._last >= PAUSE_SECONDS:
            self._last = now
            try:
                self._tracker.catch_up()
            except Exception as error:  # of a library, of a network, of a disk
                self._give_up(error)

    def ended(self) -> None:
        """Pass on the rest."""
        try:
            self._open.close()
        except Exception as error:
            self._give_up(error)
        super().ended()

    def _give_up(self, error: Exception) -> None:
        if self._tracker is None:  # said before
            return
        self._tracker = None
        what = error.what if isinstance(error, RunError) else f"{type(error).__name__}: {error}"
        self.noted(
            f"The tracker is left behind: {what} Later: "
            f"gansmith track {shlex.quote(str(self._folder.path))} --to {self._to}"
        )
