"""Discriminators of pictures of any height, width and number of channels."""

from __future__ import annotations

import math

from torch import Tensor, nn

from gansmith.game.latent import textbook_stream
from gansmith.nn.activation import activation
from gansmith.nn.activation import normalization as named_normalization
from gansmith.nn.choice import choose
from gansmith.nn.condition import ProjectionHead
from gansmith.nn.initialise import LEAKY_GAIN, initialise, scaled_normal, textbook_weights
from gansmith.nn.memory import channels_last
from gansmith.nn.resample import Downsample, HalvingConv2d, halvings, widths
from gansmith.nn.residual import ResidualBlock
from gansmith.nn.spectral import spectrally_normalised
from gansmith.protocols import Condition, Spec
from gansmith.registry import register


@register("discriminator", "residual")
class ResidualDiscriminator(nn.Module):
    """The modern baseline: residual blocks, no normalisation (Huang et al. 2024, arXiv:2501.05441).

    The mirror image of the residual generator: a 1x1 convolution from the picture, residual blocks
    at each size with [1, 3, 3, 1] downsampling in between, then a depthwise convolution as large as
    the smallest size, and a bias-free linear layer.

    Args:
        spec: of the encoded samples, shape (C, H, W).
        width: channels at full size; twice as many at each halving, at most ``max_width``.
        blocks: residual blocks at each size.
        expansion: channels inside a block, over those outside.
        group_size: channels of each group of the 3x3 convolutions; 0 for plain ones.
        smallest: of the smallest size, the larger side at most; the paper has 4.
    """

    def __init__(
        self,
        spec: Spec,
        *,
        width: int = 64,
        max_width: int = 512,
        blocks: int = 2,
        expansion: int = 2,
        group_size: int = 16,
        smallest: int = 4,
    ) -> None:
        super().__init__()
        channels, rows, columns = spec.shape
        sizes = halvings(rows, columns, smallest)
        levels = widths(len(sizes), width, 2, max_width)
        layers: list[nn.Module] = [scaled_normal(nn.Conv2d(channels, width, 1))]
        for before, after, size in zip([width, *levels], levels, sizes, strict=False):
            if size != sizes[0]:
                layers.append(Downsample())
            if before != after:
                layers.append(scaled_normal(nn.Conv2d(before, after, 1, bias=False)))
            num_blocks = blocks * len(sizes)
            layers += (
                ResidualBlock(after, num_blocks, expansion, group_size) for _ in range(blocks)
            )
        last = levels[-1]
        layers.append(scaled_normal(nn.Conv2d(last, last, sizes[-1], groups=last, bias=False)))
        self.layers = nn.Sequential(*layers)
        self.head = ProjectionHead(last, spec.num_classes, bias=False)
        channels_last(self)

    def forward(self, x: Tensor, condition: Condition) -> Tensor:
        """(N, C, H, W) -> logits (N,)."""
        logits: Tensor = self.head(self.layers(x).flatten(1), condition)
        return logits


