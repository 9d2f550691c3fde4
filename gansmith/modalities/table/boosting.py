"""Gradient boosting on rows: what a model that is good at tables makes of them.

Histogram-based boosting of trees (Ke et al. 2017, LightGBM), as scikit-learn has it. Trees take
numbers of any scale, levels without an order, and missing cells, so that rows need no preparation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from gansmith.errors import MissingExtraError, UserError, did_you_mean
from gansmith.evaluation.estimate import LEAST, Estimate, jackknifed
from gansmith.evaluation.two_sample import above, auc
from gansmith.modalities.table.schema import Cells, Column, are_values, special_numbers

Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
# Levels with a code of their own; scikit-learn takes 255 categories at most.
OWN_LEVELS = 254
# Classes of a target that are scored one by one; a tree is grown for each in every round.
MOST_CLASSES = 10
ROUNDS, LEAST_IN_LEAF = 100, 20


# -- rows ------------------------------------------------------------------------------------------


class Rows:
    """Cells (N, columns) as the matrix that boosting learns from.

    Numbers and dates stay numbers. Levels are categories; of more than 254 the commonest are, the
    others share one, and a column beside says which place a level has by how often it occurs. A
    text among numbers is a category beside them. Ids, constants and empty columns do not take part,
    but for whether their cells are missing, where some are.

    Args:
        columns: of the table.
        cells: (N, columns) that levels are counted in.
        leave_out: place of a column that takes no part, such as the one that is predicted.
    """

    def __init__(
        self, columns: Sequence[Column], cells: Cells, leave_out: int | None = None
    ) -> None:
        self._parts = [
            (i, _Part(column, cells[:, i]))
            for i, column in enumerate(columns)
            if column.learned and i != leave_out
        ]
        self.categorical = np.array([c for _, part in self._parts for c in part.categorical], bool)

    def __call__(self, cells: Cells) -> Floats:
        """(N, columns) -> (N, features), NaN where nothing is known."""
        made = [part(cells[:, i]) for i, part in self._parts]
        return np.concatenate(made, 1) if made else np.zeros((len(cells), 0))


class _Part:
    """The features of one column."""

    def __init__(self, column: Column, cells: Cells) -> None:
        self.column = column
        self.numeric = column.kind in {"number", "datetime"}
        known = np.zeros(0) if self.numeric else cells[~np.isnan(cells)]
        # One more, for levels that the column does not know.
        size = 2 if column.kind in {"id", "constant", "empty"} else len(column.levels) + 1
        counts = np.bincount(known.astype(np.int64).clip(max=size - 1), minlength=size)
        self.place = np.empty(size)
        self.place[np.argsort(-counts, kind="stable")] = np.arange(size)
        self.ranked = not self.numeric and size - 1 > OWN_LEVELS
        self.categorical = (
            [False, *([True] if column.specials else [])]
            if self.numeric
            else [True, *([False] if self.ranked else [])]
        )

    def __call__(self, cells: Cells) -> Floats:
        missing = np.isnan(cells)
        if self.numeric:
            special = special_numbers(cells)
            own = [np.where(are_values(cells), cells, np.nan)]
            if self.column.specials:
                # At most ten are known; one that is not shares the code after these.
                code = (special + 1).clip(max=len(self.column.specials) + 1)
                own.append(np.where(missing, np.nan, code))
            return np.stack(own, 1)
        level = np.where(missing, 0, cells).astype(np.int64).clip(max=len(self.place) - 1)
        place = np.where(missing, np.nan, self.place[level])
        own = [np.minimum(place, OWN_LEVELS)]
        return np.stack([*own, place] if self.ranked else own, 1)


# -- models ----------------------------------------------------------------------------------------


def ensemble() -> Any:
    """scikit-learn's. Raises a MissingExtraError where it is not installed."""
    try:
        from sklearn import ensemble as found
    except ImportError:
        raise MissingExtraError("scikit-learn", "tables", "Gradient boosting") from None
    return found


