"""What is given out once alone: rows that are unique in some columns, and ids.

A ledger belongs to one sampling, from its first row to its last. It keeps 8 bytes for each row and
each ``unique`` constraint, and twice that for a moment while they are sorted: 16 MB at most for a
million rows. Ids take no memory: their order is a permutation, computed as it is needed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from gansmith.errors import UserError
from gansmith.modalities.table.bins import Bins
from gansmith.modalities.table.codec import TableCodec
from gansmith.modalities.table.constraints import Level, Unique, uniques
from gansmith.modalities.table.hashing import Keys, keys
from gansmith.modalities.table.ids import Fresh, ids
from gansmith.modalities.table.schema import Cells, Mask


class Ledger:
    """Refuses rows that repeat one before them, and gives ids.

    Args:
        codec: of the run.
        n: rows that are wanted.
        seed: of the sampling.

    Raises:
        UserError: if there cannot be so many different ones.
    """

    def __init__(self, codec: TableCodec, n: int, seed: int) -> None:
        constraints = codec.form.constraints if codec.form else ()
        self._unique = [(c, Seen()) for c in uniques(constraints, codec.columns)]
        self._ids = {}
        for unique, _ in self._unique:
            _require_room(codec, unique, n)
        for place, taken in codec.taken.items():
            column = codec.columns[place]
            size = ids(column.pattern).size
            if taken.free(size) < n:
                raise UserError(
                    f"The pattern of {column.name!r} has {size:,} texts, of which "
                    f"{taken.free(size):,} are not in the data; {n:,} rows need as many new ones.",
                    where=f"pattern: {column.pattern}",
                    fix="Ask for fewer rows, or train with a longer pattern.",
                )
            self._ids[place] = Fresh(size, taken, seed)

    @property
    def asks(self) -> str:
        """What no two rows may share; empty where they may share all."""
        return ", ".join(unique.text for unique, _ in self._unique)

    def accepts(self, cells: Cells) -> Mask:
        """(N,) which rows repeat none before them; those that are accepted count from now on."""
        accepted = np.ones(len(cells), bool)
        for unique, seen in self._unique:
            accepted &= seen.are_new(cells[:, list(unique.places)], accepted)
        for unique, seen in self._unique:
            seen.add(cells[accepted][:, list(unique.places)])
        return accepted

    def complete(self, cells: Cells) -> Cells:
        """Rows with ids. Missing ones stay missing."""
        for place, fresh in self._ids.items():
            there = ~np.isnan(cells[:, place])
            cells[there, place] = fresh.take(int(there.sum()))
        return cells


class Seen:
    """Hashes of rows, sorted, in a few runs of which each is at least twice as long as the next."""

    def __init__(self) -> None:
        self._runs: list[Keys] = []

    def are_new(self, cells: Cells, counts: Mask) -> Mask:
        """(N,) which rows (N, k) are neither kept nor equal to one before them that counts."""
        new = np.ones(len(cells), bool)
        whole = np.flatnonzero(~np.isnan(cells).any(1) & counts)
        own = keys(cells[whole])
        known = np.zeros(len(own), bool)
        for run in self._runs:
            known |= run[np.searchsorted(run, own).clip(max=len(run) - 1)] == own
        _, first = np.unique(own, return_index=True)
        repeats = np.ones(len(own), bool)
        repeats[first] = False
        new[whole] = ~known & ~repeats
        return new

    def add(self, cells: Cells) -> None:
        """Keep rows (N, k)."""
        run = np.sort(keys(cells[~np.isnan(cells).any(1)]))
        while self._runs and len(self._runs[-1]) < 2 * len(run):
            run = np.sort(np.concatenate([self._runs.pop(), run]), kind="stable")
        if len(run):
            self._runs.append(run)


def _require_room(codec: TableCodec, unique: Unique, n: int) -> None:
    """Raise a UserError where a column has too few values for rows to be all different."""
    room = _room(codec, unique.places)
    if room < n:
        names = " and ".join(repr(codec.columns[place].name) for place in unique.places)
        raise UserError(
            f"There are {room:,.0f} different values of {names} at most, too few for {n:,} rows "
            "that are all different in them.",
            where=f"constraint: {unique.text}",
            fix=f"Ask for at most {room:,.0f} rows.",
        )


def _room(codec: TableCodec, places: Sequence[int]) -> float:
    """How many rows can be different in some columns; infinite where that cannot be said."""
    if any(codec.columns[place].missing for place in places):
        return math.inf
    form, left, room = codec.form, set(places), 1.0
    for step in form.steps if form else ():
        own = [i for i, place in enumerate(step.places) if place in left]
        if isinstance(step, Level) and own:
            room *= len(np.unique(keys(step.seen[:, own])))
        elif own:
            return math.inf
        left -= set(step.places)
    for place in left:
        bins = codec.bins[place]
        room *= math.inf if bins is None else _values(bins)
    return room


def _values(bins: Bins) -> float:
    """How many different cells a column's codes stand for."""
    found = float(len(bins.masses) + len(bins.shared))
    if not len(bins.knots):
        return found + bins.num_specials
    step = bins.quantum or (0.0 if bins.decimals is None else 10.0**-bins.decimals)
    low, high = bins.knots[:, 0], bins.knots[:, -1]
    return found + float(((high - low) / step + 1).sum()) if step else math.inf
