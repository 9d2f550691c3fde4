"""The records of a run that may still be training: only what is new is read."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

# Of one line; the longest that a training writes has some thousands.
MOST_LINE_BYTES = 2**20
# Whole numbers up to here are the same in every reader of JSON.
MOST_SAMPLES = 2**53
_MARK_BYTES = 256


class Tail:
    """Reads metrics.jsonl line by line, and goes on where it ended.

    A training that goes on after it was killed forgets what it wrote after its checkpoint. The last
    bytes that were read are compared with what lies there now; where they differ, all is read anew.

    Args:
        path: of the file; it need not be there yet.

    Attributes:
        broken: lines that are no record, of those that ended.
        restarts: how often all was read anew.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.broken = self.restarts = 0
        self._offset, self._mark = 0, b""

    def records(self) -> Iterator[dict[str, Any]]:
        """Records of the lines that were finished since the last call.

        Raises:
            OSError: where the file is there and cannot be read.
        """
        try:
            file = self._path.open("rb")
        except FileNotFoundError:
            return
        with file:
            if self._offset and not self._is_where_it_was(file):
                self.restarts += 1
                self.broken, self._offset, self._mark = 0, 0, b""
            file.seek(self._offset)
            while (line := file.readline(MOST_LINE_BYTES)).endswith(b"\n"):
                self._offset += len(line)
                self._mark = line[-_MARK_BYTES:]
                record = record_of(line)
                if record is None:
                    self.broken += 1
                else:
                    yield record
            if len(line) == MOST_LINE_BYTES:  # not one of ours, nor is what follows
                self.broken += 1
                self._offset = os.fstat(file.fileno()).st_size
                self._mark = b""

    def _is_where_it_was(self, file: Any) -> bool:
        if os.fstat(file.fileno()).st_size < self._offset:
            return False
        file.seek(self._offset - len(self._mark))
        return bool(file.read(len(self._mark)) == self._mark)


def numbers(record: Mapping[str, Any]) -> dict[str, float]:
    """Finite numbers of a record, but for its sample count.

    >>> numbers({"samples": 64, "loss": 0.5, "r1": float("nan"), "note": "odd"})
    {'loss': 0.5}
    """
    return {
        name: float(value)
        for name, value in record.items()
        # Also false for nan, and for whole numbers that no float can hold.
        if name != "samples" and type(value) in (int, float) and -1e300 < value < 1e300
    }


def record_of(line: bytes) -> dict[str, Any] | None:
    """A line's record, or None where it is none: not an object, or without a sample count."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    samples = record.get("samples") if isinstance(record, dict) else None
    return record if type(samples) is int and 0 <= samples < MOST_SAMPLES else None
