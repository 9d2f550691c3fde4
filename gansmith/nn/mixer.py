"""Layers for a short sequence of tokens: each mixes the tokens, then the numbers of each."""

from __future__ import annotations

from torch import Tensor, nn

from gansmith.nn.activation import activation
from gansmith.nn.initialise import LEAKY_GAIN, scaled_normal
from gansmith.nn.perceptron import RESIDUAL_GAIN


class MixerLayer(nn.Module):
    """h + mix over tokens, then h + mix over numbers, without normalisation.

    As the mixer of Tolstikhin et al. 2021 (arXiv:2105.01601), section 2. Deviates from the paper:
    no layer normalisation, and residuals start small instead, as in the other networks here.

    Args:
        tokens: of the sequence.
        width: numbers of each.
        expansion: neurons between, over tokens or numbers.
    """

    def __init__(self, tokens: int, width: int, expansion: int = 2) -> None:
        super().__init__()
        self.over_tokens = _mix(tokens, expansion)
        self.over_numbers = _mix(width, expansion)

    def forward(self, h: Tensor) -> Tensor:
        """(N, tokens, width) -> the same."""
        h = h + self.over_tokens(h.transpose(1, 2)).transpose(1, 2)
        moved: Tensor = h + self.over_numbers(h)
        return moved


def _mix(size: int, expansion: int) -> nn.Sequential:
    return nn.Sequential(
        scaled_normal(nn.Linear(size, expansion * size), LEAKY_GAIN),
        activation("leaky-relu"),
        scaled_normal(nn.Linear(expansion * size, size), RESIDUAL_GAIN),
    )
