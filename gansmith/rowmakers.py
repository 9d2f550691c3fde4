"""What makes rows like those of a table: trained on some of them, and drawn from."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from gansmith.config import DataConfig
from gansmith.data import open_source
from gansmith.data.dataset import Dataset
from gansmith.errors import UserError
from gansmith.modalities.table.additions import shown
from gansmith.modalities.table.schema import Cells, Column, to_dict
from gansmith.prepare import prepare, seconds_per_round
from gansmith.tables import TableGAN, as_frame, cells_of_frame, written

if TYPE_CHECKING:
    import pandas as pd

NEVER = 10**12


class RowMaker(Protocol):
    """What has learnt to make rows; a :class:`gansmith.TableGAN` is one."""

    def sample(self, n: int, *, where: str | None = None, seed: int = 0) -> pd.DataFrame:
        """n rows, each of which meets the condition if there is one."""
        ...


Make = Callable[["pd.DataFrame", int], RowMaker]


class Trainings:
    """Trains a TableGAN on the rows it is given, again and again: (data frame, seed) -> it.

    Every row is learnt from, and nothing is measured or drawn on the way, which takes time.

    Args:
        columns: of the table; a training is told of these what its own rows show.
        settings: fields of the configuration by their paths.

    Attributes:
        samples: length of each training.
    """

    def __init__(self, columns: tuple[Column, ...], settings: Mapping[str, Any]) -> None:
        self._columns, self._given, self.samples = columns, dict(settings), 0

    def __call__(self, rows: pd.DataFrame, seed: int) -> TableGAN:
        """Learn from these rows alone."""
        with tempfile.TemporaryDirectory(prefix="gansmith-augment-") as folder:
            settings = self._settings(rows, Path(folder))
            return TableGAN(samples=self.samples, seed=seed, settings=settings).fit(rows)

    def pace(self, rows: pd.DataFrame, seconds: float) -> tuple[float, int]:
        """Seconds that a batch takes here, and its samples, measured for some time."""
        with tempfile.TemporaryDirectory(prefix="gansmith-augment-") as folder:
            source = written(rows, Path(folder) / "table.feather")
            settings = {**self._settings(rows, Path(folder)), "train.samples": 1}
            prepared = prepare(str(source), settings=list(settings.items()))
            cost = seconds_per_round(prepared, seconds)
        return cost, prepared.experiment.train.batch_size

    def _settings(self, rows: pd.DataFrame, folder: Path) -> dict[str, Any]:
        cells = cells_of_frame(rows, self._columns, "the rows to learn from")
        schema = folder / "schema.json"
        schema.write_text(json.dumps(to_dict(shown(self._columns, cells))), "utf-8")
        return {
            "data.holdout": 0.0,
            "data.schema": str(schema),
            "train.measure_samples": NEVER,
            "train.snapshot_samples": NEVER,
            "train.checkpoint_samples": NEVER,
            **self._given,
        }


class Drawn:
    """The rows of a maker as cells; an addition of fewer rows takes the first of a larger one."""

    def __init__(self, maker: RowMaker, columns: tuple[Column, ...], most: int = 0) -> None:
        self._maker, self._columns, self._most = maker, columns, most
        self._drawn: dict[str | None, Cells] = {}

    def __call__(self, n: int, where: str | None) -> Cells:
        """(n, columns) rows that meet the condition if there is one."""
        if where not in self._drawn:
            seed, n_drawn = len(self._drawn), max(n, self._most if where is None else 0)
            sampled = self._maker.sample(n_drawn, where=where, seed=seed)
            self._drawn[where] = cells_of_frame(sampled, self._columns, "the rows that were made")
        return self._drawn[where][:n]


def open_table(source: str | Path | pd.DataFrame | Any, schema: str | Path | None) -> Dataset:
    """A table of a source or a data frame.

    Raises:
        UserError: if it is none.
    """
    if isinstance(source, str | Path):
        config = DataConfig(source=str(source), schema=str(schema or ""))
        dataset = open_source(config)
    else:
        with tempfile.TemporaryDirectory(prefix="gansmith-augment-") as folder:
            path = written(as_frame(source), Path(folder) / "table.feather")
            dataset = open_source(DataConfig(source=str(path), schema=str(schema or "")))
    if not dataset.columns:
        raise UserError(
            f"Only the rows of a table have a target; these are {dataset.schema.label}.",
            where=str(source),
        )
    return dataset
