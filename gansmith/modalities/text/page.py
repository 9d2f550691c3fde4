"""A text's part of a report: samples as they read."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np
import numpy.typing as npt

from gansmith.evaluation.comparison import Comparison
from gansmith.evaluation.plots import plane
from gansmith.modalities.text.baselines import CURVE, LINES, POINTS
from gansmith.modalities.text.measures.report import CLOSEST
from gansmith.modalities.text.store import to_texts

Pairs = Sequence[tuple[npt.NDArray[Any], npt.NDArray[Any]]]
SHOWN = 40


def sections(comparison: Comparison, closest: Pairs) -> dict[str, str]:
    """Pieces of HTML by their titles.

    Pairs are those that share most words: pairs that are closest in features are mostly fakes
    without a word that the features know.
    """
    del closest
    real = comparison.dataset.samples[np.sort(comparison.reference_indices[:SHOWN])]
    found = {}
    if CURVE in comparison.kept:
        found["BLEU, twice, and lines of each"] = _plane(comparison)
    found |= {
        "Fakes, not chosen": _listed(to_texts(comparison.fake[:SHOWN])),
        "Real samples": _listed(to_texts(real)),
    }
    if near := comparison.kept.get(CLOSEST):
        found["Closest to the training samples"] = _closest(near)
    return found


def _plane(comparison: Comparison) -> str:
    """BLEU against self-BLEU, and the first lines of each."""
    curve, points = comparison.kept[CURVE], comparison.kept[POINTS]
    drawn = plane("BLEU and self-BLEU", ("self-BLEU", "BLEU"), curve, points)
    says = "There is no language model to compare with."
    if curve:
        says = (
            "The line is the language model, from cold to hot: cold lines are safe, and much "
            "alike. To be better than it is to be better than the whole line."
        )
    lines = "".join(
        f"<h3>{escape(name)}</h3>{_listed(made)}" for name, made in comparison.kept[LINES].items()
    )
    return (
        f"<figure>{drawn}</figure><p class=dim>{says}</p>"
        f"<p class=dim>The first lines of each, not chosen:</p>{lines}"
    )


def _closest(near: Sequence[tuple[float, str, str]]) -> str:
    rows = "".join(
        f"<tr><td class=number>{overlap:.0%}</td><td>{escape(fake)}</td><td>{escape(real)}</tr>"
        for overlap, fake, real in near
    )
    head = "<tr><th class=number>overlap</th><th>fake</th><th>training sample</th></tr>"
    says = "By pairs of neighbouring words that both have. Copies are counted, and not shown here."
    return f"<p class=dim>{says}</p><table>{head}{rows}</table>"


def _listed(texts: list[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(text)}</li>' for text in texts)}</ul>"
