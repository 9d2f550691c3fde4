"""From samples that are given to others like them, through a codec that has learned.

The generator has no part in this: it cannot be asked which latent would make a given sample. The
codec's encoder says where a sample lies, and its decoder what lies beside it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gansmith.errors import UserError
from gansmith.protocols import Codec, encodes_by_network
from gansmith.sample.sampler import great_circle

Array = npt.NDArray[Any]
STEPS, SPREAD = 8, 0.5
MOST_STEPS, MOST_SPREAD = 1_000, 10.0


def between(codec: Codec, first: Array, second: Array, steps: int = STEPS) -> Array:
    """Samples on the way from one to another, through what they are encoded as.

    On a great circle, as between two latents. The ends are what the codec brings back of the given
    samples, which need not be the same to the last byte.

    Args:
        codec: that has learned.
        first, second: (1, ...) raw.
        steps: how many samples, both ends among them; 2 to 1,000.

    Returns:
        (steps, ...) raw.

    Raises:
        UserError: for a codec that does not learn, an empty sample, or a number out of its range.
    """
    if not 2 <= steps <= MOST_STEPS:
        raise UserError(
            f"{steps} steps lead from nowhere to nowhere.",
            where="steps",
            fix=f"Take 2 to {MOST_STEPS:,}.",
        )
    ends = _encoded(codec, np.concatenate([first, second])).flatten(1)
    shares = torch.linspace(0, 1, steps, dtype=ends.dtype)
    return _decoded(codec, great_circle(ends[0], ends[1], shares))


def around(codec: Codec, sample: Array, n: int, spread: float = SPREAD, seed: int = 0) -> Array:
    """Samples around a given one: what it is encoded as, with noise on it.

    Args:
        codec: that has learned.
        sample: (1, ...) raw.
        n: how many.
        spread: standard deviation of the noise, 0 to 10, in that of training samples; at 0 all are
            what the codec brings back of the sample, from 1 on little of it is left.
        seed: other seeds, other samples.

    Returns:
        (n, ...) raw.

    Raises:
        UserError: for a codec that does not learn, an empty sample, or a number out of its range.
    """
    if not 0 <= spread <= MOST_SPREAD:  # also false for nan
        raise UserError(
            f"A spread of {spread:g} has no meaning.",
            where="spread",
            fix=f"Take 0 to {MOST_SPREAD:g}; {SPREAD:g} keeps much of the sample.",
        )
    x = _encoded(codec, sample).flatten(1)
    noise = np.random.default_rng((seed, 7)).standard_normal((n, x.shape[1]))
    return _decoded(codec, x + spread * torch.from_numpy(noise).to(x.dtype))


def _encoded(codec: Codec, raw: Array) -> Tensor:
    """(N, *shape) of given samples."""
    if not encodes_by_network(codec):
        raise UserError(
            "Samples can be given only to a run whose codec has learned, as that of texts does.",
            fix="--interpolate alone goes between samples that the generator makes.",
        )
    if not all(each.any() for each in raw):
        raise UserError("There is nothing in the given sample.", fix="Give a text.")
    return codec.encode(torch.from_numpy(raw))


def _decoded(codec: Codec, rows: Tensor) -> Array:
    """Raw samples of flat encoded ones."""
    shape = (len(rows), *codec.spec.shape)
    return codec.decode(rows.reshape(shape)).cpu().numpy()
