"""How weights start: normal, scaled so that the size of a signal survives each layer."""

from __future__ import annotations

import math
from typing import TypeVar

import numpy as np
import torch
from torch import nn

from gansmith.errors import ConfigError
from gansmith.nn.choice import choose

Layer = TypeVar("Layer", bound=nn.Conv2d | nn.ConvTranspose2d | nn.Linear)

LEAK = 0.2
"""Slope of the leaky rectifier for negative inputs, everywhere in this package."""

LEAKY_GAIN = math.sqrt(2 / (1 + LEAK**2))
"""Root mean square of a standard normal over that of its leaky rectification (He et al. 2015)."""


def fan_in(layer: nn.Conv2d | nn.ConvTranspose2d | nn.Linear) -> float:
    """How many numbers of the input one number of the output is a weighted sum of."""
    weights = layer.weight.numel()
    if isinstance(layer, nn.ConvTranspose2d):
        # Each output meets only every stride-th tap of the kernel along each axis.
        return weights / layer.out_channels / math.prod(layer.stride)
    return weights / layer.weight.shape[0]


def scaled_normal(layer: Layer, gain: float = 1.0) -> Layer:
    """Draw the weights from N(0, gain² / fan_in) and put the bias to zero; returns the layer.

    He et al. 2015 (arXiv:1502.01852), eq. 10; a gain of 0 silences the layer at the start.

    >>> bool(scaled_normal(nn.Linear(3, 2), gain=0.0).weight.any())
    False
    """
    nn.init.normal_(layer.weight, 0.0, gain / math.sqrt(fan_in(layer)))
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


def initialise(network: nn.Module, scheme: str) -> None:
    """Leave ``network`` as its layers were made (``scaled``), or start it as ``dcgan`` does.

    DCGAN: all weights N(0, 0.02), scales of batch normalisation N(1, 0.02). Radford et al. 2016
    (arXiv:1511.06434), section 4, and the authors' code for the scales.

    Raises:
        ConfigError: where there is no such scheme.
    """
    if not choose("init", scheme, {"scaled": False, "dcgan": True}):
        return
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.normal_(layer.weight, 0.0, 0.02)
        elif isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.weight, 1.0, 0.02)


def textbook_weights(layer: nn.Linear, drawn: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
    """Make ``layer`` float64 and fill its weights, then its biases, with the numbers ``drawn``.

    Raises:
        ConfigError: if they are not as many.
    """
    layer.double()
    wanted = layer.weight.numel() + layer.bias.numel()
    if wanted != len(drawn):
        raise ConfigError(
            f"The textbook has {len(drawn)} numbers for this layer, which needs {wanted}.",
            where="init",
            fix="Take pictures of 2x2 grey pixels without classes and a latent of size 1.",
        )
    weight, bias = np.split(drawn, [layer.weight.numel()])
    with torch.no_grad():
        layer.weight.copy_(torch.as_tensor(weight).view_as(layer.weight))
        layer.bias.copy_(torch.as_tensor(bias))
