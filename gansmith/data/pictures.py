"""One encoded picture, of any usual format and mode, to (H, W, C) uint8; and what a source chooses.

Only formats that Pillow decodes itself are opened: never one that starts another program.
"""

from __future__ import annotations

import io
import statistics
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from gansmith.config import DataConfig
from gansmith.data.dataset import Array

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF")
SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif"})

# Sides that networks for ordinary machines are trained at. What a user asks for is not limited.
MAX_KEPT_SIDE = 256
MAX_CHOSEN_SIDE = 64

_ORIENTATION = 0x0112  # the EXIF tag; 5 to 8 lie on their side


class PictureError(ValueError):
    """One picture cannot be read; the text says why."""


@dataclass(frozen=True)
class Target:
    """What every picture of a data set is brought to.

    Attributes:
        height: in pixels.
        width: in pixels.
        channels: 1 grey, 3 RGB, 4 RGBA.
        fit: ``crop``, ``pad`` or ``stretch``, as in :class:`gansmith.config.DataConfig`.
    """

    height: int
    width: int
    channels: int
    fit: str

    @property
    def shape(self) -> tuple[int, int, int]:
        """(H, W, C)."""
        return self.height, self.width, self.channels


@dataclass(frozen=True)
class Decoded:
    """A picture as the data set keeps it: ``row`` is (H, W, C) uint8."""

    row: Array
    resized: bool
    alpha_dropped: bool


@dataclass(frozen=True)
class Look:
    """What a first look at a picture tells; ``transparent`` only if some pixel really is."""

    height: int
    width: int
    grey: bool
    transparent: bool


def decode(source: bytes | Array, target: Target) -> Decoded:
    """Decode one picture, turn it upright and bring it to the target.

    Resizing averages over all pixels (Lanczos), weighted by their opacity. Where the target has no
    alpha, a transparent picture is laid on white. Padding is black, or transparent where it can be.

    Args:
        source: an encoded file, or (H, W) or (H, W, C) uint8 pixels.
        target: what to bring it to.

    Raises:
        PictureError: if it is broken, too large, or of an unknown kind.
    """
    with _failures_say_why():
        image = _open(source)
        resized = _upright_size(image) != (target.height, target.width)
        if image.format in {"JPEG", "MPO"}:  # MPO is what many telephones write into a .jpg
            # libjpeg can decode at a fraction of the size; twice the target leaves us the rest.
            side = 2 * max(target.height, target.width)
            image.draft(None, (side, side))
        image = _upright_8_bit(image)
        alpha_dropped = target.channels < 4 and image.mode in {"LA", "RGBA"}
        if alpha_dropped:
            image = _as(image, "RGBA")
            image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
        image = _as(image, {1: "L", 3: "RGB", 4: "RGBA"}[target.channels])
        if resized:
            image = _resize(image, target)
        return Decoded(np.asarray(image, np.uint8).reshape(target.shape), resized, alpha_dropped)


def look(source: bytes | Array) -> Look:
    """Size and kind of a picture, decoding it only if it may be transparent.

    Raises:
        PictureError: if it is broken, too large, or of an unknown kind.
    """
    with _failures_say_why():
        image = _open(source)
        height, width = _upright_size(image)
        transparent = False
        if image.has_transparency_data:
            alpha = _upright_8_bit(image).getchannel("A")
            transparent = alpha.getextrema()[0] < 255  # type: ignore[operator]
        grey = image.mode in {"1", "L", "LA", "La", "I", "F"} or image.mode.startswith("I;16")
        return Look(height, width, grey, transparent)


