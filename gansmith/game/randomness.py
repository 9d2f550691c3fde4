"""Randomness without a state: every number is a function of (seed, position, stream).

So nothing has to be saved for a killed run to go on as if it had never been killed, and several
processes draw the very numbers that one process would: each draws those of the whole batch and
keeps its own part.
"""

from __future__ import annotations

import torch
from torch import Tensor

_MASK = 2**64 - 1


def mix(*parts: int) -> int:
    """A well-spread 63-bit number from integers (the finaliser of splitmix64, chained).

    >>> mix(0, 1) == mix(0, 1), mix(0, 1) == mix(1, 0)
    (True, False)
    """
    state = 0
    for part in parts:
        state = (state + part + 0x9E3779B97F4A7C15) & _MASK
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
        state ^= state >> 31
    return state >> 1


class Randomness:
    """A stream of random numbers for one move.

    Args:
        seed: of the run.
        position: sample count at which the move is made.
        stream: tells the moves of one round apart.
        device: where the numbers are made and used.
        dtype: of the numbers.
        rank, world: this process among how many; rows are split between them in order.

    The first axis of every draw is the local batch.
    """

    def __init__(
        self,
        seed: int,
        position: int,
        stream: int,
        *,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
        rank: int = 0,
        world: int = 1,
    ) -> None:
        self.position, self.stream = position, stream
        self.device, self.dtype = torch.device(device), dtype
        self._rank, self._world = rank, world
        self._generator = torch.Generator(self.device)
        self._generator.manual_seed(mix(seed, position, stream))

    def _local(self, drawn: Tensor, n: int) -> Tensor:
        return drawn if self._world == 1 else drawn[self._rank * n : (self._rank + 1) * n]

    def _kind(self) -> dict[str, object]:
        return {"generator": self._generator, "device": self.device, "dtype": self.dtype}

    def normal(self, n: int, *shape: int) -> Tensor:
        """(n, *shape) standard normal."""
        return self._local(torch.randn(n * self._world, *shape, **self._kind()), n)  # type: ignore[call-overload]

    def uniform(self, n: int, *shape: int) -> Tensor:
        """(n, *shape) uniform in [0, 1)."""
        return self._local(torch.rand(n * self._world, *shape, **self._kind()), n)  # type: ignore[call-overload]

    def integers(self, high: int, n: int, *shape: int) -> Tensor:
        """(n, *shape) int64, uniform in [0, high)."""
        drawn = torch.randint(
            high, (n * self._world, *shape), generator=self._generator, device=self.device
        )
        return self._local(drawn, n)
