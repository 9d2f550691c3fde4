"""What metrics of one kind of data get to see: raw samples, with all that is known of the real."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from gansmith.data.dataset import Dataset
from gansmith.evaluation.division import Indices
from gansmith.evaluation.estimate import LEAST, Estimate, jackknifed
from gansmith.evaluation.measure import estimated
from gansmith.evaluation.report import Better, Value
from gansmith.progress import Progress, silent

Array = npt.NDArray[Any]
# Of samples on modes that are known: which way is better, and what it reads.
_READS: Mapping[str, tuple[Better, str]] = {
    "modes_hit": ("higher", "of {num_modes:,.0f}"),
    "captured": ("floor", "samples within 3 sigma of a mode"),
    "kl": ("lower", "of the modes' shares from the true ones, nats"),
    "spread": ("floor", "standard deviation within a mode, over the true one"),
}


@dataclass(frozen=True)
class Comparison:
    """Raw samples, as many of each.

    Attributes:
        dataset: the real data.
        reference_indices: of the real samples that fakes are compared with.
        control_indices: of as many others, for the floor.
        fake: as many fakes (N, ...).
        progress: shows what takes long.
        target: name of the column that is to be predicted, of a table.
        seed: of choices.
        used_in_training: names of extractors that had a part in the training.
        features: name of the extractor that distances are measured in.
        train_indices, held_out_indices: of all samples that were trained on, or could be, and of
            all others.
        kept: what metrics of one kind of data found on their way, for their part of the page.
    """

    dataset: Dataset
    reference_indices: Indices
    control_indices: Indices
    fake: Array
    progress: Progress = silent
    target: str | None = None
    seed: int = 0
    used_in_training: Collection[str] = ()
    features: str = ""
    train_indices: Indices = field(default_factory=lambda: np.zeros(0, np.int64))
    held_out_indices: Indices = field(default_factory=lambda: np.zeros(0, np.int64))
    kept: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def reference(self) -> Array:
        """(N, ...), read when it is first asked for: most kinds of data have no use for it."""
        return np.asarray(self.dataset.samples[self.reference_indices])

    @cached_property
    def control(self) -> Array:
        """(N, ...), as the reference."""
        return np.asarray(self.dataset.samples[self.control_indices])

    def value(
        self, name: str, found: Estimate | float, floor: float | None, better: Better,
        reads: str, counts: tuple[int, int] | None = None,
    ) -> Value:  # fmt: skip
        """A value, with an interval if it is an estimate; ``counts`` are of real and fake."""
        counts = counts or (len(self.reference_indices), len(self.fake))
        if isinstance(found, Estimate):
            return estimated(name, found, floor, better, counts, reads)
        return Value(name, found, None, None, floor, better, *counts, reads)


def of_modes(
    comparison: Comparison, found: Mapping[str, Estimate | float], floor: Mapping[str, float]
) -> list[Value]:
    """Values about modes that are known.

    Args:
        comparison: what was compared.
        found, floor: of fakes, and of real samples: ``modes_hit`` of ``num_modes``, and where it
            makes sense ``captured``, ``kl`` and ``spread``.
    """
    return [
        comparison.value(
            name.replace("_", "-"), found[name], floor[name], better, reads.format(**floor)
        )
        for name, (better, reads) in _READS.items()
        if name in found
    ]


def with_intervals(
    statistic: Callable[..., Mapping[str, float]],
    *sides: Array,
    most: float = math.inf,
) -> dict[str, Estimate | float]:
    """Statistics from 0 to ``most`` of samples in random order, see :func:`jackknifed`.

    Without intervals where the samples are too few for them.
    """
    if min(len(side) for side in sides) < LEAST:
        return dict(statistic(*sides))
    return {name: each.clipped(0, most) for name, each in jackknifed(statistic, *sides).items()}
