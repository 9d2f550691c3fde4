"""Files of a run folder, read with bounds, and only where they lie in that folder."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

from gansmith.runs.folder import RunFolder
from gansmith.runs.tail import record_of
from gansmith.serving.limits import RefusedError

MOST_BYTES = 32 * 2**20
# Of the end of metrics.jsonl, in which its last record is looked for.
_END_BYTES = 2**17


def within(folder: RunFolder, path: Path) -> Path | None:
    """The file, if there is one that lies in the run folder and not behind a link out of it."""
    own = folder.path.resolve()
    real = path.resolve()
    return real if real.is_relative_to(own) and real.is_file() else None


def read(folder: RunFolder, path: Path) -> bytes | None:
    """All of a file, or None where there is none.

    Raises:
        RefusedError: 422, if it is too large or cannot be read.
    """
    real = within(folder, path)
    if real is None:
        return None
    try:
        with real.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise RefusedError(422, f"{path.name} cannot be read: {error.strerror}.") from error
    if len(content) > MOST_BYTES:
        raise RefusedError(422, f"{path.name} has more than {MOST_BYTES // 2**20} MiB.")
    return content


def read_json(folder: RunFolder, name: str) -> dict[str, Any] | None:
    """An object in a JSON file of a run, or None where there is no such file.

    Raises:
        RefusedError: 422, if it is something else.
    """
    content = read(folder, folder.path / name)
    if content is None:
        return None
    try:
        value = json.loads(content, parse_constant=_nothing, parse_float=_finite)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise RefusedError(422, f"{name} of this run is damaged.")
    return value


def _nothing(constant: str) -> None:
    """NaN and the like: no JSON, and a page could not read it."""
    del constant


def _finite(text: str) -> float | None:
    value = float(text)
    return value if math.isfinite(value) else None


def last_record(folder: RunFolder) -> dict[str, Any]:
    """The last whole line of metrics.jsonl near its end; empty where there is none."""
    path = within(folder, folder.metrics)
    if path is None:
        return {}
    try:
        with path.open("rb") as file:
            file.seek(max(os.fstat(file.fileno()).st_size - _END_BYTES, 0))
            lines = file.read(_END_BYTES).split(b"\n")
    except OSError:
        return {}
    for line in reversed(lines[:-1]):
        if (record := record_of(line)) is not None:
            return record
    return {}
