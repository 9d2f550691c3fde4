"""Random changes of pictures, made to real and fake alike before the discriminator sees them.

Each change is made to each picture with probability ``strength``. Below about 0.8 a generator
cannot take the changes for part of the data, because the unchanged picture stays the likeliest
(Karras et al. 2020, arXiv:2006.06676, section 2.2); the widths are those of its appendix B unless
said otherwise. Everything is drawn when a transformation is made, so that it can be made again, and
all of it can be differentiated twice, which ``grid_sample`` cannot.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import reduce

import torch
from torch import Tensor

from gansmith.game.game import Augmentation, unchanged
from gansmith.game.randomness import Randomness
from gansmith.registry import register

Transform = Callable[[Tensor], Tensor]


@register("transform", "none")
def none() -> Augmentation:
    """Nothing is changed."""
    return unchanged


@register("transform", "pictures")
def pictures(
    *,
    flips: bool = False,
    quarter_turns: bool = False,
    geometry: bool = True,
    color: bool = True,
    cutout: bool = False,
    degrees: float = 15.0,
) -> Augmentation:
    """Moves, stretches, turns, changes of light and colour, holes; for values in about [-1, 1].

    Args:
        flips: left to right; not for writing, where it makes other signs.
        quarter_turns: by 90, 180 or 270 degrees; not where up and down differ.
        geometry: shift by whole pixels up to an eighth of the picture, scale, stretch, small turn.
        color: brightness and contrast; for 3 and 4 channels saturation and hue, leaving alpha.
        cutout: a grey rectangle of half the height and width somewhere.
        degrees: largest small turn either way; deviates from the paper, which turns all the way.

    Returns:
        an augmentation for (N, C, H, W); at strength 0 it draws nothing and changes nothing.
    """

    def augmentation(shape: torch.Size, strength: float, randomness: Randomness) -> Transform:
        draw, parts = Draws(shape[0], strength, randomness), list[Transform]()
        if strength > 0 and (flips or quarter_turns or geometry):
            matrix = orientation(draw, flips, quarter_turns)
            shift = torch.zeros_like(matrix[:, 0])
            if geometry:
                matrix, shift = matrix @ distortion(draw, degrees), shifts(draw, *shape[2:])
            parts.append(resampling(shape, matrix, shift))
        if strength > 0 and color:
            parts.append(tinting(draw, shape[1]))
        if strength > 0 and cutout:
            parts.append(hole(draw, *shape[2:]))
        return lambda x: reduce(lambda y, part: part(y), parts, x)

    return augmentation


class Draws:
    """Random numbers for each picture, which with probability 1 - ``strength`` are 0: no change."""

    def __init__(self, n: int, strength: float, randomness: Randomness) -> None:
        self._n, self._strength, self._randomness = n, strength, randomness

    def _or_none(self, drawn: Tensor) -> Tensor:
        made = self._randomness.uniform(self._n, *[1] * (drawn.ndim - 1)) < self._strength
        return torch.where(made, drawn, 0.0)

    def normal(self, deviation: float) -> Tensor:
        """(n,) normal with that standard deviation, or 0."""
        return self._or_none(deviation * self._randomness.normal(self._n))

    def uniform(self, bound: float, *shape: int) -> Tensor:
        """(n, *shape) uniform in [-bound, bound), or 0."""
        return self._or_none(bound * (2 * self._randomness.uniform(self._n, *shape) - 1))

    def integers(self, high: int) -> Tensor:
        """(n,) whole numbers in [0, high), or 0."""
        drawn = self._randomness.integers(high, self._n)
        return self._or_none(drawn.to(self._randomness.dtype))


def orientation(draw: Draws, flips: bool, quarter_turns: bool) -> Tensor:
    """(n, 2, 2) matrices on (x, y) of flips and quarter turns; the identity without either."""
    zero = draw.uniform(0.0)
    flip = 1 - 2 * draw.integers(2) if flips else zero + 1
    angle = draw.integers(4) * (math.pi / 2) if quarter_turns else zero
    return rotation(angle) @ torch.diag_embed(torch.stack([flip, zero + 1], 1))


def distortion(draw: Draws, degrees: float) -> Tensor:
    """(n, 2, 2) matrices of a small turn after scaling both axes alike and then unlike."""
    scale, stretch = draw.normal(0.2).exp2(), draw.normal(0.2).exp2()
    scaling = torch.diag_embed(torch.stack([scale * stretch, scale / stretch], 1))
    return rotation(draw.uniform(math.radians(degrees))) @ scaling


def rotation(angle: Tensor) -> Tensor:
    """Angles (n,) in radians -> matrices (n, 2, 2)."""
    cos, sin = angle.cos(), angle.sin()
    return torch.stack([cos, -sin, sin, cos], 1).view(-1, 2, 2)


def shifts(draw: Draws, height: int, width: int) -> Tensor:
    """(n, 2) whole pixels along (x, y), at most an eighth of the picture."""
    share = draw.uniform(1 / 8, 2)
    return (share * share.new_tensor([width, height])).round()


def resampling(shape: torch.Size, matrix: Tensor, shift: Tensor) -> Transform:
    """Bilinear resampling: what lands at p, from the centre, comes from ``matrix`` p + ``shift``.

    Beyond the border the picture goes on as its mirror image. Written with ``gather``, whose second
    derivative exists; one resampling for all changes of place together, so that it blurs once.

    Args:
        shape: (N, C, H, W).
        matrix, shift: (N, 2, 2) and (N, 2), on (x, y) in pixels.
    """
    height, width = shape[2:]
    middle = shift.new_tensor([(width - 1) / 2, (height - 1) / 2])
    y, x = torch.meshgrid(*(torch.arange(n).to(shift) for n in (height, width)), indexing="ij")
    grid = torch.stack([x.flatten(), y.flatten()], 1) - middle
    across, down = (matrix @ grid.T + (shift + middle)[:, :, None]).unbind(1)
    taps = [
        (row * width + column, row_weight * column_weight)
        for row, row_weight in neighbours(down, height)
        for column, column_weight in neighbours(across, width)
    ]

    def transform(x: Tensor) -> Tensor:
        flat, channels = x.flatten(2), x.shape[1]
        moved = torch.zeros_like(flat)
        for index, weight in taps:
            pixels = flat.gather(2, index[:, None].expand(-1, channels, -1))
            moved = moved + weight[:, None] * pixels
        return moved.view_as(x)

    return transform


def neighbours(position: Tensor, size: int) -> list[tuple[Tensor, Tensor]]:
    """The whole positions on both sides of each ``position`` (n, HW), and their weights.

    Along one axis, for linear interpolation; mirrored into [0, size).
    """
    first = position.floor()
    share = position - first
    last, period = size - 1, max(2 * (size - 1), 1)

    def mirrored(whole: Tensor) -> Tensor:
        # A triangle wave; written so because ``remainder`` costs ten times as much on a CPU.
        wave = whole + last - period * ((whole + last) / period).floor() - last
        return wave.abs().clamp(max=last).long()

    return [(mirrored(first), 1 - share), (mirrored(first + 1), share)]


def tinting(draw: Draws, channels: int) -> Transform:
    """An affine map of each pixel's channels: brightness, contrast, saturation and hue."""
    brightness, contrast = draw.normal(0.2)[:, None], draw.normal(0.5).exp2()[:, None, None]
    matrix = contrast * torch.eye(channels).to(contrast)
    offset = brightness.expand(-1, channels)
    if channels in (3, 4):
        matrix[:, :3, :3] = contrast * hue_and_saturation(draw)
    if channels == 4:
        opaque = torch.tensor([0.0, 0.0, 0.0, 1.0]).to(contrast)
        matrix[:, 3], offset = opaque, offset * (1 - opaque)
    return lambda x: torch.baddbmm(offset[:, :, None], matrix, x.flatten(2)).view_as(x)


