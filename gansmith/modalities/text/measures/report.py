"""What an evaluation says of texts besides: meanings, wording, perplexity, copies and new words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gansmith.errors import MissingExtraError
from gansmith.evaluation.comparison import Comparison
from gansmith.evaluation.estimate import LEAST, Estimate
from gansmith.evaluation.report import Better, Missing, Value
from gansmith.modalities.text.byte_pairs import BytePairs
from gansmith.modalities.text.measures.bleu import bleu_table
from gansmith.modalities.text.measures.copies import copies, novel_grams
from gansmith.modalities.text.measures.perplexity import TOKENS, VOCABULARY, reverse_perplexity
from gansmith.modalities.text.measures.sentences import (
    LEAST_LINES,
    NAME,
    embeddings,
    sentence_distance,
)
from gansmith.modalities.text.measures.sweep import MOST
from gansmith.modalities.text.store import to_texts

Found = list[Value | Missing]
# Under this name a comparison keeps (overlap, sample, training line) of those that overlap most.
CLOSEST = "closest lines"
# Lines that pairs of bytes are counted in: more change nothing that could be seen.
MOST_COUNTED = 100_000


@dataclass(frozen=True)
class Sides:
    """The texts of a comparison, each side in random order.

    Attributes:
        reference, control, fake: equally many; control are real lines in the fakes' place.
        train: all that were trained on, or could be.
        held_out: real lines that were not; perhaps none.
    """

    reference: list[str]
    control: list[str]
    fake: list[str]
    train: list[str]
    held_out: list[str]

    @classmethod
    def of(cls, comparison: Comparison) -> Sides:
        """All texts that are measured."""
        n = min(MOST, len(comparison.reference_indices), len(comparison.fake))

        def real(indices: npt.NDArray[np.int64]) -> list[str]:
            return to_texts(np.asarray(comparison.dataset.samples[indices]))

        return cls(
            real(comparison.reference_indices[:n]), real(comparison.control_indices[:n]),
            to_texts(comparison.fake[:n]), real(comparison.train_indices),
            real(comparison.held_out_indices[:MOST]),
        )  # fmt: skip

    def too_few(self, least: int = LEAST) -> str | None:
        """Why nothing is measured of them, if there is a reason."""
        n = len(self.fake)
        return f"needs {least} lines of each side, and has {n}" if n < least else None


def own_metrics(comparison: Comparison) -> Found:
    """Meanings, BLEU and self-BLEU, reverse perplexity, copies and near copies, new n-grams."""
    steps = (meanings, wording, foretold, copied, new_words)
    sides, found = Sides.of(comparison), Found()
    with comparison.progress("Measuring texts", len(steps)) as advance:
        for measure in steps:
            found += measure(comparison, sides)
            advance()
    return found


def _value(
    comparison: Comparison, name: str, found: Estimate | float, floor: Estimate | float | None,
    better: Better, reads: str, sides: tuple[Sequence[str], Sequence[str]],
) -> Value:  # fmt: skip
    real = floor.value if isinstance(floor, Estimate) else floor
    counts = (len(sides[0]), len(sides[1]))
    return comparison.value(name, found, real, better, reads, counts)


def meanings(comparison: Comparison, sides: Sides) -> Found:
    """The Fréchet distance of sentences; nothing where all distances are of these features."""
    name = "sentence-frechet"
    if comparison.features == NAME:  # it is `frechet-at-n`
        return []
    if why := sides.too_few(LEAST_LINES):
        return [Missing(name, why)]
    try:
        reference, control, fake = (
            embeddings(side, comparison.progress)
            for side in (sides.reference, sides.control, sides.fake)
        )
    except MissingExtraError as error:
        return [Missing(name, f"{error.what} {error.fix}")]
    found = sentence_distance(reference, control, fake)
    assert found is not None, "there are enough lines"
    return [
        _value(comparison, name, found.at_n, found.floor, "lower",
               "distance of meanings; compares at this n alone", (sides.reference, sides.fake))
    ]  # fmt: skip


def wording(comparison: Comparison, sides: Sides) -> Found:
    """BLEU and self-BLEU, beside those of other real lines."""
    names = ("bleu", "self-bleu")
    if why := sides.too_few():
        return [Missing(name, why) for name in names]
    both = {"fake": sides.fake, "real": sides.control}
    fake, real = bleu_table(sides.reference, both, most=MOST)
    used = (sides.reference, sides.fake)
    return [
        _value(comparison, names[0], fake.bleu, real.bleu, "floor",
               "worded like real lines, from 0 to 1", used),
        _value(comparison, names[1], fake.self_bleu, real.self_bleu, "floor",
               "worded like each other, from 0 to 1", used),
    ]  # fmt: skip


def foretold(comparison: Comparison, sides: Sides) -> Found:
    """Reverse perplexity, beside that of a model of as many real lines."""
    name = "reverse-perplexity"
    if why := sides.too_few():
        return [Missing(name, why)]
    try:
        pairs = BytePairs.fit(sides.train[:MOST_COUNTED], VOCABULARY)
    except MissingExtraError as error:
        return [Missing(name, f"{error.what} {error.fix}")]
    found, floor = (
        reverse_perplexity(read, sides.reference, tokens=TOKENS, pairs=pairs,
                           seed=comparison.seed, progress=comparison.progress)
        for read in (sides.fake, sides.control)
    )  # fmt: skip
    reads = "of real lines, per word, for a model that read samples alone"
    return [_value(comparison, name, found, floor, "lower", reads, (sides.reference, sides.fake))]


def copied(comparison: Comparison, sides: Sides) -> Found:
    """Copies and near copies of training lines, beside those among held-out lines."""
    found, used = copies(sides.train, sides.held_out, sides.fake), (sides.held_out, sides.fake)
    comparison.kept[CLOSEST] = [
        (overlap, sides.fake[i], sides.train[k]) for i, k, overlap in found.closest
    ]
    return [
        _value(comparison, "copied-lines", found.copies, found.copies_held_out, "lower",
               "a training line, but for case and spaces", used),
        _value(comparison, "near-copied-lines", found.near_copies, found.near_copies_held_out,
               "floor", "a training line but for one word in nine", used),
    ]  # fmt: skip


def new_words(comparison: Comparison, sides: Sides) -> Found:
    """Runs of words that no training line has, beside those of held-out lines."""
    found = Found()
    for each in novel_grams(sides.train, sides.held_out, sides.fake):
        name = f"new-{each.order}-grams"
        if each.share is None:
            found.append(Missing(name, f"no sample has {each.order} words"))
            continue
        reads = f"runs of {each.order} words that no training line has"
        used = (sides.held_out, sides.fake)
        found.append(_value(comparison, name, each.share, each.held_out, "floor", reads, used))
    return found
