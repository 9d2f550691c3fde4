"""A training from start to end: the run folder is made, filled, and finished or left to go on."""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from gansmith.calibrating import calibrate_run
from gansmith.card import write_card
from gansmith.config import Experiment
from gansmith.convert import difference, from_json, to_json
from gansmith.data import address
from gansmith.errors import ResumeError, RunError, UserError
from gansmith.game.randomness import Randomness
from gansmith.modalities.modality import sheet_columns
from gansmith.prepare import Prepared, fix_budget, prepare
from gansmith.progress import Advance, silent
from gansmith.protocols import Condition
from gansmith.runs import checkpoints
from gansmith.runs.checkpoints import Checkpoint
from gansmith.runs.folder import RunFolder, write_atomic, writing
from gansmith.stages import learn_codec, with_learned_codec
from gansmith.trainer import checkpoint as storage
from gansmith.trainer.distributed import launch, make_fabric, started_by_torchrun
from gansmith.trainer.signals import StopRequest
from gansmith.trainer.trainer import Trainer
from gansmith.watching import SampleWatch

if TYPE_CHECKING:
    from lightning_fabric import Fabric

_SNAPSHOT_STREAM = 3_000
# Of the texts of a sheet, shown while training.
SHOWN_TEXTS = 3


class Reporter:
    """Is told how a training goes, to show it. This one shows nothing."""

    def begun(self, trainer: Trainer, resumed_at: int, broken: list[Path]) -> None:
        """Training begins, or goes on from sample ``resumed_at``; newer checkpoints are broken."""

    def advanced(self, trainer: Trainer) -> None:
        """A round was played."""

    def logged(self, record: dict[str, Any]) -> None:
        """A line of metrics was written."""

    def stopping(self) -> None:
        """A signal or a request in the run folder asked for an end.

        Called from the handler of a signal: may do next to nothing.
        """

    def ended(self) -> None:
        """The last round was played, or training stopped."""

    def stage(self, title: str, total: int) -> AbstractContextManager[Advance]:
        """Work before the rounds begins: a codec that is learned, from ``total`` samples."""
        return silent(title, total)

    def noted(self, text: str) -> None:
        """Something worth a line, such as a result of that stage."""


