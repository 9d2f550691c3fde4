"""A run folder, opened: what can be done with a trained generator and its discriminator."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gansmith.config import Experiment
from gansmith.convert import from_json
from gansmith.errors import ConfigError, MissingExtraError, RunError, UserError
from gansmith.evaluating import MOST_SAMPLES, Choices, evaluate_run, trained_as
from gansmith.evaluation.baselines import Trained
from gansmith.evaluation.doctor import Finding, diagnose
from gansmith.evaluation.report import Report
from gansmith.exploring import Explorer, Inspector
from gansmith.given import SPREAD, STEPS, around, between
from gansmith.prepare import modality_of
from gansmith.progress import Progress, silent
from gansmith.protocols import Codec, Restriction
from gansmith.reporting import write_report
from gansmith.runs.best import read_best
from gansmith.runs.exported import require_data
from gansmith.runs.folder import RunFolder
from gansmith.sample.choices import require_choices
from gansmith.sample.judge import Calibration, verdict
from gansmith.sample.sampler import Chunk, Sampler
from gansmith.sample.sieve import Filter
from gansmith.sample.workers import in_order, require_workers
from gansmith.stages import load_codec

if TYPE_CHECKING:
    import pandas as pd

Array = npt.NDArray[Any]


class Run:
    """A run folder, and what can be done with it."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder

    def __repr__(self) -> str:
        return f"Run({str(self.folder.path)!r})"

    @cached_property
    def config(self) -> Experiment:
        """The resolved experiment."""
        try:
            experiment: Experiment = from_json(Experiment, self.folder.read_json("config.json"))
        except ConfigError as error:
            where = f"{self.folder.config}, {error.where}"
            raise RunError(error.what, where=where, fix=error.fix) from None
        return experiment

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes; empty where there are none."""
        with self._reading("env.json") as env:
            return tuple(env["data"]["classes"])

    @contextmanager
    def _reading(self, name: str) -> Iterator[Any]:
        """A JSON file of the run; within, what it does not hold as it should is a RunError."""
        content = self.folder.read_json(name)
        try:
            yield content
        except (KeyError, TypeError, ValueError) as error:
            raise RunError(
                f"{name} is not as gansmith writes it ({type(error).__name__}: {error}).",
                where=str(self.folder.path / name),
                fix="Bring the file back as it was, or train again into another folder.",
            ) from None

    @cached_property
    def history(self) -> pd.DataFrame:
        """One row per line of metrics.jsonl. Needs pandas."""
        try:
            import pandas as pd
        except ImportError:
            raise MissingExtraError("pandas", "tables", "run.history") from None
        return pd.DataFrame(list(self.folder.read_metrics()))

    @cached_property
    def codec(self) -> Codec:
        """Between raw samples and what the networks see, as it was fitted to the data."""
        with self._reading("codec.json") as stored:
            return load_codec(modality_of(stored["modality"]), stored["state"], self.folder)

    def sampler(
        self, *, ema: float | None = None, best: bool = False, device: str = "cpu"
    ) -> Sampler:
        """The trained generator; see :class:`gansmith.sample.sampler.Sampler`."""
        codec = self.codec
        classes = self.classes if codec.spec.num_classes else ()
        return Sampler(self.folder, self.config, codec, classes, ema=ema, best=best, device=device)

    def stream(
        self,
        n: int,
        *,
        condition: str | int | None = None,
        seed: int = 0,
        truncation: float = 1.0,
        ema: float | None = None,
        best: bool = False,
        where: str | None = None,
        filters: Sequence[Filter] = (),
        workers: int = 1,
    ) -> Iterator[tuple[Array, Array | None]]:
        """Raw samples and their classes in chunks, in constant memory; see :meth:`sample`."""
        require_choices(n, seed, truncation)
        require_workers(workers)
        sampler = self.sampler(ema=ema, best=best)
        classes = None if condition is None else sampler.class_indices(str(condition))
        restriction = None if where is None else self._restriction(sampler, where)
        make = modality_of(self.config.modality).ledger
        ledger = None if make is None else make(sampler.codec, n, seed)
        if ledger is not None and ledger.asks:
            filters = [*filters, Filter(ledger.asks, ledger.accepts)]
        shared = None
        if workers > 1:
            about = (str(self.folder.path), seed, classes, truncation, ema, best, where)
            shared = partial(in_order, workers, _chunks_of, about)
        chunks = sampler.stream(
            n, seed=seed, classes=classes, truncation=truncation, restriction=restriction,
            filters=filters, chunks=shared,
        )  # fmt: skip
        return chunks if ledger is None else ((ledger.complete(raw), of) for raw, of in chunks)

    def _restriction(self, sampler: Sampler, where: str) -> Restriction:
        restrict = modality_of(self.config.modality).restrict
        if restrict is None:
            raise UserError(
                "Only rows of a table can be asked for by a condition.", where=f"where: {where}"
            )
        return restrict(sampler.codec, where)

    def sample(
        self,
        n: int,
        *,
        condition: str | int | None = None,
        seed: int = 0,
        truncation: float = 1.0,
        ema: float | None = None,
        best: bool = False,
        where: str | None = None,
        filters: Sequence[Filter] = (),
        workers: int = 1,
    ) -> Any:
        """(n, ...) new samples in raw units: pictures uint8 (n, H, W, C), points float32 (n, d);
        rows of a table as a data frame, texts as a list.

        Args:
            n: how many.
            condition: a class, or several with commas between them, which come in turn; by name,
                or by number where no name is equal. None takes all.
            seed: other seeds, other samples.
            truncation: 0 or more; below 1, samples are more typical and more alike.
            ema: width of the weight average, where the run was trained with ``ema.name=power``.
            best: take the weights that measured best while training, instead of the last.
            where: of a table: a condition that each row meets, ``"age > 60 and sex = 'F'"``.
            filters: what else is asked of raw samples; those that do not meet it are left out, and
                others made.
            workers: processes that share the work, which changes nothing in the samples. Python
                starts each with the main module, so that a script needs its
                ``if __name__ == "__main__":`` then.

        Raises:
            UserError: for a number out of its range, an unknown class, a condition that cannot be
                understood or met, too few ids of a pattern, or where hardly any sample meets what
                is asked.
            RunError: if the run has no whole checkpoint, or no averages to choose from.
        """
        chunks = self.stream(
            n, condition=condition, seed=seed, truncation=truncation, ema=ema, best=best,
            where=where, filters=filters, workers=workers,
        )  # fmt: skip
        return self.presented(np.concatenate([samples for samples, _ in chunks]))

    def between(self, first: Any, second: Any, steps: int = STEPS) -> Any:
        """On the way from one given sample to another; see :func:`gansmith.given.between`."""
        return self.presented(between(self.codec, self._one(first), self._one(second), steps))

    def around(self, sample: Any, n: int, *, spread: float = SPREAD, seed: int = 0) -> Any:
        """``n`` samples around a given one; see :func:`gansmith.given.around`."""
        require_choices(n, seed, 1.0)
        return self.presented(around(self.codec, self._one(sample), n, spread, seed))

    def _one(self, sample: Any) -> Array:
        """(1, ...) raw."""
        return self.raw([sample] if isinstance(sample, str) else np.asarray(sample)[None])

    def presented(self, made: Array) -> Any:
        """Raw samples as :meth:`sample` returns them."""
        present = modality_of(self.config.modality).present
        return made if present is None else present(self.codec, made)

    def explorer(self) -> Explorer:
        """Walks through the latent space; see :class:`gansmith.exploring.Explorer`."""
        return Explorer(self)

    def inspector(self) -> Inspector:
        """What D looks at, and near-copies; see :class:`gansmith.exploring.Inspector`."""
        return Inspector(self)

    @cached_property
    def calibration(self) -> Calibration:
        """What turns the discriminator's logits into probabilities, and how well."""
        if "discriminator" not in self.config.players:
            raise RunError(
                "This run has no discriminator to ask: it learnt from noised counts alone.",
                where=str(self.folder.path),
            )
        if not (self.folder.path / "calibration.json").exists():
            raise RunError(
                "The run is not calibrated yet.",
                where=str(self.folder.path),
                fix="Calibration comes at the end of training: give the train command again.",
            )
        with self._reading("calibration.json") as stored:
            return Calibration(**stored)

    def diagnose(self) -> list[Finding]:
        """What the records say has gone wrong; empty where nothing stands out."""
        return diagnose(list(self.folder.read_metrics()))

    def evaluate(
        self,
        n: int = MOST_SAMPLES,
        *,
        out: str | Path | None = None,
        seed: int = 0,
        features: str | None = None,
        weights: str | Path | None = None,
        best: bool = False,
        target: str | None = None,
        baselines: bool = True,
        progress: Progress = silent,
    ) -> Report:
        """Measure samples of this run against the data it learnt from.

        Writes report.json and report.html.

        Args:
            n: samples at most; fewer where there are fewer real ones.
            out: folder to write to; None is the run folder.
            seed: of the samples and of all choices.
            features: what distances are measured in (``gansmith list extractors``); None takes the
                default of the kind of data.
            weights: of a feature network that comes in no package; None takes those it finds.
            best: take the weights that measured best while training, instead of the last. Values
                in the features that they were chosen by are marked as contaminated.
            target: of a table: a column that a model of the fakes is to predict; None measures
                none.
            baselines: measure what simpler ways make in the time that the run took, for kinds of
                data that have any; see :meth:`baseline_seconds`.
            progress: shows what happens; nothing by default.

        Raises:
            UserError: for a target that is no column, or that nothing can be predicted about.
            SourceError: if the data are no longer there.
            RunError: if they have changed, or the run has no whole checkpoint.
        """
        require_choices(n, seed, 1.0)
        require_data(self.folder)
        sampler = self.sampler(best=best)
        kept = read_best(self.folder.checkpoints) if best else None
        position = kept.position if kept else sampler.checkpoint.position
        about = {"run": str(self.folder.path), "samples_trained": position, "best": best}
        chosen_by = f"the {'best weights were' if best else 'end was'} chosen by a distance in them"
        selected = best or self.config.train.patience_samples > 0
        choices = Choices(
            n, seed, features, None if weights is None else str(weights),
            self._selected_in(chosen_by) if selected else {}, target, baselines,
        )  # fmt: skip
        trained = self._trained(sampler)
        report, evidence = evaluate_run(
            sampler, self.config.data, about, trained, choices, progress
        )
        write_report(
            Path(out or self.folder.path), report, evidence, list(self.folder.read_metrics())
        )
        return report

    def baseline_seconds(self, n: int = MOST_SAMPLES) -> float:
        """How long :meth:`evaluate` takes to fit baselines before it measures anything.

        Args:
            n: samples, as there.

        Returns:
            As long as the training took; 0 for kinds of data that have none to fit, and where what
            is fitted is kept in the run folder.
        """
        require_data(self.folder)
        ways = modality_of(self.config.modality).baselines
        return 0.0 if ways is None else ways.seconds(self._trained(self.sampler()), n)

    def _trained(self, sampler: Sampler) -> Trained:
        with self._reading("env.json") as env:
            return trained_as(self.folder, self.config, env, sampler)

    def _selected_in(self, how: str) -> dict[str, str]:
        """Extractors that samples were measured in while training."""
        watched = modality_of(self.config.modality).watch_extractor
        # All principal components of a few numbers are these numbers, turned.
        return dict.fromkeys((watched, "pca") if watched == "raw" else (watched,), how)

    def judge(self, x: Array | Sequence[str]) -> list[dict[str, Any]]:
        """How likely raw samples are to be the generator's.

        Args:
            x: (N, ...) as :meth:`sample` returns them: pictures uint8 (N, H, W, C), points floats
                (N, d), texts a list of them.

        Returns:
            ``file`` (the number of the sample), ``p_real``, ``p_fake`` and ``logit`` of each.

        Raises:
            UserError: if shape or type are others.
            RunError: if the run is not calibrated yet.
        """
        _ = self.calibration  # a run that cannot judge says so, whatever it is asked about
        return self.verdicts(self.raw(x))

    def verdicts(self, raw: Array) -> list[dict[str, Any]]:
        """:meth:`judge`, for samples (N, ...) that are raw as the codec takes them."""
        calibration = self.calibration
        logits = self.sampler().logits(raw)
        return [verdict(str(i), float(v), calibration) for i, v in enumerate(logits)]

    def raw(self, x: Array | Sequence[str]) -> Array:
        """What :meth:`judge` takes, as an array of this run's shape and type, or a UserError."""
        absent = modality_of(self.config.modality).absent
        array = np.asarray(x if absent is None else absent(self.codec, x))
        with self._reading("env.json") as env:
            wanted = tuple(env["data"]["shape"])
        with self._reading("codec.json") as codec:
            dtype = codec["state"].get("dtype", "float32")
        right = array.dtype == np.uint8 if dtype == "uint8" else array.dtype.kind in "fiu"
        if array.shape[1:] != wanted or not right:
            shape = ", ".join(str(side) for side in ("N", *wanted))
            raise UserError(
                f"The samples are {array.dtype} of shape {array.shape}; this run judges {dtype} "
                f"of shape ({shape}).",
                where=repr(self),
                fix="Bring them to what run.sample returns; judge_files does so for picture files.",
            )
        return array if dtype == "uint8" else array.astype(dtype)

    def judge_files(self, paths: str | Path | Iterable[str | Path]) -> list[dict[str, Any]]:
        """:meth:`judge`, for files of one sample each, brought to size as the data were."""
        named = [paths] if isinstance(paths, str | Path) else paths
        modality, files = modality_of(self.config.modality), [Path(path) for path in named]
        if modality.read_file is not None:
            return self._judge_each(files, modality.read_file)
        if modality.read_one is None:
            raise UserError(
                f"Files of {modality.name} cannot be judged one by one.",
                fix="In Python: gansmith.load(run).judge(array)",
            )
        calibration, sampler = self.calibration, self.sampler()
        raw = [modality.read_one(path, sampler.codec, self.config.data.fit) for path in files]
        logits = sampler.logits(np.stack(raw)) if raw else np.zeros(0)
        return [verdict(str(p), float(v), calibration) for p, v in zip(files, logits, strict=True)]

    def _judge_each(
        self, files: Sequence[Path], read: Callable[[Path, Codec], tuple[list[str], Array]]
    ) -> list[dict[str, Any]]:
        """For files of many samples: each of them by its name."""
        rows: list[dict[str, Any]] = []
        calibration, sampler = self.calibration, self.sampler()
        for path in files:
            names, raw = read(path, sampler.codec)
            pairs = zip(names, sampler.logits(raw), strict=True)
            rows += [verdict(name, float(logit), calibration) for name, logit in pairs]
        return rows


def _chunks_of(
    path: str, seed: int, classes: list[int] | None, truncation: float, ema: float | None,
    best: bool, where: str | None,
) -> Callable[[tuple[int, int]], Chunk]:  # fmt: skip
    """What makes chunks of a run's samples, in a process of its own."""
    run = Run(RunFolder(Path(path)))
    sampler = run.sampler(ema=ema, best=best)
    restriction = None if where is None else run._restriction(sampler, where)
    return sampler.chunks(seed, classes, truncation, restriction)
