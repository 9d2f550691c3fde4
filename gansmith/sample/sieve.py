"""Samples that do not meet what is asked are made again, as long as enough of them do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from gansmith.errors import UserError

Array = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_]
# Of so many samples in turn, at least such a share must do.
WINDOW, LEAST_SHARE = 50_000, 0.001


@dataclass(frozen=True)
class Filter:
    """One thing that is asked of samples.

    Attributes:
        asks: what, in words, for the error where too few meet it.
        accepts: (raw samples (N, ...)) -> (N,) bool, which meet it; None for all. Is shown each
            sample once, in order, if all filters before it accept the sample.
    """

    asks: str
    accepts: Callable[[Array], Mask | None]


class Sieve:
    """Filters, one after the other.

    Args:
        filters: in their order.
    """

    def __init__(self, filters: Sequence[Filter]) -> None:
        self._filters = filters
        self._shown, self._passed = 0, [0] * len(filters)

    def __call__(self, raw: Array) -> Mask:
        """(N,) which samples meet all.

        Raises:
            UserError: if hardly any did for a long time.
        """
        chosen = np.arange(len(raw))
        for number, each in enumerate(self._filters):
            accepted = each.accepts(raw[chosen]) if len(chosen) else None
            chosen = chosen if accepted is None else chosen[accepted]
            self._passed[number] += len(chosen)
        self._shown += len(raw)
        if self._shown >= WINDOW:
            self._require_some()
        kept = np.zeros(len(raw), bool)
        kept[chosen] = True
        return kept

    def _require_some(self) -> None:
        reached = [self._shown, *self._passed]
        if reached[-1] < LEAST_SHARE * self._shown:
            lost = [after / max(before, 1) for before, after in pairwise(reached)]
            worst = self._filters[int(np.argmin(lost))].asks
            raise UserError(
                f"Of the last {self._shown:,} samples that were drawn {reached[-1]:,} "
                f"({reached[-1] / self._shown:.2%}) meet what is asked; at least "
                f"{LEAST_SHARE:.1%} must.",
                where=worst,
                fix="Ask for less, for fewer samples, or train longer.",
            )
        self._shown, self._passed = 0, [0] * len(self._filters)
