"""What an evaluation says of texts besides: meanings, wording, perplexity, copies and new words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from gansmith.errors import MissingExtraError
from gansmith.evaluation.comparison import Comparison
from gansmith.evaluation.estimate import LEAST, Estimate
from gansmith.evaluation.report import Better, Missing, Value
from gansmith.modalities.text.measures.judge import MOST, Judge
from gansmith.modalities.text.measures.perplexity import TOKENS
from gansmith.modalities.text.measures.sentences import LEAST_LINES, NAME
from gansmith.modalities.text.store import to_texts

Found = list[Value | Missing]
# Under these names a comparison keeps its judge, and (overlap, sample, training line) of those
# that overlap most.
JUDGE, CLOSEST = "judge", "closest lines"


def judge_of(comparison: Comparison) -> Judge:
    """Of the real lines of a comparison; the same one each time."""
    if JUDGE not in comparison.kept:
        n = min(MOST, len(comparison.reference_indices), len(comparison.fake))

        def real(indices: npt.NDArray[np.int64]) -> list[str]:
            return to_texts(np.asarray(comparison.dataset.samples[indices]))

        comparison.kept[JUDGE] = Judge(
            real(comparison.train_indices), real(comparison.reference_indices[:n]),
            real(comparison.control_indices[:n]), real(comparison.held_out_indices[:MOST]),
            perplexity_tokens=TOKENS, seed=comparison.seed, progress=comparison.progress,
        )  # fmt: skip
    judge: Judge = comparison.kept[JUDGE]
    return judge


def fakes_of(comparison: Comparison) -> list[str]:
    """The samples that are measured, as many as real lines."""
    return to_texts(comparison.fake[: len(judge_of(comparison).reference)])


def too_few(lines: Sequence[str], least: int = LEAST) -> str | None:
    """Why nothing is measured of them, if there is a reason."""
    n = len(lines)
    return f"needs {least} lines of each side, and has {n}" if n < least else None


def own_metrics(comparison: Comparison) -> Found:
    """Meanings, BLEU and self-BLEU, reverse perplexity, copies and near copies, new n-grams."""
    steps = (meanings, wording, foretold, copied, new_words)
    found, fake = Found(), fakes_of(comparison)
    with comparison.progress("Measuring texts", len(steps)) as advance:
        for measure in steps:
            found += measure(comparison, fake)
            advance()
    return found


def _value(
    comparison: Comparison, name: str, found: Estimate | float, floor: Estimate | float | None,
    better: Better, reads: str, counts: tuple[int, int],
) -> Value:  # fmt: skip
    real = floor.value if isinstance(floor, Estimate) else floor
    return comparison.value(name, found, real, better, reads, counts)


def meanings(comparison: Comparison, fake: Sequence[str]) -> Found:
    """The Fréchet distance of sentences; nothing where all distances are of these features."""
    name = "sentence-frechet"
    if comparison.features == NAME:  # it is `frechet-at-n`
        return []
    if why := too_few(fake, LEAST_LINES):
        return [Missing(name, why)]
    try:
        found = judge_of(comparison).meanings(fake)
    except MissingExtraError as error:
        return [Missing(name, f"{error.what} {error.fix}")]
    assert found is not None, "there are enough lines"
    return [
        _value(comparison, name, found.at_n, found.floor, "lower",
               "distance of meanings; compares at this n alone", (len(fake), len(fake)))
    ]  # fmt: skip


def wording(comparison: Comparison, fake: Sequence[str]) -> Found:
    """BLEU and self-BLEU, beside those of other real lines."""
    names = ("bleu", "self-bleu")
    if why := too_few(fake):
        return [Missing(name, why) for name in names]
    judge, counts = judge_of(comparison), (len(fake), len(fake))
    found, real = judge.wording(fake), judge.real_wording
    return [
        _value(comparison, names[0], found.bleu, real.bleu, "floor",
               "worded like real lines, from 0 to 1", counts),
        _value(comparison, names[1], found.self_bleu, real.self_bleu, "floor",
               "worded like each other, from 0 to 1", counts),
    ]  # fmt: skip


def foretold(comparison: Comparison, fake: Sequence[str]) -> Found:
    """Reverse perplexity, beside that of a model of as many real lines."""
    name, judge = "reverse-perplexity", judge_of(comparison)
    if why := too_few(fake):
        return [Missing(name, why)]
    try:
        found, floor = judge.perplexity(fake), judge.perplexity(judge.control)
    except MissingExtraError as error:
        return [Missing(name, f"{error.what} {error.fix}")]
    reads = "of real lines, per word, for a model that read samples alone"
    return [_value(comparison, name, found, floor, "lower", reads, (len(fake), len(fake)))]


def copied(comparison: Comparison, fake: Sequence[str]) -> Found:
    """Copies and near copies of training lines, beside those among held-out lines."""
    judge = judge_of(comparison)
    found, counts = judge.copies(fake), (len(judge.held_out), len(fake))
    comparison.kept[CLOSEST] = [
        (overlap, fake[i], judge.train[k]) for i, k, overlap in found.closest
    ]
    return [
        _value(comparison, "copied-lines", found.copies, found.copies_held_out, "lower",
               "a training line, but for case and spaces", counts),
        _value(comparison, "near-copied-lines", found.near_copies, found.near_copies_held_out,
               "floor", "a training line but for one word in nine", counts),
    ]  # fmt: skip


def new_words(comparison: Comparison, fake: Sequence[str]) -> Found:
    """Runs of words that no training line has, beside those of held-out lines."""
    judge, found = judge_of(comparison), Found()
    for each in judge.new_words(fake):
        name = f"new-{each.order}-grams"
        if each.share is None:
            found.append(Missing(name, f"no sample has {each.order} words"))
            continue
        reads = f"runs of {each.order} words that no training line has"
        counts = (len(judge.held_out), len(fake))
        found.append(_value(comparison, name, each.share, each.held_out, "floor", reads, counts))
    return found
