"""The training samples nearest to given ones, from the data that a run learnt from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gansmith import registry
from gansmith.config import Component, Experiment
from gansmith.data import open_source
from gansmith.errors import RunError, UserError
from gansmith.evaluation.features import Extractor, Features
from gansmith.evaluation.novelty import NEAR, nearest, nearest_few
from gansmith.prepare import modality_of
from gansmith.progress import Progress, silent

Array = npt.NDArray[Any]
NEIGHBOURS, MOST_NEIGHBOURS = 3, 100
# Held-out samples whose distances are the measure of what is near.
MOST_HELD_OUT, LEAST_HELD_OUT = 2_000, 20


@dataclass(frozen=True)
class Neighbours:
    """The nearest training samples of given ones, nearest first.

    Attributes:
        samples: (N, k, ...) raw.
        indices: (N, k) numbers in the source.
        distances: (N, k) in the features.
    """

    samples: Array
    indices: npt.NDArray[np.int64]
    distances: npt.NDArray[np.float64]


class TrainingSamples:
    """All samples that a run learnt from, in the features that find copies.

    Args:
        experiment: of the run.
        fingerprint: of its data, as env.json has it.
        progress: shows what happens.

    Attributes:
        about: what distances are measured in.
        usual: median distance of a held-out sample to its nearest training sample; None where fewer
            than 20 are held out.
        near: the distance below which 1 % of them lie; a sample below is a near-copy.

    Raises:
        SourceError: if the data are no longer there.
        RunError: if they have changed since.
        UserError: if the run never saw rows, but counts of them alone.
    """

    def __init__(
        self, experiment: Experiment, fingerprint: str, progress: Progress = silent
    ) -> None:
        data = experiment.data
        self.dataset = open_source(data, progress=progress)
        if self.dataset.stand_in:
            raise UserError("The run never saw rows, but noised counts of them alone.")
        if self.dataset.fingerprint != fingerprint:
            raise RunError(
                "The data have changed since the run began.",
                where=data.source,
                fix="Bring them back to see which of them are nearest.",
            )
        self.indices = self.dataset.split("train", data.holdout)
        name = modality_of(experiment.modality).watch_extractor
        self._extractor: Extractor = registry.build(
            "extractor", Component(name), self.dataset, self.indices, progress
        )
        self.about = self._extractor.about
        self._features: Features = self._extractor(self.dataset.samples[self.indices], progress)
        self.usual, self.near = self._measure(self.dataset.split("holdout", data.holdout))

    def _measure(self, held_out: npt.NDArray[np.int64]) -> tuple[float | None, float | None]:
        if len(held_out) < LEAST_HELD_OUT:
            return None, None
        spread = np.linspace(0, len(held_out) - 1, min(len(held_out), MOST_HELD_OUT))
        some = self.dataset.samples[held_out[spread.round().astype(int)]]
        _, distances = nearest(self._extractor(some), self._features)
        return float(np.median(distances)), float(np.quantile(distances, NEAR))

    def of(self, raw: Array, k: int = NEIGHBOURS) -> Neighbours:
        """The ``k`` nearest training samples of each raw sample (N, ...).

        Raises:
            UserError: for a k that is not from 1 to 100.
        """
        if not 1 <= k <= MOST_NEIGHBOURS:
            raise UserError(
                f"{k} neighbours cannot be shown.", where="k", fix=f"Take 1 to {MOST_NEIGHBOURS}."
            )
        found, distances = nearest_few(self._extractor(raw), self._features, k)
        indices = self.indices[found]
        samples = np.asarray(self.dataset.samples[indices.reshape(-1)])
        return Neighbours(samples.reshape(*indices.shape, *samples.shape[1:]), indices, distances)
