"""Missing cells are drawn given the cells that are there."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from gansmith.game.randomness import Randomness
from gansmith.modalities.table.codec import TableCodec
from gansmith.modalities.table.ids import Fresh, Taken, ids
from gansmith.modalities.table.refiner import MaskedConditional, refine
from gansmith.modalities.table.schema import Cells, Mask, special_numbers

SWEEPS = 4
CHUNK = 2_000
ATTEMPTS = 20
_STREAM = 6_000


def imputed(
    codec: TableCodec, refiner: MaskedConditional, cells: Cells, seed: int,
    asked: Sequence[Callable[[Cells], Mask | None]] = (),
) -> Cells:  # fmt: skip
    """Values (N, columns) for the cells that are missing, as far as something was learned.

    Each is drawn from what the others of its row leave open, so that spread and dependence stay as
    they are, which a mean or the likeliest value would narrow. NaN for all cells that are there.

    Constraints hold in the rows that are filled, but for those that cells which are there break by
    themselves. A row for which no such values are found in ``ATTEMPTS`` draws stays as it is.

    Args:
        codec, refiner: of a run.
        cells: in the terms of the codec's columns.
        seed: other seeds, other draws.
        asked: (whole rows) -> (N,) bool, what else rows must hold.
    """
    attempts = ATTEMPTS if codec.form is not None or asked else 1
    filled = np.full_like(cells, np.nan)
    for first in range(0, len(cells), CHUNK):
        part = cells[first : first + CHUNK]
        rows = np.arange(len(part))
        for attempt in range(attempts):
            randomness = Randomness(seed, first, _STREAM + attempt)
            drawn = _drawn(codec, refiner, part[rows], randomness)
            held = _held(codec, part[rows], drawn, asked)
            filled[first + rows[held]] = drawn[held]
            rows = rows[~held]
            if not len(rows):
                break
    for place, taken in codec.taken.items():
        gaps = ~np.isnan(filled[:, place])
        filled[gaps, place] = _new_ids(codec, place, taken, cells[:, place], int(gaps.sum()), seed)
    return filled


def _new_ids(codec: TableCodec, place: int, taken: Taken, given: Cells, n: int, seed: int) -> Cells:
    """(n,) that neither the data hold nor the rows (N,) that are filled; NaN where none is left."""
    size, made = ids(codec.columns[place].pattern).size, np.full(n, np.nan)
    fresh = Fresh(size, taken, seed).take(min(n + len(given), taken.free(size)))
    fresh = fresh[~np.isin(fresh, given)][:n]
    made[: len(fresh)] = fresh
    return made


def _drawn(
    codec: TableCodec, refiner: MaskedConditional, cells: Cells, randomness: Randomness
) -> Cells:
    learned = [i for i, bins in enumerate(codec.bins) if bins is not None]
    understood = _understood(codec, cells)
    there = understood & ~np.isnan(cells)
    known = torch.from_numpy(there if codec.form is None else codec.form.known(there))[:, learned]
    x = codec.encode(torch.from_numpy(np.where(understood, cells, np.nan)))
    places = randomness.uniform(len(x), x.shape[1] - codec.num_codes)
    placed = [k for k, i in enumerate(learned) if codec.bins[i].placed]  # type: ignore[union-attr]
    x[:, codec.num_codes :] = torch.where(known[:, placed], x[:, codec.num_codes :], places)
    allowed = _allowed(codec, cells, there)
    x = refine(refiner, x, SWEEPS, randomness, fixed=known, allowed=allowed)
    drawn = codec.decode(x).numpy()
    if codec.form is not None:
        drawn = codec.form.solved(np.where(np.isnan(cells), drawn, cells), there)
    return np.where(np.isnan(cells), drawn, np.nan)


def _allowed(codec: TableCodec, cells: Cells, there: Mask) -> Tensor:
    """(D,) codes that may be drawn: none of a missing cell; (N, D) where rows differ in it."""
    allowed = torch.ones(codec.num_codes, dtype=torch.bool)
    for i, bins in enumerate(codec.bins):
        if bins is not None and bins.missing:
            allowed[codec.span(i)[1] - 1] = False
    levels = [] if codec.form is None else codec.form.levels
    if not levels:
        return allowed
    of_rows = allowed.repeat(len(cells), 1)
    for level in levels:
        bins = codec.bins[level.places[0]]
        if bins is None:
            continue
        first, last = codec.span(level.places[0])
        codes, _ = bins.encode(np.arange(len(level.seen), dtype=np.float64))
        for row, fits in enumerate(level.fitting(cells, there)):
            if fits.any():
                of_rows[row, first:last] = False
                of_rows[row, first + torch.from_numpy(codes[fits])] = True
    return of_rows


def _held(
    codec: TableCodec, given: Cells, drawn: Cells, asked: Sequence[Callable[[Cells], Mask | None]]
) -> Mask:
    """(N,) which rows hold each constraint that speaks about a cell which was drawn."""
    held, gaps = np.ones(len(given), bool), np.isnan(given)
    whole = np.where(gaps, drawn, given)
    for accepts in asked:
        accepted = accepts(whole)
        held &= True if accepted is None else accepted | ~gaps.any(1)
    if codec.form is None:
        return held
    for constraint in codec.form.constraints:
        touched = gaps[:, list(constraint.places)].any(1)
        held &= ~touched | codec.form.meets_one(constraint, whole)
    return held


def _understood(codec: TableCodec, cells: Cells) -> Mask:
    """(N, columns) whether a cell is of a level, or special, that the codec knows, or missing."""
    found = np.ones(cells.shape, bool)
    for i, column in enumerate(codec.columns):
        own = cells[:, i]
        if column.kind in {"number", "datetime"}:
            found[:, i] = special_numbers(own) < len(column.specials)
        elif column.kind != "id":
            found[:, i] = np.isnan(own) | (own < len(column.levels))
    return found
