"""Nonlinearities and normalisations by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from torch import nn

from gansmith.nn.choice import choose
from gansmith.nn.initialise import LEAK

_ACTIVATIONS: Mapping[str, Callable[[], nn.Module]] = {
    # In place: what comes in is always the fresh output of a layer that does not need it again.
    "leaky-relu": lambda: nn.LeakyReLU(LEAK, inplace=True),
    "relu": lambda: nn.ReLU(inplace=True),
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "linear": nn.Identity,
}

_NORMALIZATIONS: Mapping[str, Callable[[int], nn.Module]] = {
    "none": nn.Identity,
    "batch": nn.BatchNorm2d,
}


def activation(name: str) -> nn.Module:
    """The layer of that name: leaky-relu, relu, silu, tanh, sigmoid or linear.

    Raises:
        ConfigError: where there is none.

    >>> activation("tanh")
    Tanh()
    """
    return choose("activation", name, _ACTIVATIONS)()


def normalization(name: str, width: int) -> nn.Module:
    """The normalisation of pictures of ``width`` channels of that name: none or batch.

    Raises:
        ConfigError: where there is none.
    """
    return choose("normalization", name, _NORMALIZATIONS)(width)
