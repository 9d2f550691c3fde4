"""What may be added to the rows that a model learns from, and how rows are divided to find out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from gansmith.errors import UserError
from gansmith.modalities.table.boosting import Target
from gansmith.modalities.table.schema import Cells, Column, special_numbers
from gansmith.modalities.table.writing import texts

Kind = Literal["nothing", "plain", "synthetic"]
# Classes are balanced where the rarest has less than this share of the commonest's rows.
UNBALANCED = 0.8


@dataclass(frozen=True)
class Addition:
    """What may be added.

    Attributes:
        name: of it.
        kind: nothing, rows that are there once more, or synthetic ones.
        amount: of rows, as a share of those that are there; 0 where classes are balanced, so that
            each gets as many rows as the commonest has.
    """

    name: str
    kind: Kind
    amount: float = 0.0


AMOUNTS = (
    Addition("nothing", "nothing"),
    Addition("each row twice", "plain", 1.0),
    Addition("synthetic x 0.5", "synthetic", 0.5),
    Addition("synthetic x 1", "synthetic", 1.0),
    Addition("synthetic x 2", "synthetic", 2.0),
)
BALANCED = (
    Addition("rare classes repeated", "plain"),
    Addition("rare classes synthetic", "synthetic"),
)


def additions(target: Target, cells: Cells) -> tuple[Addition, ...]:
    """What may be added to rows (N, columns); classes are balanced where they are not already."""
    counts = [(cells[:, target.place] == value).sum() for value in target.classes]
    unbalanced = bool(counts) and min(counts) < UNBALANCED * max(counts)
    return (*AMOUNTS, *BALANCED) if unbalanced else AMOUNTS


def lacking(target: Target, cells: Cells) -> dict[float, int]:
    """How many rows each class that occurs lacks to be as common as the commonest, where any."""
    counts = {value: int((cells[:, target.place] == value).sum()) for value in target.classes}
    most = max(counts.values(), default=0)
    return {value: most - count for value, count in counts.items() if 0 < count < most}


def repeated(addition: Addition, target: Target, cells: Cells, seed: int) -> Cells:
    """Rows (M, columns) of those that are there."""
    if addition.amount:
        return cells
    random = np.random.default_rng((seed, 7))
    rows = [
        random.choice(np.flatnonzero(cells[:, target.place] == value), n)
        for value, n in lacking(target, cells).items()
    ]
    again: Cells = cells[np.concatenate([np.zeros(0, np.int64), *rows])]
    return again


def wanted(
    addition: Addition, target: Target, column: Column, cells: Cells
) -> list[tuple[int, str | None]]:
    """How many synthetic rows, and the condition that they meet; ``column`` is the target's."""
    if addition.amount:
        return [(max(1, round(addition.amount * len(cells))), None)]
    name = target.name.replace('"', '""')
    written = {
        value: texts(column, np.array([value]))[0].replace("'", "''") for value in target.classes
    }
    return [(n, f"\"{name}\" = '{written[value]}'") for value, n in lacking(target, cells).items()]


def shown(columns: Sequence[Column], cells: Cells) -> tuple[Column, ...]:
    """The columns as far as these rows show them: without levels that other rows alone hold."""
    found = []
    for column, own in zip(columns, cells.T, strict=True):
        there = np.unique(own[~np.isnan(own)])
        if not len(there):
            found.append(Column(column.name, "empty", missing=True))
            continue
        levels, specials = column.levels, np.unique(special_numbers(there))
        if column.kind in {"category", "text"}:
            levels = tuple(column.levels[int(level)] for level in there)
        found.append(
            replace(
                column,
                levels=levels,
                specials=tuple(column.specials[k] for k in specials if k >= 0),
                missing=bool(np.isnan(own).any()),
            )
        )
    return tuple(found)


def scored(target: Target, cells: Cells, folds: int) -> Target:
    """The target without classes too rare to be tested on each fold; these join the rest.

    Raises:
        UserError: if fewer than two are left.
    """
    if not target.classes:
        return target
    counts = [int((cells[:, target.place] == value).sum()) for value in target.classes]
    kept = tuple(v for v, count in zip(target.classes, counts, strict=True) if count >= folds)
    if len(kept) < 2:
        raise UserError(
            f"A class of {target.name!r} has {counts[1]} rows, and {folds} folds need one each.",
            where="target",
            fix="Bring more rows of it, or take fewer folds.",
        )
    return replace(target, classes=kept, rest=target.rest or len(kept) < len(target.classes))


def stratified(target: Target, cells: Cells, folds: int, seed: int) -> npt.NDArray[np.int64]:
    """(N,) fold of each row; each has its part of every class, or of small and large numbers."""
    random = np.random.default_rng((seed, 8))
    order = np.lexsort((random.random(len(cells)), target.of(cells)))
    found = np.empty(len(cells), np.int64)
    found[order] = np.arange(len(cells)) % folds
    if not target.classes:  # which of neighbours goes where is a lot, or one fold had the smallest
        blocks = np.arange(len(cells)) // folds
        found[order] = found[order][np.lexsort((random.random(len(cells)), blocks))]
    return found
