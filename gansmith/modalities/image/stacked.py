"""Three grey pictures in the channels of one: a source whose number of modes is known.

With ten classes it has 1,000 modes, each as likely as the classes of its three parts; how many of
them a generator makes says whether it drops any (Metz et al. 2016, arXiv:1611.02163, stacked
MNIST). A classifier of the single pictures, trained on them here, tells which mode a sample is.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

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


def modes_of(samples: Array, network: TrainedClassifier, num_classes: int) -> Array:
    """(N,) number of the mode of each sample, in [0, num_classes ** 3)."""
    channels = [network.classes(samples[..., c : c + 1]) for c in range(CHANNELS)]
    found: Array = np.ravel_multi_index(tuple(channels), (num_classes,) * CHANNELS)
    return found


def stacked_modes(dataset: Dataset, samples: Array, progress: Progress) -> dict[str, float]:
    """Modes hit by stacked samples, and the divergence of their histogram from the true one.

    Args:
        dataset: from the source ``stacked``.
        samples: (N, H, W, 3) uint8.
        progress: shows the training of the classifier, the first time.

    Returns:
        ``modes_hit``, with at least one sample, of ``num_modes``; ``kl`` in nats, of the samples'
        histogram from the true shares.
    """
    parts: Dataset = dataset.truth["stacked"]
    assert parts.labels is not None
    train = parts.split("train", dataset.truth["holdout"])
    network, _ = trained_for(parts, train, progress)
    num_classes = len(parts.schema.classes)
    found: Any = modes_of(samples, network, num_classes)
    counts = np.bincount(found, minlength=num_classes**CHANNELS)
    single = np.bincount(parts.labels[train], minlength=num_classes) / len(train)
    true = np.einsum("i,j,k->ijk", single, single, single).ravel()
    hit = counts > 0
    shares = counts[hit] / counts.sum()
    return {
        "modes_hit": float(hit.sum()),
        "num_modes": float(len(counts)),
        "kl": max(float((shares * np.log(shares / np.maximum(true[hit], 1e-12))).sum()), 0.0),
    }
