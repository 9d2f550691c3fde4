"""Missing cells are drawn given the cells that are there."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from gansmith.game.randomness import Randomness
from gansmith.modalities.table.codec import TableCodec
from gansmith.modalities.table.refiner import MaskedConditional, refine
from gansmith.modalities.table.schema import Cells, special_numbers

SWEEPS = 4
CHUNK = 2_000
_STREAM = 6_000


def imputed(codec: TableCodec, refiner: MaskedConditional, cells: Cells, seed: int) -> Cells:
    """Values (N, columns) for the cells that are missing, as far as something was learned.

    Each is drawn from what the others of its row leave open, so that spread and dependence stay as
    they are, which a mean or the likeliest value would narrow. NaN for all cells that are there.

    Args:
        codec, refiner: of a run.
        cells: in the terms of the codec's columns.
        seed: other seeds, other draws.
    """
    filled = np.full_like(cells, np.nan)
    for first in range(0, len(cells), CHUNK):
        randomness = Randomness(seed, first, _STREAM)
        part = cells[first : first + CHUNK]
        filled[first : first + CHUNK] = _chunk(codec, refiner, part, randomness)
    return filled


def _chunk(
    codec: TableCodec, refiner: MaskedConditional, cells: Cells, randomness: Randomness
) -> Cells:
    learned = [i for i, bins in enumerate(codec.bins) if bins is not None]
    understood = _understood(codec, cells)
    known = torch.from_numpy(understood & ~np.isnan(cells))[:, learned]
    x = codec.encode(torch.from_numpy(np.where(understood, cells, np.nan)))
    places = randomness.uniform(len(x), x.shape[1] - codec.num_codes)
    placed = [k for k, i in enumerate(learned) if codec.bins[i].placed]  # type: ignore[union-attr]
    x[:, codec.num_codes :] = torch.where(known[:, placed], x[:, codec.num_codes :], places)
    allowed = torch.ones(codec.num_codes, dtype=torch.bool)
    for i, (_, _, last) in zip(learned, codec.spec.spans, strict=True):
        allowed[last - 1] = not codec.columns[i].missing
    drawn = codec.decode(refine(refiner, x, SWEEPS, randomness, fixed=known, allowed=allowed))
    return np.where(np.isnan(cells), drawn.numpy(), np.nan)


def _understood(codec: TableCodec, cells: Cells) -> npt.NDArray[np.bool_]:
    """(N, columns) whether a cell is of a level, or special, that the codec knows, or missing."""
    found = np.ones(cells.shape, bool)
    for i, column in enumerate(codec.columns):
        own = cells[:, i]
        if column.kind in {"number", "datetime"}:
            found[:, i] = special_numbers(own) < len(column.specials)
        elif column.kind != "id":
            found[:, i] = np.isnan(own) | (own < len(column.levels))
    return found
