"""From what a user typed to what a trainer needs: data, codec and a fully resolved experiment."""

from __future__ import annotations

import copy
import json
import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import torch

from gansmith import modalities, registry  # noqa: F401  (registers all kinds of data)
from gansmith.config import (
    AugmentConfig,
    Component,
    DataConfig,
    EmaConfig,
    Experiment,
    GameConfig,
    MachineConfig,
    TrainConfig,
)
from gansmith.convert import from_json, override
from gansmith.data import open_source
from gansmith.data.address import without_secrets
from gansmith.data.dataset import Array, Dataset
from gansmith.data.loader import Loader
from gansmith.errors import ConfigError, SourceError
from gansmith.game.build import build_game, check
from gansmith.modalities.modality import Modality
from gansmith.progress import Progress, silent
from gansmith.protocols import Codec, Learned, Noting, encodes_by_network
from gansmith.trainer.distributed import make_fabric
from gansmith.trainer.schedule import measure_seconds_per_round
from gansmith.trainer.stage import CodecStage
from gansmith.trainer.trainer import Trainer, build_trainer

if TYPE_CHECKING:
    from lightning_fabric import Fabric

Settings = Sequence[tuple[str, Any]]
CALIBRATION_SECONDS = 5.0
# What sheets, checkpoints and the judge's calibration take besides the rounds themselves.
SHARE_FOR_ROUNDS = 0.95
_SECTIONS: dict[str, Any] = {
    "game": GameConfig, "ema": EmaConfig, "data": DataConfig, "augment": AugmentConfig,
    "machine": MachineConfig, "train": TrainConfig,
}  # fmt: skip


@dataclass(frozen=True)
class Prepared:
    """All that a trainer is built from.

    Attributes:
        experiment: resolved, but for ``train.samples`` where a time budget was given.
        dataset, codec, modality: of the source. A codec that is learned has learned nothing yet.
        encoded: (N, *shape) all samples, where they are encoded once (see :class:`Loader`).
    """

    experiment: Experiment
    dataset: Dataset
    codec: Codec
    modality: Modality
    encoded: Array | None = None

    def loaders(self) -> tuple[Loader, Loader | None]:
        """Batches for training, and of the holdout where it has at least two samples."""
        data, seed = self.experiment.data, self.experiment.train.seed
        train, held = (self.dataset.split(part, data.holdout) for part in ("train", "holdout"))
        x = self.encoded
        holdout = Loader(self.dataset, held, seed=seed, encoded=x) if len(held) >= 2 else None
        return Loader(self.dataset, train, seed=seed, shuffle=data.shuffle, encoded=x), holdout

    def trainer(self, fabric: Fabric) -> Trainer:
        """A trainer with freshly initialised networks."""
        return build_trainer(
            self.experiment,
            lambda: build_game(self.experiment, self.codec.spec),
            self.codec,
            self.loaders(),
            fabric,
        )


def modality_of(name: str) -> Modality:
    """The kind of data called ``name``."""
    found: Modality = registry.build("modality", Component(name))
    return found


def device_of(experiment: Experiment) -> str:
    """The type of device an experiment will run on here: cpu, cuda or mps."""
    return str(_resolve_device(experiment.machine.device))


def _resolve_device(name: str) -> str:
    if name != "auto":
        return name
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _full_path(path: str) -> str:
    """A setting's path; of a field without its section, an error that names the section."""
    sections = {f.name for f in fields(Experiment)}
    if "." in path or path in sections:
        return path
    inside = [name for name, kind in _SECTIONS.items() if path in {f.name for f in fields(kind)}]
    inside += [kind for kind in ("generator", "discriminator") if _is_option(kind, path)]
    if inside:
        meant = " or ".join(f"{name}.{path}" for name in inside)
        raise ConfigError(f"There is no field {path!r}.", where=path, fix=f"Did you mean {meant}?")
    return path


def _full_setting(path: str, value: Any) -> tuple[str, Any]:
    path = _full_path(path)
    return path, without_secrets(str(value)) if path == "data.source" else value


def _is_option(kind: str, option: str) -> bool:
    """Whether any part of that kind has the option."""
    return any(option in registry.get(kind, name).options for name in registry.names(kind))


def _override_data(config: DataConfig, settings: Iterable[tuple[str, Any]]) -> DataConfig:
    """The data's own settings; errors name a field as it was given."""
    own = [(path.removeprefix("data."), v) for path, v in settings if path.startswith("data.")]
    try:
        return override(config, own)
    except ConfigError as error:
        where = error.where or ""
        fix = error.fix or ("data.size=64x64" if where == "size" else None)
        raise ConfigError(error.what, where=f"data.{where}", fix=fix) from None


