"""Are lines new? Copies of training lines, near copies, and n-grams that training lines lack."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gansmith.errors import UserError
from gansmith.evaluation.comparison import with_intervals
from gansmith.evaluation.estimate import Estimate, share
from gansmith.modalities.text.measures.words import Gram, grams, normalised, words

# Two lines of nine words in which one word differs share 8 of their 10 pairs of neighbours.
NEAR = 0.8
ORDERS = (2, 3, 4)
# Around a line, so that a line of one word has pairs, and its first and last words count as such.
_EDGE = ""


def _pairs(line: str) -> set[Gram]:
    """Pairs of neighbouring words of a line and its edges, whatever the case."""
    return set(grams([_EDGE, *words(line.casefold()), _EDGE], 2))


class _Index:
    """Training lines by their pairs of words.

    Args:
        lines: training lines; of equal ones each is there.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        holding: dict[Gram, array[int]] = {}
        sizes = array("q")
        for number, line in enumerate(lines):
            pairs = _pairs(line)
            sizes.append(len(pairs))
            for pair in pairs:
                holding.setdefault(pair, array("q")).append(number)
        self._holding = {pair: np.array(numbers) for pair, numbers in holding.items()}
        self._sizes = np.array(sizes)

    def nearest(self, line: str) -> tuple[float, int]:
        """The largest overlap of a line with a training line, and that one's number or -1."""
        pairs = _pairs(line)
        holding = [self._holding[pair] for pair in pairs if pair in self._holding]
        if not holding:
            return 0.0, -1
        numbers, shared = np.unique(np.concatenate(holding), return_counts=True)
        overlaps = 2 * shared / (self._sizes[numbers] + len(pairs))
        best = int(overlaps.argmax())
        return float(overlaps[best]), int(numbers[best])


@dataclass(frozen=True)
class Copies:
    """How many lines are copies of training lines.

    Attributes:
        copies: share of lines that are a training line, but for case and spaces.
        near_copies: share of lines that overlap with one by at least ``NEAR``, copies among them.
        copies_held_out, near_copies_held_out: the same of real lines that were not trained on,
            which is what chance and a small language give; None where there are none.
        closest: the lines of the largest overlap that are no copies, as (number of the line, number
            of the training line, overlap), at most eight, largest first.
    """

    copies: Estimate
    near_copies: Estimate
    copies_held_out: float | None
    near_copies_held_out: float | None
    closest: tuple[tuple[int, int, float], ...]


def overlap(first: str, second: str) -> float:
    """Share of the pairs of neighbouring words that two lines have in common, from 0 to 1.

    Dice's coefficient, ``2 |A and B| / (|A| + |B|)``, of the sets of pairs; case does not count,
    and the edges of a line are words of their own.

    >>> overlap("a big dog runs over the green grass .", "a big dog runs over the brown grass .")
    0.8
    """
    a, b = _pairs(first), _pairs(second)
    return 2 * len(a & b) / (len(a) + len(b))


def copies(
    train: Sequence[str], held_out: Sequence[str], lines: Sequence[str], *, most: int = 3_000
) -> Copies:
    """Look lines up among all training lines, and held-out lines likewise.

    Args:
        train: all lines that were trained on: a copy is only found where its original is there.
        held_out: real lines that were not trained on; perhaps none.
        lines: samples, at least one.
        most: samples, and held-out lines, that are looked up.

    Returns:
        Shares with Wilson's intervals.

    Raises:
        UserError: if there are no samples or no training lines.
    """
    if not lines or not train:
        raise UserError("Copies need samples and training lines to look for, and one is empty.")
    known, index = {normalised(line) for line in train}, _Index(train)
    lines, held_out = lines[:most], held_out[:most]
    exact, near = _looked_up(lines, known, index)
    real = [_looked_up(held_out, known, index)] if len(held_out) else []
    others = [i for i in np.argsort([-size for size, _ in near], kind="stable") if not exact[i]]
    closest = tuple((int(i), near[i][1], near[i][0]) for i in others[:8] if near[i][1] >= 0)
    counts = [(sum(a), _num_near(a, b)) for a, b in [(exact, near), *real]]
    floor = [hits / len(held_out) for hits in counts[1]] if real else [None, None]
    found, nearly = (share(hits, len(lines)) for hits in counts[0])
    return Copies(found, nearly, floor[0], floor[1], closest)


def _looked_up(
    lines: Sequence[str], known: set[str], index: _Index
) -> tuple[list[bool], list[tuple[float, int]]]:
    return [normalised(line) in known for line in lines], [index.nearest(line) for line in lines]


def _num_near(exact: Sequence[bool], near: Sequence[tuple[float, int]]) -> int:
    return sum(same or size >= NEAR for same, (size, _) in zip(exact, near, strict=True))


# -- n-grams ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class NovelGrams:
    """How many of the n-grams that lines have do not occur in training lines, repeats counted.

    Attributes:
        order: n.
        share: of the samples, with its interval; a float where there are fewer than 50, and None
            where they have no n-grams.
        held_out: share of real lines that were not trained on, likewise without interval. Below it
            samples patch together what they have seen; above it they may be wrong.
    """

    order: int
    share: Estimate | float | None
    held_out: float | None


def novel_grams(
    train: Iterable[str], held_out: Sequence[str], lines: Sequence[str]
) -> list[NovelGrams]:
    """Share of new n-grams for n = 2, 3, 4, whatever the case.

    The interval is from leaving out tenths of the samples: n-grams of a line are not independent.

    Args:
        train: all lines that were trained on; gone through once.
        held_out: real lines that were not trained on, best as many as samples.
        lines: samples, in random order.
    """
    sides = [[words(line.casefold()) for line in side] for side in (lines, held_out)]
    wanted = {
        gram for side in sides for tokens in side for n in ORDERS for gram in grams(tokens, n)
    }
    for line in train:  # what is looked for is held, and not what is gone through
        tokens = words(line.casefold())
        for n in ORDERS:
            wanted.difference_update(grams(tokens, n))
    found = []
    for n in ORDERS:
        own, real = (_new_and_all(side, n, wanted) for side in sides)
        floor = _share(real)
        found.append(NovelGrams(n, None if not own[:, 1].any() else _estimated(own), floor))
    return found


def _new_and_all(lines: Sequence[Sequence[str]], n: int, new: set[Gram]) -> npt.NDArray[np.int64]:
    """(N, 2) how many n-grams of each line are new, and how many there are."""
    counts = [(sum(gram in new for gram in grams(tokens, n)), len(tokens) - n + 1)
              for tokens in lines]  # fmt: skip
    return np.array(counts, np.int64).reshape(-1, 2).clip(0)


def _share(counts: npt.NDArray[np.int64]) -> float | None:
    new, every = counts.sum(0)
    return float(new / every) if every else None


def _estimated(counts: npt.NDArray[np.int64]) -> Estimate | float:
    return with_intervals(lambda side: {"share": _share(side) or 0.0}, counts, most=1.0)["share"]
