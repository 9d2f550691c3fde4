"""The hidden layers of a multilayer perceptron."""

from __future__ import annotations

from torch import nn

from gansmith.nn.activation import activation as named_activation
from gansmith.nn.initialise import LEAKY_GAIN, scaled_normal


def perceptron(inputs: int, width: int, depth: int, activation: str) -> nn.Sequential:
    """``depth`` layers of ``width`` neurons with an activation each: (N, inputs) -> (N, width)."""
    layers: list[nn.Module] = []
    for before in [inputs, *[width] * (depth - 1)]:
        layers += [
            scaled_normal(nn.Linear(before, width), LEAKY_GAIN),
            named_activation(activation),
        ]
    return nn.Sequential(*layers)
