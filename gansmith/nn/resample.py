"""Sizes of a picture's pyramid, and the way between them, for any height and width.

Halving rounds up (25 -> 13 -> 7 -> 4), doubling makes twice the size and is cut to the size wanted.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Size = tuple[int, int]


def halvings(height: int, width: int, smallest: int, at_least: int = 0) -> list[Size]:
    """Sizes from (height, width) down, until neither side is above ``smallest``.

    Args:
        height, width: in pixels.
        smallest: of the last size, the larger side at most.
        at_least: halvings to make, however small the picture.

    >>> halvings(28, 25, 4)
    [(28, 25), (14, 13), (7, 7), (4, 4)]
    """
    sizes = [(height, width)]
    while max(sizes[-1]) > max(smallest, 1) or len(sizes) <= at_least:
        sizes.append((-(-sizes[-1][0] // 2), -(-sizes[-1][1] // 2)))
    return sizes


def widths(count: int, width: int, growth: int, most: int) -> list[int]:
    """Channels of ``count`` levels: ``growth`` times more at each, never above ``most``.

    >>> widths(4, 32, 2, 128)
    [32, 64, 128, 128]
    """
    return [min(width * growth**level, most) for level in range(count)]


def pad_to_even(x: Tensor) -> Tensor:
    """(N, C, H, W) with a row or column of zeros added where H or W is odd."""
    odd_height, odd_width = x.shape[-2] % 2, x.shape[-1] % 2
    return F.pad(x, (0, odd_width, 0, odd_height)) if odd_height or odd_width else x


def crop(x: Tensor, size: Size) -> Tensor:
    """The first ``size`` rows and columns of (N, C, H, W)."""
    # No view of the whole: an activation in place would have to copy it back into what it views.
    return x if x.shape[-2:] == size else x[..., : size[0], : size[1]]


class _Binomial(nn.Module):
    """The filter [1, 3, 3, 1] along both axes, the same for every channel.

    What it would take from beyond the border is left out of the average, so that a constant
    picture stays constant. Depthwise convolutions, because their derivatives of any order exist and
    are deterministic on every device.
    """

    kernel: Tensor

    def __init__(self) -> None:
        super().__init__()
        taps = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8
        self.register_buffer("kernel", torch.outer(taps, taps)[None, None], persistent=False)


class Downsample(_Binomial):
    """(N, C, H, W) -> (N, C, ceil(H/2), ceil(W/2)), low-passed by [1, 3, 3, 1]."""

    def forward(self, x: Tensor) -> Tensor:
        inside = x.new_ones(1, 1, *x.shape[-2:])
        return self._filter(x) / self._filter(inside)

    def _filter(self, x: Tensor) -> Tensor:
        channels = x.shape[1]
        kernel = self.kernel.to(x.dtype).expand(channels, 1, 4, 4)
        return F.conv2d(pad_to_even(x), kernel, stride=2, padding=1, groups=channels)


class Upsample(_Binomial):
    """(N, C, H, W) -> (N, C, *size), size at most (2H, 2W), interpolated by [1, 3, 3, 1]."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        inside = x.new_ones(1, 1, *x.shape[-2:])
        return crop(self._filter(x) / self._filter(inside), self.size)

    def _filter(self, x: Tensor) -> Tensor:
        channels = x.shape[1]
        kernel = self.kernel.to(x.dtype).expand(channels, 1, 4, 4)
        return F.conv_transpose2d(x, kernel, stride=2, padding=1, groups=channels)


class HalvingConv2d(nn.Conv2d):
    """A strided 4x4 convolution: (N, before, H, W) -> (N, after, ceil(H/2), ceil(W/2))."""

    def __init__(self, before: int, after: int, *, bias: bool = True) -> None:
        super().__init__(before, after, 4, stride=2, padding=1, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(pad_to_even(x))


class DoublingConv2d(nn.ConvTranspose2d):
    """A strided transposed 4x4 convolution: (N, before, H, W) -> (N, after, *size)."""

    def __init__(self, before: int, after: int, size: Size, *, bias: bool = True) -> None:
        super().__init__(before, after, 4, stride=2, padding=1, bias=bias)
        self.size = size

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        return crop(super().forward(x, output_size), self.size)
