"""Three grey pictures in the channels of one: a source whose number of modes is known.

With ten classes it has 1,000 modes, each as likely as the classes of its three parts; how many of
them a generator makes says whether it drops any (Metz et al. 2016, arXiv:1611.02163, stacked
MNIST). A classifier of the single pictures, trained on them here, tells which mode a sample is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gansmith.config import DataConfig
from gansmith.data.dataset import Array, Dataset, Schema, content_hashes
from gansmith.data.resolve import open_source
from gansmith.errors import SourceError
from gansmith.modalities.image.classifier import TrainedClassifier, suits, trained_for
from gansmith.progress import Progress
from gansmith.registry import register

PREFIX = "stacked:"
Numbers = npt.NDArray[np.int64]
CHANNELS = 3
NUM_TRAIN, NUM_HELD_OUT = 50_000, 10_000
# A built-in set is the same everywhere and always, whatever the seed of the run.
GENERATOR_SEED = 20161118


@register("source", "stacked")
class Stacked:
    """stacked:SOURCE, three of its grey pictures in one: 1,000 modes from ten classes.

    ``stacked:digits`` needs no file. 50,000 training samples are made of training pictures, 10,000
    held-out ones of held-out pictures, where there are any.
    """

    built_in = False

    def matches(self, uri: str) -> bool:
        return uri.startswith(PREFIX)

    def open(self, config: DataConfig, *, progress: Progress, cache_dir: Path | None) -> Dataset:
        source = config.source.removeprefix(PREFIX)
        inner = replace(config, source=source, channels=1, conditional=True)
        parts = open_source(inner, progress=progress, cache_dir=cache_dir)
        if config.channels not in {0, CHANNELS} or not suits(parts):
            raise SourceError(
                "Stacking needs pictures with classes: at least 500, 20 of each class.",
                where=config.source,
                fix="For example stacked:digits; channels stay as they are.",
            )
        rng = np.random.default_rng(GENERATOR_SEED)
        held = parts.split("holdout", config.holdout)
        chosen = [rng.choice(parts.split("train", config.holdout), (NUM_TRAIN, CHANNELS))]
        if len(held):
            chosen.append(rng.choice(held, (NUM_HELD_OUT, CHANNELS)))
        samples = np.concatenate([stack(parts.samples, triples) for triples in chosen])
        height, width = parts.schema.shape[:2]
        return Dataset(
            Schema("image", (height, width, CHANNELS), "uint8", label="pictures"),
            samples,
            None,
            content_hashes(samples),
            config.source,
            given_holdout=np.arange(len(samples)) >= NUM_TRAIN if len(held) else None,
            truth={"stacked": parts, "holdout": config.holdout},
        )


def stack(samples: Array, triples: npt.NDArray[np.int64]) -> Array:
    """(N, H, W, 3) of grey samples (M, H, W, 1), by indices (N, 3)."""
    return np.stack([np.asarray(samples[own])[..., 0] for own in triples.T], axis=-1)


@dataclass(frozen=True)
class Modes:
    """Which modes stacked samples are of.

    Attributes:
        network: tells the class of a single picture.
        shares: (modes,) true ones.
        num_classes: of single pictures.
    """

    network: TrainedClassifier
    shares: npt.NDArray[np.float64]
    num_classes: int

    @classmethod
    def of(cls, dataset: Dataset, progress: Progress) -> Modes:
        """Of a dataset from the source ``stacked``; trains the classifier, the first time."""
        parts: Dataset = dataset.truth["stacked"]
        assert parts.labels is not None
        train = parts.split("train", dataset.truth["holdout"])
        network, _ = trained_for(parts, train, progress)
        num_classes = len(parts.schema.classes)
        single = np.bincount(parts.labels[train], minlength=num_classes) / len(train)
        return cls(network, np.einsum("i,j,k->ijk", single, single, single).ravel(), num_classes)

    def numbers(self, samples: Array) -> Numbers:
        """(N,) number of the mode of each sample (N, H, W, 3) uint8, in [0, num_classes ** 3)."""
        channels = [self.network.classes(samples[..., c : c + 1]) for c in range(CHANNELS)]
        found: Numbers = np.ravel_multi_index(tuple(channels), (self.num_classes,) * CHANNELS)
        return found

    def counted(self, numbers: Numbers) -> dict[str, float]:
        """How well the modes (N,) of samples are as the true ones.

        Returns:
            ``modes_hit``, with at least one sample, of ``num_modes``; ``kl`` in nats, of the
            samples' histogram from the true shares.
        """
        counts = np.bincount(numbers, minlength=len(self.shares))
        hit = counts > 0
        shares, true = counts[hit] / counts.sum(), np.maximum(self.shares[hit], 1e-12)
        return {
            "modes_hit": float(hit.sum()),
            "num_modes": float(len(counts)),
            "kl": max(float((shares * np.log(shares / true)).sum()), 0.0),
        }