@register("discriminator", "convolutional")
class ConvolutionalDiscriminator(nn.Module):
    """Strided 4x4 convolutions, as in DCGAN (Radford et al. 2016, arXiv:1511.06434).

    The defaults are a small network for the modern objective on a CPU. The paper's is
    ``width=64 growth=2 smallest=4 normalization=batch init=dcgan``; with ``spectral_norm`` and no
    ``normalization`` it is close to SNGAN's (Miyato et al. 2018, arXiv:1802.05957).

    Args:
        spec: of the encoded samples, shape (C, H, W).
        width: channels at half size; ``growth`` times more at each halving, up to ``max_width``.
        smallest: of the size that the logit is taken from, the larger side at most.
        normalization: ``none`` or ``batch`` (not after the first layer).
        spectral_norm: divide all weights by their largest singular value.
        init: ``scaled`` by fan-in, or ``dcgan``.

    Attributes:
        batch_statistics: whether the logits of a sample depend on the rest of its batch.
    """

    def __init__(
        self,
        spec: Spec,
        *,
        width: int = 32,
        growth: int = 4,
        max_width: int = 512,
        smallest: int = 8,
        normalization: str = "none",
        spectral_norm: bool = False,
        init: str = "scaled",
    ) -> None:
        super().__init__()
        channels, rows, columns = spec.shape
        sizes = halvings(rows, columns, smallest, at_least=1)
        levels = widths(len(sizes) - 1, width, growth, max_width)
        layers: list[nn.Module] = []
        for before, after in zip([channels, *levels], levels, strict=False):
            layers += [
                scaled_normal(HalvingConv2d(before, after), LEAKY_GAIN),
                named_normalization(normalization if layers else "none", after),
                activation("leaky-relu"),
            ]
        self.layers = nn.Sequential(*layers)
        self.head = ProjectionHead(levels[-1] * math.prod(sizes[-1]), spec.num_classes)
        self.batch_statistics = normalization == "batch"
        initialise(self, init)
        if spectral_norm:
            spectrally_normalised(self)
        channels_last(self)

    def forward(self, x: Tensor, condition: Condition) -> Tensor:
        """(N, C, H, W) -> logits (N,)."""
        # Channels last, as they lie in memory, so that flattening copies nothing.
        features = self.layers(x).movedim(1, -1).flatten(1)
        logits: Tensor = self.head(features, condition)
        return logits


@register("discriminator", "pyramid")
class PyramidDiscriminator(nn.Module):
    """Small and quick on a CPU: strided 4x4 convolutions, then a hidden layer over all of them.

    Most of its weights lie in the hidden layer, where they cost least.

    Args:
        spec: of the encoded samples, shape (C, H, W).
        width: of the generator it is paired with: twice as many channels at half size, and so on.
        max_width: channels at the smallest size, and the most anywhere.
        smallest: of the smallest size, the larger side at most.
        hidden: neurons of the hidden layer.
    """

    def __init__(
        self,
        spec: Spec,
        *,
        width: int = 16,
        max_width: int = 128,
        smallest: int = 8,
        hidden: int = 128,
    ) -> None:
        super().__init__()
        channels, rows, columns = spec.shape
        sizes = halvings(rows, columns, smallest, at_least=1)
        levels = [*widths(len(sizes) - 1, width, 2, max_width)[1:], max_width]
        layers: list[nn.Module] = []
        for before, after in zip([channels, *levels], levels, strict=False):
            layers.append(scaled_normal(HalvingConv2d(before, after), LEAKY_GAIN))
            layers.append(activation("leaky-relu"))
        self.layers = nn.Sequential(*layers)
        num_features = max_width * math.prod(sizes[-1])
        self.hidden = scaled_normal(nn.Linear(num_features, hidden), LEAKY_GAIN)
        self.between = activation("leaky-relu")
        self.head = ProjectionHead(hidden, spec.num_classes)
        channels_last(self)

    def forward(self, x: Tensor, condition: Condition) -> Tensor:
        """(N, C, H, W) -> logits (N,)."""
        # Channels last, as they lie in memory, so that flattening copies nothing.
        features = self.layers(x).movedim(1, -1).flatten(1)
        logits: Tensor = self.head(self.between(self.hidden(features)), condition)
        return logits


@register("discriminator", "one-layer")
class OneLayerDiscriminator(nn.Module):
    """One linear layer on the flat sample: logistic regression. For teaching.

    Args:
        spec: of the encoded samples, any shape.
        init: ``normal``, all standard normal, or ``textbook``: the numbers that the slanted faces
            are always shown with, in float64; for 4 pixels.

    Raises:
        ConfigError: if ``textbook`` is asked for another size.
    """

    def __init__(self, spec: Spec, *, init: str = "normal") -> None:
        super().__init__()
        self.head = ProjectionHead(math.prod(spec.shape), spec.num_classes)
        if choose("init", init, {"normal": False, "textbook": True}):
            textbook_weights(self.head.linear, textbook_stream(0)[0][:5])
        else:
            nn.init.normal_(self.head.linear.weight)
            nn.init.normal_(self.head.linear.bias)

    def forward(self, x: Tensor, condition: Condition) -> Tensor:
        """(N, *spec.shape) -> logits (N,)."""
        logits: Tensor = self.head(x.flatten(1), condition)
        return logits