def _read_recipe_file(path: Path, source: str) -> Experiment:
    try:
        experiment: Experiment = from_json(Experiment, json.loads(path.read_text("utf-8")))
    except json.JSONDecodeError as error:
        raise ConfigError(f"The recipe is not valid JSON: {error}.", where=str(path)) from error
    return replace(experiment, data=replace(experiment.data, source=source))


def prepare(
    source: str,
    *,
    recipe: str | None = None,
    settings: Settings = (),
    progress: Progress = silent,
) -> Prepared:
    """Open the source, choose the recipe, apply the settings, fit the codec.

    Args:
        source: a path, a built-in name, ``hf:owner/name``, or the address of a table of a database,
            whose password is kept in memory alone.
        recipe: a name, or a path to a resolved ``config.json``; None chooses from the source.
        settings: (path, value) pairs such as ``("train.samples", 100_000)``.

    Raises:
        ConfigError: for a wrong name or value, before anything is opened where that can be.
        SourceError: if the source cannot be read.
    """
    source, settings = without_secrets(source), [_full_setting(*each) for each in settings]
    given = Path(recipe) if recipe and recipe.endswith(".json") else None
    stored = _read_recipe_file(given, source) if given and given.is_file() else None
    if recipe and stored is None:
        registry.get("recipe", recipe)
    data = _override_data(stored.data if stored else DataConfig(source=source), settings)
    dataset = open_source(data, progress=progress)
    modality = modality_of(dataset.schema.modality)
    if stored is None:
        device = _resolve_device(str(dict(settings).get("machine.device", "auto")))
        name = recipe or modality.default_recipe(dataset, device)
        stored = registry.get("recipe", name).build(dataset, data)
    experiment = resolve_compile(override(stored, settings))
    _require_modality(experiment, dataset)
    _require_numbers(experiment.train)
    check(experiment)
    if experiment.codec.name:
        registry.check("codec", Component(experiment.codec.name, experiment.codec.options))
    indices = dataset.split("train", experiment.data.holdout)
    _require_samples(experiment, dataset, len(indices))
    codec = _fit_codec(experiment, modality, dataset, indices)
    if isinstance(codec, Noting):
        dataset = replace(dataset, notes=[*dataset.notes, *codec.notes])
    return Prepared(experiment, dataset, codec, modality)


def _fit_codec(
    experiment: Experiment, modality: Modality, dataset: Dataset, indices: npt.NDArray[np.int64]
) -> Codec:
    """The codec, fitted; one that is learned with networks as they start."""
    if not experiment.codec.name:
        return modality.fit_codec(dataset, indices)
    component = Component(experiment.codec.name, experiment.codec.options)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(experiment.train.seed)
        codec: Codec = registry.build("codec", component, dataset, indices)
    return codec


def _require_numbers(train: TrainConfig) -> None:
    if not 0 <= train.seed < 2**63:
        raise ConfigError(
            f"The seed {train.seed} is out of range.",
            where="train.seed",
            fix="Take a whole number from 0 to 2^63 - 1.",
        )
    if train.samples < 0 or not 0 <= train.minutes < math.inf:
        raise ConfigError(
            f"A run cannot take {train.samples} samples or {train.minutes:g} minutes.",
            where="train.samples, train.minutes",
            fix="Give --samples or --minutes, above 0.",
        )
    if train.samples == 0 and train.minutes == 0:
        raise ConfigError(
            "A run needs an end.", where="train.minutes", fix="Give --minutes or --samples."
        )


def _require_samples(experiment: Experiment, dataset: Dataset, num_train: int) -> None:
    """Enough to train on, and enough held out for an augmentation that goes by it."""
    held = len(dataset) - num_train
    if not num_train:
        raise SourceError(
            "No sample is left to train on.",
            where=f"data.holdout={experiment.data.holdout}",
            fix="Set data.holdout=0.",
        )
    if experiment.augment.adaptive and held < 2:
        raise ConfigError(
            f"Adaptive augmentation is driven by at least 2 held-out samples; of these "
            f"{len(dataset):,}, {held} {'is' if held == 1 else 'are'} held out.",
            where=f"augment.adaptive, data.holdout={experiment.data.holdout:g}",
            fix="Bring more samples, set a larger data.holdout, or set augment.adaptive=false.",
        )


def _require_modality(experiment: Experiment, dataset: Dataset) -> None:
    if experiment.modality != dataset.schema.modality:
        raise ConfigError(
            f"The recipe {experiment.recipe!r} is for {experiment.modality}, "
            f"and the source holds {dataset.schema.label}.",
            where="--recipe",
            fix="Leave --recipe out, or see `gansmith list recipes`.",
        )


