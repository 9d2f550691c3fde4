"""The noise a generator starts from. Each entry draws (n, size) numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np
import torch
from torch import Tensor

from gansmith.errors import ConfigError
from gansmith.game.randomness import Randomness
from gansmith.registry import register

Latent = Callable[[int, int, Randomness], Tensor]


@register("latent", "normal")
def normal(n: int, size: int, randomness: Randomness) -> Tensor:
    """Standard normal."""
    return randomness.normal(n, size)


@register("latent", "uniform")
def uniform(n: int, size: int, randomness: Randomness) -> Tensor:
    """Uniform with mean 0 and variance 1, in (-sqrt 3, sqrt 3)."""
    return (randomness.uniform(n, size) - 0.5) * math.sqrt(12)


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
    """Uniform in (0, 1), one number a sample; in the game itself from NumPy's legacy stream."""
    if size != 1:
        raise ConfigError(f"The textbook's latent has size 1, not {size}.", where="latent.size")
    if randomness.stream != 0:  # sampling after the game has seeds of its own
        return randomness.uniform(n, size)
    end = randomness.position + n
    drawn = textbook_stream(-(-end // 4096) * 4096)[1][randomness.position : end]
    return torch.as_tensor(drawn, dtype=randomness.dtype, device=randomness.device)[:, None]
