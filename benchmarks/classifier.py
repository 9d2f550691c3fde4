"""A small classifier of pictures: its features are what Fréchet distances are taken in.

It is trained here, on the training part alone, so that a benchmark needs no weights from elsewhere.
Distances in its features compare with each other and with nothing else.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from gansmith.config import DataConfig
from gansmith.data import Dataset, open_source
from gansmith.errors import SourceError
from gansmith.modalities.image.classifier import (
    NUM_FEATURES,
    TrainedClassifier,
    fit,
    keep,
    network_for,
    read_kept,
)

# Short trainings do not learn pictures by heart; in longer ones half of them are mirrored.
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


@dataclass(frozen=True)
class Judge(TrainedClassifier):
    """A trained classifier.

    Attributes:
        record: what a result says of it: its accuracy on the test part, a hash of its weights
            (distances of other weights do not compare), its number of features.
    """

    record: dict[str, Any]


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
    network = read_kept(path, network_for(split.train, split.num_classes))
    if network is None:
        network = fit(
            split.train, split.train_classes, split.num_classes,
            epochs=epochs, mirror=epochs >= LONG_EPOCHS, device=place,
        )  # fmt: skip
        keep(path, network)
    trained = TrainedClassifier(network.to(place))
    accuracy = trained.accuracy(split.test, split.test_classes)
    if accuracy < least_accuracy:
        raise SourceError(
            f"The classifier is right on {accuracy:.1%} of the test pictures only.",
            fix=f"Its features need {least_accuracy:.0%}: are these the data that were meant?",
        )
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    record = {"accuracy": accuracy, "sha256": digest, "num_features": NUM_FEATURES}
    return Judge(network, record)


__all__ = ["Judge", "Split", "judge", "open_split"]
