"""Pictures that are not encoded: rows of pixels from .npz, .npy and IDX files."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from gansmith.config import DataConfig
from gansmith.data import arrays, idx
from gansmith.data.cache import OpenWriter
from gansmith.data.dataset import Array, content_hashes
from gansmith.data.decoding import Feed, Item, write_pictures
from gansmith.data.pictures import Look, choose_target
from gansmith.errors import SourceError
from gansmith.progress import Progress

CHANNELS = (1, 3, 4)


@dataclass(frozen=True)
class PixelPart:
    """Some pictures of one size.

    Attributes:
        name: for messages.
        num: how many.
        shape: (H, W, C) of each.
        chunks: gives them as (n, H, W, C) uint8, from the first, each time it is called.
        labels: one for each, or None.
        held: whether the source itself holds them out.
    """

    name: str
    num: int
    shape: tuple[int, ...]
    chunks: Callable[[], Iterator[Array]]
    labels: Sequence[Hashable] | None
    held: bool

    def items(self) -> Iterator[Item]:
        """One by one, to be resized."""
        start = 0
        for rows in self.chunks():
            for i, row in enumerate(rows, start):
                label = None if self.labels is None else self.labels[i]
                yield Item(f"{self.name}, row {i}", partial(np.asarray, row), label, self.held)
            start += len(rows)


def write_pixels(
    parts: Sequence[PixelPart], config: DataConfig, open_writer: OpenWriter, progress: Progress
) -> None:
    """Bring all parts into the cache; they are copied as they are where size and channels fit.

    Raises:
        SourceError: if a file is broken.
    """
    looks = [Look(p.shape[0], p.shape[1], p.shape[2] == 1, p.shape[2] == 4) for p in parts]
    target, notes = choose_target(config, looks)
    total = sum(part.num for part in parts)
    if any(part.shape != target.shape for part in parts):
        feed = Feed(lambda: (item for part in parts for item in part.items()), total)
        write_pictures(feed, config, open_writer, progress, chosen=(target, notes))
        return
    with open_writer(target.shape) as writer, progress("Reading", total) as advance:
        writer.notes += notes
        for part in parts:
            start = 0
            for rows in part.chunks():
                stop = start + len(rows)
                labels = [None] * len(rows) if part.labels is None else part.labels[start:stop]
                writer.append(rows, content_hashes(rows), labels, [part.held] * len(rows))
                advance(len(rows))
                start = stop


def idx_parts(path: Path) -> list[PixelPart]:
    """The pictures of IDX files.

    Raises:
        SourceError: if a file is broken, or the labels are not as many as the pictures.
    """
    found = []
    for part in idx.parts(path):
        num, *size = idx.shape_of(part.images)
        labels = None if part.labels is None else idx.read_labels(part.labels).tolist()
        _check_labels(part.images, num, labels)
        chunks = partial(_add_channel, part.images)
        found.append(PixelPart(part.images.name, num, (*size, 1), chunks, labels, part.held))
    return _not_empty(path, found)


def array_parts(path: Path) -> list[PixelPart]:
    """The pictures of a .npz or .npy file; ``x_test`` is held out.

    Raises:
        SourceError: if the file is broken, or what is in it are no pictures.
    """
    found = arrays.headers(path)
    if "x_train" in found:
        keys = [("x_train", "y_train", False), ("x_test", "y_test", True)]
        keys = [each for each in keys if each[0] in found]
    else:
        keys = [(_samples_key(path, found), arrays.pick(found, arrays.LABEL_KEYS) or "", False)]
    for key, _, _ in keys:
        arrays.refuse_objects(path, key, found[key])
    shapes = [_layout(path, key, found[key].shape) for key, _, _ in keys]
    scale = _scale(path, [key for key, _, _ in keys], found)
    parts = []
    for (key, label_key, held), (shape, order) in zip(keys, shapes, strict=True):
        num = found[key].shape[0]
        labels = _labels(path, label_key) if label_key in found else None
        _check_labels(path, num, labels)
        chunks = partial(_converted, path, key, order, scale)
        parts.append(PixelPart(f"{path.name} {key}", num, shape, chunks, labels, held))
    return _not_empty(path, parts)


def _samples_key(path: Path, found: dict[str, arrays.ArrayInfo]) -> str:
    key = arrays.pick(found, arrays.SAMPLE_KEYS)
    if key is None and len(found) == 1:
        key = next(iter(found))
    if key is None:
        listed = ", ".join(f"{name} {info.shape}" for name, info in sorted(found.items()))
        raise SourceError(
            "It is not clear which array holds the pictures.",
            where=f"{path} holds {listed or 'no array'}",
            fix="Call it x (and classes y), or x_train, y_train, x_test and y_test.",
        )
    return key


def _layout(path: Path, key: str, shape: tuple[int, ...]) -> tuple[tuple[int, ...], str]:
    """(H, W, C), and how the channels lie: ``none``, ``last`` or ``first``."""
    where = f"{path}, array {key!r} of shape {shape}"
    if len(shape) == 3 and shape[1:] != (0, 0):
        return (*shape[1:], 1), "none"
    if len(shape) == 4:
        first, last = shape[1] in CHANNELS, shape[3] in CHANNELS
        if first and last:
            raise SourceError(
                "It is not clear which axis holds the channels.",
                where=where,
                fix="Bring the pictures to a larger size, or save them as grey, (N, H, W).",
            )
        if last:
            return shape[1:], "last"
        if first:
            return (shape[2], shape[3], shape[1]), "first"
    side = math.isqrt(shape[1]) if len(shape) == 2 else 0
    raise SourceError(
        "This array does not hold pictures.",
        where=where,
        fix=f"Pictures are (N, H, W) or (N, H, W, C) with C 1, 3 or 4. Reshape it, for example "
        f"to (N, {side}, {side})."
        if side and side**2 == shape[1]
        else "Pictures are (N, H, W) or (N, H, W, C) with C 1, 3 or 4; points are (N, d) floats "
        f"with d up to {arrays.MAX_POINT_DIMENSIONS}.",
    )


def _scale(path: Path, keys: Sequence[str], found: dict[str, arrays.ArrayInfo]) -> float:
    """What values are multiplied by to reach 0 to 255: one factor for all arrays of a file."""
    dtypes = [found[key].dtype for key in keys]
    if all(dtype == np.uint8 for dtype in dtypes):
        return 1.0
    if all(dtype == np.bool_ for dtype in dtypes):
        return 255.0
    low, high = math.inf, -math.inf
    for key in keys:
        for rows in arrays.iterate_rows(path, key):
            low, high = min(low, float(np.min(rows))), max(high, float(np.max(rows)))
            if not (math.isfinite(np.min(rows)) and math.isfinite(np.max(rows))):
                low = math.nan
    if low >= 0 and high <= 1:  # whole numbers of 0 and 1 are black and white
        return 255.0
    if low >= 0 and high <= 255:
        return 1.0
    if low >= 0 and all(dtype == np.uint16 for dtype in dtypes):
        return 1 / 257
    raise SourceError(
        "The values of this array are not those of pictures."
        if not math.isnan(low)
        else "Some values of this array are not finite numbers.",
        where=f"{path}: they reach from {low:g} to {high:g}",
        fix="Bring them into [0, 1] as floats, or 0 to 255 as uint8; (x + 1) / 2 for [-1, 1].",
    )


def _converted(path: Path, key: str, order: str, scale: float) -> Iterator[Array]:
    for rows in arrays.iterate_rows(path, key):
        pixels = rows[..., None] if order == "none" else rows
        pixels = np.moveaxis(pixels, 1, 3) if order == "first" else pixels
        if pixels.dtype != np.uint8:
            pixels = np.round(pixels * scale).astype(np.uint8)
        yield np.ascontiguousarray(pixels)


def _add_channel(path: Path) -> Iterator[Array]:
    for rows in idx.iterate_images(path):
        yield rows[..., None]


def _labels(path: Path, key: str) -> list[Hashable]:
    labels = arrays.load(path, key)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1 or labels.dtype.kind not in "iubfUS":
        raise SourceError(
            "These labels are not one number or word for each picture.",
            where=f"{path}, array {key!r} of shape {labels.shape} and type {labels.dtype}",
            fix="Save them as (N,) whole numbers, or leave them out.",
        )
    return list(labels.tolist())


def _check_labels(path: Path, num: int, labels: Sequence[Hashable] | None) -> None:
    if labels is not None and len(labels) != num:
        raise SourceError(
            f"There are {num} pictures and {len(labels)} labels.",
            where=str(path),
            fix="Give each picture one label, in the same order.",
        )


def _not_empty(path: Path, parts: list[PixelPart]) -> list[PixelPart]:
    if not any(part.num for part in parts) or any(0 in part.shape for part in parts):
        raise SourceError("This file holds no picture.", where=str(path))
    return [part for part in parts if part.num]
