"""Does it help a model to learn from synthetic rows too? Nested cross-validation says.

The outer folds judge: what is measured on a fold was made without it, generator and all. Within the
others, the inner folds choose how much is added. A generator that has seen neither fold i nor fold
j serves twice, in the choice for i, tested on j, and in that for j, tested on i: so F folds take
F + F (F - 1) / 2 trainings.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gansmith.convert import to_json
from gansmith.data.dataset import Dataset
from gansmith.errors import StoppedError, UserError
from gansmith.evaluation.estimate import Estimate, over_folds
from gansmith.modalities.table.additions import (
    Addition,
    Kind,
    additions,
    repeated,
    scored,
    stratified,
    wanted,
)
from gansmith.modalities.table.boosting import Rows, Target, ensemble
from gansmith.modalities.table.data import LEAST_ROWS as LEAST_LEARNED
from gansmith.modalities.table.recipes import SAMPLES
from gansmith.modalities.table.schema import Cells
from gansmith.modalities.table.writing import SUFFIXES, frame, write
from gansmith.prepare import samples_in
from gansmith.progress import Progress, silent
from gansmith.rowmakers import Drawn, Make, Trainings, open_table
from gansmith.sample.choices import require_choices
from gansmith.sample.write import file as write_file

if TYPE_CHECKING:
    import pandas as pd

Settings = Mapping[str, Any]
KINDS: tuple[Kind, ...] = ("nothing", "plain", "synthetic")
LEAST_ROWS, LEAST_FOLDS, MOST_FOLDS = 50, 3, 20
DEFAULT_MINUTES = 10.0
# What a training takes besides its rounds; how long its pace is measured.
OVERHEAD_SECONDS, PACE_SECONDS = 2.0, 5.0


@dataclass(frozen=True)
class Plan:
    """What will be done.

    Attributes:
        target, score: the column that is predicted, and how predictions are scored.
        num_rows: where the target is known.
        folds: of the cross-validation.
        trainings: of a generator; one more, on all rows, if they help.
        samples: length of each; 0 where the generator is somebody else's.
        seconds: that all will take here, estimated; None where that is not known.
    """

    target: str
    score: str
    num_rows: int
    folds: int
    trainings: int
    samples: int
    seconds: float | None


@dataclass(frozen=True)
class Augmentation:
    """Whether synthetic rows help, and the rows if they do.

    Attributes:
        plan: what was done.
        helps: whether both intervals lie above zero.
        over_nothing: how much better a model with synthetic rows is than one without, on rows that
            neither has seen, with an interval of 95 %.
        over_plain: the same over one with rows that are there once more.
        scores: by kind of addition, on each outer fold.
        chosen: by kind of addition, what the inner folds chose for each outer fold.
        inner: of each addition the mean score on inner folds.
        addition: the synthetic addition with the best of these.
        rows: a data frame of synthetic rows; None if they do not help.
        seconds: that it took.
    """

    plan: Plan
    helps: bool
    over_nothing: Estimate
    over_plain: Estimate
    scores: dict[str, list[float]]
    chosen: dict[str, list[str]]
    inner: dict[str, float]
    addition: str
    rows: pd.DataFrame | None
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """As dicts and lists, without the rows themselves."""
        content: dict[str, Any] = to_json(replace(self, rows=None))
        return {**content, "rows": 0 if self.rows is None else len(self.rows)}


class Study:
    """A nested cross-validation that has been planned; :meth:`run` does it.

    Args:
        dataset: a table.
        target: name of the column that is predicted.
        folds: of the outer cross-validation.
        seed: of all choices and trainings.
        minutes, samples: budget of the whole, or length of each training; None for both takes 10
            minutes.
        make: (data frame, seed) -> what makes rows like these; None trains a TableGAN.
        settings: of the TableGAN's trainings.

    Raises:
        UserError: for a target that is no column, too few rows, or a number out of range.
        MissingExtraError: where scikit-learn is not installed.
    """

    def __init__(
        self, dataset: Dataset, target: str, *, folds: int = 5, seed: int = 0,
        minutes: float | None = None, samples: int | None = None, make: Make | None = None,
        settings: Settings | None = None,
    ) -> None:  # fmt: skip
        ensemble()
        _require_numbers(folds, seed, minutes, samples)
        cells = np.asarray(dataset.samples, np.float64)
        found = Target.find(dataset.columns, cells, target)
        self._columns, self._seed = dataset.columns, seed
        self._cells = cells[found.known(cells)]
        _require_rows(len(self._cells), folds, target)
        self._target = scored(found, self._cells, folds)
        self._additions = additions(self._target, self._cells)
        self.fold = stratified(self._target, self._cells, folds, seed)
        held = {"data.constraints": list(dataset.constraints)} if dataset.constraints else {}
        trainings = Trainings(self._columns, {**held, **(settings or {})})
        self._make = trainings if make is None else make
        self.plan = self._planned(folds)
        if make is None:
            self.plan = self._budgeted(trainings, minutes, samples)
            trainings.samples = self.plan.samples

    # -- before --------------------------------------------------------------------------------

    def _planned(self, folds: int) -> Plan:
        trainings = folds + folds * (folds - 1) // 2
        target = self._target
        return Plan(target.name, target.score_name, len(self._cells), folds, trainings, 0, None)

    def _budgeted(self, trainings: Trainings, minutes: float | None, samples: int | None) -> Plan:
        """The plan with lengths and times."""
        count = self.plan.trainings + 1
        besides = self._boosting_seconds(self.plan.folds) + count * OVERHEAD_SECONDS
        pace = PACE_SECONDS if samples is None else PACE_SECONDS / 5
        cost, batch = trainings.pace(frame(self._columns, self._cells), pace)
        if samples is None:
            budget = 60 * (DEFAULT_MINUTES if minutes is None else minutes) - besides
            samples = min(samples_in(max(budget, 0.0) / count, cost, batch), SAMPLES)
        seconds = besides + count * samples / batch * cost
        return replace(self.plan, samples=samples, seconds=seconds)

    def _boosting_seconds(self, folds: int) -> float:
        """That all models take, from one; time goes with the rows."""
        train = self._cells[self.fold > 0]
        self._fitted(train)  # the first takes longer, for what is imported
        started = time.monotonic()
        self._fitted(train)
        one = time.monotonic() - started
        times = sum(1 + (a.amount or 1) * (a.kind != "nothing") for a in self._additions)
        return one * times * (folds * (folds - 1) / 2 + folds / 2)

    # -- the parts -----------------------------------------------------------------------------

    def _drawn(self, train: Cells, number: int, most: float = 0.0) -> Drawn:
        """From what has learnt from these rows alone."""
        maker = self._make(frame(self._columns, train), self._seed + number)
        return Drawn(maker, self._columns, round(most * len(train)))

    def _added(self, addition: Addition, train: Cells, drawn: Drawn) -> Cells:
        """(M, columns) rows that are added to the training rows."""
        if addition.kind == "nothing":
            return train[:0]
        if addition.kind == "plain":
            return repeated(addition, self._target, train, self._seed)
        column = self._columns[self._target.place]
        parts = [drawn(n, where) for n, where in wanted(addition, self._target, column, train)]
        made = np.concatenate([train[:0], *parts])
        known: Cells = made[self._target.known(made)]
        return known

    def _fitted(self, train: Cells, added: Cells | None = None) -> Callable[[Cells], float]:
        """A model of the target: rows -> its score there."""
        rows = Rows(self._columns, train, leave_out=self._target.place)
        every = train if added is None else np.concatenate([train, added])
        model = self._target.model(rows, every)
        return lambda test: self._target.score(model(test), self._target.of(test))

    # -- the study -----------------------------------------------------------------------------

    def run(self, progress: Progress = silent, out: str | Path | None = None) -> Augmentation:
        """Do it, and write the rows if they help.

        Args:
            progress: shows the trainings.
            out: a file for the synthetic rows (.csv, .tsv, .parquet, .feather); None writes none.

        Raises:
            UserError: if it cannot be written.
            StoppedError: after a signal; nothing is written then.
        """
        started = time.monotonic()
        if out is not None:
            require_format(Path(out))
        try:
            with progress("Trainings", self.plan.trainings) as advance:
                inner = self._inner(advance)
                scores, chosen = self._outer(inner, advance)
            means = {name: float(np.mean(list(each.values()))) for name, each in inner.items()}
            found = self._judged(scores, chosen, means)
            if found.helps:
                with progress("Training on all rows", 1) as advance:
                    found = self._made(found, out)
                    advance()
        except StoppedError as error:
            error.what, error.where, error.fix = "Stopped; nothing is written.", None, None
            raise
        return replace(found, seconds=time.monotonic() - started)

    def _inner(self, advance: Callable[[], None]) -> dict[str, dict[tuple[int, int], float]]:
        """Scores of each addition, by (fold that was left out, fold that was tested)."""
        found: dict[str, dict[tuple[int, int], float]] = {}
        for number, (i, j) in enumerate(combinations(range(self.plan.folds), 2)):
            train = self._cells[(self.fold != i) & (self.fold != j)]
            drawn = self._drawn(train, number, max(a.amount for a in self._additions))
            for addition in self._additions:
                score = self._fitted(train, self._added(addition, train, drawn))
                of = found.setdefault(addition.name, {})
                of[i, j] = score(self._cells[self.fold == j])
                of[j, i] = score(self._cells[self.fold == i])
            advance()
        return found

    def _outer(
        self, inner: dict[str, dict[tuple[int, int], float]], advance: Callable[[], None]
    ) -> tuple[dict[str, list[float]], dict[str, list[str]]]:
        """On each fold the score of nothing, and of the best addition of each kind."""
        scores: dict[str, list[float]] = {}
        chosen: dict[str, list[str]] = {}
        for fold in range(self.plan.folds):
            train, test = self._cells[self.fold != fold], self._cells[self.fold == fold]
            drawn = self._drawn(train, self.plan.trainings + fold)
            means = {
                name: float(np.mean([score for (out, _), score in each.items() if out == fold]))
                for name, each in inner.items()
            }
            for kind in KINDS:
                best = self._best(kind, means)
                score = self._fitted(train, self._added(best, train, drawn))
                scores.setdefault(kind, []).append(score(test))
                chosen.setdefault(kind, []).append(best.name)
            advance()
        return scores, chosen

    def _judged(
        self, scores: dict[str, list[float]], chosen: dict[str, list[str]], inner: dict[str, float]
    ) -> Augmentation:
        better = partial(over_folds, test_per_train=1 / (self.plan.folds - 1))
        ours = np.array(scores["synthetic"])
        over_nothing, over_plain = (
            better(ours - np.array(scores[kind])) for kind in ("nothing", "plain")
        )
        helps = over_nothing.low > 0 and over_plain.low > 0
        return Augmentation(
            self.plan, helps, over_nothing, over_plain, scores, chosen, inner,
            self._best("synthetic", inner).name, None, 0.0,
        )  # fmt: skip

    def _best(self, kind: Kind, means: Mapping[str, float]) -> Addition:
        """The addition of that kind with the best of these scores."""
        return max((a for a in self._additions if a.kind == kind), key=lambda a: means[a.name])

    def _made(self, found: Augmentation, out: str | Path | None) -> Augmentation:
        """With rows of a generator that has learnt from all."""
        addition = self._best("synthetic", found.inner)
        drawn = self._drawn(self._cells, 2 * self.plan.trainings)
        cells = self._added(addition, self._cells, drawn)
        if out is not None:
            chunks = iter([(cells, None)])
            write_file(Path(out), chunks, lambda path, c: write(path, self._columns, c, _nobody))
        return replace(found, rows=frame(self._columns, cells))


def _nobody(items: int = 1) -> None:
    del items


def require_format(out: Path) -> None:
    """Raise a UserError for a file that no table is written to."""
    if not out.name.lower().endswith(SUFFIXES):
        raise UserError(
            f"Rows are not written as {out.suffix or 'a folder'}.",
            where=str(out),
            fix=f"Name a file that ends in one of {', '.join(SUFFIXES)}.",
        )


def _require_numbers(folds: int, seed: int, minutes: float | None, samples: int | None) -> None:
    require_choices(1, seed, 1.0)
    if not LEAST_FOLDS <= folds <= MOST_FOLDS:
        raise UserError(
            f"{folds} folds are too {'few' if folds < LEAST_FOLDS else 'many'}.",
            where="folds",
            fix=f"Take {LEAST_FOLDS} to {MOST_FOLDS}.",
        )
    if minutes is not None and samples is not None:
        raise UserError("Both a time budget and a sample count.", fix="Give one of them.")
    if not 0 < (1 if minutes is None else minutes) < math.inf or (samples or 1) < 1:
        raise UserError(
            "Nothing can be trained in no time.", where="minutes, samples", fix="Take more than 0."
        )


def _require_rows(n: int, folds: int, target: str) -> None:
    least = max(LEAST_ROWS, math.ceil(LEAST_LEARNED * folds / (folds - 2)))
    if n < least:
        raise UserError(
            f"{n} rows where {target} is known are too few.",
            where=f"folds: {folds}",
            fix=f"Bring at least {least}.",
        )


def augment(
    data: str | Path | pd.DataFrame | Any,
    target: str,
    *,
    minutes: float | None = None,
    samples: int | None = None,
    folds: int = 5,
    seed: int = 0,
    out: str | Path | None = None,
    schema: str | Path | None = None,
    settings: Settings | None = None,
    make: Make | None = None,
    progress: Progress = silent,
) -> Augmentation:
    """Find out whether synthetic rows help a model of a column, and make them if they do.

    Gradient boosting learns the target from some of the rows, with nothing added, with rows
    repeated, and with synthetic rows of a generator that has seen the same rows; what was not seen
    judges. Within each part an inner cross-validation chooses what is added.

    Args:
        data: a source of a table as :func:`gansmith.train` takes it, or a data frame; at least 50
            rows.
        target: the column that is predicted: of classes or numbers.
        minutes: budget of the whole, 10 by default; it is split over all trainings.
        samples: rows shown in each training, instead.
        folds: of the outer cross-validation, from 3 on.
        seed: of the folds and all trainings.
        out: a file for the synthetic rows; written only if they help.
        schema: a file that says what columns hold, as ``gansmith schema --json`` prints it.
        settings: of the trainings: any field by its path, ``{"generator.width": 128}``.
        make: another generator: (data frame, seed) -> an object with ``sample(n, where=, seed=)``.
        progress: shows the trainings; nothing by default.

    Raises:
        UserError: for a target that is no column, too few rows, or a number out of its range.
        MissingExtraError: where scikit-learn is not installed.
        StoppedError: after a signal; nothing is written then.
    """
    study = Study(
        open_table(data, schema), target, folds=folds, seed=seed, minutes=minutes, samples=samples,
        make=make, settings=settings,
    )  # fmt: skip
    return study.run(progress, out)
