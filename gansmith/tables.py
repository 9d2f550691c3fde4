"""Tables from Python in the manner of scikit-learn: fit a data frame, sample another."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from gansmith.api import Report, Run, evaluate, load, train
from gansmith.errors import MissingExtraError, RunError, SourceError, TableError, UserError
from gansmith.modalities.table import predicates
from gansmith.modalities.table.codec import TableCodec
from gansmith.modalities.table.predicates import Predicate
from gansmith.modalities.table.schema import Cells, Column
from gansmith.privacy import DELTA
from gansmith.progress import Progress, silent

if TYPE_CHECKING:
    import pandas as pd

PARAMETERS = (
    "samples", "minutes", "seed", "schema", "constraints", "epsilon", "delta", "settings",
    "progress",
)  # fmt: skip


class TableGAN:
    """A generator of rows like those of a data frame.

    Args:
        samples: rows shown to the discriminator; None takes the recipe's number.
        minutes: a time budget instead.
        seed: decides everything random.
        schema: a file that says what columns hold, as ``gansmith schema --json`` prints it.
        constraints: what each row must hold: texts such as ``"start <= end"``, and functions of a
            data frame that say for each row whether it may be, ``lambda df: df.a < df.b``. Rows
            that a function refuses are drawn again; it is not kept with the run.
        epsilon, delta: learn under differential privacy; needs a schema, which is taken as public.
        settings: any field of the configuration by its path, ``{"generator.width": 128}``.
        progress: shows what happens; nothing by default.

    Attributes:
        run_: the run, after ``fit``; what is trained lies in a folder of its own, which is gone
            with this object unless it is saved.
        feature_names_in_: names of the columns, after ``fit``.
        n_features_in_: how many.
    """

    run_: Run
    feature_names_in_: Any
    n_features_in_: int

    def __init__(
        self,
        *,
        samples: int | None = None,
        minutes: float | None = None,
        seed: int = 0,
        schema: str | Path | None = None,
        constraints: Sequence[str | Predicate] | None = None,
        epsilon: float | None = None,
        delta: float = DELTA,
        settings: Mapping[str, Any] | None = None,
        progress: Progress = silent,
    ) -> None:
        self.samples, self.minutes, self.seed = samples, minutes, seed
        self.schema, self.constraints = schema, constraints
        self.epsilon, self.delta = epsilon, delta
        self.settings, self.progress = settings, progress

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The arguments it was made with."""
        del deep
        return {name: getattr(self, name) for name in PARAMETERS}

    def set_params(self, **parameters: Any) -> Self:
        """Change arguments. Raises a ValueError for an unknown one, as scikit-learn does."""
        for name, value in parameters.items():
            if name not in PARAMETERS:
                raise ValueError(f"Invalid parameter {name!r} for estimator {self!r}.")
            setattr(self, name, value)
        return self

    def __sklearn_tags__(self) -> Any:
        """What scikit-learn should know: it takes gaps and texts, and needs no target."""
        from sklearn.utils import InputTags, Tags, TargetTags

        inputs = InputTags(allow_nan=True, string=True, categorical=True)
        return Tags(None, TargetTags(required=False), input_tags=inputs)

    def __repr__(self) -> str:
        given = {
            "samples": None, "minutes": None, "seed": 0, "schema": None, "constraints": None,
            "epsilon": None, "delta": DELTA, "settings": None,
        }  # fmt: skip
        shown = [f"{k}={getattr(self, k)!r}" for k, v in given.items() if getattr(self, k) != v]
        return f"TableGAN({', '.join(shown)})"

    def fit(self, X: pd.DataFrame | Any, y: Any = None) -> Self:  # noqa: N803
        """Learn from a data frame, or an array (N, columns).

        Args:
            X: at least 20 rows.
            y: ignored; leave a target among the columns, where it is learned with the rest.

        Raises:
            TableError: a ValueError, if it is no table, or nothing can be learned from it.
            UserError: if rows do not hold a constraint.
        """
        del y
        frame, (texts, functions) = as_frame(X), predicates.apart(self.constraints)
        predicates.require(functions, frame.rename(columns=str))
        self._folder = tempfile.TemporaryDirectory(prefix="gansmith-table-")
        source = written(frame, Path(self._folder.name) / "table.feather")
        settings = {**(self.settings or {})}
        if self.schema is not None:
            settings["data.schema"] = str(self.schema)
        if texts:
            others, _ = predicates.apart(settings.get("data.constraints"))
            settings["data.constraints"] = [*others, *texts]
        try:
            self.run_ = train(
                source, Path(self._folder.name) / "run", samples=self.samples, minutes=self.minutes,
                seed=self.seed, epsilon=self.epsilon, delta=self.delta, settings=settings,
                progress=self.progress,
            )  # fmt: skip
        except SourceError as error:  # the file is ours, and not what the user gave
            raise TableError(error.what, fix=error.fix) from error
        self.feature_names_in_ = np.array(list(frame.columns), object)
        self.n_features_in_ = len(frame.columns)
        self.__dict__.pop("history", None)
        return self

    def _fitted(self) -> Run:
        if not hasattr(self, "run_"):
            raise UserError(
                "This TableGAN has not learnt anything yet.", where=repr(self), fix="Call fit."
            )
        return self.run_

    def sample(self, n: int, *, where: str | None = None, seed: int = 0) -> pd.DataFrame:
        """n new rows; other seeds, other rows.

        Args:
            n: how many.
            where: a condition that each row meets, ``"age > 60 and sex = 'F'"``.
            seed: other seeds, other rows.

        Raises:
            UserError: if the condition cannot be understood or met, or hardly any row that is drawn
                holds what a function among the constraints asks.
        """
        run = self._fitted()
        filters = predicates.filters(self._functions, _codec(run).columns)
        frame: pd.DataFrame = run.sample(n, where=where, seed=seed, filters=filters)
        return frame

    @property
    def _functions(self) -> list[Predicate]:
        return predicates.apart(self.constraints)[1]

    def impute(self, X: pd.DataFrame | Any, *, seed: int = 0) -> pd.DataFrame:  # noqa: N803
        """The same rows, with a value drawn for each missing cell given the others of its row.

        Constraints hold in rows that are filled. A row for which no such values are found stays as
        it is.

        Args:
            X: with the columns that were learnt from.
            seed: other seeds, other draws; their spread says how sure a value is.

        Raises:
            SourceError: if a column cannot be read.
            ConfigError: if a column is missing.
        """
        from gansmith.modalities.table.imputation import imputed
        from gansmith.modalities.table.refiner import NAME, MaskedConditional
        from gansmith.modalities.table.writing import frame

        given, run = as_frame(X), self._fitted()
        codec, refiner = _codec(run), run.sampler().game.networks[NAME]
        assert isinstance(refiner, MaskedConditional)
        names = [column.name for column in codec.columns]
        named = given.rename(columns=str).reset_index(drop=True)
        cells = cells_of_frame(named, codec.columns, "impute", self.progress)
        gappy = [replace(column, missing=True) for column in codec.columns]
        asked = [each.accepts for each in predicates.filters(self._functions, codec.columns)]
        drawn = frame(gappy, imputed(codec, refiner.finished(), cells, seed, asked))
        filled = named.copy()
        for place, name in enumerate(names):
            gaps = drawn[name].notna().to_numpy() & np.isnan(cells[:, place])
            if gaps.any():
                filled[name] = named[name].astype(drawn[name].dtype).where(~gaps, drawn[name])
        filled.index = given.index
        return filled

    @cached_property
    def history(self) -> pd.DataFrame:
        """What was recorded while it learnt, a line each."""
        return self._fitted().history

    def evaluate(
        self, holdout: pd.DataFrame | Any, n: int | None = None, *, target: str | None = None
    ) -> Report:
        """Measure new rows against rows that were not learnt from.

        Args:
            holdout: a data frame with the same columns.
            n: rows to make; None makes as many as there are.
            target: a column that a model of the made rows is to predict; None measures none.
        """
        frame = as_frame(holdout)
        with tempfile.TemporaryDirectory(prefix="gansmith-table-") as folder:
            real = written(frame, Path(folder) / "real.feather")
            fake = written(self.sample(n or len(frame)), Path(folder) / "fake.feather")
            return evaluate(real, fake, target=target, progress=self.progress)

    def save(self, path: str | Path) -> None:
        """Keep the run in a folder, which :meth:`load` and the command line open.

        A run folder holds no code, and so no constraint that is a function: a warning says so, and
        :meth:`load` takes them again.

        Raises:
            RunError: if there is something already, or it cannot be written.
        """
        source, target = self._fitted().folder.path, Path(path)
        if target.exists():
            raise RunError(
                "There is something at this place already.", where=str(target), fix="Name another."
            )
        side = target.with_name(f".{target.name}.tmp")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.rmtree(side, ignore_errors=True)
            shutil.copytree(source, side)
            predicates.note(self._functions, side)
            side.rename(target)
        except OSError as error:
            shutil.rmtree(side, ignore_errors=True)
            raise RunError(
                f"It cannot be saved: {error.strerror or error}.", where=str(target)
            ) from error

    @classmethod
    def load(cls, path: str | Path, *, constraints: Sequence[Predicate] | None = None) -> Self:
        """One that was saved, or any run on a table.

        Args:
            path: a run folder. Constraints that are texts are in it.
            constraints: functions, which are not; a warning names those that it was saved without.

        Raises:
            RunError: if it is no such run.
            UserError: for constraints that are no functions.
        """
        predicates.remind(Path(path), constraints)
        run = load(path)
        if run.config.modality != "table":
            raise RunError("This run did not learn from a table.", where=str(path))
        made = cls(
            samples=run.config.train.samples, seed=run.config.train.seed, constraints=constraints
        )
        made.run_ = run
        names = [column.name for column in _codec(run).columns]
        made.feature_names_in_, made.n_features_in_ = np.array(names, object), len(names)
        return made


