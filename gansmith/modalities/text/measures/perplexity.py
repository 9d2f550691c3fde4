"""Reverse perplexity: what a language model that has read nothing but samples makes of real lines.

A small model is trained on samples and tested on real lines (Zhao et al. 2018, arXiv:1706.04223,
section 5.2). What samples lack it never saw, so that modes that were dropped cost it dearly; what
samples have too much of teaches it less. The floor is the same model, with the same budget, trained
on as many real lines.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from gansmith.errors import UserError
from gansmith.evaluation.comparison import with_intervals
from gansmith.evaluation.estimate import Estimate
from gansmith.modalities.text.byte_pairs import BytePairs
from gansmith.modalities.text.language_model import LanguageModel
from gansmith.modalities.text.measures.words import words
from gansmith.progress import Progress, silent

# Some ten times over a thousand sentences: there the model has learnt what it can.
TOKENS, PARAMETERS, VOCABULARY = 200_000, 300_000, 2_000


def perplexity(model: LanguageModel, lines: Sequence[str]) -> Estimate | float:
    """Perplexity per word of lines: 1 where each word is sure, and endless where one is impossible.

    The cost of all tokens over the number of words, see
    :func:`~gansmith.modalities.text.measures.words.words`, and of ends of lines, one each. So it
    does not depend on how words are cut into tokens.

    Args:
        model: trained on other lines.
        lines: real, in random order.

    Returns:
        With the interval of other real lines, at this model; without where there are fewer than 50.

    Raises:
        UserError: if there are no lines.
    """
    if not lines:
        raise UserError("Perplexity needs lines to be tested on, and there are none.")
    counts = np.array([len(words(line)) + 1 for line in lines], np.float64)
    costs = np.stack([model.nats(lines), counts], 1)
    return with_intervals(lambda x: {"it": _per_word(*x.sum(0))}, costs)["it"]


def _per_word(nats: float, num_words: float) -> float:
    """exp, but not beyond what a float holds."""
    return math.exp(min(nats / num_words, 700.0))


def reverse_perplexity(
    lines: Sequence[str], test: Sequence[str], *, tokens: int = TOKENS,
    parameters: int = PARAMETERS, vocabulary: int = VOCABULARY, pairs: BytePairs | None = None,
    seed: int = 0, progress: Progress = silent,
) -> Estimate | float:  # fmt: skip
    """Perplexity per word of real lines, of a small language model that was trained on others.

    Given samples it is their reverse perplexity, given as many real lines its floor.

    Args:
        lines: to train on.
        test: real lines that nothing was trained on, in random order.
        tokens: budget of the training; the same seed gives the same number, on the same machine.
        parameters: of the model at most.
        vocabulary: of its tokens, where no byte pairs are given.
        pairs: byte pairs, best those of real lines for samples and for the floor.
        seed: of the training.
        progress: shows the training.

    Returns:
        With the interval of other real lines; that of other trainings is not in it.

    Raises:
        MissingExtraError: if the library ``tokenizers`` is not installed.
        UserError: if there is nothing to train or to test on.
    """
    model = LanguageModel.fit(
        lines, tokens=tokens, parameters=parameters, vocabulary=vocabulary, pairs=pairs, seed=seed,
        progress=progress,
    )  # fmt: skip
    return perplexity(model, test)
