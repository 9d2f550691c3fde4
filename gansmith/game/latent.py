"""The noise a generator starts from. Each entry draws (n, size) numbers."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import torch
from torch import Tensor

from gansmith.game.randomness import Randomness
from gansmith.registry import register

Latent = Callable[[int, int, Randomness], Tensor]


@register("latent", "normal")
def normal(n: int, size: int, randomness: Randomness) -> Tensor:
    """Standard normal."""
    return randomness.normal(n, size)


@register("latent", "uniform")
def uniform(n: int, size: int, randomness: Randomness) -> Tensor:
    """Uniform in [0, 1)."""
    return randomness.uniform(n, size)


@cache
def textbook_stream(count: int) -> tuple[np.ndarray[tuple[int], np.dtype[np.float64]], ...]:
    """The textbook's draws: 13 initial weights, then ``count`` uniform numbers.

    NumPy's legacy generator with seed 42, as the textbook game has always been run; its stream is
    frozen by NumPy's compatibility policy (NEP 19).
    """
    legacy = np.random.RandomState(42)
    return legacy.standard_normal(13), legacy.random_sample(count)


@register("latent", "textbook")
def textbook(n: int, size: int, randomness: Randomness) -> Tensor:
    """Uniform in (0, 1) from NumPy's legacy stream of seed 42, one number per sample."""
    if size != 1:
        raise ValueError(f"the textbook's latent has size 1, not {size}")
    end = randomness.position + n
    drawn = textbook_stream(-(-end // 4096) * 4096)[1][randomness.position : end]
    return torch.as_tensor(drawn, dtype=randomness.dtype, device=randomness.device)[:, None]
