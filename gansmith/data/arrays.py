"""Array files: .npy and .npz, read without ever unpickling."""

from __future__ import annotations

import lzma
import math
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from gansmith.data.dataset import Array
from gansmith.errors import SourceError

MAX_POINT_DIMENSIONS = 64
SAMPLE_KEYS = ("x", "samples", "images", "X", "data", "arr_0")
LABEL_KEYS = ("y", "labels", "label", "target", "person")

# What a file that is cut off, damaged or no array file at all makes NumPy and zipfile raise.
BROKEN = (
    ValueError, OSError, EOFError, KeyError, RuntimeError, MemoryError,
    zipfile.BadZipFile, zlib.error, lzma.LZMAError,
)  # fmt: skip

# Read at a time; a single row of more than the second is no sample but a trap.
CHUNK_BYTES = 2**24
MAX_ROW_BYTES = 2**30


@dataclass(frozen=True)
class ArrayInfo:
    """What the header of a stored array says."""

    shape: tuple[int, ...]
    fortran_order: bool
    dtype: np.dtype[Any]


def is_array_file(path: Path) -> bool:
    """Whether the name says .npy or .npz and the file is there."""
    return path.suffix.lower() in {".npy", ".npz"} and path.is_file()


def headers(path: Path) -> dict[str, ArrayInfo]:
    """The arrays in a file by name, from their headers alone; a .npy file's is ``arr_0``.

    Raises:
        SourceError: if the file is broken.
    """
    with _broken_is_an_error(path):
        if path.suffix.lower() == ".npy":
            with path.open("rb") as file:
                return {"arr_0": _read_header(file)}
        with zipfile.ZipFile(path) as archive:
            found = {}
            for name in archive.namelist():
                if name.endswith(".npy"):
                    with archive.open(name) as member:
                        found[name.removesuffix(".npy")] = _read_header(member)
            return found


@contextmanager
def _broken_is_an_error(path: Path) -> Iterator[None]:
    try:
        yield
    except BROKEN as error:
        raise SourceError(
            f"This array file cannot be read: {error}.", where=str(path), fix="Write it again."
        ) from error


def _read_header(file: IO[bytes]) -> ArrayInfo:
    version = np.lib.format.read_magic(file)
    read = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }.get(version)
    if read is None:
        raise ValueError(f"format version {version} is not known")
    try:
        return ArrayInfo(*read(file))
    except Exception as error:  # NumPy lets those of Python's own parser through
        raise ValueError(f"its header is damaged: {error}") from error


def pick(found: dict[str, ArrayInfo], keys: tuple[str, ...]) -> str | None:
    """The first of ``keys`` that is there."""
    return next((key for key in keys if key in found), None)


def holds_points(path: Path) -> bool:
    """Whether a file holds (N, d) floats with d <= 64: points, and no pictures."""
    if not is_array_file(path):
        return False
    try:
        found = headers(path)
    except SourceError:
        return False  # the source for pictures says what is wrong with it
    key = pick(found, ("x_train", *SAMPLE_KEYS))
    if key is None:
        return False
    info = found[key]
    return (
        len(info.shape) == 2
        and info.dtype.kind == "f"
        and 1 <= info.shape[1] <= MAX_POINT_DIMENSIONS
    )


def read_points(path: Path) -> npt.NDArray[Any]:
    """(N, d) float32 or float64 points of a file that :func:`holds_points`.

    Raises:
        SourceError: if it is broken, empty, or holds numbers that are not finite.
    """
    key = pick(headers(path), ("x_train", *SAMPLE_KEYS))
    assert key is not None
    points = load(path, key)
    points = points.astype(np.float64 if points.dtype.itemsize >= 8 else np.float32, order="C")
    if len(points) == 0:
        raise SourceError("This file holds no points.", where=str(path))
    bad = np.flatnonzero(~np.isfinite(points).all(axis=1))
    if len(bad):
        raise SourceError(
            f"{len(bad)} of {len(points)} points are not finite numbers.",
            where=f"{path}, first in row {bad[0]}",
            fix="Remove these rows.",
        )
    return points


def load(path: Path, key: str) -> Array:
    """One whole array; a .npy file is mapped rather than read.

    Raises:
        SourceError: if it holds Python objects (they could run code), or is broken.
    """
    refuse_objects(path, key, headers(path)[key])
    with _broken_is_an_error(path):
        if path.suffix.lower() == ".npy":
            return np.load(path, mmap_mode="r", allow_pickle=False)  # type: ignore[no-any-return]
        with np.load(path, allow_pickle=False) as archive:
            return archive[key]  # type: ignore[no-any-return]


def refuse_objects(path: Path, key: str, info: ArrayInfo) -> None:
    """Raise a SourceError if an array holds pickled Python objects."""
    if info.dtype.hasobject:
        raise SourceError(
            "This array holds Python objects. Reading them could run code, so it is not done.",
            where=f"{path}, array {key!r}",
            fix="Save it as plain numbers: np.save(path, np.stack(list_of_equal_arrays)).",
        )


def rows_at_a_time(row_bytes: int) -> int:
    """How many rows are read at once, so that memory stays flat.

    Raises:
        ValueError: if a single row is too large to be a sample.
    """
    if row_bytes > MAX_ROW_BYTES:
        raise ValueError(f"it claims {row_bytes:,} bytes for each sample")
    return max(1, CHUNK_BYTES // max(1, row_bytes))


def iterate_rows(path: Path, key: str) -> Iterator[Array]:
    """The rows of an array, some at a time; a packed Fortran-ordered array is read whole.

    Raises:
        SourceError: if it holds Python objects, or is broken.
    """
    info = headers(path)[key]
    refuse_objects(path, key, info)
    row_bytes = math.prod(info.shape[1:]) * info.dtype.itemsize
    with _broken_is_an_error(path):
        chunk = rows_at_a_time(row_bytes)
    if path.suffix.lower() == ".npy" or info.fortran_order:
        whole = load(path, key)
        for start in range(0, len(whole), chunk):
            yield whole[start : start + chunk]
        return
    with (
        _broken_is_an_error(path),
        zipfile.ZipFile(path) as archive,
        archive.open(f"{key}.npy") as member,
    ):
        _read_header(member)
        for start in range(0, info.shape[0], chunk):
            count = min(chunk, info.shape[0] - start)
            data = member.read(count * row_bytes)
            if len(data) < count * row_bytes:
                raise ValueError(f"array {key!r} is cut off at row {start}")
            yield np.frombuffer(data, info.dtype).reshape(count, *info.shape[1:])
