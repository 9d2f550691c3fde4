"""Generators of pictures of any height, width and number of channels."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gansmith.game.latent import textbook_stream
from gansmith.nn.activation import activation as named_activation
from gansmith.nn.activation import normalization as named_normalization
from gansmith.nn.choice import choose
from gansmith.nn.condition import EmbeddedLatent
from gansmith.nn.initialise import LEAK, LEAKY_GAIN, initialise, scaled_normal, textbook_weights
from gansmith.nn.memory import channels_last
from gansmith.nn.resample import DoublingConv2d, Upsample, crop, halvings, widths
from gansmith.nn.residual import LearnedBasis, ResidualBlock
from gansmith.protocols import Condition, Spec
from gansmith.registry import register


@register("generator", "residual")
class ResidualGenerator(nn.Module):
    """The modern baseline: residual blocks, no normalisation (Huang et al. 2024, arXiv:2501.05441).

    A learned basis of the smallest size, weighed by the latent, then residual blocks at each size
    with [1, 3, 3, 1] upsampling in between, and a 1x1 convolution to the picture.

    Args:
        spec: of the encoded samples, shape (C, H, W).
        latent_size: numbers per latent; the paper has 64.
        width: channels at full size; twice as many at each halving, at most ``max_width``.
        blocks: residual blocks at each size.
        expansion: channels inside a block, over those outside.
        group_size: channels of each group of the 3x3 convolutions; 0 for plain ones.
        smallest: of the smallest size, the larger side at most; the paper has 4.
        bounded: end in the activation that ``spec`` names; the paper's generator ends linear.
    """

    def __init__(
        self,
        spec: Spec,
        latent_size: int,
        *,
        width: int = 64,
        max_width: int = 512,
        blocks: int = 2,
        expansion: int = 2,
        group_size: int = 16,
        smallest: int = 4,
        bounded: bool = False,
    ) -> None:
        super().__init__()
        channels, rows, columns = spec.shape
        sizes = halvings(rows, columns, smallest)[::-1]
        levels = widths(len(sizes), width, 2, max_width)[::-1]
        self.latent = EmbeddedLatent(latent_size, spec.num_classes)
        self.basis = LearnedBasis(self.latent.size, levels[0], sizes[0])
        layers: list[nn.Module] = []
        for before, after, size in zip([levels[0], *levels], levels, sizes, strict=False):
            if before != after:
                layers.append(scaled_normal(nn.Conv2d(before, after, 1, bias=False)))
            if size != sizes[0]:
                layers.append(Upsample(size))
            num_blocks = blocks * len(sizes)
            layers += (
                ResidualBlock(after, num_blocks, expansion, group_size) for _ in range(blocks)
            )
        layers.append(scaled_normal(nn.Conv2d(levels[-1], channels, 1)))
        layers.append(named_activation(spec.activation if bounded else "linear"))
        self.layers = nn.Sequential(*layers)
        channels_last(self)

    def forward(self, latent: Tensor, condition: Condition) -> Tensor:
        """(N, latent_size) -> (N, C, H, W)."""
        fake: Tensor = self.layers(self.basis(self.latent(latent, condition)))
        return fake


@register("generator", "convolutional")
class ConvolutionalGenerator(nn.Module):
    """Strided 4x4 transposed convolutions, as in DCGAN (Radford et al. 2016, arXiv:1511.06434).

    The defaults are a small network for the modern objective on a CPU. The paper's is
    ``width=64 growth=2 smallest=4 normalization=batch activation=relu init=dcgan``.

    Args:
        spec: of the encoded samples, shape (C, H, W).
        latent_size: numbers per latent; the paper has 100.
        width: channels at half size; ``growth`` times more at each halving, up to ``max_width``.
        smallest: of the size that the picture starts from, the larger side at most.
        normalization: ``none`` or ``batch``.
        activation: between layers, by name.
        init: ``scaled`` by fan-in, or ``dcgan``.
    """

    def __init__(
        self,
        spec: Spec,
        latent_size: int,
        *,
        width: int = 32,
        growth: int = 4,
        max_width: int = 512,
        smallest: int = 8,
        normalization: str = "none",
        activation: str = "leaky-relu",
        init: str = "scaled",
    ) -> None:
        super().__init__()
        channels, rows, columns = spec.shape
        sizes = halvings(rows, columns, smallest, at_least=1)[::-1]
        levels = widths(len(sizes) - 1, width, growth, max_width)[::-1]
        self.latent = EmbeddedLatent(latent_size, spec.num_classes)
        self.linear = scaled_normal(nn.Linear(self.latent.size, math.prod(sizes[0]) * levels[0]))
        self.start = (*sizes[0], levels[0])
        layers: list[nn.Module] = []
        for level, after, size in zip(levels, [*levels[1:], channels], sizes[1:], strict=True):
            layers += [
                named_normalization(normalization, level),
                named_activation(activation),
                scaled_normal(
                    DoublingConv2d(level, after, size), 1.0 if size == sizes[-1] else LEAKY_GAIN
                ),
            ]
        self.layers = nn.Sequential(*layers, named_activation(spec.activation))
        initialise(self, init)
        channels_last(self)

    def forward(self, latent: Tensor, condition: Condition) -> Tensor:
        """(N, latent_size) -> (N, C, H, W)."""
        flat = self.linear(self.latent(latent, condition))
        fake: Tensor = self.layers(flat.unflatten(1, self.start).movedim(-1, 1))
        return fake


@register("generator", "pyramid")
class PyramidGenerator(nn.Module):
    """Small and quick on a CPU: a picture at each size, summed from the smallest to the full one.

    Each size adds its picture to the one before, doubled by [1, 3, 3, 1] (the output skips of
    Karras et al. 2020, arXiv:1912.04958, section 4.1), so that the coarse parts are right early and
    the few channels at full size only draw detail. It starts from the mean picture of the data.

    Args:
        spec: of the encoded samples, shape (C, H, W).
        latent_size: numbers per latent.
        width: channels at full size; twice as many at each halving, up to ``max_width``.
        max_width: channels at the smallest size, and the most anywhere.
        smallest: of the smallest size, the larger side at most.
        mapping: neurons of the layer between latent and smallest size.
    """

    def __init__(
        self,
        spec: Spec,
        latent_size: int,
        *,
        width: int = 16,
        max_width: int = 128,
        smallest: int = 8,
        mapping: int = 256,
    ) -> None:
        super().__init__()
        channels, rows, columns = spec.shape
        sizes = halvings(rows, columns, smallest, at_least=1)
        levels = [*widths(len(sizes) - 1, width, 2, max_width), max_width][::-1]
        self.sizes = sizes[::-1]
        self.latent = EmbeddedLatent(latent_size, spec.num_classes)
        self.mapping = scaled_normal(nn.Linear(self.latent.size, mapping))
        self.start = (*self.sizes[0], levels[0])
        self.low = scaled_normal(nn.Linear(mapping, math.prod(self.start)), LEAKY_GAIN)
        self.convolutions = nn.ModuleList(
            scaled_normal(nn.Conv2d(before, after, 3, padding=1), LEAKY_GAIN)
            for before, after in pairwise(levels)
        )
        share = 0.5 / math.sqrt(len(levels))
        self.to_picture = nn.ModuleList(
            scaled_normal(nn.Conv2d(level, channels, 3, padding=1), share) for level in levels
        )
        self.base = nn.Parameter(_inverse(spec))
        self.last = named_activation(spec.activation)
        channels_last(self)

    def forward(self, latent: Tensor, condition: Condition) -> Tensor:
        """(N, latent_size) -> (N, C, H, W)."""
        h = F.leaky_relu(self.mapping(self.latent(latent, condition)), LEAK)
        h = F.leaky_relu(self.low(h).unflatten(1, self.start).movedim(-1, 1), LEAK)
        picture = self.to_picture[0](h)
        following = zip(self.convolutions, self.to_picture[1:], self.sizes[1:], strict=True)
        for convolution, to_picture, size in following:
            h = F.leaky_relu(_double(convolution(h), size), LEAK)
            picture = _double(picture, size) + to_picture(h)
        fake: Tensor = self.last(picture + self.base)
        return fake


def _double(x: Tensor, size: tuple[int, int]) -> Tensor:
    """Twice as large by [1, 3, 3, 1], which is what bilinear interpolation comes to, then cut."""
    return crop(F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False), size)


def _inverse(spec: Spec) -> Tensor:
    """(1, C, H, W): what the last activation turns into the mean sample; zeros if not known."""
    if spec.mean is None:
        return torch.zeros(1, *spec.shape)
    mean = spec.mean.float()[None]
    if spec.activation == "tanh":
        return mean.clamp(-0.98, 0.98).atanh()
    return mean.clamp(0.01, 0.99).logit() if spec.activation == "sigmoid" else mean


@register("generator", "one-layer")
class OneLayerGenerator(nn.Module):
    """One linear layer and a sigmoid: each pixel is sigmoid(w z + b). For teaching.

    Args:
        spec: of the encoded samples, any shape.
        latent_size: numbers per latent.
        init: ``normal``, all standard normal, or ``textbook``: the numbers that the slanted faces
            are always shown with, in float64; for one latent number and 4 pixels.

    Raises:
        ConfigError: if ``textbook`` is asked for another size.
    """

    def __init__(self, spec: Spec, latent_size: int, *, init: str = "normal") -> None:
        super().__init__()
        self.shape = spec.shape
        self.latent = EmbeddedLatent(latent_size, spec.num_classes)
        self.linear = nn.Linear(self.latent.size, math.prod(spec.shape))
        if choose("init", init, {"normal": False, "textbook": True}):
            textbook_weights(self.linear, textbook_stream(0)[0][5:])
        else:
            nn.init.normal_(self.linear.weight)
            nn.init.normal_(self.linear.bias)

    def forward(self, latent: Tensor, condition: Condition) -> Tensor:
        """(N, latent_size) -> (N, *spec.shape), in (0, 1)."""
        x = self.linear(self.latent(latent, condition)).sigmoid()
        fake: Tensor = x.unflatten(1, self.shape)
        return fake