def choose_target(config: DataConfig, looks: Sequence[Look]) -> tuple[Target, list[str]]:
    """What the pictures are brought to, where the user did not say, and notes about it.

    One common size of at most 256 pixels a side is kept. Otherwise it is a square with the median
    of the shorter sides, rounded down to a multiple of 8, between 8 and 64. Alpha is kept where
    more than half of the pictures looked at are transparent somewhere; grey if all of them are.
    """
    notes = []
    sizes = {(each.height, each.width) for each in looks}
    size = config.size
    if size is None:
        size = next(iter(sizes))
        if len(sizes) > 1 or max(size) > MAX_KEPT_SIDE:
            shorter = statistics.median_low([min(each.height, each.width) for each in looks])
            side = min(MAX_CHOSEN_SIDE, max(8, shorter // 8 * 8))
            found = f"are {size[1]}x{size[0]}" if len(sizes) == 1 else "differ in size"
            notes.append(
                f"The pictures {found}; they are brought to {side}x{side} ({config.fit}). "
                "data.size=HEIGHTxWIDTH chooses another size, data.fit=pad keeps the edges."
            )
            size = (side, side)
    channels: int = config.channels
    if not channels:
        if sum(each.transparent for each in looks) * 2 > len(looks):
            channels = 4
        else:
            channels = 1 if all(each.grey for each in looks) else 3
    return Target(*size, channels, config.fit), notes


@contextmanager
def _failures_say_why() -> Iterator[None]:
    """A damaged file makes Pillow raise nearly anything: OSError, SyntaxError, struct.error."""
    try:
        yield
    except (PictureError, MemoryError):
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureError("it has more pixels than is safe to decode") from error
    except UnidentifiedImageError as error:
        raise PictureError("it is no picture of a known format") from error
    except Exception as error:
        raise PictureError(f"it is broken: {error}") from error


def _open(source: bytes | Array) -> Image.Image:
    """A picture of which only the header is read."""
    if not isinstance(source, bytes):
        pixels = source[..., 0] if source.ndim == 3 and source.shape[-1] == 1 else source
        return Image.fromarray(np.ascontiguousarray(pixels))
    if not source:
        raise PictureError("the file is empty")
    return Image.open(io.BytesIO(source), formats=FORMATS)


def _upright_size(image: Image.Image) -> tuple[int, int]:
    """(H, W) once the picture is turned as its EXIF data say."""
    width, height = image.size
    lies = image.getexif().get(_ORIENTATION, 1) in {5, 6, 7, 8}
    return (width, height) if lies else (height, width)


def _upright_8_bit(image: Image.Image) -> Image.Image:
    """The first frame, decoded, upright, in one of the modes L, LA, RGB, RGBA."""
    image.load()
    ImageOps.exif_transpose(image, in_place=True)
    mode = image.mode
    if mode in {"I", "F"} or mode.startswith("I;16"):
        return Image.fromarray(_to_8_bit(np.asarray(image)))
    if image.has_transparency_data:
        return _as(image, "LA" if mode in {"LA", "La"} else "RGBA")
    return _as(image, "L" if mode in {"1", "L"} else "RGB")


def _as(image: Image.Image, mode: str) -> Image.Image:
    """In that mode; without the copy that Pillow makes of a picture that is so already."""
    return image if image.mode == mode else image.convert(mode)


def _to_8_bit(values: Array) -> Array:
    """16-bit whole numbers, or fractions in [0, 1] or [0, 255], to uint8."""
    low, high = float(values.min()), float(values.max())
    if not (low >= 0 and high <= 65535):
        raise PictureError(f"its values reach from {low:g} to {high:g}, not within 0 to 65535")
    if values.dtype.kind == "f" and high <= 255:
        scaled = values * 255 if high <= 1 else values
    else:
        scaled = values / 257
    return np.round(scaled).astype(np.uint8)


def _resize(image: Image.Image, target: Target) -> Image.Image:
    # Pillow multiplies by alpha before it resizes LA and RGBA, and divides afterwards.
    size, filter_ = (target.width, target.height), Image.Resampling.LANCZOS
    if target.fit == "crop":
        return ImageOps.fit(image, size, filter_)
    if target.fit == "pad":
        return ImageOps.pad(image, size, filter_, color=(0,) * target.channels)
    return image.resize(size, filter_)