def _options(n: int, rounds: int, categorical: Mask, seed: int) -> dict[str, Any]:
    """Those of scikit-learn but for leaves, which 20 of a few rows would be too many for."""
    return {
        "max_iter": rounds,
        "min_samples_leaf": max(2, min(LEAST_IN_LEAF, n // 10)),
        "categorical_features": categorical,
        "early_stopping": False,
        "random_state": seed,
    }


def probabilities(
    x: Floats, y: npt.NDArray[np.int64], num_classes: int, categorical: Mask, seed: int
) -> Callable[[Floats], Floats]:
    """Fit a classifier.

    Args:
        x: (N, features).
        y: (N,) numbers of classes, some of which may not occur.
        num_classes: how many there are.
        categorical: (features,) which are.
        seed: of its choices, of which there are none below 200,000 rows.

    Returns:
        (M, features) -> (M, num_classes) probabilities.
    """
    present, counts = np.unique(y, return_counts=True)
    if len(present) < 2 or not x.shape[1]:
        shares = np.zeros(num_classes)
        shares[present] = counts / len(y)
        return lambda x: np.tile(shares, (len(x), 1))
    rounds = max(20, ROUNDS * 2 // max(len(present), 2))
    model = ensemble().HistGradientBoostingClassifier(
        **_options(len(x), rounds, categorical, seed)
    ).fit(x, y)  # fmt: skip

    def predict(x: Floats) -> Floats:
        found = np.zeros((len(x), num_classes))
        found[:, present] = model.predict_proba(x)
        return found

    return predict


def numbers(x: Floats, y: Floats, categorical: Mask, seed: int) -> Callable[[Floats], Floats]:
    """Fit a regression of y (N,) on x (N, features): (M, features) -> (M,)."""
    middle = float(y.mean())
    if y.min() == y.max() or not x.shape[1]:
        return lambda x: np.full(len(x), middle)
    # Trees round targets of any size alike, but for their own absolute thresholds.
    scale = float(y.std())
    model = ensemble().HistGradientBoostingRegressor(
        **_options(len(x), ROUNDS, categorical, seed)
    ).fit(x, (y - middle) / scale)  # fmt: skip
    return lambda x: model.predict(x) * scale + middle


# -- what is predicted -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Target:
    """The column that is predicted from the others.

    Attributes:
        name: of the column.
        place: of the column.
        classes: cells of the classes that are scored, commonest first; empty for numbers.
        rest: whether there are rarer classes, which count as one more and are not scored.
    """

    name: str
    place: int
    classes: tuple[float, ...]
    rest: bool = False

    @classmethod
    def find(cls, columns: Sequence[Column], cells: Cells, name: str) -> Self:
        """By its name. Levels are classes, and so are numbers of two values; others are numbers.

        Raises:
            UserError: if there is no such column, or nothing about it to predict.
        """
        names = [column.name for column in columns]
        if name not in names:
            raise UserError(
                f"There is no column {name!r}.", where="target", fix=did_you_mean(name, names)
            )
        place = names.index(name)
        column = columns[place]
        own = cells[:, place]
        values, counts = np.unique(own[are_values(own)], return_counts=True)
        if column.kind in {"id", "constant", "empty"} or len(values) < 2:
            raise UserError(
                f"There is nothing to predict about {name!r}: it is {column.describe()}.",
                where="target",
                fix="Name a column of classes or numbers.",
            )
        if column.kind in {"number", "datetime"} and len(values) > 2:
            return cls(name, place, ())
        order = np.lexsort((values, -counts))
        some = tuple(float(value) for value in values[order[:MOST_CLASSES]])
        return cls(name, place, some, rest=len(values) > MOST_CLASSES)

    @property
    def score_name(self) -> str:
        """Of what :meth:`score` returns."""
        if not self.classes:
            return "R^2"
        return "AUC" if self.num_classes == 2 else "macro-AUC"

    @property
    def num_classes(self) -> int:
        """With the rest; 0 for numbers."""
        return len(self.classes) + self.rest

    def known(self, cells: Cells) -> Mask:
        """(N,) whether there is a value, and one of the classes that there are."""
        own = cells[:, self.place]
        known = are_values(own)
        return known if self.rest or not self.classes else known & np.isin(own, self.classes)

    def of(self, cells: Cells) -> Floats:
        """(N,) numbers, or numbers of classes, of rows where it is known."""
        own = cells[:, self.place]
        if not self.classes:
            return own
        found = np.full(len(own), float(len(self.classes)))
        for number, value in enumerate(self.classes):
            found[own == value] = number
        return found

    def model(self, rows: Rows, cells: Cells, seed: int = 0) -> Callable[[Cells], Floats]:
        """Learn to predict it from rows where it is known: cells -> what :meth:`score` takes."""
        x, y = rows(cells), self.of(cells)
        if self.classes:
            fitted = probabilities(
                x, y.astype(np.int64), self.num_classes, rows.categorical, seed
            )  # fmt: skip
        else:
            fitted = numbers(x, y, rows.categorical, seed)
        return lambda cells: fitted(rows(cells))

    def score(self, predicted: Floats, truth: Floats) -> float:
        """How good predictions are; 0.5 for an AUC, or an R^2 of 0, where nothing can be said.

        Args:
            predicted: (N, classes) probabilities, or (N,) numbers.
            truth: (N,) as :meth:`of` returns it.

        Returns:
            of two classes the AUC; of more the mean over classes of the AUC against all others; of
            numbers R^2, the share of the variance about the mean of these rows that is explained.
        """
        if not self.classes:
            spread = float(np.square(truth - truth.mean()).sum())
            return 1 - float(np.square(truth - predicted).sum()) / spread if spread else 0.0
        scored = 1 if self.num_classes == 2 else len(self.classes)
        found = [
            auc(predicted[own, k], predicted[~own, k])
            for k in range(scored)
            if 0 < (own := truth == k).sum() < len(truth)
        ]
        return float(np.mean(found)) if found else 0.5

    def estimate(self, predicted: Floats, truth: Floats) -> Estimate | float:
        """:meth:`score` with the interval of the rows; without one where these are too few.

        Two classes: DeLong et al. 1988. Else the jackknife over tenths of the rows.
        """
        if self.num_classes == 2:
            own = truth == 0
            if min(own.sum(), (~own).sum()) < 2:
                return self.score(predicted, truth)
            return above(predicted[own, 0], predicted[~own, 0])
        if len(truth) < LEAST:
            return self.score(predicted, truth)
        every = np.column_stack([truth, predicted])
        named = jackknifed(lambda rows: {"": self.score(_columns(rows), rows[:, 0])}, every)
        return named[""].clipped(0.0 if self.classes else -np.inf, 1.0)


def _columns(rows: Floats) -> Floats:
    """What was predicted, from beside the truth."""
    return rows[:, 1] if rows.shape[1] == 2 else rows[:, 1:]
