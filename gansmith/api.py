"""The Python interface: the same names and defaults as the command line."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gansmith.config import Experiment
from gansmith.convert import from_json
from gansmith.errors import MissingExtraError, RunError, UserError
from gansmith.prepare import Prepared, Settings, modality_of, prepare
from gansmith.progress import Progress, silent
from gansmith.runs.folder import RunFolder
from gansmith.sample.judge import Calibration, verdict
from gansmith.sample.sampler import Sampler
from gansmith.training import Reporter, train_into

if TYPE_CHECKING:
    import pandas as pd

Array = npt.NDArray[Any]


def default_out(source: str) -> Path:
    """Where a run goes if nobody says: ``runs/`` and the source's name."""
    stem = Path(source.rstrip("/")).name or "run"
    return Path("runs") / stem.split(".")[0].replace(":", "-")


def settings_of(
    *,
    seed: int | None = None,
    minutes: float | None = None,
    samples: int | None = None,
    device: str | None = None,
    precision: str | None = None,
    processes: int | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Settings:
    """The settings behind the named arguments; ``overrides`` come last and win."""
    if minutes is not None and samples is not None:
        raise UserError("Both a time budget and a sample count.", fix="Give one of them.")
    named = {
        "train.seed": seed,
        "train.minutes": minutes if samples is None else 0.0,
        "train.samples": samples if minutes is None else 0,
        "train.precision": precision,
        "machine.device": device,
        "machine.processes": processes,
    }
    return [(k, v) for k, v in named.items() if v is not None] + list((overrides or {}).items())


def train(
    source: str | Path,
    out: str | Path | None = None,
    *,
    recipe: str | None = None,
    seed: int | None = None,
    minutes: float | None = None,
    samples: int | None = None,
    device: str | None = None,
    precision: str | None = None,
    processes: int | None = None,
    settings: Mapping[str, Any] | None = None,
    progress: Progress = silent,
    reporter: Callable[[], Reporter] = Reporter,
) -> Run:
    """Train a generator on your data; called again with the same arguments, go on.

    Args:
        source: a folder, archive, array or parquet file, a built-in name, or ``hf:owner/name``.
        out: the run folder; None is ``runs/NAME``.
        recipe: a name, or the path of a resolved config.json; None chooses from the source.
        seed: decides everything random.
        minutes: time budget, turned into a sample count that then stays.
        samples: length in samples shown to the discriminator, instead of minutes.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        precision: ``32-true``, ``bf16-mixed`` or ``64-true``.
        processes: how many on this machine.
        settings: any field of the configuration by its path, ``{"generator.width": 32}``.
        progress, reporter: show what happens; nothing by default.

    Returns:
        The finished run.

    Raises:
        UserError: for anything wrong with the arguments or the data (see gansmith.errors).
        StoppedError: after a signal, when all is saved.
        DivergedError: when a loss or gradient is no longer finite.
    """
    started = time.monotonic()
    chosen = settings_of(
        seed=seed,
        minutes=minutes,
        samples=samples,
        device=device,
        precision=precision,
        processes=processes,
        overrides=settings,
    )
    prepared = prepare(str(source), recipe=recipe, settings=chosen, progress=progress)
    path = Path(out) if out is not None else default_out(str(source))
    return Run(train_into(prepared, path, reporter=reporter, started=started))


def load(path: str | Path) -> Run:
    """Open a run folder. Raises a RunError if it is none."""
    return Run(RunFolder(Path(path)).require())


class Run:
    """A run folder, and what can be done with it."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder

    def __repr__(self) -> str:
        return f"Run({str(self.folder.path)!r})"

    @cached_property
    def config(self) -> Experiment:
        """The resolved experiment."""
        experiment: Experiment = from_json(Experiment, self.folder.read_json("config.json"))
        return experiment

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes; empty where there are none."""
        return tuple(self.folder.read_json("env.json")["data"]["classes"])

    @cached_property
    def history(self) -> pd.DataFrame:
        """One row per line of metrics.jsonl. Needs pandas."""
        try:
            import pandas as pd
        except ImportError:
            raise MissingExtraError("pandas", "tables", "run.history") from None
        return pd.DataFrame(list(self.folder.read_metrics()))

    def sampler(self, *, ema: float | None = None, device: str = "cpu") -> Sampler:
        """The trained generator; see :class:`gansmith.sample.sampler.Sampler`."""
        stored = self.folder.read_json("codec.json")
        codec = modality_of(stored["modality"]).load_codec(stored["state"])
        classes = self.classes if codec.spec.num_classes else ()
        return Sampler(self.folder, self.config, codec, classes, ema=ema, device=device)

    def stream(
        self,
        n: int,
        *,
        condition: str | None = None,
        seed: int = 0,
        truncation: float = 1.0,
        ema: float | None = None,
    ) -> Iterator[tuple[Array, Array | None]]:
        """Raw samples and their classes in chunks, in constant memory; see :meth:`sample`."""
        if n < 1:
            raise UserError(f"{n} samples cannot be made.", where="n", fix="Ask for at least 1.")
        sampler = self.sampler(ema=ema)
        classes = sampler.class_indices(condition) if condition else None
        yield from sampler.stream(n, seed=seed, classes=classes, truncation=truncation)

    def sample(
        self,
        n: int,
        *,
        condition: str | None = None,
        seed: int = 0,
        truncation: float = 1.0,
        ema: float | None = None,
    ) -> Array:
        """(n, ...) new samples in raw units: pictures uint8 (n, H, W, C), points float32 (n, d).

        Args:
            n: how many.
            condition: names of classes, separated by commas; they come in turn. None takes all.
            seed: other seeds, other samples.
            truncation: below 1, samples are more typical and more alike.
            ema: width of the weight average, where the run was trained with ``ema.name=power``.
        """
        chunks = self.stream(n, condition=condition, seed=seed, truncation=truncation, ema=ema)
        return np.concatenate([samples for samples, _ in chunks])

    @cached_property
    def calibration(self) -> Calibration:
        """What turns the discriminator's logits into probabilities, and how well."""
        if not (self.folder.path / "calibration.json").exists():
            raise RunError(
                "The run is not calibrated yet.",
                where=str(self.folder.path),
                fix="Calibration comes at the end of training: give the train command again.",
            )
        return Calibration(**self.folder.read_json("calibration.json"))

    def judge(self, x: Array) -> list[dict[str, Any]]:
        """How likely raw samples (N, ...) are fake: ``p_fake``, ``p_real``, ``logit`` for each."""
        logits = self.sampler().logits(x)
        return [verdict(str(i), float(v), self.calibration) for i, v in enumerate(logits)]

    def judge_files(self, paths: list[Path]) -> list[dict[str, Any]]:
        """:meth:`judge`, for files of one sample each."""
        modality = modality_of(self.config.modality)
        if modality.read_one is None:
            raise UserError(
                f"Files of {modality.name} cannot be judged one by one.",
                fix="In Python: gansmith.load(run).judge(array)",
            )
        sampler = self.sampler()
        raw = np.stack([modality.read_one(path, sampler.codec) for path in paths])
        logits = sampler.logits(raw)
        return [
            verdict(str(path), float(v), self.calibration)
            for path, v in zip(paths, logits, strict=True)
        ]


__all__ = ["Prepared", "Run", "default_out", "load", "prepare", "settings_of", "train"]
