"""Pictures: bytes in rows, columns, channels; numbers around zero in channels, rows, columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gansmith.data.dataset import Dataset
from gansmith.protocols import Spec

MEAN_SAMPLES = 2_000


class ImageCodec:
    """Between uint8 (N, H, W, C) and float (N, C, H, W) in [-1, 1].

    Pictures that are floats in [0, 1] already (the slanted faces) keep their values.

    Args:
        shape: (H, W, C).
        dtype: NumPy name of the raw type, ``uint8`` or ``float64``.
        num_classes: 0 where pictures carry no class.
    """

    def __init__(self, shape: list[int], dtype: str, num_classes: int = 0) -> None:
        self.shape, self.dtype, self.num_classes = shape, dtype, num_classes
        self.mean: Tensor | None = None

    @classmethod
    def fit(cls, dataset: Dataset, indices: npt.NDArray[np.int64]) -> ImageCodec:
        """Take shape, type and classes from the schema, and measure the mean picture."""
        schema = dataset.schema
        codec = cls(list(schema.shape), schema.dtype, len(schema.classes))
        few = indices[:: -(-len(indices) // MEAN_SAMPLES)]
        codec.mean = codec.encode(torch.from_numpy(np.array(dataset.samples[few]))).mean(0)
        return codec

    @property
    def spec(self) -> Spec:
        """(C, H, W) in [-1, 1] for bytes, in [0, 1] for floats."""
        height, width, channels = self.shape
        activation = "tanh" if self.dtype == "uint8" else "sigmoid"
        return Spec((channels, height, width), self.num_classes, activation, mean=self.mean)

    def encode(self, raw: Tensor) -> Tensor:
        """(N, H, W, C) raw -> (N, C, H, W)."""
        x = raw.permute(0, 3, 1, 2)
        return x.float() / 127.5 - 1 if self.dtype == "uint8" else x

    def decode(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, H, W, C) raw; bytes are rounded and clipped."""
        raw = x.permute(0, 2, 3, 1)
        if self.dtype == "uint8":
            raw = (raw.float() * 127.5 + 127.5).round().clamp(0, 255).to(torch.uint8)
        return raw.contiguous()

    def state(self) -> dict[str, Any]:
        """Shape, type and number of classes."""
        return {"shape": self.shape, "dtype": self.dtype, "num_classes": self.num_classes}