def hue_and_saturation(draw: Draws) -> Tensor:
    """(n, 3, 3) matrices on RGB that turn and stretch about the axis of the greys."""
    angle, saturation = draw.uniform(math.pi)[:, None, None], draw.normal(1.0).exp2()
    grey = torch.full((3, 3), 1 / 3).to(angle)
    colorful = torch.eye(3).to(angle) - grey
    # The cross product with the unit vector along the greys (Rodrigues' formula).
    across = torch.tensor([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]).to(angle) / math.sqrt(3)
    turned = angle.cos() * colorful + angle.sin() * across
    return grey + saturation[:, None, None] * turned


def hole(draw: Draws, height: int, width: int) -> Transform:
    """A rectangle of half the height and width, its middle anywhere in the picture, set to 0."""
    # One draw for both axes: a hole is there or not. No change is drawn as 0, so 0 is no hole.
    middle = draw.uniform(0.5, 2)
    there = (middle != 0).any(1)[:, None, None]
    y, x = (((torch.arange(n).to(middle) + 0.5) / n - 0.5) for n in (height, width))
    inside_x = (x - middle[:, :1]).abs() < 0.25
    inside_y = (y - middle[:, 1:]).abs() < 0.25
    keep = ~(there & inside_y[:, :, None] & inside_x[:, None, :])
    return lambda x: x * keep[:, None]
