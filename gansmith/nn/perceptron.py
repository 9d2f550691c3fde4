"""The hidden layers of multilayer perceptrons, plain and residual."""

from __future__ import annotations

from torch import Tensor, nn

from gansmith.nn.activation import activation as named_activation
from gansmith.nn.initialise import LEAKY_GAIN, scaled_normal

RESIDUAL_GAIN = 0.3
"""Of the last layer of a residual block: small, so that a deep network starts as a shallow one."""


def perceptron(inputs: int, width: int, depth: int, activation: str) -> nn.Sequential:
    """``depth`` layers of ``width`` neurons with an activation each: (N, inputs) -> (N, width)."""
    layers: list[nn.Module] = []
    for before in [inputs, *[width] * (depth - 1)]:
        layers += [
            scaled_normal(nn.Linear(before, width), LEAKY_GAIN),
            named_activation(activation),
        ]
    return nn.Sequential(*layers)


class ResidualLayer(nn.Module):
    """h + W2 act(W1 act(h)), for h of ``width`` numbers."""

    def __init__(self, width: int, activation: str) -> None:
        super().__init__()
        self.first = scaled_normal(nn.Linear(width, width), LEAKY_GAIN)
        self.second = scaled_normal(nn.Linear(width, width), RESIDUAL_GAIN)
        self.before, self.between = named_activation(activation), named_activation(activation)

    def forward(self, h: Tensor) -> Tensor:
        """(N, width) -> (N, width)."""
        moved: Tensor = self.second(self.between(self.first(self.before(h))))
        return h + moved


class NormalisedResidual(nn.Module):
    """h + W2 silu(W1 norm(h)), for h of ``width`` numbers, each sample normalised by itself."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.first, self.second = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, h: Tensor) -> Tensor:
        """(N, width) -> (N, width)."""
        moved: Tensor = self.second(nn.functional.silu(self.first(self.norm(h))))
        return h + moved


def residual_perceptron(inputs: int, width: int, depth: int, activation: str) -> nn.Sequential:
    """A linear layer, ``depth`` residual ones, an activation: (N, inputs) -> (N, width)."""
    return nn.Sequential(
        scaled_normal(nn.Linear(inputs, width), LEAKY_GAIN),
        *(ResidualLayer(width, activation) for _ in range(depth)),
        named_activation(activation),
    )
