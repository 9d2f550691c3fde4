"""Samples to files, chunk by chunk, in constant memory.

All is written to the side and then renamed: after a full disk or a signal, nothing half-written
lies at the place that was asked for.
"""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gansmith.errors import UserError
from gansmith.progress import Advance

if TYPE_CHECKING:
    from PIL.Image import Image

Array = npt.NDArray[Any]
Chunks = Iterator[tuple[Array, Array | None]]


METADATA = "metadata.jsonl"


@contextmanager
def beside(out: Path, what: str = "The samples") -> Iterator[Path]:
    """A place to write to; gone afterwards unless it was renamed. Makes the folder of ``out``.

    Raises:
        UserError: where something cannot be written.
    """
    side = out.with_name(f".tmp.{out.name}")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        _remove(side)  # of a process that was killed
        yield side
    except OSError as error:
        raise UserError(
            f"{what} cannot be written: {error.strerror or error}.",
            where=str(out),
            fix="Make room, or name a place on another disk with --out.",
        ) from error
    finally:
        _remove(side)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def holds_only_samples(folder: Path, suffix: str) -> bool:
    """Whether all that is in a folder has names as :func:`folder` gives them."""
    ours = re.compile(rf"\d{{6,}}{re.escape(suffix)}")
    return all(ours.fullmatch(p.name) or p.name == METADATA for p in folder.iterdir())


def picture(out: Path, image: Image) -> None:
    """Write one picture as PNG."""
    with beside(out) as side:
        image.save(side, format="PNG")
        side.replace(out)


def npz(out: Path, chunks: Chunks, n: int, advance: Advance) -> None:
    """Write ``samples`` (n, ...) in raw units, and ``labels`` (n,) where there are classes.

    ``numpy.savez`` would need all of them in memory; this writes the same format as a stream.
    """
    labels: list[Array] = []
    with beside(out) as side:
        with zipfile.ZipFile(side, "w") as archive:
            with archive.open("samples.npy", "w", force_zip64=True) as file:
                for i, (samples, classes) in enumerate(chunks):
                    if i == 0:
                        _write_header(file, samples, n)
                    file.write(np.ascontiguousarray(samples).tobytes())
                    if classes is not None:
                        labels.append(classes)
                    advance(len(samples))
            if labels:
                with archive.open("labels.npy", "w") as file:
                    np.lib.format.write_array(file, np.concatenate(labels))
        side.replace(out)


def file(out: Path, chunks: Chunks, write_all: Callable[[Path, Chunks], None]) -> None:
    """Write one file by a function, which gets a place whose name ends as that of ``out`` does."""
    with beside(out) as side:
        write_all(side, chunks)
        side.replace(out)


def _write_header(file: IO[bytes], samples: Array, n: int) -> None:
    header = {
        "descr": np.lib.format.dtype_to_descr(samples.dtype),
        "fortran_order": False,
        "shape": (n, *samples.shape[1:]),
    }
    np.lib.format.write_array_header_2_0(file, header)


def folder(
    out: Path,
    chunks: Chunks,
    n: int,
    write_one: Callable[[Path, Array], None],
    suffix: str,
    classes: Sequence[str],
    advance: Advance,
) -> None:
    """Write one file a sample, and metadata.jsonl in the Hub's form, in place of what is there."""
    digits = max(6, len(str(n - 1)))
    number = 0
    with beside(out) as side:
        side.mkdir()
        with (side / METADATA).open("w", encoding="utf-8") as metadata:
            for samples, labels in chunks:
                for i, sample in enumerate(samples):
                    name = f"{number:0{digits}d}{suffix}"
                    write_one(side / name, sample)
                    record: dict[str, Any] = {"file_name": name}
                    if labels is not None:
                        record["label"] = classes[int(labels[i])]
                    metadata.write(json.dumps(record, ensure_ascii=False) + "\n")
                    number += 1
                advance(len(samples))
        _remove(out)
        side.rename(out)
