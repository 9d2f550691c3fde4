"""Fourier features of points over several octaves, for detail that a small network misses."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from gansmith.config import Cosine


class FourierFeatures(nn.Module):
    """x with sines and cosines of fixed random projections beside it, weaker the finer they are.

    Random features (Tancik et al. 2020, arXiv:2006.10739, eq. 5) with frequencies spread evenly
    over the octaves from ``lowest`` to ``highest`` and amplitudes (frequency / lowest)^-decay: with
    decay 1 all scales have the same slope, so that fine detail is seen and does not shout.

    Args:
        dimensions: of a point.
        count: random projections; each gives a sine and a cosine.
        lowest, highest: frequencies in radians per unit of x.
        decay: exponent over the run; set by :meth:`follow`.

    Attributes:
        size: numbers per sample that come out.
    """

    directions: Tensor
    phases: Tensor
    amplitudes: Tensor

    def __init__(
        self, dimensions: int, count: int, lowest: float, highest: float, decay: Cosine
    ) -> None:
        super().__init__()
        self.size, self.decay = dimensions + 2 * count, decay
        steps = (torch.arange(count) + 0.5) / max(count, 1)
        self._octaves = math.log(highest / lowest) * steps
        drawn = torch.randn(dimensions, count)
        directions = drawn / drawn.norm(dim=0) * lowest * self._octaves.exp()
        phases = 2 * math.pi * torch.rand(count)
        # A sine a quarter turn ahead is the cosine: one call makes both.
        self.register_buffer("directions", directions.repeat(1, 2))
        self.register_buffer("phases", torch.cat([phases, phases + math.pi / 2]))
        self.register_buffer("amplitudes", torch.ones(2 * count))
        self.follow(0.0)

    def follow(self, progress: float) -> None:
        """Set the amplitudes to where the decay stands at ``progress`` in [0, 1]."""
        faded = math.sqrt(2) * (-self.decay.at(progress) * self._octaves).exp()
        self.amplitudes.copy_(faded.repeat(2))

    def forward(self, x: Tensor) -> Tensor:
        """(N, dimensions) -> (N, size)."""
        angles = torch.addmm(self.phases, x, self.directions)
        return torch.cat([x, angles.sin() * self.amplitudes], 1)
