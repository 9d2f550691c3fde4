"""Pictures of pictures: sheets, and one file each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from gansmith.data.pictures import PictureError, Target, decode
from gansmith.errors import UserError
from gansmith.protocols import Codec

Array = npt.NDArray[Any]
SMALLEST_TILE_PIXELS = 40


def to_bytes(samples: Array) -> npt.NDArray[np.uint8]:
    """(N, H, W, C) raw -> uint8; floats in [0, 1] are scaled."""
    if samples.dtype == np.uint8:
        return samples
    return np.clip(np.round(samples * 255), 0, 255).astype(np.uint8)


def to_picture(sample: Array) -> Image.Image:
    """(H, W, C) -> a grey, RGB or RGBA picture. Other channel counts show their first as grey."""
    pixels = to_bytes(sample[None])[0]
    return Image.fromarray(pixels if pixels.shape[2] in (3, 4) else pixels[:, :, 0])


def sheet(samples: Array, columns: int) -> Image.Image:
    """All samples on one picture, row by row, small ones enlarged by a whole factor.

    Args:
        samples: (N, H, W, C) raw.
        columns: samples in a row.
    """
    pixels = to_bytes(samples)
    n, height, width, channels = pixels.shape
    rows, gap = -(-n // columns), 1
    page = np.full(
        (rows * (height + gap) + gap, columns * (width + gap) + gap, channels), 255, np.uint8
    )
    for i, tile in enumerate(pixels):
        top, left = gap + i // columns * (height + gap), gap + i % columns * (width + gap)
        page[top : top + height, left : left + width] = tile
    factor = max(1, -(-SMALLEST_TILE_PIXELS // max(height, width)))
    picture = to_picture(page)
    return picture.resize(
        (picture.width * factor, picture.height * factor), Image.Resampling.NEAREST
    )


def write_one(path: Path, sample: Array) -> None:
    """Write a picture; PNG keeps it exactly."""
    to_picture(sample).save(path)


def read_one(path: Path, codec: Codec, fit: str) -> Array:
    """Read a picture as a source of pictures does, and bring it to the codec's size and channels.

    Args:
        path: of the file.
        codec: of the run.
        fit: ``crop``, ``pad`` or ``stretch``, as the training data were brought to their size.

    Raises:
        UserError: if it cannot be read as a picture.
    """
    channels, height, width = codec.spec.shape
    try:
        row = decode(path.read_bytes(), Target(height, width, channels, fit)).row
    except (OSError, PictureError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise UserError(f"This is no picture that can be read: {why}.", where=str(path)) from None
    # A sigmoid stands for pictures whose raw values are fractions.
    return row / 255 if codec.spec.activation == "sigmoid" else row