def _codec(run: Run) -> TableCodec:
    assert isinstance(run.codec, TableCodec)
    return run.codec


def as_frame(table: Any) -> pd.DataFrame:
    """A data frame as it is, or one of an array (N, columns).

    Raises:
        TableError: for anything else.
        MissingExtraError: where pandas is not installed.
    """
    if hasattr(table, "toarray"):
        raise TableError("Sparse input is not supported.", fix="Give X.toarray().")
    try:
        import pandas as pd
    except ImportError:
        raise MissingExtraError("pandas", "tables", "TableGAN") from None
    if isinstance(table, pd.DataFrame):
        return table
    array = np.asarray(table)
    if np.iscomplexobj(array):
        raise TableError("Complex data not supported.", fix="Give their parts as two columns.")
    if array.ndim != 2:
        raise TableError(
            f"A table has rows and columns; this has {array.ndim} dimensions.",
            fix="Give a data frame, or an array (rows, columns).",
        )
    if not array.shape[1]:
        raise TableError(f"0 feature(s) (shape={array.shape}) while a minimum of 1 is required.")
    return pd.DataFrame(array, columns=[f"x{i}" for i in range(array.shape[1])])


def cells_of_frame(
    frame: pd.DataFrame, columns: tuple[Column, ...], where: str, progress: Progress = silent
) -> Cells:
    """(N, columns) the cells of a frame in the terms of columns that are known.

    Args:
        frame: with these columns, in any order, and perhaps others.
        columns: of the table.
        where: named in errors.
        progress: shows the columns.

    Raises:
        ConfigError: if a column is missing.
        SourceError: if a column cannot be read.
    """
    import pyarrow as pa

    from gansmith.modalities.table.reading import matrix

    named = frame.rename(columns=str)
    known = [column.name for column in columns if column.name in named.columns]
    table = pa.Table.from_pandas(named[known], preserve_index=False)
    _, cells = matrix(table, where, columns, progress)
    return cells


def written(frame: pd.DataFrame, path: Path) -> Path:
    """The frame as a Feather file. Raises a TableError for a column that cannot be one."""
    import pyarrow as pa

    named = frame.rename(columns=str).reset_index(drop=True)
    try:
        named.to_feather(path)
    except (pa.ArrowException, ValueError, TypeError) as error:
        raise TableError(
            f"A column cannot be kept as it is: {str(error).partition(chr(10))[0]}.",
            fix="A column holds numbers, texts, dates or truth values, and names are different.",
        ) from error
    return path
