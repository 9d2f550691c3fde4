"""BLEU and self-BLEU: are samples worded like real lines, and unlike each other?

The BLEU of a sentence (Papineni et al. 2002, P02-1040, eqs. 1 to 3) is the geometric mean of the
shares of its n-grams, n = 1 to 4, that occur in some reference, times a penalty for being short.
BLEU of a set is the mean over its sentences, each against all reference lines (Yu et al. 2017,
arXiv:1609.05473); self-BLEU is that of samples against each other (Zhu et al. 2018,
arXiv:1802.01886). A sentence is never its own reference. A second sentence of the same words is
one: what was given out twice is as much alike as two sentences can be.

Counts and smoothing are those of sacrebleu's ``sentence_bleu`` (Post 2018, arXiv:1804.08771) with
``use_effective_order``, on :func:`~gansmith.modalities.text.measures.words.words` for tokens; but
the n-grams of all references are counted once and not once for each sentence.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gansmith.errors import UserError
from gansmith.evaluation.comparison import with_intervals
from gansmith.evaluation.estimate import Estimate
from gansmith.modalities.text.measures.words import Gram, grams, words

ORDER = 4
Counts = Counter[Gram]


@dataclass(frozen=True)
class Sentence:
    """What BLEU needs to know of a sentence.

    Attributes:
        length: in tokens.
        counts: of its n-grams of all orders.
    """

    length: int
    counts: Counts

    @classmethod
    def of(cls, tokens: Sequence[str]) -> Sentence:
        """Of a sentence as tokens."""
        counts: Counts = Counter()
        for n in range(1, ORDER + 1):
            counts.update(grams(tokens, n))
        return cls(len(tokens), counts)


class References:
    """Many references at once, of which one can be left out again.

    Args:
        sentences: at least one; at least two where one is to be left out.
    """

    def __init__(self, sentences: Sequence[Sentence]) -> None:
        self._lengths = sorted(sentence.length for sentence in sentences)
        # The most that one reference has of each n-gram, which one, and the most of all others.
        self._most: dict[Gram, tuple[int, int, int]] = {}
        for i, sentence in enumerate(sentences):
            for gram, count in sentence.counts.items():
                best, owner, second = self._most.get(gram, (0, -1, 0))
                if count > best:
                    self._most[gram] = (count, i, best)
                elif count > second:
                    self._most[gram] = (best, owner, count)

    def count(self, gram: Gram, without: int) -> int:
        """The most that a reference other than number ``without`` has of an n-gram."""
        best, owner, second = self._most.get(gram, (0, -1, 0))
        return second if owner == without else best

    def nearest_length(self, length: int, leave_out: bool) -> int:
        """The length nearest to that of a sentence, the shorter of two; perhaps without its own."""
        lengths = self._lengths
        at = bisect_left(lengths, length)
        if leave_out:  # `at` is one of that length, perhaps the sentence's own
            near = [*lengths[max(at - 1, 0) : at], *lengths[at + 1 : at + 2]]
        else:
            near = lengths[max(at - 1, 0) : at + 1]
        return min(near, key=lambda other: (abs(other - length), other))

    def score(self, sentence: Sentence, without: int = -1) -> float:
        """BLEU of a sentence, from 0 to 1, without the reference that it is itself."""
        if not sentence.length:
            return 0.0
        matches, totals = [0] * ORDER, [max(sentence.length - n, 0) for n in range(ORDER)]
        for gram, count in sentence.counts.items():
            if found := self.count(gram, without):
                matches[len(gram) - 1] += min(count, found)
        near = self.nearest_length(sentence.length, without >= 0)
        short = min(0.0, 1 - near / sentence.length)
        return math.exp(short) * _precision(matches, totals)


def _precision(matches: Sequence[int], totals: Sequence[int]) -> float:
    """The geometric mean of all shares; those without matches are halved again and again."""
    if not any(matches):
        return 0.0
    # Orders that the sentence is too short for do not count.
    orders = sum(total > 0 for total in totals)
    logarithms, halved = 0.0, 1.0
    for match, total in zip(matches[:orders], totals, strict=False):
        if not match:
            halved *= 2
        logarithms += math.log((match or 1 / halved) / total)
    return math.exp(logarithms / orders)


def _sentences(lines: Sequence[str]) -> list[Sentence]:
    return [Sentence.of(words(line)) for line in lines]


def _mean_bleu(sentences: Sequence[Sentence], references: Sequence[Sentence]) -> float:
    against = References(references)
    return sum(against.score(sentence) for sentence in sentences) / len(sentences)


def _mean_self_bleu(sentences: Sequence[Sentence]) -> float:
    each_other = References(sentences)
    return sum(each_other.score(s, i) for i, s in enumerate(sentences)) / len(sentences)


def bleu(lines: Sequence[str], references: Sequence[str]) -> float:
    """Mean BLEU of lines, each against all references, from 0 to 1.

    Args:
        lines: at least one.
        references: at least one.

    Raises:
        UserError: if there is no line or no reference.

    >>> bleu(["a dog runs fast ."], ["a cat sits .", "the dog runs fast ."])
    0.7071067811865475
    """
    _require(len(lines), 1, "lines")
    _require(len(references), 1, "references")
    return _mean_bleu(_sentences(lines), _sentences(references))


def self_bleu(lines: Sequence[str]) -> float:
    """Mean BLEU of lines, each against all other lines, from 0 to 1.

    It rises with the number of lines, and compares at equal numbers alone.

    Raises:
        UserError: if there are fewer than two.

    >>> self_bleu(["a dog runs .", "a dog runs .", "zwei"])
    0.6666666666666666
    """
    _require(len(lines), 2, "lines")
    return _mean_self_bleu(_sentences(lines))


def _require(given: int, least: int, what: str) -> None:
    if given < least:
        raise UserError(f"BLEU needs at least {least} {what}, and has {given}.")


@dataclass(frozen=True)
class BleuRow:
    """Both numbers of one set of samples, which belong together: each alone is easy to reach.

    Attributes:
        name: of the set.
        bleu: against the reference, with its interval; a float where there are fewer than 50.
        self_bleu: among each other, likewise.
        num_lines: that were scored, and as many references.
    """

    name: str
    bleu: Estimate | float
    self_bleu: Estimate | float
    num_lines: int


def bleu_table(
    reference: Sequence[str], sets: Mapping[str, Sequence[str]], *, most: int = 1_000
) -> list[BleuRow]:
    """BLEU and self-BLEU of several sets of samples, all at the same count.

    Args:
        reference: real lines, in random order.
        sets: samples by name, in random order; among them other real lines, for the floor.
        most: lines of each that are scored.

    Returns:
        One row for each set. All are cut to the fewest lines of any, since self-BLEU rises with
        their number. Intervals are from leaving out tenths of the lines and of the references.

    Raises:
        UserError: if a set, or the reference, has fewer than two lines.
    """
    n = min(most, len(reference), *(len(lines) for lines in sets.values()))
    _require(n, 2, "lines of each set and references")
    known = _array(_sentences(reference[:n]))
    return [_row(name, _array(_sentences(lines[:n])), known) for name, lines in sets.items()]


def _row(name: str, lines: npt.NDArray[Any], known: npt.NDArray[Any]) -> BleuRow:
    found = with_intervals(
        lambda x, y: {"bleu": _mean_bleu(x, y), "self": _mean_self_bleu(x)}, lines, known, most=1.0
    )
    return BleuRow(name, found["bleu"], found["self"], len(lines))


def _array(sentences: Sequence[Sentence]) -> npt.NDArray[Any]:
    """(N,) objects."""
    found = np.empty(len(sentences), dtype=object)
    found[:] = sentences
    return found