@dataclass
class _Recorder:
    """Writes sheets of samples, and passes on the rest."""

    folder: RunFolder
    prepared: Prepared
    reporter: Reporter
    watch: SampleWatch

    def measured(self, trainer: Trainer) -> dict[str, float]:
        return self.watch.look(trainer) if trainer.fabric.is_global_zero else {}

    def samples_since_best(self, trainer: Trainer) -> int:
        return trainer.position - self.watch.best.position if self.watch.best else 0

    def advanced(self, trainer: Trainer) -> None:
        self.reporter.advanced(trainer)

    def logged(self, record: dict[str, Any]) -> None:
        self.reporter.logged(record)

    def saved(self, checkpoint: Checkpoint) -> None:
        del checkpoint

    @torch.no_grad()
    def snapshot_due(self, trainer: Trainer) -> None:
        """The same latents each time, so that sheets show one set of samples come to be."""
        if not trainer.fabric.is_global_zero:
            return
        modality = self.prepared.modality
        columns = sheet_columns(trainer.codec.spec.num_classes)
        whole_rows = columns * (modality.sheet_samples // columns)
        samples = snapshot(trainer, whole_rows)
        path = self.folder.samples / f"{trainer.position:012d}.png"
        if modality.words is not None:
            texts = modality.words(samples)
            write_atomic(path.with_suffix(".txt"), "\n".join(texts) + "\n")
            self.reporter.noted("\n".join(f"  {text}" for text in texts[:SHOWN_TEXTS]))
            return
        with writing(path):
            modality.sheet(samples, columns).save(path)


def snapshot(trainer: Trainer, n: int) -> np.ndarray[Any, Any]:
    """(n, ...) raw samples of the averaged generator, from latents that depend on the seed."""
    config = trainer.experiment
    randomness = Randomness(
        config.train.seed, 0, _SNAPSHOT_STREAM, device=trainer.device, dtype=trainer.dtype
    )
    latent = trainer.draw_latent(n, randomness)
    num_classes = trainer.codec.spec.num_classes
    classes = torch.arange(n, device=trainer.device) % num_classes if num_classes else None
    network = trainer.average.best()
    was_training = network.training
    condition = Condition(classes=classes)
    x: Tensor = network.eval()(latent, condition)
    network.train(was_training)
    x = trainer.game.finished(x, condition, config.train.seed)
    return trainer.codec.decode(x).cpu().numpy()


def environment(prepared: Prepared) -> dict[str, Any]:
    """Versions, machine and data of a run, for env.json."""
    dataset = prepared.dataset
    packages = ("gansmith", "torch", "numpy", "pillow", "safetensors", "lightning-fabric")
    return {
        "versions": {name: metadata.version(name) for name in packages},
        "python": sys.version.split()[0],
        "system": f"{platform.system()} {platform.machine()}",
        "threads": torch.get_num_threads(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "data": {
            "fingerprint": dataset.fingerprint,
            "label": dataset.schema.label,
            "shape": list(dataset.schema.shape),
            "classes": list(dataset.schema.classes),
            "num_samples": len(dataset),
            "num_train": len(dataset.split("train", prepared.experiment.data.holdout)),
            "num_holdout": len(dataset.split("holdout", prepared.experiment.data.holdout)),
            "holdout_by": "content" if dataset.given_holdout is None else "source",
            "skipped": list(dataset.skipped),
            "notes": list(dataset.notes),
            "guarantee": list(dataset.guarantee),
            **({"constraints": list(dataset.constraints)} if dataset.constraints else {}),
        },
    }


def _require_same(prepared: Prepared, folder: RunFolder) -> Experiment:
    """The experiment a run folder holds, or a ResumeError if the wanted one is another."""
    stored: Experiment = from_json(Experiment, folder.read_json("config.json"))
    wanted = prepared.experiment
    # Of a budget and a sample count, the one that was asked for is compared.
    same = "samples" if wanted.train.samples == 0 else "minutes"
    train = replace(wanted.train, **{same: getattr(stored.train, same)})
    wanted = replace(wanted, train=train)
    if not wanted.codec.samples:
        codec = replace(wanted.codec, samples=stored.codec.samples)
        wanted = replace(wanted, codec=codec)
    same_data = _fingerprint(folder) == prepared.dataset.fingerprint
    if not same_data:
        _require_same_constraints(prepared, folder)
    # Where it runs may change, and where the same data lie; what it is may not.
    source = wanted.data.source if same_data else stored.data.source
    moved = replace(stored, machine=wanted.machine, data=replace(stored.data, source=source))
    changes = difference(moved, wanted)
    if changes:
        shown = "\n".join(f"    {path}: {old} there, {new} now" for path, old, new in changes)
        raise ResumeError(
            f"The run folder holds a run with other settings:\n{shown}",
            where=str(folder.path),
            fix="Give the same settings to go on, or name another folder with --out.",
        )
    if not same_data:
        raise ResumeError(
            "The data have changed since the run began.",
            where=f"{folder.path}, {stored.data.source}",
            fix="Bring the data back, or name another folder with --out.",
        )
    return replace(wanted, machine=prepared.experiment.machine)


def _require_same_constraints(prepared: Prepared, folder: RunFolder) -> None:
    """Raise a ResumeError where something else is asked of each row, here or in a schema."""
    kept = folder.read_json("env.json")["data"].get("constraints", [])
    now = list(prepared.dataset.constraints)
    if kept != now:
        raise ResumeError(
            f"The constraints have changed since the run began: {'; '.join(kept) or 'none'} then, "
            f"{'; '.join(now) or 'none'} now.",
            where=str(folder.path),
            fix="Give the same ones to go on, or name another folder with --out.",
        )


def _fingerprint(folder: RunFolder) -> str:
    """Of the data that a run learns from."""
    try:
        return str(folder.read_json("env.json")["data"]["fingerprint"])
    except (KeyError, TypeError):
        raise RunError(
            "env.json does not say which data the run learns from.",
            where=str(folder.path / "env.json"),
            fix="Bring the file back as it was, or name another folder with --out.",
        ) from None


def begin(prepared: Prepared, folder: RunFolder, started: float) -> Prepared:
    """Fill a locked, empty run folder, or check that the one that is there holds this very run."""
    codec = {"modality": prepared.modality.name, "state": prepared.codec.state()}
    if folder.exists():
        experiment = _require_same(prepared, folder)
        if not (folder.path / "codec.json").exists():  # the same data make the same one
            folder.write_json("codec.json", codec)
        return replace(prepared, experiment=experiment)
    prepared = fix_budget(prepared, started)
    folder.write_json("env.json", environment(prepared))
    folder.write_json("codec.json", codec)
    # Last, because it is what makes the folder a run.
    folder.write_json("config.json", to_json(prepared.experiment))
    return prepared


def _play(fabric: Fabric, prepared: Prepared, folder: RunFolder, reporter: Reporter) -> None:
    shown = reporter if fabric.is_global_zero else Reporter()
    prepared = with_learned_codec(prepared, folder, shown)
    trainer = prepared.trainer(fabric)
    checkpoint, broken = checkpoints.newest(folder.checkpoints)
    checkpoints.require_some_whole(folder.checkpoints, checkpoint, broken)
    if checkpoint is not None:
        storage.restore(trainer, folder, checkpoint)
    elif fabric.is_global_zero:
        folder.truncate_metrics(0)
    shown.begun(trainer, trainer.position, broken)
    # One of several processes looks into the folder, and the trainer tells the others.
    request = StopRequest(
        shown.stopping, folder.is_asked_to_stop if fabric.is_global_zero else lambda: False
    )
    try:
        with request.listening() as stop, torch.random.fork_rng(devices=[]):
            watch = SampleWatch(prepared, folder)
            trainer.run(folder, _Recorder(folder, prepared, shown, watch), stop)
    finally:
        shown.ended()


def _worker(
    experiment: Experiment,
    path: Path,
    reporter: Callable[[], Reporter],
    secrets: Mapping[str, address.Secrets],
    fabric: Fabric,
) -> None:
    """One of several processes: opens the data itself, since a memory map does not travel."""
    address.remember(secrets)
    torch.set_num_threads(max(1, torch.get_num_threads() // fabric.world_size))
    # What the recipe asks of the data was checked before, for the experiment that replaces it.
    settings = [*data_settings(experiment), ("augment.adaptive", False)]
    opened = prepare(experiment.data.source, settings=settings)
    prepared = replace(opened, experiment=experiment)
    _play(fabric, prepared, RunFolder(path), reporter())


def data_settings(experiment: Experiment) -> list[tuple[str, Any]]:
    """The settings that make ``prepare`` open the same data again."""
    return [(f"data.{k}", v) for k, v in to_json(experiment.data).items() if k != "source"]


def train_into(
    prepared: Prepared,
    path: Path,
    *,
    reporter: Callable[[], Reporter] = Reporter,
    started: float | None = None,
) -> RunFolder:
    """Train until the end, going on from what the folder holds.

    Args:
        prepared: data and experiment.
        path: the run folder.
        reporter: makes what shows the progress of the rounds; called in the training process.
        started: when the user's time began, for time budgets.

    Raises:
        ResumeError: if the folder holds a run with other settings or data.
        RunError: if something else is in the folder, another process trains there, it cannot be
            written, or all its checkpoints are broken.
        StoppedError: after SIGTERM, Ctrl-C or a request in the run folder, when all is saved.
        DivergedError: when a loss or gradient is no longer finite.
    """
    folder = RunFolder(path)
    started = time.monotonic() if started is None else started
    if started_by_torchrun():
        return _train_among_others(prepared, folder, reporter, started)
    _require_apart(prepared.experiment.data.source, path)
    folder.create()
    with folder.locked(), _forgotten_if_never_begun(folder):
        prepared = begin(prepared, folder, started)
        experiment = prepared.experiment
        learn_codec(prepared, folder, reporter())
        newest, broken = checkpoints.newest(folder.checkpoints)
        checkpoints.require_some_whole(folder.checkpoints, newest, broken)
        if not checkpoints.finished(newest, experiment.train.samples):
            machine = experiment.machine
            fabric = make_fabric(machine, experiment.train.precision)
            if machine.processes == machine.machines == 1:
                _play(fabric, prepared, folder, reporter())
            else:
                launch(
                    fabric,
                    partial(_worker, experiment, path, reporter, address.all_known()),
                    where=str(path),
                )
        _finish(prepared, folder)
    return folder


def _require_apart(source: str, path: Path) -> None:
    """A run among the pictures it learns from would have its own sheets among them."""
    data = Path(source).expanduser()
    if (
        not address.is_address(source)
        and data.is_dir()
        and path.resolve().is_relative_to(data.resolve())
    ):
        raise RunError(
            "The run folder would lie inside the folder of the data, and become part of them.",
            where=str(path),
            fix="Name a folder elsewhere with --out.",
        )


@contextmanager
def _forgotten_if_never_begun(folder: RunFolder) -> Iterator[None]:
    """A mistake that shows before the first round leaves no run that refuses its correction."""
    before = folder.exists()
    try:
        yield
    except UserError:
        if not before and not folder.metrics_size_bytes():
            for name in ("config.json", "codec.json", "env.json"):
                (folder.path / name).unlink(missing_ok=True)
        raise


def _finish(prepared: Prepared, folder: RunFolder) -> None:
    if not (folder.path / "calibration.json").exists():
        calibrate_run(folder, prepared)
    write_card(folder)


def _train_among_others(
    prepared: Prepared, folder: RunFolder, reporter: Callable[[], Reporter], started: float
) -> RunFolder:
    """One of the processes that torchrun started; the first of them keeps the run folder."""
    fabric = make_fabric(prepared.experiment.machine, prepared.experiment.train.precision)
    fabric.launch()
    with ExitStack() as held:
        if fabric.is_global_zero:
            folder.create()
            held.enter_context(folder.locked())
            prepared = begin(prepared, folder, started)
            learn_codec(prepared, folder, reporter())
        fabric.barrier()
        stored: Experiment = from_json(Experiment, folder.read_json("config.json"))
        machine = prepared.experiment.machine
        prepared = replace(prepared, experiment=replace(stored, machine=machine))
        newest, broken = checkpoints.newest(folder.checkpoints)
        checkpoints.require_some_whole(folder.checkpoints, newest, broken)
        if not checkpoints.finished(newest, stored.train.samples):
            _play(fabric, prepared, folder, reporter())
        if fabric.is_global_zero:
            _finish(prepared, folder)
        fabric.barrier()
    return folder
