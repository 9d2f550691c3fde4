"""What the networks of others, which pictures are measured in, have in common."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file
from torch import Tensor

from gansmith.data.dataset import Dataset
from gansmith.errors import ConfigError
from gansmith.evaluation.features import Features

Pictures = npt.NDArray[Any]
# Pictures at a time; more no longer fit into the caches of a CPU, and take twice as long each.
BATCH = 16


def read_state_dict(path: Path) -> dict[str, Tensor]:
    """The named tensors of a file of PyTorch or, where its suffix says so, of safetensors.

    Tensors alone are read; nothing in the file can execute.

    Raises:
        ConfigError: if there is no such file, or it holds anything else.
    """
    if not path.is_file():
        raise ConfigError("There is no such file of weights.", where=str(path))
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        stored = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # broken files raise those of half a dozen libraries
        raise ConfigError(
            f"These weights cannot be read ({type(error).__name__}).",
            where=str(path),
            fix="Give a state dict, as a file of PyTorch or of safetensors.",
        ) from error
    if not isinstance(stored, dict) or not all(isinstance(v, Tensor) for v in stored.values()):
        raise ConfigError("This file holds more than the tensors of weights.", where=str(path))
    return stored


def require_pictures(dataset: Dataset) -> None:
    """Refuse what has no pixels.

    Raises:
        ConfigError: if the data set holds anything but pictures.
    """
    if dataset.schema.modality != "image":
        raise ConfigError(f"It has no features of {dataset.schema.label}.", where="--features")


def to_rgb(samples: Pictures) -> Tensor:
    """(N, H, W, C) bytes, or floats in [0, 1] -> (N, 3, H, W) in [0, 1]; alpha on white.

    Raises:
        ConfigError: if the channels are neither grey, RGB nor RGBA.
    """
    x = torch.from_numpy(np.ascontiguousarray(samples)).permute(0, 3, 1, 2)
    x = x.float() / 255 if samples.dtype == np.uint8 else x.float()
    if x.shape[1] == 4:
        x = x[:, :3] * x[:, 3:] + 1 - x[:, 3:]
    if x.shape[1] not in (1, 3):
        raise ConfigError(
            f"Pictures of {x.shape[1]} channels have no colours that a network knows.",
            where="--features",
            fix="Use --features pca.",
        )
    return x.expand(-1, 3, -1, -1)


def imagenet_normalised(x: Tensor) -> Tensor:
    """(N, 3, H, W) in [0, 1] -> the same, less ImageNet's mean, over ImageNet's spread."""
    mean = torch.tensor([0.485, 0.456, 0.406])[:, None, None]
    spread = torch.tensor([0.229, 0.224, 0.225])[:, None, None]
    return (x - mean) / spread


def in_batches(
    prepare: Callable[[Pictures], Tensor], features: Callable[[Tensor], Tensor]
) -> Callable[[Pictures], Features]:
    """From raw pictures (N, H, W, C) to features (N, d), a few pictures at a time.

    Args:
        prepare: raw pictures (n, H, W, C) -> what the network takes, (n, 3, side, side).
        features: of a network in evaluation mode, (n, 3, side, side) -> (n, d) float32.
    """

    @torch.no_grad()
    def compute(samples: Pictures) -> Features:
        parts = (prepare(samples[i : i + BATCH]) for i in range(0, len(samples), BATCH))
        found = [features(x.contiguous(memory_format=torch.channels_last)) for x in parts]
        return torch.cat(found).numpy()

    return compute
