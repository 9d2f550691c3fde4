"""Ids by a pattern: drawn anew, all different, and none of those in the data.

The cell of such an id is a number below 2^53, which floats hold exactly: that of its text among all
that match. Where there are more texts, each number stands for a stretch of them, of which one is
taken.
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from gansmith.modalities.table.hashing import Keys, mixed
from gansmith.modalities.table.patterns import Pattern
from gansmith.modalities.table.schema import Cells, Mask

MOST_NUMBERS = 2**53
# A bit for each of so many numbers for an id of the data: at most a sixteenth of the room is lost.
BITS_PER_ID = 16
LEAST_BITS = 2**10
ROUNDS, BLOCK = 4, 4_096
NO_MATCH = -1.0


class Ids:
    """The texts of a pattern as cells.

    Args:
        text: the pattern.

    Attributes:
        pattern: it.
        size: how many different cells there are.
    """

    def __init__(self, text: str) -> None:
        self.pattern = Pattern(text)
        self.size = min(self.pattern.capacity, MOST_NUMBERS)
        self._stretch = self.pattern.capacity // self.size

    def texts(self, cells: Cells) -> list[str]:
        """The text of each cell (N,)."""
        return [self.pattern.text(self._number(max(int(cell), 0))) for cell in cells]

    def _number(self, cell: int) -> int:
        if self._stretch == 1:
            return cell
        digest = hashlib.blake2b(cell.to_bytes(8, "little"), digest_size=64).digest()
        return cell * self._stretch + int.from_bytes(digest, "little") % self._stretch

    def cells(self, texts: Sequence[str]) -> Cells:
        """(N,) of texts: NaN for an empty one, -1 for one that does not match."""
        return np.array([self._cell(text.strip()) for text in texts], np.float64)

    def _cell(self, text: str) -> float:
        if not text:
            return np.nan
        number = self.pattern.number(text)
        return NO_MATCH if number is None else float(min(number // self._stretch, self.size - 1))


@lru_cache(maxsize=64)
def ids(pattern: str) -> Ids:
    """Of a pattern; the same one again for the same pattern."""
    return Ids(pattern)


@dataclass(frozen=True)
class Taken:
    """Which ids the data hold, by one bit for each remainder of their numbers.

    A new id takes no remainder that the data hold. So none of theirs is made again, and a run need
    not keep them themselves.

    Attributes:
        bits: (B,) bool.
    """

    bits: Mask

    @classmethod
    def of(cls, size: int, cells: Cells) -> Taken:
        """From the cells (N,) of a column with so many different ones."""
        own = cells[cells >= 0].astype(np.int64)
        wanted = 1 << int(max(BITS_PER_ID * len(own), LEAST_BITS) - 1).bit_length()
        bits = np.zeros(min(size, wanted), bool)
        bits[own % len(bits)] = True
        return cls(bits)

    def holds(self, numbers: Keys) -> Mask:
        """(N,) whether a number may be one of the data's."""
        found: Mask = self.bits[(numbers % np.uint64(len(self.bits))).astype(np.int64)]
        return found

    def free(self, size: int) -> int:
        """How many of ``size`` numbers are not."""
        whole, rest = divmod(size, len(self.bits))
        return whole * int((~self.bits).sum()) + int((~self.bits[:rest]).sum())

    def state(self) -> dict[str, Any]:
        """As JSON."""
        packed = zlib.compress(np.packbits(self.bits).tobytes(), 9)
        return {"size": len(self.bits), "bits": base64.b64encode(packed).decode("ascii")}

    @classmethod
    def load(cls, state: dict[str, Any]) -> Taken:
        """From what :meth:`state` returned."""
        packed = np.frombuffer(zlib.decompress(base64.b64decode(state["bits"])), np.uint8)
        return cls(np.unpackbits(packed, count=state["size"]).astype(bool))


class Fresh:
    """Numbers of a seed, all different, that the data do not hold.

    Args:
        size: numbers are below it.
        taken: those of the data.
        seed: other seeds, another order.
    """

    def __init__(self, size: int, taken: Taken, seed: int) -> None:
        self._left = np.zeros(0, np.uint64)
        self._more = _free(size, taken, seed)

    def take(self, n: int) -> Cells:
        """(n,) further ones. There must be so many."""
        while len(self._left) < n:
            self._left = np.concatenate([self._left, next(self._more)])
        taken, self._left = self._left[:n], self._left[n:]
        return taken.astype(np.float64)


def _free(size: int, taken: Taken, seed: int) -> Iterator[Keys]:
    for first in range(0, size, BLOCK):
        numbers = permuted(np.arange(first, min(first + BLOCK, size), dtype=np.uint64), size, seed)
        yield numbers[~taken.holds(numbers)]


def permuted(numbers: Keys, size: int, seed: int) -> npt.NDArray[np.uint64]:
    """(N,) other numbers below ``size``, different ones for different ones, mixed by a seed.

    A Feistel network over the next power of four, walked on until it falls below ``size``
    (Black and Rogaway 2002, "Ciphers with arbitrary finite domains", section 3).
    """
    half = np.uint64(max((size - 1).bit_length() + 1, 2) // 2)
    mask = np.uint64((1 << int(half)) - 1)
    round_keys = mixed(np.arange(ROUNDS, dtype=np.uint64) + mixed(np.array([seed], np.uint64)))
    found, outside = numbers.copy(), np.ones(len(numbers), bool)
    while outside.any():
        left, right = found[outside] >> half, found[outside] & mask
        for key in round_keys:
            left, right = right, left ^ (mixed(right ^ key) & mask)
        found[outside] = (left << half) | right
        outside = found >= np.uint64(size)
    return found
