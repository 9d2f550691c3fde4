"""Spectral normalisation of a whole network."""

from __future__ import annotations

from typing import TypeVar

from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

Module = TypeVar("Module", bound=nn.Module)


def spectrally_normalised(network: Module) -> Module:
    """Divide every weight matrix of ``network`` by its largest singular value; returns it.

    The singular value is followed by one power iteration in each forward pass of training. Miyato
    et al. 2018 (arXiv:1802.05957), algorithm 1; a kernel counts as (out, in * height * width). No
    matrix may be zero, as those of residual blocks are at the start.
    """
    for layer in list(network.modules()):
        if isinstance(layer, nn.Conv2d | nn.Linear | nn.Embedding):
            spectral_norm(layer)
    return network
