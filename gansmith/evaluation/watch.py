"""What is measured of the samples while a generator trains: little, often, and always alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gansmith.evaluation.estimate import Estimate
from gansmith.evaluation.kernel import kernel_distance
from gansmith.evaluation.neighbours import neighbourhood_values
from gansmith.evaluation.two_sample import LEAST_SAMPLES, two_sample_test

Features = npt.NDArray[np.floating[Any]]
# Enough to see a trend, and a second's work.
MOST_WATCHED = 500


@dataclass(frozen=True)
class Watch:
    """Compares fakes with one set of real samples.

    Attributes:
        reference: (n, d) features of real samples, held out where there are enough.
        coverage_real: coverage of the reference by as many other real samples; its floor.
    """

    reference: Features
    coverage_real: float

    @classmethod
    def over(cls, reference: Features, control: Features) -> Watch:
        """With the floor from other real samples, of the same number."""
        return cls(reference, neighbourhood_values(reference, control)["coverage"])

    def look(self, fake: Features, unaveraged: Features | None, seed: int) -> dict[str, float]:
        """Measure fakes (n, d).

        Args:
            fake: of the generator that samples are taken from.
            unaveraged: of the same latents, by the generator as it stands; None where that is one.
            seed: of the fresh critic.

        Returns:
            ``precision``, ``recall``, ``coverage``, and ``coverage_real``; ``variety``, the mean
            distance between two fakes over that between two real samples; ``kernel_distance``;
            ``critic_right``, how often a fresh critic finds a real sample more real than a fake,
            with ``_low`` and ``_high``; ``kernel_distance_unaveraged``; ``unsettled``, the distance
            between both fakes of a latent over that between two real samples.
        """
        near = neighbourhood_values(self.reference, fake)
        found = {
            **{name: near[name] for name in ("precision", "recall", "coverage")},
            "coverage_real": self.coverage_real,
            "variety": _apart(fake) / max(_apart(self.reference), 1e-30),
            "kernel_distance": kernel_distance(self.reference, fake).value,
            **ends("critic_right", two_sample_test(self.reference, fake, seed).auc),
        }
        if unaveraged is not None:
            found["kernel_distance_unaveraged"] = kernel_distance(self.reference, unaveraged).value
            moved = np.linalg.norm(fake - unaveraged, axis=1).mean()
            found["unsettled"] = float(moved / max(_apart(self.reference), 1e-30))
        return found


def _apart(features: Features) -> float:
    """Mean distance between two samples drawn at random; neighbours in a random order are two."""
    return float(np.linalg.norm(np.diff(features, axis=0), axis=1).mean())


def enough(num_samples: int) -> bool:
    """Whether so many real samples are worth watching against."""
    return num_samples >= LEAST_SAMPLES


def ends(name: str, estimate: Estimate) -> Mapping[str, float]:
    """A value and its interval as three numbers of a record."""
    return {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
