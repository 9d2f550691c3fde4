"""All measures of one set of samples, and of a language model from cold to hot."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gansmith.errors import MissingExtraError, UserError
from gansmith.evaluation.estimate import Estimate
from gansmith.evaluation.report import shown
from gansmith.modalities.text.byte_pairs import BytePairs
from gansmith.modalities.text.language_model import LanguageModel
from gansmith.modalities.text.measures.bleu import bleu_table
from gansmith.modalities.text.measures.copies import Copies, NovelGrams, copies, novel_grams
from gansmith.modalities.text.measures.perplexity import TOKENS, VOCABULARY, reverse_perplexity
from gansmith.modalities.text.measures.sentences import (
    SentenceDistance,
    embeddings,
    sentence_distance,
)
from gansmith.progress import Progress, silent

TEMPERATURES = (0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2)
MOST = 2_000


@dataclass(frozen=True)
class Judgement:
    """All measures of one set of samples.

    Attributes:
        name: of the set.
        num_lines: samples that were measured, and as many real lines.
        sentences: distance of meanings; None where there are too few lines for it, or the extra
            ``minilm`` is not installed.
        bleu, self_bleu: see :mod:`gansmith.modalities.text.measures.bleu`.
        reverse_perplexity: see :mod:`gansmith.modalities.text.measures.perplexity`; None without
            the extra ``text``.
        copies, novel: see :mod:`gansmith.modalities.text.measures.copies`.
    """

    name: str
    num_lines: int
    sentences: SentenceDistance | None
    bleu: Estimate | float
    self_bleu: Estimate | float
    reverse_perplexity: Estimate | float | None
    copies: Copies
    novel: tuple[NovelGrams, ...]

    def numbers(self) -> dict[str, Estimate | float | None]:
        """All values by name."""
        return {
            "sentence-frechet": self.sentences.at_n if self.sentences else None,
            "bleu": self.bleu,
            "self-bleu": self.self_bleu,
            "reverse-perplexity": self.reverse_perplexity,
            "copied-lines": self.copies.copies,
            "near-copied-lines": self.copies.near_copies,
            **{f"new-{each.order}-grams": each.share for each in self.novel},
        }

    def row(self) -> dict[str, str]:
        """One row of a table."""
        numbers = {name: _plain(number) for name, number in self.numbers().items()}
        texts = {name: "" if n is None else shown(n) for name, n in numbers.items()}
        return {"samples": self.name, **texts}


def _plain(number: Estimate | float | None) -> float | None:
    return number.value if isinstance(number, Estimate) else number


class Judge:
    """Judges sets of samples by the same real lines, at the same count.

    Args:
        train: all lines that generators learnt from, in random order.
        reference: real lines that nothing learnt from, that samples are compared with.
        control: as many others, that nothing learnt from: they stand for samples in the floor.
        most: lines of each that are measured.
        perplexity_tokens: budget of the models that perplexities are measured with.
        seed: of these models.
        progress: shows what takes long.

    Raises:
        UserError: if there are fewer than two lines of a kind.
    """

    def __init__(
        self, train: Sequence[str], reference: Sequence[str], control: Sequence[str], *,
        most: int = MOST, perplexity_tokens: int = TOKENS, seed: int = 0,
        progress: Progress = silent,
    ) -> None:  # fmt: skip
        n = min(most, len(reference), len(control))
        if n < 2 or len(train) < 2:
            raise UserError(
                f"Judging text needs two real lines or more of each kind, and has {len(train)} to "
                f"learn from, {len(reference)} to compare with and {len(control)} for the floor."
            )
        self._train, self._reference, self._control = train, reference[:n], control[:n]
        self._tokens, self._seed, self._progress = perplexity_tokens, seed, progress
        self._sides, self._pairs = self._features(), self._byte_pairs()

    def _features(self) -> tuple[Any, Any] | None:
        try:
            reference, control = (embeddings(x, self._progress)
                                  for x in (self._reference, self._control))  # fmt: skip
        except MissingExtraError:
            return None
        return reference, control

    def _byte_pairs(self) -> BytePairs | None:
        try:
            return BytePairs.fit(self._train, VOCABULARY)
        except MissingExtraError:
            return None

    def floor(self, num_lines: int = MOST) -> Judgement:
        """What real lines reach: held-out ones, and training lines where a model learns from them.

        Args:
            num_lines: as many as there are samples.
        """
        train = self._train[: min(num_lines, len(self._control))]
        return self._judged("real lines", self._control[:num_lines], train)

    def __call__(self, name: str, lines: Sequence[str]) -> Judgement:
        """Measure samples.

        Args:
            name: of the set.
            lines: in random order, at least two; no more are measured than there are real lines.
        """
        lines = lines[: len(self._reference)]
        return self._judged(name, lines, lines)

    def _judged(self, name: str, lines: Sequence[str], read: Sequence[str]) -> Judgement:
        """Measure lines; ``read`` are those that the model of perplexity is trained on."""
        (scores,) = bleu_table(self._reference[: len(lines)], {name: lines}, most=len(lines))
        found, perplexity = None, None
        if self._sides is not None:
            reference, control = self._sides
            found = sentence_distance(reference, control, embeddings(lines, self._progress))
        if self._pairs is not None:
            perplexity = reverse_perplexity(
                read, self._reference, tokens=self._tokens, pairs=self._pairs, seed=self._seed,
                progress=self._progress,
            )  # fmt: skip
        return Judgement(
            name, len(lines), found, scores.bleu, scores.self_bleu, perplexity,
            copies(self._train, self._control, lines),
            tuple(novel_grams(self._train, self._control, lines)),
        )  # fmt: skip


def sweep(
    model: LanguageModel, judge: Judge, *, num_lines: int = MOST,
    temperatures: Sequence[float] = TEMPERATURES, seed: int = 0,
) -> dict[float, Judgement]:  # fmt: skip
    """All measures of a language model's samples at each temperature.

    A generator is better than the model only where it is better than the whole curve: cold samples
    have a high BLEU and a high self-BLEU, hot ones low both.

    Args:
        model: trained.
        judge: of the real lines.
        num_lines: samples at each temperature.
        temperatures: above 0.
        seed: of the samples.
    """
    return {
        at: judge(f"language model, T = {at:g}", model.sample(num_lines, temperature=at, seed=seed))
        for at in temperatures
    }


def best(curve: dict[float, Judgement]) -> float:
    """The temperature at which sentences mean most nearly what real ones do.

    Where their distance was not measured, that of the least reverse perplexity.
    """

    def cost(at: float) -> float:
        found = curve[at]
        number = _plain(found.reverse_perplexity) if not found.sentences else found.sentences.at_n
        return math.inf if number is None else number

    return min(curve, key=cost)
