"""What every source becomes: arrays of equal rows, their classes, and a split by content.

The split is a property of each sample's bytes and nothing else. So it is the same on every machine
and in every order, and two equal pictures never lie on both sides of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
# The step of splitmix64.
GOLDEN = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Schema:
    """What a source holds.

    Attributes:
        modality: name of the kind of data, ``image``, ``points`` or ``table``.
        shape: of one sample: (H, W, C) for pictures, (d,) for points, (columns,) for rows.
        dtype: NumPy name of the raw type, ``uint8`` for pictures.
        classes: names of the classes, empty where there are none.
        label: what the samples are called in messages, for example ``pictures``.
    """

    modality: str
    shape: tuple[int, ...]
    dtype: str
    classes: tuple[str, ...] = ()
    label: str = "samples"


@dataclass(frozen=True)
class Dataset:
    """Decoded samples, ready to be drawn from at random.

    Attributes:
        schema: what the samples are.
        samples: (N, *schema.shape), usually a memory map.
        labels: (N,) int64 in [0, len(schema.classes)), or None.
        hashes: (N,) uint64, from :func:`content_hashes` or :func:`occurrence_hashes`.
        name: what the user called the source.
        skipped: one line for each sample that could not be read: which, and why.
        given_holdout: (N,) bool, where the source itself names a test part, else None.
        truth: what is known of the true distribution (centres and sigma of the point sets).
        notes: sentences the user should read, about what was chosen for them.
        columns: of a table, see :class:`gansmith.modalities.table.schema.Column`.
        stand_in: the samples are made up, and stand for real ones that nobody may see: nothing is
            measured against them.
        guarantee: what is promised to those whose data these are, for the model card.
        constraints: of a table, what each row must hold, as texts.
    """

    schema: Schema
    samples: Array
    labels: npt.NDArray[np.int64] | None
    hashes: npt.NDArray[np.uint64]
    name: str
    skipped: Sequence[str] = ()
    given_holdout: npt.NDArray[np.bool_] | None = None
    truth: dict[str, Any] = field(default_factory=dict)
    notes: Sequence[str] = ()
    columns: tuple[Any, ...] = ()
    stand_in: bool = False
    guarantee: Sequence[str] = ()
    constraints: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.samples)

    @cached_property
    def fingerprint(self) -> str:
        """A hash of all content, in order, of classes and constraints: 32 hexadecimal digits."""
        digest = hashlib.blake2b(repr(self.schema).encode(), digest_size=16)
        digest.update(np.ascontiguousarray(self.hashes).tobytes())
        if self.labels is not None:
            digest.update(np.ascontiguousarray(self.labels).tobytes())
        if self.columns:
            digest.update(repr(self.columns).encode())
        if self.constraints:
            digest.update(repr(self.constraints).encode())
        return digest.hexdigest()

    def split(self, part: Literal["train", "holdout"], fraction: float) -> npt.NDArray[np.int64]:
        """Indices of the samples in one part.

        Args:
            part: which one.
            fraction: expected size of the holdout, in [0, 1). Where the source names a test part
                itself, that is the holdout and the fraction only says whether there is one.
        """
        if self.given_holdout is not None:
            held = self.given_holdout & (fraction > 0)
        else:
            held = self.hashes < np.uint64(int(fraction * 2**64))
        return np.flatnonzero(held if part == "holdout" else ~held).astype(np.int64)


def occurrence_hashes(hashes: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """(N,) uint64, other ones for the first, second, ... sample of equal content.

    For rows of tables: two equal rows are two people, and the split must not keep all who are alike
    on one side. The same rows in another order get the same hashes.
    """
    order = np.argsort(hashes, kind="stable")
    ordered = hashes[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    number = np.arange(len(hashes)) - np.repeat(starts, np.diff(np.append(starts, len(hashes))))
    occurrence = np.empty(len(hashes), np.uint64)
    occurrence[order] = number.astype(np.uint64)
    with np.errstate(over="ignore"):
        return finalised(hashes + occurrence * GOLDEN)


def finalised(words: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Each bit depends on all bits: the finaliser of splitmix64 (Steele et al. 2014, figure 17)."""
    with np.errstate(over="ignore"):  # modulo 2**64
        words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        spread: npt.NDArray[np.uint64] = words ^ (words >> np.uint64(31))
    return spread


def content_hashes(samples: Array) -> npt.NDArray[np.uint64]:
    """(N,) uint64: a stable hash of each row's bytes, uniform over the 64-bit numbers."""
    rows = np.ascontiguousarray(samples).reshape(len(samples), -1)
    out = np.empty(len(rows), np.uint64)
    for i, row in enumerate(rows):
        out[i] = int.from_bytes(hashlib.blake2b(row.tobytes(), digest_size=8).digest(), "little")
    return out
