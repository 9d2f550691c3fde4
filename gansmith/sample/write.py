"""Samples to files, chunk by chunk, in constant memory."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gansmith.errors import UserError
from gansmith.progress import Advance

Array = npt.NDArray[Any]
Chunks = Iterator[tuple[Array, Array | None]]


def _disk_error(error: OSError, out: Path) -> UserError:
    return UserError(f"The samples cannot be written: {error.strerror}.", where=str(out))


def npz(out: Path, chunks: Chunks, n: int, advance: Advance) -> None:
    """Write ``samples`` (n, ...) in raw units, and ``labels`` (n,) where there are classes.

    ``numpy.savez`` would need all of them in memory; this writes the same format as a stream.
    """
    side = out.with_name(f".{out.name}.tmp")
    labels: list[Array] = []
    try:
        with zipfile.ZipFile(side, "w") as archive:
            with archive.open("samples.npy", "w", force_zip64=True) as file:
                for i, (samples, classes) in enumerate(chunks):
                    if i == 0:
                        np.lib.format.write_array_header_2_0(
                            file,
                            {
                                "descr": np.lib.format.dtype_to_descr(samples.dtype),
                                "fortran_order": False,
                                "shape": (n, *samples.shape[1:]),
                            },
                        )
                    file.write(np.ascontiguousarray(samples).tobytes())
                    if classes is not None:
                        labels.append(classes)
                    advance(len(samples))
            if labels:
                with archive.open("labels.npy", "w") as file:
                    np.lib.format.write_array(file, np.concatenate(labels))
        side.replace(out)
    except OSError as error:
        raise _disk_error(error, out) from error
    finally:
        side.unlink(missing_ok=True)


def folder(
    out: Path,
    chunks: Chunks,
    n: int,
    write_one: Callable[[Path, Array], None],
    suffix: str,
    classes: Sequence[str],
    advance: Advance,
) -> None:
    """Write one file a sample, and metadata.jsonl in the Hub's form where there are classes."""
    digits = max(6, len(str(n - 1)))
    number = 0
    try:
        out.mkdir(exist_ok=True)
        with (out / "metadata.jsonl").open("w", encoding="utf-8") as metadata:
            for samples, labels in chunks:
                for i, sample in enumerate(samples):
                    name = f"{number:0{digits}d}{suffix}"
                    write_one(out / name, sample)
                    record: dict[str, Any] = {"file_name": name}
                    if labels is not None:
                        record["label"] = classes[int(labels[i])]
                    metadata.write(json.dumps(record) + "\n")
                    number += 1
                advance(len(samples))
    except OSError as error:
        raise _disk_error(error, out) from error
