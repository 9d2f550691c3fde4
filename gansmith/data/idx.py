"""IDX files, the format of MNIST: big-endian arrays, gzipped or not, labels in a file beside.

Format: two zero bytes, a type (8 is unsigned bytes), the number of axes, each axis as a 32-bit
number, then the values (LeCun, http://yann.lecun.com/exdb/mnist).
"""

from __future__ import annotations

import gzip
import math
import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from gansmith.data.arrays import rows_at_a_time
from gansmith.data.dataset import Array
from gansmith.data.trees import children, stamp
from gansmith.errors import SourceError

_UNSIGNED_BYTES = 8
_IMAGES = re.compile(r"(?P<part>.*?)[-_.]?images?[-_.]idx3[-_.]ubyte(\.gz)?", re.IGNORECASE)


Binary = IO[bytes] | gzip.GzipFile


@dataclass(frozen=True)
class IdxPart:
    """One file of pictures and the file of its labels, if there is one."""

    images: Path
    labels: Path | None
    held: bool

    def identity(self) -> Iterator[str]:
        """Strings that change whenever the content does."""
        for path in (self.images, self.labels):
            if path is not None:
                yield f"{path.resolve()} {stamp(path)}"


def is_idx(path: Path) -> bool:
    """Whether a path is a file of pictures by the usual name, or a folder with one in it."""
    return bool(_image_files(path))


def _image_files(path: Path) -> list[Path]:
    files = children(path) if path.is_dir() else [path]
    return [each for each in files if _IMAGES.fullmatch(each.name) and each.is_file()]


def parts(path: Path) -> list[IdxPart]:
    """The files of pictures at a path, training first; ``t10k`` and ``test`` are held out.

    A file that is named alone comes without the other part. Of a plain and a gzipped one, the
    plain one is taken.
    """
    by_part: dict[str, Path] = {}
    for file in _image_files(path):
        match = _IMAGES.fullmatch(file.name)
        assert match is not None
        by_part.setdefault(match["part"].lower(), file)
    found = [
        IdxPart(file, _labels_of(file), held=len(by_part) > 1 and part in {"t10k", "test"})
        for part, file in by_part.items()
    ]
    return sorted(found, key=lambda part: (part.held, part.images.name))


def _labels_of(images: Path) -> Path | None:
    name = re.sub("idx3", "idx1", re.sub("image", "label", images.name, count=1, flags=re.I))
    plain = name.removesuffix(".gz")
    beside = [images.with_name(plain), images.with_name(plain + ".gz")]
    return next((path for path in beside if path.is_file()), None)


def iterate_images(path: Path) -> Iterator[Array]:
    """(n, H, W) uint8, some at a time.

    Raises:
        SourceError: if the file is cut off or is no IDX file of pictures.
    """
    with _broken_is_an_error(path), _open(path) as file:
        count, height, width = _read_shape(file, num_axes=3)
        chunk = rows_at_a_time(height * width)
        for start in range(0, count, chunk):
            shape = (min(chunk, count - start), height, width)
            yield np.frombuffer(_read_exactly(file, shape), np.uint8).reshape(shape)


def shape_of(path: Path) -> tuple[int, ...]:
    """(N, H, W) of a file of pictures, from its header."""
    with _broken_is_an_error(path), _open(path) as file:
        return _read_shape(file, num_axes=3)


def read_labels(path: Path) -> npt.NDArray[np.uint8]:
    """(N,) uint8.

    Raises:
        SourceError: if the file is cut off or is no IDX file of labels.
    """
    with _broken_is_an_error(path), _open(path) as file:
        shape = _read_shape(file, num_axes=1)
        return np.frombuffer(_read_exactly(file, shape), np.uint8)


def _open(path: Path) -> Binary:
    if path.suffix.lower() == ".gz":
        return gzip.open(path, "rb")
    return path.open("rb")


def _read_shape(file: Binary, num_axes: int) -> tuple[int, ...]:
    zeros, kind, found = struct.unpack(">HBB", file.read(4))
    if zeros or kind != _UNSIGNED_BYTES or found != num_axes:
        raise ValueError(f"its header is not that of {num_axes} axes of unsigned bytes")
    return struct.unpack(f">{num_axes}I", file.read(4 * num_axes))


def _read_exactly(file: Binary, shape: tuple[int, ...]) -> bytes:
    wanted = math.prod(shape)
    data = file.read(wanted)
    if len(data) < wanted:
        raise ValueError(f"{wanted - len(data)} bytes are missing at its end")
    return data


@contextmanager
def _broken_is_an_error(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, EOFError, ValueError, struct.error, zlib.error) as error:
        raise SourceError(
            f"This IDX file cannot be read: {error}.", where=str(path), fix="Get it again."
        ) from error
