"""A table in two parts, one to learn from and one to test with, in the words of any method."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gansmith.errors import SourceError, UserError, did_you_mean

# A column with at most as many different values holds codes, whatever they are written with.
MOST_CODES = 10
TEST_SHARE = 5  # one row of so many

Frame = Any  # of pandas, which brings no types


@dataclass(frozen=True)
class Split:
    """Both parts of a table, and what its columns hold.

    Attributes:
        train, test: cells as they are written, (n, columns); a blank cell is empty.
        numbers: names of the columns of numbers; all others hold categories.
        target: name of the column that a classifier is to tell from the others, of two classes.
    """

    train: Frame
    test: Frame
    numbers: tuple[str, ...]
    target: str

    def typed(self, texts: Frame) -> Frame:
        """Cells as numbers (float64, NaN where there is none) and as texts.

        The columns come in the order of the table; further ones are left out.
        """
        return pd.DataFrame({
            name: _numbers(texts[name]) if name in self.numbers else texts[name]
            for name in self.train.columns
        })  # fmt: skip


def open_split(data: str, test: str, target: str) -> Split:
    """Read a table and take it apart.

    Without a file of test rows, a fifth of the rows is set aside, by a hash of the row's number. A
    column of numbers has numbers in all cells that are not blank, and more than ten different ones
    among the training rows. Texts that differ in all rows are ids: they are left out.

    Args:
        data: a .csv or .csv.gz file.
        test: another one, with the same columns; empty takes rows of the first.
        target: name of a column.

    Raises:
        SourceError: for a file that cannot be read, or other columns in the test rows.
        UserError: for a target that is not there, or has not two classes.
    """
    train = read(Path(data).expanduser())
    if test:
        held_out = read(Path(test).expanduser())
        if list(held_out.columns) != list(train.columns):
            raise SourceError("The test rows have other columns than the training rows.")
    else:
        chosen = held_out_rows(len(train))
        train, held_out = (train[rows].reset_index(drop=True) for rows in (~chosen, chosen))
    if target not in train.columns:
        raise UserError(
            f"The table has no column {target!r}.", where="--target",
            fix=did_you_mean(target, train.columns),
        )  # fmt: skip
    num_classes = train[target].nunique()
    if num_classes != 2:
        raise UserError(
            f"The column {target!r} has {num_classes} classes.", where="--target",
            fix="Name one of two classes.",
        )  # fmt: skip
    numbers = [name for name in train.columns if name != target and _is_number(train[name])]
    ids = [n for n in train.columns if n not in numbers and train[n].nunique() == len(train)]
    return Split(train.drop(columns=ids), held_out.drop(columns=ids), tuple(numbers), target)


def read(path: Path) -> Frame:
    """The cells of a CSV file as they are written; a blank one is empty.

    Raises:
        SourceError: if it cannot be read.
    """
    try:
        texts = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        what = f"The table cannot be read: {str(error).partition(chr(10))[0]}."
        raise SourceError(what, where=path.name, fix="Name a .csv or .csv.gz file.") from error
    return texts.apply(lambda cells: cells.mask(cells.str.strip() == "", ""))


def held_out_rows(num_rows: int) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """(n,) which rows are test rows: those whose number has a SHA-256 that 5 divides.

    >>> [i for i, held_out in enumerate(held_out_rows(20)) if held_out]
    [0, 1, 14, 18]
    """
    digests = (hashlib.sha256(str(number).encode()).digest() for number in range(num_rows))
    return np.array([int.from_bytes(digest) % TEST_SHARE == 0 for digest in digests])


def _numbers(texts: Frame) -> Frame:
    return pd.to_numeric(texts.mask(texts == "", None), errors="coerce").astype(np.float64)


def _is_number(texts: Frame) -> bool:
    values = _numbers(texts)
    return bool((values.notna() | (texts == "")).all() and values.nunique() > MOST_CODES)


def shuffled(texts: Frame, seed: int) -> Frame:
    """The rows with each column shuffled by itself: columns as they were, and nothing between."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame({name: texts[name].to_numpy()[rng.permutation(len(texts))]
                         for name in texts.columns})  # fmt: skip


def write_toy(path: Path) -> None:
    """A table to try things out with: four columns, one of them with gaps, and a target."""
    rng = np.random.default_rng(0)
    n = 400
    age, city = rng.integers(18, 80, n), rng.choice(["Bern", "Oslo", "Rome"], n)
    income = np.round(rng.lognormal(3, 0.5, n) + age / 4, 1)
    bought = np.where(rng.random(n) < np.where(city == "Oslo", 0.7, age / 200), "yes", "no")
    columns: dict[str, Any] = {
        "age": age, "city": city, "income": np.where(rng.random(n) < 0.1, "", income.astype(str)),
        "children": rng.integers(0, 4, n), "bought": bought,
    }  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(columns).to_csv(path, index=False)
