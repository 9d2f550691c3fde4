"""A small classifier, trained on the classes of the data themselves, as features of pictures.

It knows what tells the classes apart, which principal components do not, and needs no download. The
same samples give the same weights on the same machine and thread count; they are kept in the cache.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from gansmith.data.cache import default_cache_dir
from gansmith.data.dataset import Dataset
from gansmith.errors import ConfigError, RunError
from gansmith.evaluation.features import Extractor, identity_of
from gansmith.progress import Progress, silent
from gansmith.registry import register
from gansmith.runs.folder import write_atomic

NUM_FEATURES = 128
BATCH = 128
CHUNK = 500
SMALLEST_SIDE, LONGEST_SIDE = 4, 64
# Pixels that all steps together may see at a batch of BATCH: a minute or two on two cores.
MOST_STEPS, LEAST_STEPS, MOST_STEP_PIXELS = 3_000, 300, 3_000 * 32 * 32
MOST_EPOCHS = 30
MOST_TESTED = 10_000
# Goes up whenever the same data would give another classifier.
VERSION = 1

Array = npt.NDArray[Any]
Labels = npt.NDArray[np.int64]


def _convolution(before: int, after: int) -> tuple[nn.Module, nn.Module]:
    return nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after)


class Classifier(nn.Module):
    """Four normalised 3x3 convolutions, two poolings, a hidden layer of features, the logits.

    Args:
        channels: of the pictures.
        size: (H, W), at least 4 each.
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


def reduced(height: int, width: int) -> tuple[int, int]:
    """The size in which a picture is looked at: its own, or with a longer side of 64.

    >>> reduced(28, 28), reduced(256, 128)
    ((28, 28), (64, 32))
    """
    longest = max(height, width)
    if longest <= LONGEST_SIDE:
        return height, width
    scale = LONGEST_SIDE / longest
    return max(SMALLEST_SIDE, round(height * scale)), max(SMALLEST_SIDE, round(width * scale))


def encode(pictures: Array, device: torch.device) -> Tensor:
    """(N, H, W, C) uint8 -> (N, C, H, W) float in [-1, 1], large ones averaged down."""
    x = torch.from_numpy(np.ascontiguousarray(pictures)).to(device)
    x = x.permute(0, 3, 1, 2).float() / 127.5 - 1
    size = reduced(*x.shape[2:])
    return x if size == x.shape[2:] else F.interpolate(x, size, mode="area")


def network_for(samples: Array, num_classes: int) -> Classifier:
    """An untrained classifier for pictures (N, H, W, C)."""
    height, width, channels = samples.shape[1:]
    return Classifier(channels, reduced(height, width), num_classes)


def fit(
    samples: Array, labels: Labels, num_classes: int, *, epochs: int, indices: Labels | None = None,
    mirror: bool = False, device: torch.device | None = None, progress: Progress = silent,
) -> Classifier:  # fmt: skip
    """Train with Adam, the learning rate going up and down once.

    Seeded: the same machine and thread count give the same weights.

    Args:
        samples: (N, H, W, C) uint8.
        labels: (N,) numbers of the classes.
        num_classes: how many there are.
        epochs: of training.
        indices: the pictures to train on; None takes all.
        mirror: mirror half of the pictures, at random.
        device: where to train.
        progress: shows the steps.
    """
    place = device or torch.device("cpu")
    chosen = np.arange(len(samples)) if indices is None else indices
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = network_for(samples, num_classes).to(place).train()
        optimizer = torch.optim.Adam(network.parameters(), fused=True)
        rounds = max(1, len(chosen) // BATCH)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, 4e-3, total_steps=epochs * rounds + 1
        )
        with progress("Training a classifier", epochs * rounds) as advance:
            for _ in range(epochs):
                order = torch.randperm(len(chosen)).numpy()
                for batch in np.array_split(chosen[order], rounds):
                    x = encode(samples[batch], place)
                    if mirror:
                        flipped = torch.rand(len(x), 1, 1, 1, device=place) < 0.5
                        x = torch.where(flipped, x.flip(-1), x)
                    wanted = torch.from_numpy(labels[batch]).to(place)
                    optimizer.zero_grad()
                    torch.autograd.backward(F.cross_entropy(network(x), wanted))
                    optimizer.step()
                    schedule.step()
                    advance()
    return network.eval()


