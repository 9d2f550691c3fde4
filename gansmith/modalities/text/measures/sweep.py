"""A language model from cold to hot, judged at each temperature."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

from gansmith.modalities.text.language_model import LanguageModel
from gansmith.modalities.text.measures.judge import MEASURES, MOST, Judge, Judgement, plain
from gansmith.progress import Progress, silent

# Beyond 1, since without the least likely tokens the best one lies there.
TEMPERATURES = (0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5)


def sweep(
    model: LanguageModel, judge: Judge, *, num_lines: int = MOST,
    temperatures: Sequence[float] = TEMPERATURES, cutoff: float = 0.0, seed: int = 0,
    measures: Collection[str] = MEASURES, progress: Progress = silent,
) -> dict[float, Judgement]:  # fmt: skip
    """Measures of a language model's samples at each temperature.

    A generator is better than the model only where it is better than the whole curve: cold samples
    have a high BLEU and a high self-BLEU, hot ones low both.

    Args:
        model: trained.
        judge: of the real lines.
        num_lines: samples at each temperature.
        temperatures: above 0.
        cutoff: share of a token below which it hardly ever comes, at each of them.
        seed: of the samples.
        measures: which ones, of ``judge.MEASURES``.
        progress: shows how many temperatures are done.
    """
    found: dict[float, Judgement] = {}
    with progress("Temperatures", len(temperatures)) as advance:
        for at in temperatures:
            lines = model.sample(num_lines, temperature=at, cutoff=cutoff, seed=seed)
            found[at] = judge(f"language model, T = {at:g}", lines, measures)
            advance()
    return found


def best(curve: Mapping[float, Judgement]) -> float:
    """The temperature at which sentences mean most nearly what real ones do.

    Where their distance was not measured, that of the least reverse perplexity.
    """

    def cost(at: float) -> float:
        found = curve[at]
        number = found.meanings.at_n if found.meanings else plain(found.reverse_perplexity)
        return math.inf if number is None else number

    return min(curve, key=cost)
