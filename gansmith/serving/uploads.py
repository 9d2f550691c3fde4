"""Uploaded samples: looked at before they are decoded, and never a name that becomes a path."""

from __future__ import annotations

import io
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from fastapi import UploadFile
from PIL import Image

from gansmith.data.pictures import FORMATS
from gansmith.errors import UserError
from gansmith.prepare import modality_of
from gansmith.run import Array, Run
from gansmith.serving.limits import Limits, RefusedError

LONGEST_NAME = 200
# In all pictures of a request, times what one may have: decoding 500 million takes seconds.
MOST_PIXELS = 10


@dataclass(frozen=True)
class Upload:
    """A file: what the client calls it, and its content."""

    name: str
    content: bytes


@asynccontextmanager
async def received(files: Sequence[UploadFile], limits: Limits) -> AsyncIterator[list[Upload]]:
    """The files of a form; behind this, none of them is in memory any more.

    Raises:
        RefusedError: if there are too many.
    """
    if len(files) > limits.samples:
        raise RefusedError(413, f"More than {limits.samples:,} files.", fix="Send them in parts.")
    uploads = [Upload(file.filename or "", await file.read()) for file in files]
    try:
        yield uploads
    finally:
        uploads.clear()


def judge_uploads(run: Run, uploads: Sequence[Upload], limits: Limits) -> list[dict[str, Any]]:
    """Verdicts on all samples of the files, under the client's names for them.

    Raises what :func:`read_uploads` does.
    """
    names, raw = read_uploads(run, uploads, limits)
    verdicts = run.verdicts(raw) if names else []
    return [{**row, "file": name} for row, name in zip(verdicts, names, strict=True)]


def read_uploads(run: Run, uploads: Sequence[Upload], limits: Limits) -> tuple[list[str], Array]:
    """The client's names for all samples of the files, and (N, ...) the samples, raw.

    Raises:
        RefusedError: if there are too many, or a picture is too large to be decoded.
        UserError: if a file cannot be read as a sample of this run.
    """
    modality = modality_of(run.config.modality)
    if len(uploads) > limits.samples:
        raise _too_many(limits)
    names: list[str] = []
    parts: list[Array] = []
    num_pixels = 0
    with tempfile.TemporaryDirectory(prefix="gansmith-serve-") as folder:
        for upload in uploads:
            # The name on the disk is ours; a .txt is never unpacked, whatever is in it.
            path = Path(folder) / "upload.txt"
            path.write_bytes(upload.content)
            name = upload.name[:LONGEST_NAME]
            if modality.read_file is not None:
                found, raw = modality.read_file(path, run.codec)
                names += [f"{name}:{number}" for number in range(1, len(found) + 1)]
                parts.append(raw)
            elif modality.read_one is not None:
                num_pixels += pixels_of(upload.content, limits)
                if num_pixels > MOST_PIXELS * limits.pixels:
                    raise RefusedError(
                        413, f"The pictures have more than {MOST_PIXELS * limits.pixels:,} pixels "
                        "in all.", fix="Send them in parts, or make them smaller.",
                    )  # fmt: skip
                names.append(name)
                parts.append(modality.read_one(path, run.codec, run.config.data.fit)[None])
            else:
                raise UserError(
                    f"Files of {modality.name} cannot be judged.",
                    fix='Send JSON: {"samples": [[0.1, 0.2], ...]}',
                )
            if len(names) > limits.samples:
                raise _too_many(limits)
    return names, np.concatenate(parts) if parts else np.zeros(0)


def judge_values(run: Run, values: Sequence[Any], limits: Limits) -> list[dict[str, Any]]:
    """Verdicts on samples that came as JSON; raises what :func:`read_values` does."""
    return run.verdicts(read_values(run, values, limits)) if values else []


def read_values(run: Run, values: Sequence[Any], limits: Limits) -> Array:
    """(N, ...) raw samples that came as JSON: texts, or lists of numbers.

    Raises:
        RefusedError: if there are too many.
        UserError: if they are no samples of this run.
    """
    modality = modality_of(run.config.modality)
    if len(values) > limits.samples:
        raise _too_many(limits)
    if modality.present is not None and modality.absent is None:
        raise UserError(f"Samples of {modality.name} cannot be judged here.")
    if modality.absent is not None:
        return run.raw(values)
    try:
        array = np.array(values, np.float64)
    except (ValueError, TypeError):
        raise UserError("The samples are no lists of numbers of one length.") from None
    if not np.isfinite(array).all():
        raise UserError("A number is not finite.")
    dtype = np.uint8 if modality.read_one is not None else np.float32
    if dtype == np.uint8 and not ((array >= 0) & (array <= 255)).all():
        raise UserError("Pixels are whole numbers from 0 to 255.")
    return run.raw(array.astype(dtype))


def _too_many(limits: Limits) -> RefusedError:
    return RefusedError(413, f"More than {limits.samples:,} samples.", fix="Send them in parts.")


def pixels_of(content: bytes, limits: Limits) -> int:
    """How many pixels a picture has, by its header alone; 0 for what is none, as decoders will say.

    Raises:
        RefusedError: if they are more than one picture may have.
    """
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            pixels = image.width * image.height
    except Image.DecompressionBombError:
        pixels = limits.pixels + 1
    except Exception:  # Pillow raises nearly anything
        return 0
    if pixels > limits.pixels:
        raise RefusedError(
            413, f"A picture has more than {limits.pixels:,} pixels.", fix="Send a smaller one."
        )
    return pixels
