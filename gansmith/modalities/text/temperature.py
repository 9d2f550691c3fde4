"""How far a decoder is to stray from its likeliest words: as far as makes real texts' variety.

Too cold, and samples say the same things; too hot, and they say nothing. Where between lies the
best depends on the texts, and on how well the decoder learned: it is where made texts are as much
alike as real ones of the same plans, by their self-BLEU (Zhu et al. 2018, arXiv:1802.01886).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gansmith.modalities.text.measures.bleu import self_bleu

COLDEST, HOTTEST = 0.8, 1.5
# What is taken where there are too few texts to say how much they are alike.
USUAL, LEAST_TEXTS = 1.2, 100
# Both ends, and so many temperatures between: after two the third moves by less than 0.01.
STEPS = 2


def temperature_of(texts: Sequence[str], told: Callable[[float], Sequence[str]]) -> float:
    """The temperature at which texts that are told have the self-BLEU of real ones.

    Args:
        texts: real ones, no two the same.
        told: makes as many at a temperature, the same ones each time.

    Returns:
        from :data:`COLDEST` to :data:`HOTTEST`; one of these where none between them will do.
    """
    if len(texts) < LEAST_TEXTS:
        return USUAL
    wanted = self_bleu(texts)

    def excess(temperature: float) -> float:
        return self_bleu(told(temperature)) - wanted

    low, high = (COLDEST, excess(COLDEST)), (HOTTEST, excess(HOTTEST))
    if low[1] <= 0:
        return COLDEST
    if high[1] >= 0:
        return HOTTEST
    for _ in range(STEPS):
        at = _between(low, high)
        if (more := excess(at)) > 0:
            low = at, more
        else:
            high = at, more
    return _between(low, high)


def _between(low: tuple[float, float], high: tuple[float, float]) -> float:
    """Where a straight line through both points, (temperature, excess), meets no excess."""
    (a, over), (b, under) = low, high
    return a + (b - a) * over / (over - under)
