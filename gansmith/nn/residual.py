"""The residual block of the modern baseline, and the learned picture its generator starts from."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gansmith.errors import ConfigError
from gansmith.nn.activation import activation
from gansmith.nn.initialise import LEAKY_GAIN, scaled_normal
from gansmith.nn.resample import Size


class ResidualBlock(nn.Module):
    """x + 1x1 (lrelu (grouped 3x3 (lrelu (1x1 x)))), without normalisation.

    The last layer starts at zero and the others scaled by L^(-1/4) for L blocks, so that a network
    of any depth starts as a short one (Zhang et al. 2019, arXiv:1901.09321; Huang et al. 2024,
    arXiv:2501.05441, section 4). The paper keeps the biases in the activations, to fuse the two;
    here they stand in the convolutions, which is the same function.

    Args:
        width: channels in and out.
        num_blocks: L, the blocks of the whole network.
        expansion: channels inside, over ``width``.
        group_size: channels of each group of the 3x3; 0 for one group.
    """

    def __init__(self, width: int, num_blocks: int, expansion: int, group_size: int) -> None:
        super().__init__()
        inner = width * expansion
        if group_size and inner % group_size:
            raise ConfigError(
                f"{inner} channels cannot be split into groups of {group_size}.",
                where="width, expansion, group_size",
                fix="Take a width that is a multiple of group_size, or group_size 0.",
            )
        groups = inner // group_size if group_size else 1
        gain = LEAKY_GAIN * num_blocks**-0.25
        self.layers = nn.Sequential(
            scaled_normal(nn.Conv2d(width, inner, 1), gain),
            activation("leaky-relu"),
            scaled_normal(nn.Conv2d(inner, inner, 3, padding=1, groups=groups), gain),
            activation("leaky-relu"),
            scaled_normal(nn.Conv2d(inner, width, 1, bias=False), 0.0),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, width, H, W) -> the same."""
        y: Tensor = x + self.layers(x)
        return y


class LearnedBasis(nn.Module):
    """A learned picture whose channels are weighed by a bias-free linear map of the latent."""

    def __init__(self, latent_size: int, width: int, size: Size) -> None:
        super().__init__()
        self.linear = scaled_normal(nn.Linear(latent_size, width, bias=False))
        self.basis = nn.Parameter(torch.randn(width, *size))

    def forward(self, latent: Tensor) -> Tensor:
        """(N, latent_size) -> (N, width, *size)."""
        weights: Tensor = self.linear(latent)
        return self.basis * weights[:, :, None, None]
