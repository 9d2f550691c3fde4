"""What is measured of the samples while a generator trains: little, often, and always alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gansmith.evaluation.estimate import Estimate
from gansmith.evaluation.kernel import kernel_distance
from gansmith.evaluation.neighbours import neighbourhood_values
from gansmith.evaluation.novelty import Learnt
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
        learnt: the training samples, beside the reference, which is held out; None where fakes
            cannot be looked up among them.
    """

    reference: Features
    coverage_real: float
    learnt: Learnt | None

    @classmethod
    def over(cls, reference: Features, control: Features, train: Features | None = None) -> Watch:
        """With the floor from other real samples, of the same number.

        Args:
            reference: (n, d) features of real samples.
            control: (n, d) of others.
            train: (m, d) of all training samples, if the reference is held out; None measures no
                novelty.
        """
        learnt = None if train is None else Learnt.beside(train, reference)
        return cls(reference, neighbourhood_values(reference, control)["coverage"], learnt)

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
            between both fakes of a latent over that between two real samples. Where the training
            samples are known ``closer_to_training``, the chance that a fake is nearer to them than
            a held-out sample (0.5 where it is as new), and ``near_copies``, the share of fakes that
            are nearer than 99 % of those (0.01), each with ``_low`` and ``_high``.
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
        if self.learnt is not None:
            new = self.learnt.novelty(fake)
            found |= ends("closer_to_training", new.closer) | ends("near_copies", new.near_copies)
        return found


def _apart(features: Features) -> float:
    """Mean distance between two samples drawn at random; neighbours in a random order are two."""
    return float(np.linalg.norm(np.diff(features, axis=0), axis=1).mean())


def enough(num_samples: int) -> bool:
    """Whether so many real samples are worth watching against."""
    return num_samples >= LEAST_SAMPLES


def ends(name: str, estimate: Estimate) -> dict[str, float]:
    """A value and its interval as three numbers of a record."""
    return {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
