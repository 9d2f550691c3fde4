"""A text's part of a report: samples as they read."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np
import numpy.typing as npt

from gansmith.evaluation.comparison import Comparison
from gansmith.modalities.text.store import to_texts

Pairs = Sequence[tuple[npt.NDArray[Any], npt.NDArray[Any]]]
SHOWN = 40


def sections(comparison: Comparison, closest: Pairs) -> dict[str, str]:
    """Pieces of HTML by their titles."""
    real = comparison.dataset.samples[np.sort(comparison.reference_indices[:SHOWN])]
    found = {
        "Fakes, not chosen": _listed(to_texts(comparison.fake[:SHOWN])),
        "Real samples": _listed(to_texts(real)),
    }
    if closest:
        rows = [to_texts(np.stack(pair)) for pair in closest]
        cells = "".join(
            f"<tr><td>{escape(fake)}</td><td>{escape(near)}</td></tr>" for fake, near in rows
        )
        head = "<tr><th>fake</th><th>the training sample nearest to it</th></tr>"
        found["Closest to the training samples"] = f"<table>{head}{cells}</table>"
    return found


def _listed(texts: list[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(text)}</li>' for text in texts)}</ul>"
