"""All measures of a set of lines, by the same real lines: for samples, baselines and the floor."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

from gansmith.errors import MissingExtraError, UserError
from gansmith.evaluation.estimate import Estimate
from gansmith.evaluation.features import Features
from gansmith.evaluation.report import shown
from gansmith.modalities.text.byte_pairs import BytePairs
from gansmith.modalities.text.measures.bleu import BleuRow, bleu_table
from gansmith.modalities.text.measures.copies import Copies, NovelGrams, copies, novel_grams
from gansmith.modalities.text.measures.perplexity import TOKENS, VOCABULARY, reverse_perplexity
from gansmith.modalities.text.measures.sentences import (
    SentenceDistance,
    embeddings,
    sentence_distance,
)
from gansmith.progress import Progress, silent

MOST = 2_000
# Lines that pairs of bytes are counted in: more change nothing that could be seen.
MOST_COUNTED = 100_000
MEASURES = ("meanings", "wording", "perplexity", "copies", "new words")


@dataclass(frozen=True)
class Judgement:
    """What was measured of one set of lines; None for what was not.

    Attributes:
        name: of the set.
        num_lines: lines that were measured, and as many real ones.
        meanings: distance of meanings; None also where there are too few lines for it, or the extra
            ``minilm`` is not installed.
        wording: see :mod:`gansmith.modalities.text.measures.bleu`.
        reverse_perplexity: see :mod:`gansmith.modalities.text.measures.perplexity`; None also
            without the extra ``text``.
        copies, novel: see :mod:`gansmith.modalities.text.measures.copies`.
    """

    name: str
    num_lines: int
    meanings: SentenceDistance | None = None
    wording: BleuRow | None = None
    reverse_perplexity: Estimate | float | None = None
    copies: Copies | None = None
    novel: tuple[NovelGrams, ...] = ()

    def numbers(self) -> dict[str, Estimate | float | None]:
        """All values by name."""
        return {
            "sentence-frechet": self.meanings.at_n if self.meanings else None,
            "bleu": self.wording.bleu if self.wording else None,
            "self-bleu": self.wording.self_bleu if self.wording else None,
            "reverse-perplexity": self.reverse_perplexity,
            "copied-lines": self.copies.copies if self.copies else None,
            "near-copied-lines": self.copies.near_copies if self.copies else None,
            **{f"new-{each.order}-grams": each.share for each in self.novel},
        }

    def row(self) -> dict[str, str]:
        """One row of a table."""
        numbers = {name: plain(number) for name, number in self.numbers().items()}
        texts = {name: "" if n is None else shown(n) for name, n in numbers.items()}
        return {"samples": self.name, **texts}


def plain(number: Estimate | float | None) -> float | None:
    """A number without its interval."""
    return number.value if isinstance(number, Estimate) else number


class Judge:
    """Judges sets of lines by the same real lines, at the same count.

    What real lines take is taken once, however many sets there are.

    Args:
        train: all lines that generators learnt from, in random order.
        reference: real lines that samples are compared with; best such that nothing learnt from.
        control: as many others: they stand for samples in the floor.
        held_out: real lines that nothing learnt from, for copies and new n-grams; None takes the
            control.
        most: lines of each that are measured.
        perplexity_tokens: budget of the models that perplexities are measured with.
        seed: of these models.
        progress: shows what takes long.

    Attributes:
        reference, control, held_out, train: the lines that are used.

    Raises:
        UserError: if there are fewer than two lines of a kind.
    """

    def __init__(
        self, train: Sequence[str], reference: Sequence[str], control: Sequence[str],
        held_out: Sequence[str] | None = None, *, most: int = MOST,
        perplexity_tokens: int = TOKENS, seed: int = 0, progress: Progress = silent,
    ) -> None:  # fmt: skip
        n = min(most, len(reference), len(control))
        if n < 2 or len(train) < 2:
            raise UserError(
                f"Judging text needs two real lines or more of each kind, and has {len(train)} to "
                f"learn from, {len(reference)} to compare with and {len(control)} for the floor."
            )
        self.train, self.reference, self.control = train, reference[:n], control[:n]
        self.held_out = self.control if held_out is None else held_out[:most]
        self._tokens, self._seed, self._progress = perplexity_tokens, seed, progress

    @cached_property
    def _sides(self) -> tuple[Features, Features]:
        return (
            embeddings(self.reference, self._progress),
            embeddings(self.control, self._progress),
        )

    @cached_property
    def _pairs(self) -> BytePairs:
        return BytePairs.fit(self.train[:MOST_COUNTED], VOCABULARY)

    def meanings(self, lines: Sequence[str]) -> SentenceDistance | None:
        """The distance of meanings; None for too few lines.

        Raises:
            MissingExtraError: if the extra ``minilm`` is not installed.
        """
        reference, control = self._sides
        return sentence_distance(reference, control, embeddings(lines, self._progress))

    def wording(self, lines: Sequence[str], name: str = "") -> BleuRow:
        """BLEU and self-BLEU of at least two lines."""
        (found,) = bleu_table(self.reference, {name: lines}, most=len(self.reference))
        return found

    @cached_property
    def real_wording(self) -> BleuRow:
        """BLEU and self-BLEU of the control."""
        return self.wording(self.control, "real lines")

    def perplexity(self, lines: Sequence[str]) -> Estimate | float:
        """The perplexity of real lines for a model that read these alone.

        Raises:
            MissingExtraError: if the extra ``text`` is not installed.
        """
        return reverse_perplexity(
            lines, self.reference, tokens=self._tokens, pairs=self._pairs, seed=self._seed,
            progress=self._progress,
        )  # fmt: skip

    def copies(self, lines: Sequence[str]) -> Copies:
        """Copies and near copies of training lines."""
        return copies(self.train, self.held_out, lines)

    def new_words(self, lines: Sequence[str]) -> tuple[NovelGrams, ...]:
        """Runs of words that no training line has."""
        return tuple(novel_grams(self.train, self.held_out, lines))

    def floor(self, num_lines: int = MOST) -> Judgement:
        """What real lines reach in the samples' place.

        Args:
            num_lines: as many as there are samples.
        """
        return self("real lines", self.control[:num_lines])

    def __call__(
        self, name: str, lines: Sequence[str], measures: Collection[str] = MEASURES
    ) -> Judgement:
        """Measure lines.

        Args:
            name: of the set.
            lines: in random order, at least two; no more are measured than there are real lines.
            measures: which ones, of ``MEASURES``.
        """
        lines = lines[: len(self.reference)]
        meanings, perplexity = None, None
        with suppress(MissingExtraError):
            meanings = self.meanings(lines) if "meanings" in measures else None
        with suppress(MissingExtraError):
            perplexity = self.perplexity(lines) if "perplexity" in measures else None
        return Judgement(
            name,
            len(lines),
            meanings,
            self.wording(lines, name) if "wording" in measures else None,
            perplexity,
            self.copies(lines) if "copies" in measures else None,
            self.new_words(lines) if "new words" in measures else (),
        )