def resolve_compile(experiment: Experiment) -> Experiment:
    """Decide ``machine.compile=auto``: on for a GPU; on a CPU building takes too long to pay."""
    if experiment.machine.compile != "auto":
        return experiment
    chosen: Literal["on", "off"] = "on" if device_of(experiment) == "cuda" else "off"
    return replace(experiment, machine=replace(experiment.machine, compile=chosen))


def seconds_per_round(prepared: Prepared, seconds: float | None = None) -> float:
    """Measure, on networks thrown away afterwards, what one round costs here.

    Args:
        prepared: what would be trained.
        seconds: how long to measure; ``CALIBRATION_SECONDS`` if None.
    """
    seconds = CALIBRATION_SECONDS if seconds is None else seconds
    train, machine = prepared.experiment.train, prepared.experiment.machine
    batch = train.batch_size
    if device_of(prepared.experiment) == "cuda":  # processes on one CPU share it; GPUs add up
        batch = max(1, batch // (machine.processes * machine.machines))
    endless = replace(train, samples=10**12, batch_size=batch)
    sized = replace(prepared.experiment, train=endless)
    if encodes_by_network(prepared.codec):  # what is drawn then was encoded before
        shape = (len(prepared.dataset), *prepared.codec.spec.shape)
        # Written to, so that it is in memory and a plan's peak has it.
        prepared = replace(prepared, encoded=np.full(shape, 0.0, np.float32))
    machine = replace(machine, processes=1, machines=1)
    fabric = make_fabric(machine, sized.train.precision)
    trainer = replace(prepared, experiment=replace(sized, machine=machine)).trainer(fabric)
    period = math.lcm(*(r.every for r in sized.game.regularizers), 1)
    return measure_seconds_per_round(trainer, seconds, period)


def samples_in(seconds: float, seconds_per_round: float, batch: int) -> int:
    """How many samples fit into a time, sheets and checkpoints included; at least one batch."""
    return max(1, int(seconds * SHARE_FOR_ROUNDS / seconds_per_round)) * batch


def fix_budget(prepared: Prepared, started: float) -> Prepared:
    """Turn a time budget into a sample count.

    Args:
        prepared: with ``train.samples`` 0 where a time budget is meant.
        started: ``time.monotonic()`` when the user's time began to run.
    """
    experiment, learned = prepared.experiment, isinstance(prepared.codec, Learned)
    train = experiment.train
    if train.samples > 0:
        return replace(prepared, experiment=with_samples(experiment, 0.0, 1.0, 1.0 * learned))
    seconds = min(CALIBRATION_SECONDS, 6 * train.minutes)
    cost = seconds_per_round(prepared, seconds)
    codec_cost = seconds_per_codec_step(prepared, seconds) if learned else 0.0
    left = train.minutes * 60 - (time.monotonic() - started)
    return replace(prepared, experiment=with_samples(experiment, left, cost, codec_cost))


def with_samples(
    experiment: Experiment, seconds: float, cost: float, codec_cost: float
) -> Experiment:
    """The experiment with numbers of samples where it has none yet, for its codec and its game.

    Args:
        experiment: to be divided.
        seconds: for all of it.
        cost: seconds that a round of the game takes.
        codec_cost: seconds that a step of its codec takes; 0 where it does not learn.
    """
    train, codec = experiment.train, experiment.codec
    if codec_cost:
        if not codec.samples:
            fitting = samples_in(seconds * codec.share, codec_cost, codec.batch_size)
            codec = replace(codec, samples=train.samples or fitting)
        seconds -= codec.samples / codec.batch_size * codec_cost
    if not train.samples:
        train = replace(train, samples=samples_in(seconds, cost, train.batch_size))
    return replace(experiment, train=train, codec=codec)


def seconds_per_codec_step(prepared: Prepared, seconds: float | None = None) -> float:
    """Measure what a step of a codec that is learned costs here; its networks stay as they are."""
    seconds = CALIBRATION_SECONDS if seconds is None else seconds
    codec = copy.deepcopy(prepared.codec)
    return measure_seconds_per_round(codec_stage(replace(prepared, codec=codec)), seconds, 1)


def codec_stage(prepared: Prepared) -> CodecStage:
    """The stage in which the codec learns, at its beginning."""
    experiment = prepared.experiment
    assert isinstance(prepared.codec, Learned)
    loader, _ = prepared.loaders()
    device = torch.device(device_of(experiment))
    return CodecStage(prepared.codec, experiment.codec, loader, experiment.train.seed, device)
