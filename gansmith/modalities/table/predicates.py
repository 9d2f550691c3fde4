"""Constraints that are written in Python: functions of a data frame. No run folder holds them."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gansmith.errors import SourceError, UserError
from gansmith.modalities.table.schema import Cells, Column, Mask
from gansmith.modalities.table.writing import frame
from gansmith.sample.sieve import Filter

if TYPE_CHECKING:
    import pandas as pd

Predicate = Callable[["pd.DataFrame"], Any]
FILE = "constraints.json"


def apart(constraints: Sequence[str | Predicate] | str | None) -> tuple[list[str], list[Predicate]]:
    """Constraints that are texts, and those that are functions.

    Raises:
        UserError: for anything else.
    """
    given = [constraints] if isinstance(constraints, str) else list(constraints or ())
    for each in given:
        if not isinstance(each, str) and not callable(each):
            raise UserError(
                f"A constraint is a text or a function of a data frame, and this is {each!r}.",
                where="constraints",
                fix='For example constraints=["start <= end", lambda df: df.a < df.b]',
            )
    texts = [each for each in given if isinstance(each, str)]
    return texts, [each for each in given if callable(each)]


def name_of(predicate: Predicate) -> str:
    """What it is called in messages."""
    return f"constraint: {getattr(predicate, '__name__', repr(predicate))}"


def holds(predicate: Predicate, rows: pd.DataFrame) -> Mask:
    """(N,) for which rows a function says that they may be; what it leaves open may be.

    Raises:
        UserError: if it fails, or says something else than one truth value a row.
    """
    import pandas as pd

    try:
        found = predicate(rows)
    except Exception as error:
        raise UserError(
            f"A constraint in Python failed: {type(error).__name__}: {error}.",
            where=name_of(predicate),
            fix=f"It is given a data frame with the columns {', '.join(map(str, rows.columns))}.",
        ) from error
    said = np.asarray(found, object).reshape(-1)
    open_ = np.asarray(pd.isna(said), bool)
    if len(said) != len(rows) or not all(isinstance(v, bool | np.bool_) for v in said[~open_]):
        raise UserError(
            f"A constraint in Python says one truth value for each of {len(rows):,} rows; this one "
            f"said {type(found).__name__} of shape {np.shape(found)}.",
            where=name_of(predicate),
            fix="For example lambda df: df.a < df.b",
        )
    held: Mask = open_ | (said == True)  # noqa: E712
    return held


def require(predicates: Sequence[Predicate], rows: pd.DataFrame) -> None:
    """Raise a SourceError if rows to learn from do not hold one."""
    for predicate in predicates:
        wrong = np.flatnonzero(~holds(predicate, rows))
        if len(wrong):
            raise SourceError(
                f"A constraint in Python does not hold in {len(wrong):,} of {len(rows):,} rows; "
                f"the first of them is row {wrong[0] + 1}: {rows.iloc[wrong[0]].to_dict()}.",
                where=name_of(predicate),
                fix="Correct these rows or leave them out, or change the constraint.",
            )


def accepted(predicate: Predicate, columns: Sequence[Column], cells: Cells) -> Mask:
    """(N,) for which rows (N, columns) it holds."""
    return holds(predicate, frame(columns, cells))


def filters(predicates: Sequence[Predicate], columns: Sequence[Column]) -> list[Filter]:
    """What a sampler asks of rows."""
    return [Filter(name_of(each), partial(accepted, each, columns)) for each in predicates]


def note(predicates: Sequence[Predicate], folder: Path) -> None:
    """Write down in a saved run which functions are missing there, and warn."""
    if not predicates:
        return
    names = [name_of(each).removeprefix("constraint: ") for each in predicates]
    (folder / FILE).write_text(json.dumps({"not_kept": names}, indent=2) + "\n", "utf-8")
    warnings.warn(
        f"A run folder holds no code, so {_some(names)} not saved. Give the same again: "
        "TableGAN.load(path, constraints=[...]).",
        stacklevel=3,
    )


def remind(folder: Path, given: Sequence[Predicate] | None) -> None:
    """Warn of functions that a saved run was fitted with, where none are given again.

    Raises:
        UserError: for a constraint that is a text: those are in the run.
    """
    texts, functions = apart(given)
    if texts:
        raise UserError(
            f"The constraint {texts[0]!r} cannot be added to what has been learned.",
            where="constraints",
            fix="Constraints that are texts are in the run already; give functions alone.",
        )
    try:
        names = json.loads((folder / FILE).read_text("utf-8"))["not_kept"]
    except (OSError, ValueError, KeyError, TypeError):
        return
    if len(functions) < len(names):
        warnings.warn(
            f"This was fitted with constraints in Python: {_some(names)} not in the run folder, "
            "which holds no code. Rows do not keep to them unless they are given again: "
            "TableGAN.load(path, constraints=[...]).",
            stacklevel=3,
        )


def _some(names: Sequence[str]) -> str:
    return f"{', '.join(map(str, names))} {'is' if len(names) == 1 else 'are'}"