@dataclass(frozen=True)
class TrainedClassifier:
    """A classifier in use.

    Attributes:
        network: in evaluation mode.
    """

    network: Classifier

    def features(self, pictures: Array) -> npt.NDArray[np.float32]:
        """(N, 128) of uint8 pictures (N, H, W, C)."""
        return self._each(pictures, self.network.features).numpy()

    def classes(self, pictures: Array) -> Labels:
        """(N,) the likeliest class of each picture."""
        return self._each(pictures, lambda x: self.network(x).argmax(1)).numpy()

    def accuracy(self, pictures: Array, labels: Labels) -> float:
        """Share of the pictures whose class it names."""
        return float((self.classes(pictures) == labels).mean())

    @torch.no_grad()
    def _each(self, pictures: Array, compute: Callable[[Tensor], Tensor]) -> Tensor:
        return torch.cat([compute(x).cpu() for x in self._chunks(pictures)])

    def _chunks(self, pictures: Array) -> Iterator[Tensor]:
        device = next(self.network.parameters()).device
        for first in range(0, len(pictures), CHUNK):
            yield encode(np.asarray(pictures[first : first + CHUNK]), device)


def suits(dataset: Dataset) -> bool:
    """Whether there are pictures and classes enough to learn anything from."""
    shape, num_classes = dataset.schema.shape, len(dataset.schema.classes)
    return (
        dataset.labels is not None
        and dataset.schema.dtype == "uint8"
        and len(shape) == 3
        and min(reduced(*shape[:2])) >= SMALLEST_SIDE
        and num_classes >= 2
        and len(dataset) >= max(500, 20 * num_classes)
    )


def trained_for(
    dataset: Dataset, indices: Labels, progress: Progress = silent
) -> tuple[TrainedClassifier, float | None]:
    """The classifier of a data set, from the cache if it is there, and how often it is right.

    Args:
        dataset: pictures with classes.
        indices: those to train on; the rest tests.
        progress: shows the training.

    Returns:
        It, and its accuracy on at most 10,000 of the rest; None where there are none.
    """
    assert dataset.labels is not None
    num_classes = len(dataset.schema.classes)
    steps, epochs = _length(dataset.schema.shape, len(indices))
    chosen = np.sort(indices)
    chosen = chosen[:: -(-len(chosen) // (steps * BATCH))]
    name = identity_of(dataset.fingerprint, chosen, str(epochs), str(VERSION))
    path = default_cache_dir() / "classifiers" / f"{name}.safetensors"
    network = read_kept(path, network_for(dataset.samples, num_classes))
    if network is None:
        network = fit(dataset.samples, dataset.labels, num_classes, epochs=epochs, indices=chosen,
                      progress=progress)  # fmt: skip
        keep(path, network)
    trained = TrainedClassifier(network)
    rest = np.setdiff1d(np.arange(len(dataset)), indices)[:MOST_TESTED]
    if not len(rest):
        return trained, None
    return trained, trained.accuracy(dataset.samples[rest], dataset.labels[rest])


def _length(shape: tuple[int, ...], num_samples: int) -> tuple[int, int]:
    """Steps at most, and epochs."""
    height, width = reduced(*shape[:2])
    steps = min(max(MOST_STEP_PIXELS // (height * width), LEAST_STEPS), MOST_STEPS)
    return steps, min(max(steps * BATCH // num_samples, 1), MOST_EPOCHS)


def read_kept(path: Path, network: Classifier) -> Classifier | None:
    """A network with the weights of a file; None where it is absent or broken."""
    if not path.exists():
        return None
    try:
        with safe_open(path, "pt") as file:
            network.load_state_dict({key: file.get_tensor(key) for key in file.keys()})  # noqa: SIM118
    except (OSError, RuntimeError, SafetensorError):
        return None
    return network.eval()


def keep(path: Path, network: Classifier) -> None:
    """Write the weights, unless that cannot be done: then they are trained again next time."""
    with suppress(OSError, RunError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, save({k: v.contiguous() for k, v in network.state_dict().items()}))


def weights_hash(network: Classifier) -> str:
    """A hash of all weights."""
    pairs = sorted(network.state_dict().items())
    return identity_of(*(part for name, value in pairs for part in (name, value.numpy())))


@register("extractor", "classifier")
def classifier(dataset: Dataset, indices: Labels, progress: Progress = silent) -> Extractor:
    """128 features of a small network that learns the classes of the data. For labelled pictures.

    Raises:
        ConfigError: where there are too few pictures with classes.
    """
    if not suits(dataset):
        raise ConfigError(
            "A classifier needs at least 500 pictures of 4x4 or more, 20 of each class.",
            where="features=classifier",
            fix="Name others: see `gansmith list extractors`.",
        )
    trained, accuracy = trained_for(dataset, indices, progress)
    right = "" if accuracy is None else f", right on {accuracy:.1%} of the others"
    size = dataset.schema.shape[:2]
    resized = "" if reduced(*size) == size else (
        f"; pictures are averaged down to {'x'.join(map(str, reduced(*size)))}"
    )  # fmt: skip
    return Extractor(
        "classifier",
        weights_hash(trained.network),
        f"{NUM_FEATURES} features of a small classifier of the {len(dataset.schema.classes)} "
        f"classes, trained on training samples{right}{resized}",
        trained.features,
        costly=True,
        finds_copies=False,
        classes=trained.classes,
    )
