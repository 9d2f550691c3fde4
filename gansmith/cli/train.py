"""``gansmith train``."""

from __future__ import annotations

import shlex
import time
from functools import partial
from pathlib import Path

from gansmith.api import default_out, privately
from gansmith.cli.commands import PrivacyFlags, Settings, TrainingFlags
from gansmith.cli.console import TrainingReporter, bar, say
from gansmith.cli.flags import settings_from
from gansmith.cli.track import TrackingReporter
from gansmith.data.dataset import Dataset
from gansmith.prepare import Prepared, prepare
from gansmith.runs.folder import RunFolder
from gansmith.tracking.tracker import Name, require
from gansmith.training import train_into

SHOWN_SKIPPED = 3


def train(
    source: str, flags: TrainingFlags, out: Path | None, privacy: PrivacyFlags, track: Name | None,
    settings: Settings,
) -> int:  # fmt: skip
    """Train, and say what to type next."""
    if track:
        require(track)
    started = time.monotonic()
    path = out or default_out(source)
    source, chosen = privately(
        source, path, settings_from(flags, settings), privacy.epsilon, privacy.delta, bar
    )
    prepared = prepare(source, recipe=flags.recipe, settings=chosen, progress=bar)
    _introduce(prepared, path)
    reporter = partial(TrackingReporter, path, track) if track else TrainingReporter
    folder = train_into(prepared, path, reporter=reporter, started=started)
    _conclude(folder)
    return 0


def _introduce(prepared: Prepared, path: Path) -> None:
    dataset, experiment = prepared.dataset, prepared.experiment
    shape = "x".join(str(s) for s in dataset.schema.shape)
    if prepared.modality.words is not None:
        shape = f"at most {shape} bytes"
    classes = f", {len(dataset.schema.classes)} classes" if dataset.schema.classes else ""
    held = len(dataset.split("holdout", experiment.data.holdout))
    say(
        f"{len(dataset):,} {dataset.schema.label} of {shape}{classes}; {held:,} held out; "
        f"recipe {experiment.recipe}"
    )
    for note in dataset.notes:
        say(note)
    if dataset.skipped:
        say(f"{len(dataset.skipped):,} could not be read and are skipped{_for_example(dataset)}:")
        for line in dataset.skipped[:SHOWN_SKIPPED]:
            say(f"  {line}")
    if experiment.train.samples == 0 and not RunFolder(path).exists():
        say(f"Measuring how much fits into {experiment.train.minutes:g} minutes ...")


def _for_example(dataset: Dataset) -> str:
    return ", for example" if len(dataset.skipped) > SHOWN_SKIPPED else ""


def _conclude(folder: RunFolder) -> None:
    path = folder.path
    say(f"\nDone: {path}")
    sheets = sorted([*folder.samples.glob("*.png"), *folder.samples.glob("*.txt")])
    if sheets:
        say(f"  look at     {sheets[-1]}")
    say(f"  model card  {folder.card}")
    say(f"  next        gansmith sample {shlex.quote(str(path))} -n 100")
