"""Class labels of any kind, as they come, to names and numbers."""

from __future__ import annotations

from array import array
from collections.abc import Hashable, Iterable, Sequence

import numpy as np
import numpy.typing as npt


class Classes:
    """Collects one label per sample and numbers them at the end.

    >>> classes = Classes()
    >>> classes.extend(["10", "9", "10", "9"])
    >>> names, labels, _ = classes.encode()
    >>> names, labels.tolist()
    (('9', '10'), [1, 0, 1, 0])
    """

    def __init__(self) -> None:
        self._codes: dict[Hashable | None, int] = {}
        self._seen = array("q")

    def extend(self, labels: Iterable[Hashable | None]) -> None:
        """Add the labels of the next samples; None for a sample without."""
        codes = self._codes
        self._seen.extend([codes.setdefault(label, len(codes)) for label in labels])

    def encode(
        self, known: Sequence[str] | None = None
    ) -> tuple[tuple[str, ...], npt.NDArray[np.int64] | None, str | None]:
        """Names of the classes, (N,) int64 labels or None where there is no use in them, a note.

        Names that are whole numbers are sorted as numbers, all others as text.

        Args:
            known: names that the source gives itself; its labels are then numbers into them.
        """
        found = list(self._codes)
        if None in self._codes:
            lacking = None if len(found) == 1 else "Some samples have no class, so none is used."
            return (), None, lacking
        if known is not None and set(found) <= set(range(len(known))):
            lookup = np.array([int(str(label)) for label in found], np.int64)
            return tuple(known), lookup[np.frombuffer(self._seen, np.int64)], None
        if len(found) < 2:
            return (), None, None
        if len(found) * 2 > len(self._seen):
            return (), None, (
                f"There are {len(found)} classes for {len(self._seen)} samples: too few of each "
                "to learn from, so classes are not used."
            )  # fmt: skip
        texts = [_text(label) for label in found]
        whole = all(text.removeprefix("-").isdecimal() for text in texts)
        names = sorted(set(texts), key=(lambda t: (int(t), t)) if whole else None)
        place = {name: i for i, name in enumerate(names)}
        lookup = np.array([place[text] for text in texts], np.int64)
        return tuple(names), lookup[np.frombuffer(self._seen, np.int64)], None


def _text(label: Hashable | None) -> str:
    return str(int(label)) if isinstance(label, float) and label.is_integer() else str(label)
