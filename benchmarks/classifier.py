"""A small classifier of pictures: its features are what Fréchet distances are taken in.

It is trained here, on the training part alone, so that a benchmark needs no weights from elsewhere.
Distances in its features compare with each other and with nothing else.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from gansmith.config import DataConfig
from gansmith.data import Dataset, open_source
from gansmith.errors import SourceError

NUM_FEATURES = 128
BATCH = 128
CHUNK = 500
LONG_EPOCHS = 5
# Goes up whenever the same data would give another classifier.
VERSION = 2

Pictures = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Split:
    """Pictures uint8 (N, H, W, C) and classes (N,), of both parts of a data set."""

    train: Pictures
    train_classes: Labels
    test: Pictures
    test_classes: Labels
    num_classes: int
    fingerprint: str


def open_split(data: str, most: int | None = None) -> Split:
    """Both parts of a source with classes; the source's own test part where it has one.

    Args:
        data: the source.
        most: pictures of each part, for trying things out; None takes all.

    Raises:
        SourceError: if it cannot be read, or has no classes.
    """
    dataset = open_source(DataConfig(source=data))
    if dataset.labels is None:
        raise SourceError("A classifier needs classes.", where=data, fix="Name data with labels.")
    train, train_classes = _part(dataset, "train", most)
    test, test_classes = _part(dataset, "holdout", most)
    num_classes = len(dataset.schema.classes)
    return Split(train, train_classes, test, test_classes, num_classes, dataset.fingerprint)


def _part(dataset: Dataset, part: Any, most: int | None) -> tuple[Pictures, Labels]:
    indices = dataset.split(part, DataConfig().holdout)[:most]
    assert dataset.labels is not None
    return np.asarray(dataset.samples[indices]), np.asarray(dataset.labels[indices], np.int64)


def _convolution(before: int, after: int) -> tuple[nn.Module, nn.Module]:
    return nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after)


class Classifier(nn.Module):
    """Four normalised 3x3 convolutions, two poolings, a hidden layer of features, the logits.

    Args:
        channels: of the pictures.
        size: (H, W).
        num_classes: of the logits.
    """

    def __init__(self, channels: int, size: tuple[int, int], num_classes: int) -> None:
        super().__init__()
        self.convolutions = nn.Sequential(
            # Pooled before the activation, which gives the same and costs a quarter.
            *_convolution(channels, 32), nn.MaxPool2d(2), nn.ReLU(),
            *_convolution(32, 64), nn.ReLU(),
            *_convolution(64, 64), nn.MaxPool2d(2), nn.ReLU(),
            *_convolution(64, 128), nn.ReLU(),
        )  # fmt: skip
        self.hidden = nn.Linear(128 * (size[0] // 4) * (size[1] // 4), NUM_FEATURES)
        self.last = nn.Linear(NUM_FEATURES, num_classes)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def features(self, x: Tensor) -> Tensor:
        """(N, C, H, W) in [-1, 1] -> (N, 128), before the activation, which makes them Gaussian."""
        hidden: Tensor = self.hidden(self.convolutions(x).flatten(1))
        return hidden

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) in [-1, 1] -> logits (N, num_classes)."""
        logits: Tensor = self.last(F.dropout(F.relu(self.features(x)), 0.3, self.training))
        return logits


def encode(pictures: Pictures, device: torch.device) -> Tensor:
    """(N, H, W, C) uint8 -> (N, C, H, W) float in [-1, 1]."""
    x = torch.from_numpy(np.ascontiguousarray(pictures)).to(device)
    return x.permute(0, 3, 1, 2).float() / 127.5 - 1


@dataclass(frozen=True)
class Judge:
    """A trained classifier.

    Attributes:
        network: in evaluation mode.
        accuracy: on the test part.
        sha256: of its weights; distances of other weights do not compare.
    """

    network: Classifier
    accuracy: float
    sha256: str

    @torch.no_grad()
    def features(self, pictures: Pictures) -> npt.NDArray[np.float32]:
        """(N, 128) of uint8 pictures (N, H, W, C)."""
        parts = [self.network.features(x).cpu() for x in self._chunks(pictures)]
        return torch.cat(parts).numpy()

    @torch.no_grad()
    def classes(self, pictures: Pictures) -> Labels:
        """(N,) the likeliest class of each picture."""
        parts = [self.network(x).argmax(1).cpu() for x in self._chunks(pictures)]
        return torch.cat(parts).numpy()

    def _chunks(self, pictures: Pictures) -> Iterator[Tensor]:
        device = next(self.network.parameters()).device
        for first in range(0, len(pictures), CHUNK):
            yield encode(pictures[first : first + CHUNK], device)

    @property
    def record(self) -> dict[str, Any]:
        """What a result says of it."""
        return {"accuracy": self.accuracy, "sha256": self.sha256, "num_features": NUM_FEATURES}


def _network(split: Split) -> Classifier:
    height, width, channels = split.train.shape[1:]
    return Classifier(channels, (height, width), split.num_classes)


def fit(split: Split, epochs: int, device: torch.device) -> Classifier:
    """Train with Adam, the learning rate going up and down once.

    Pictures are mirrored at random in long trainings; short ones do not learn them by heart.
    Seeded: the same machine and thread count give the same weights.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = _network(split).to(device).train()
        optimizer = torch.optim.Adam(network.parameters(), fused=True)
        rounds = max(1, len(split.train) // BATCH)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, 4e-3, total_steps=epochs * rounds + 1
        )
        for _ in range(epochs):
            order = torch.randperm(len(split.train)).numpy()
            for chosen in np.array_split(order, rounds):
                x = encode(split.train[chosen], device)
                if epochs >= LONG_EPOCHS:
                    mirrored = torch.rand(len(x), 1, 1, 1, device=device) < 0.5
                    x = torch.where(mirrored, x.flip(-1), x)
                wanted = torch.from_numpy(split.train_classes[chosen]).to(device)
                optimizer.zero_grad()
                torch.autograd.backward(F.cross_entropy(network(x), wanted))
                optimizer.step()
                schedule.step()
    return network.eval()


def judge(
    split: Split, build: Path, *, epochs: int = 6, least_accuracy: float = 0.0, device: str = "cpu"
) -> Judge:
    """The classifier of a data set, trained once and kept.

    Args:
        split: the data.
        build: folder in which it is kept.
        epochs: of training.
        least_accuracy: on the test part, below which its features are not to be trusted.
        device: where to train and run it.

    Raises:
        SourceError: if it does not reach ``least_accuracy``.
    """
    name = f"{split.fingerprint}-{VERSION}-{epochs}"
    path = build / "classifiers" / f"{name}.safetensors"
    place = torch.device(device)
    if path.exists():
        network = _network(split).to(place).eval()
        network.load_state_dict(load_file(path, device=device))
    else:
        network = fit(split, epochs, place)
        path.parent.mkdir(parents=True, exist_ok=True)
        side = path.with_suffix(f".{os.getpid()}.tmp")
        save_file({k: v.contiguous() for k, v in network.state_dict().items()}, side)
        side.replace(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    accuracy = float((Judge(network, 0.0, digest).classes(split.test) == split.test_classes).mean())
    if accuracy < least_accuracy:
        raise SourceError(
            f"The classifier is right on {accuracy:.1%} of the test pictures only.",
            fix=f"Its features need {least_accuracy:.0%}: are these the data that were meant?",
        )
    return Judge(network, accuracy, digest)


__all__ = ["Classifier", "Judge", "Split", "fit", "judge", "open_split"]
