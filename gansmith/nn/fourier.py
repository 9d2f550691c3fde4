"""Random Fourier features of points, for detail finer than a small network resolves."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class FourierFeatures(nn.Module):
    """x with the sines and cosines of fixed random projections beside it.

    Tancik et al. 2020 (arXiv:2006.10739), eq. 5.

    Args:
        dimensions: of a point.
        count: random projections; each gives a sine and a cosine.
        scale: standard deviation of the frequencies, in cycles per unit of x.

    Attributes:
        size: numbers per sample that come out.
    """

    frequencies: Tensor

    def __init__(self, dimensions: int, count: int, scale: float) -> None:
        super().__init__()
        self.size = dimensions + 2 * count
        self.register_buffer("frequencies", 2 * math.pi * scale * torch.randn(dimensions, count))

    def forward(self, x: Tensor) -> Tensor:
        """(N, dimensions) -> (N, size)."""
        angles = x @ self.frequencies
        return torch.cat([x, angles.sin(), angles.cos()], 1)
