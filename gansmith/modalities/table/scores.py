"""How like the real table a synthetic one is, column by column and pair by pair.

``shapes`` is the mean over columns of 1 less the total variation between their distributions over
codes (levels; tenths of numbers and dates; missing cells). ``pairs`` is the same for each two
columns together. Both are 1 for equal distributions, and lower for fewer rows: read the floor.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from gansmith.evaluation.comparison import Comparison, with_intervals
from gansmith.evaluation.report import Value
from gansmith.modalities.table.schema import Cells, Column, are_values, special_numbers

Codes = npt.NDArray[np.int64]
NUM_BINS, MOST_LEVELS = 10, 30
# Pairs of columns that are looked at, drawn once, where a table has more.
MOST_PAIRS = 2_000


def column_scores(comparison: Comparison) -> list[Value]:
    """Scores of columns and of pairs of them."""
    columns = [(i, c) for i, c in enumerate(comparison.dataset.columns) if c.learned]
    coders = [(i, Coder(c, comparison.reference[:, i])) for i, c in columns]
    sizes = [coder.size for _, coder in coders]
    real, control, fake = (
        np.stack([coder(cells[:, i]) for i, coder in coders], axis=1)
        for cells in (comparison.reference, comparison.control, comparison.fake)
    )
    names = [column.name for _, column in columns]
    shapes = shape_scores(real, fake, sizes)
    worst = names[int(np.argmin(shapes))]
    reads = {"shapes": f"columns as in the data; least {worst} ({shapes.min():.3f})"}
    if len(sizes) > 1:
        least = pair_scores(real, fake, sizes).min()
        reads["pairs"] = f"pairs of columns as in the data; least {least:.3f}"

    def means(real: Codes, fake: Codes) -> dict[str, float]:
        scores = {"shapes": shape_scores, "pairs": pair_scores}
        return {name: float(scores[name](real, fake, sizes).mean()) for name in reads}

    found, floor = with_intervals(means, real, fake, most=1), means(real, control)
    return [
        comparison.value(name, found[name], floor[name], "higher", reads[name]) for name in reads
    ]


class Coder:
    """Cells as a few codes: levels, tenths of numbers, specials, missing.

    A number that a tenth of the cells hold has a code of its own, and tenths are those of the rest.
    """

    def __init__(self, column: Column, cells: Cells) -> None:
        self.numeric, self.is_id = column.kind in {"number", "datetime"}, column.kind == "id"
        known = cells[are_values(cells)]
        different, counts = np.unique(known, return_counts=True)
        self.masses = different[counts * NUM_BINS >= max(len(known), 1)]
        rest = known[~np.isin(known, self.masses)]
        grid = np.linspace(0, 1, NUM_BINS + 1)[1:-1]
        self.edges = np.unique(np.quantile(rest, grid)) if len(rest) else np.zeros(0)
        levels = 1 if column.kind == "id" else len(column.levels)
        ranges = len(self.edges) + 1 + len(self.masses)
        self.levels = ranges if self.numeric else min(levels, MOST_LEVELS) + 1
        # The last two: a special, known or not, and a missing cell.
        self.size = self.levels + len(column.specials) + 2

    def __call__(self, cells: Cells) -> Codes:
        """(N,) codes in [0, size)."""
        special = special_numbers(cells)
        value = np.where(are_values(cells) & (not self.is_id), cells, 0.0)
        codes = self._ranges(value) if self.numeric else value
        codes = np.minimum(codes, self.levels - 1).astype(np.int64)
        codes = np.where(special >= 0, np.minimum(self.levels + special, self.size - 2), codes)
        return np.where(np.isnan(cells), self.size - 1, codes)

    def _ranges(self, values: Cells) -> Codes:
        codes = np.searchsorted(self.edges, values, side="right")
        mass = np.searchsorted(self.masses, values).clip(max=max(len(self.masses) - 1, 0))
        hit = self.masses[mass] == values if len(self.masses) else np.zeros(len(values), bool)
        return np.where(hit, len(self.edges) + 1 + mass, codes)


def _total_variation(a: Codes, b: Codes, size: int) -> float:
    shares = [np.bincount(codes, minlength=size) / len(codes) for codes in (a, b)]
    return 0.5 * float(np.abs(shares[0] - shares[1]).sum())


def shape_scores(real: Codes, fake: Codes, sizes: Sequence[int]) -> npt.NDArray[np.float64]:
    """(columns,) 1 less the total variation of each column's codes, of rows (N, columns)."""
    return np.array(
        [1 - _total_variation(real[:, i], fake[:, i], size) for i, size in enumerate(sizes)]
    )


def pair_scores(real: Codes, fake: Codes, sizes: Sequence[int]) -> npt.NDArray[np.float64]:
    """(pairs,) 1 less the total variation of the codes of each two columns together."""
    pairs = [(i, j) for i in range(len(sizes)) for j in range(i)]
    if len(pairs) > MOST_PAIRS:
        chosen = np.random.default_rng(12).permutation(len(pairs))[:MOST_PAIRS]
        pairs = [pairs[i] for i in chosen]
    scores = []
    for i, j in pairs:
        both = [rows[:, i] * sizes[j] + rows[:, j] for rows in (real, fake)]
        scores.append(1 - _total_variation(both[0], both[1], sizes[i] * sizes[j]))
    return np.array(scores)
