"""Texts of any length as one array: kept end to end, filled up with zeros when asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]


class Texts:
    """Looks like an array (N, width) of bytes, and takes as much memory as the texts are long.

    A row is the UTF-8 of a text, zeros behind it. Indexing as of an array gives rows as an array;
    of a text that is longer than a row, what fits.

    Args:
        content: (B,) all texts, one behind the other.
        ends: (N,) where each ends.
        width: bytes of a row.

    >>> texts = Texts.of([b"ab", b"", b"xyz"], width=3)
    >>> texts.shape, texts[2].tolist(), texts[:2].tolist()
    ((3, 3), [120, 121, 122], [[97, 98, 0], [0, 0, 0]])
    """

    dtype = np.dtype(np.uint8)

    def __init__(self, content: Bytes, ends: npt.NDArray[np.int64], width: int) -> None:
        self._content, self._ends, self.width = content, ends, width

    @classmethod
    def of(cls, texts: Iterable[bytes], width: int) -> Texts:
        """From the texts themselves."""
        listed = list(texts)
        lengths = np.fromiter((len(text) for text in listed), np.int64, len(listed))
        return cls(np.frombuffer(b"".join(listed), np.uint8), np.cumsum(lengths), width)

    def __len__(self) -> int:
        return len(self._ends)

    @property
    def shape(self) -> tuple[int, int]:
        """(N, width)."""
        return len(self), self.width

    @property
    def nbytes(self) -> int:
        """What is in memory."""
        return int(self._content.nbytes + self._ends.nbytes)

    def text(self, number: int) -> bytes:
        """One text, without the zeros."""
        first = int(self._ends[number - 1]) if number else 0
        return self._content[first : int(self._ends[number])].tobytes()

    @property
    def longest(self) -> int:
        """Bytes of the longest text."""
        return int(self._lengths.max(initial=0))

    def longer_than(self, width: int) -> int:
        """How many texts have more bytes."""
        return int((self._lengths > width).sum())

    @property
    def _lengths(self) -> npt.NDArray[np.int64]:
        return np.diff(self._ends, prepend=0)

    def resized(self, width: int) -> Texts:
        """The same texts in rows of another width."""
        return Texts(self._content, self._ends, width)

    def __iter__(self) -> Iterator[Bytes]:
        return (self[number] for number in range(len(self)))

    def __getitem__(self, chosen: Any) -> Bytes:
        """A row for a number, (n, width) for a slice, numbers, or a mask."""
        if isinstance(chosen, int | np.integer):
            row: Bytes = self._rows(np.arange(len(self))[[int(chosen)]])[0]
            return row
        return self._rows(np.arange(len(self))[chosen])

    def _rows(self, numbers: npt.NDArray[np.int64]) -> Bytes:
        firsts = np.where(numbers > 0, self._ends[numbers - 1], 0)
        lengths = np.minimum(self._ends[numbers] - firsts, self.width)
        rows = np.zeros((len(numbers), self.width), np.uint8)
        filled = np.arange(self.width) < lengths[:, None]
        places = firsts[:, None] + np.arange(self.width)
        rows[filled] = self._content[places[filled]]
        return rows

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        del copy
        rows = self[:]
        return rows if dtype is None else rows.astype(dtype)

    def hashes(self) -> npt.NDArray[np.uint64]:
        """(N,) a stable hash of each text, uniform over the 64-bit numbers; of its own alone."""
        out = np.empty(len(self), np.uint64)
        for number in range(len(self)):
            digest = hashlib.blake2b(self.text(number), digest_size=8).digest()
            out[number] = int.from_bytes(digest, "little")
        return out


def to_rows(texts: Iterable[bytes], width: int) -> Bytes:
    """(N, width) bytes, zeros behind each text; what is too long is cut between characters."""
    return Texts.of([fitting(text, width) for text in texts], width)[:]


def fitting(text: bytes, width: int) -> bytes:
    """A text, or as many of its first whole characters as have ``width`` bytes."""
    if len(text) <= width:
        return text
    while width and text[width] & 0xC0 == 0x80:  # a character goes on here
        width -= 1
    return text[:width]


def to_texts(rows: npt.NDArray[np.uint8]) -> list[str]:
    """The texts of (N, width) bytes; what is no UTF-8 becomes U+FFFD."""
    return [row.tobytes().rstrip(b"\0").decode("utf-8", errors="replace") for row in rows]
