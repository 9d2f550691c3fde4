"""What rows are measured in: every column as a few numbers of a common scale."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gansmith.data.dataset import Dataset
from gansmith.errors import ConfigError
from gansmith.evaluation.features import Extractor, Features, identity_of
from gansmith.modalities.table.schema import Cells, Column, are_values, special_numbers
from gansmith.progress import Progress, silent
from gansmith.registry import register

# Quantiles that a number is placed among.
NUM_QUANTILES = 1_000
# Levels with a feature of their own; the rest of a column share one.
MOST_LEVELS = 20


@register("extractor", "table")
def table(
    dataset: Dataset, indices: npt.NDArray[np.int64], progress: Progress = silent
) -> Extractor:
    """Numbers by their rank among the training rows, the commonest levels by one number each.

    Raises:
        ConfigError: if the data are no table.
    """
    del progress
    if not dataset.columns:
        raise ConfigError(f"It has no features of {dataset.schema.label}.", where="--features")
    cells = np.asarray(dataset.samples[indices[:: -(-len(indices) // 100_000)]])
    parts = [
        (i, _Part(column, cells[:, i]))
        for i, column in enumerate(dataset.columns)
        if column.learned
    ]

    def compute(samples: Cells) -> Features:
        return np.concatenate([part(samples[:, i]) for i, part in parts], 1)

    size = sum(part.size for _, part in parts)
    return Extractor(
        "table",
        identity_of(*(part.quantiles for _, part in parts), *(str(c) for c in dataset.columns)),
        f"{size} features: ranks of numbers and dates among training rows, 1 for a level, "
        "1 for a missing cell",
        compute,
    )


class _Part:
    """The features of one column."""

    def __init__(self, column: Column, cells: Cells) -> None:
        self.column = column
        self.numeric = column.kind in {"number", "datetime"}
        known = cells[are_values(cells)]
        grid = np.linspace(0, 1, NUM_QUANTILES)
        has_numbers = self.numeric and len(known) > 0
        self.quantiles = np.quantile(known, grid) if has_numbers else np.zeros(1)
        levels = 1 if column.kind == "id" else max(len(column.levels), 1)
        self.levels = 0 if self.numeric else min(levels, MOST_LEVELS)
        self.size = (1 if self.numeric else self.levels) + len(column.specials) + column.missing

    def __call__(self, cells: Cells) -> Features:
        """(N,) -> (N, size) float32."""
        missing, special, known = np.isnan(cells), special_numbers(cells), are_values(cells)
        value = np.where(known & (self.column.kind != "id"), cells, 0.0)
        if self.numeric:
            # In the middle of equal quantiles, so that a value that many rows hold has one rank.
            left, right = (
                np.searchsorted(self.quantiles, value, side) for side in ("left", "right")
            )
            rank = (left + right) / (2 * len(self.quantiles)) - 0.5
            own = 2 * np.where(known, rank, 0.0)[:, None]
        else:
            own = (value[:, None] == np.arange(self.levels)) & ~missing[:, None]
        extra = [special == k for k in range(len(self.column.specials))]
        extra += [missing] if self.column.missing else []
        return np.concatenate([own, *(e[:, None] for e in extra)], 1).astype(np.float32)
