"""Points, standardised as a whole so that their shape stays what it is."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gansmith.data.dataset import Dataset
from gansmith.protocols import Spec


class PointsCodec:
    """Moves points to mean 0 and their largest standard deviation to 1.

    Args:
        mean: (d,) of the training points, in raw units.
        scale: largest standard deviation over the axes, in raw units.
        num_classes: 0 where points carry no class.
    """

    def __init__(self, mean: list[float], scale: float, num_classes: int = 0) -> None:
        self.mean, self.scale, self.num_classes = mean, scale, num_classes
        self._mean = torch.tensor(mean)

    @classmethod
    def fit(cls, dataset: Dataset, indices: npt.NDArray[np.int64]) -> PointsCodec:
        """Measure mean and spread of the training points."""
        points = np.asarray(dataset.samples[indices], dtype=np.float64)
        scale = float(points.std(0).max()) or 1.0
        return cls(points.mean(0).tolist(), scale, len(dataset.schema.classes))

    @property
    def spec(self) -> Spec:
        """(d,), any real values."""
        return Spec((len(self.mean),), self.num_classes)

    def encode(self, raw: Tensor) -> Tensor:
        """(N, d) raw units -> (N, d) standardised."""
        return (raw - self._mean.to(raw)) / self.scale

    def decode(self, x: Tensor) -> Tensor:
        """(N, d) standardised -> (N, d) float32 raw units."""
        return (x * self.scale + self._mean.to(x)).float()

    def state(self) -> dict[str, Any]:
        """Mean, scale and number of classes."""
        return {"mean": self.mean, "scale": self.scale, "num_classes": self.num_classes}
