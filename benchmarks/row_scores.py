"""What synthetic rows are measured by, beside SDMetrics' scores, which :mod:`peers.quality` takes.

All of it compares typed tables (:meth:`row_table.Split.typed`), and is decided by the rows alone:
what is drawn is drawn with a fixed seed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from benchmarks.row_table import Frame, Split
from gansmith.evaluation.novelty import nearest

Floats = npt.NDArray[np.float64]
# Where all pairs of rows are looked at, of each kind of rows; drawn with a fixed seed.
MOST_ROWS = 10_000
# Levels of a column with a code of their own; gradient boosting takes at most 255.
MOST_LEVELS = 250
GRID = 1_000
CHUNK = 500
# Of squared lengths: what rounding may move a squared distance by.
ROUNDING = 1e-12


class Encoder:
    """Typed rows as numbers, by what stands in the training rows.

    Args:
        split: whose columns and training rows.
    """

    def __init__(self, split: Split) -> None:
        self.train = split.typed(split.train)
        self.target = split.target
        self.numbers = set(split.numbers)
        names = [name for name in self.train.columns if name not in self.numbers]
        self.levels = {name: _levels(self.train[name]) for name in names}
        # The rarer one; which one it is changes no AUC.
        self.positive = self.levels[split.target][1]

    def codes(self, table: Frame) -> pd.DataFrame:
        """(n, columns) for gradient boosting: numbers with NaN, levels counted from 0."""
        return pd.DataFrame({
            name: _codes(table[name], self.levels[name]) if name in self.levels else table[name]
            for name in self.train.columns
        })  # fmt: skip

    def features(self, table: Frame) -> Floats:
        """(n, d) for distances: standardised numbers, and 1 for a level or for a missing number.

        A number is taken from the mean and divided by the standard deviation of the training rows;
        a missing one is at the mean. A level that is not among them is nowhere.
        """
        parts = []
        for name in self.train.columns:
            if name in self.levels:
                parts += [(table[name] == level).to_numpy() for level in self.levels[name]]
                continue
            known, mean = self.train[name], self.train[name].mean()
            scaled = (table[name] - mean) / (known.std(ddof=0) or 1.0)
            parts.append(scaled.fillna(0.0).to_numpy())
            if known.isna().any():
                parts.append(table[name].isna().to_numpy())
        return np.stack(parts, axis=1).astype(np.float64)


def _levels(cells: Frame) -> list[str]:
    """The commonest first; equally common ones by name."""
    counts = cells.value_counts()
    return sorted(counts.index, key=lambda level: (-counts[level], level))[:MOST_LEVELS]


def _codes(cells: Frame, levels: list[str]) -> Frame:
    numbers = {level: number for number, level in enumerate(levels)}
    return cells.map(numbers).fillna(len(levels)).astype(np.float64)


def _boosting(x: pd.DataFrame, y: npt.NDArray[np.bool_], levels: dict[str, Any]) -> Any:
    is_level = [name in levels for name in x.columns]
    made = HistGradientBoostingClassifier(categorical_features=is_level, random_state=0)
    return made.fit(x.to_numpy(), y)


def target_auc(encoder: Encoder, rows: Frame, test: Frame) -> float:
    """AUC on real test rows of gradient boosting that learnt the target from ``rows``.

    One half where they hold one class alone: it can tell nothing apart.
    """
    known, asked = (table[encoder.target] == encoder.positive for table in (rows, test))
    if known.nunique() < 2:
        return 0.5
    x, x_test = (encoder.codes(t).drop(columns=encoder.target) for t in (rows, test))
    model = _boosting(x, known.to_numpy(), encoder.levels)
    return float(roc_auc_score(asked, model.predict_proba(x_test.to_numpy())[:, 1]))


def two_sample_auc(encoder: Encoder, rows: Frame) -> float:
    """AUC of gradient boosting that tells training rows from ``rows``; one half is perfect.

    The classifier two-sample test (Lopez-Paz and Oquab 2017, arXiv:1610.06545), with as many
    rows of either side. Each half is tested by a model that learnt from the other; their mean.
    """
    n = min(len(rows), len(encoder.train))
    rng = np.random.default_rng(0)
    sides = [encoder.codes(t).iloc[rng.permutation(len(t))[:n]] for t in (encoder.train, rows)]
    x, is_real = pd.concat(sides), np.repeat([True, False], n)
    first = np.tile(np.arange(n) < n // 2, 2)
    found = []
    for learnt in (first, ~first):
        model = _boosting(x[learnt], is_real[learnt], encoder.levels)
        judged = model.predict_proba(x[~learnt].to_numpy())[:, 1]
        found.append(roc_auc_score(is_real[~learnt], judged))
    return float(np.mean(found))


def _drawn(table: Frame, most: int = MOST_ROWS) -> Frame:
    """That many rows at most, with a fixed seed."""
    return table.iloc[np.random.default_rng(1).permutation(len(table))[:most]]


def faithfulness(encoder: Encoder, rows: Frame) -> dict[str, float]:
    """Alpha-precision and beta-recall of equally many rows, 10,000 at most."""
    n = min(len(rows), len(encoder.train), MOST_ROWS)
    real, fake = (encoder.features(_drawn(table, n)) for table in (encoder.train, rows))
    return {"alpha_precision": alpha_precision(real, fake), "beta_recall": beta_recall(real, fake)}


def alpha_precision(real: Floats, fake: Floats) -> float:
    r"""Do fakes lie among the real ones, the typical and the rare alike? From 0 to 1.

    Alaa et al. 2022, arXiv:2102.08921, section 3, without their embedding. The ball
    :math:`B_\alpha` about the mean of the real rows holds the share :math:`\alpha` of them, and
    :math:`P(\alpha)` is the share of fakes that it holds. For fakes as real rows are,
    :math:`P(\alpha) = \alpha`, and

    .. math:: 1 - 2 \int_0^1 |P(\alpha) - \alpha| d\alpha

    is 1. It is 0 where all fakes are in the middle, or all outside.

    Args:
        real: (n, d).
        fake: (m, d).
    """
    centre = real.mean(0)
    own, others = (np.linalg.norm(x - centre, axis=1) for x in (real, fake))
    # The smallest ball that holds a fake: the share of real rows that lie nearer.
    return _agreement(np.searchsorted(np.sort(own), others) / len(own))


def beta_recall(real: Floats, fake: Floats) -> float:
    r"""Is each real row one that the fakes could have been, the typical fakes and the rare? 0 to 1.

    Alaa et al. 2022, arXiv:2102.08921, section 3, without their embedding. The typical fakes
    :math:`S_\beta` are the share :math:`\beta` nearest to the mean of all fakes. A real row is
    covered by them where one of them is as near as its nearest other real row is, and
    :math:`R(\beta)` is the share of covered ones;

    .. math:: 1 - 2 \int_0^1 |R(\beta) - \beta| d\beta

    is what is returned. Two sets of independent real rows reach about one half, since either is as
    likely to hold the nearest row; it takes rows that lie on the real ones to reach 1. It changes
    with the numbers of rows: compare at equal ones only.

    Args:
        real: (n, d), at least two.
        fake: (m, d).
    """
    spread = np.linalg.norm(fake - fake.mean(0), axis=1)
    typical = np.searchsorted(np.sort(spread), spread) / len(fake)  # in S_beta for larger betas
    middle = real.mean(0)  # lengths about it are short, and round little
    real, fake = real - middle, fake - middle
    own, others = (np.square(x).sum(1) for x in (real, fake))
    covered = np.ones(len(real))
    for first in range(0, len(real), CHUNK):
        at = slice(first, first + CHUNK)
        to_real = own[at, None] + own - 2 * real[at] @ real.T
        np.fill_diagonal(to_real[:, first:], np.inf)  # not its own neighbour
        radius = np.maximum(to_real.min(1, keepdims=True), 0)
        sums = own[at, None] + others
        near = sums - 2 * real[at] @ fake.T <= radius + ROUNDING * sums
        covered[at] = np.where(near, typical, 1.0).min(1)
    return _agreement(covered)


def _agreement(levels: Floats) -> float:
    """1 - 2 ∫ |share of levels below t - t| dt."""
    grid = (np.arange(GRID) + 0.5) / GRID
    shares = np.searchsorted(np.sort(levels), grid) / len(levels)
    return float(1 - 2 * np.abs(shares - grid).mean())


def nearer_to_training(encoder: Encoder, rows: Frame, test: Frame) -> float:
    """Share of rows with a nearer training row than test row, of equally many; ties count half.

    One half where rows are new, since neither kind then has an advantage; 1 where all are copies.
    """
    n = min(len(test), len(encoder.train), MOST_ROWS)
    x, train, held_out = (
        encoder.features(_drawn(table, most))
        for table, most in ((rows, MOST_ROWS), (encoder.train, n), (test, n))
    )
    near, far = (nearest(x, among)[1] for among in (train, held_out))
    return float(np.mean(near < far) + np.mean(near == far) / 2)


def duplicates(rows: Frame, train: Frame) -> float:
    """Share of rows that are equal to a training row in all cells."""
    own, known = (pd.util.hash_pandas_object(table, index=False) for table in (rows, train))
    return float(own.isin(known).mean())
