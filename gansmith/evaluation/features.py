"""What distances are measured in: an extractor turns raw samples into rows of features.

An extractor is registered under ``extractor``. What builds it gets the data, the indices of the
real training samples, to fit itself to them if it must, and a progress; and nothing of the fakes.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gansmith.data.cache import default_cache_dir
from gansmith.data.dataset import Dataset, content_hashes
from gansmith.progress import Progress, silent
from gansmith.registry import register

Array = npt.NDArray[Any]
Features = npt.NDArray[np.float32]
CHUNK = 256
# Samples that components are fitted to: the time goes with the cube of the smaller side.
MOST_TO_FIT, MOST_TO_FIT_LARGE, LARGE = 10_000, 1_500, 1_024
HASH_DIGITS = 16


@dataclass(frozen=True)
class Extractor:
    """From raw samples to features.

    Attributes:
        name: as registered.
        identity: a hash of its weights; features of other weights do not compare.
        about: what it is, and what is done to a sample before, such as resizing.
        compute: raw samples (N, ...) -> (N, d) float32, for a chunk of them.
        costly: whether features of real samples are worth keeping on disk.
        finds_copies: whether equal features mean nearly equal samples; else novelty is measured in
            the cheap features that the kind of data is watched in while training.
        classes: raw samples (N, ...) -> (N,) numbers of the likeliest classes of the data, for an
            extractor that knows these.
    """

    name: str
    identity: str
    about: str
    compute: Callable[[Array], Features]
    costly: bool = False
    finds_copies: bool = True
    classes: Callable[[Array], npt.NDArray[np.int64]] | None = None

    def __call__(self, samples: Array, progress: Progress = silent) -> Features:
        """(N, d) float32 of raw samples (N, ...), chunk by chunk; from the cache where they are."""
        if not len(samples):
            return np.zeros((0, 0), np.float32)
        path = self._path(samples) if self.costly else None
        if path is not None and path.exists():
            return np.asarray(np.load(path, allow_pickle=False), np.float32)
        parts = []
        with progress(f"Features ({self.name})", len(samples)) as advance:
            for first in range(0, len(samples), CHUNK):
                chunk = np.array(samples[first : first + CHUNK])
                parts.append(self.compute(chunk))
                advance(len(chunk))
        features = np.concatenate(parts)
        if path is not None:
            _keep(path, features)
        return features

    def _path(self, samples: Array) -> Path:
        digest = hashlib.blake2b(content_hashes(samples).tobytes(), digest_size=16).hexdigest()
        return default_cache_dir() / "features" / f"{self.name}-{self.identity}-{digest}.npy"


def _keep(path: Path, features: Features) -> None:
    """Into the cache, unless that cannot be written: then it is computed again next time."""
    side = path.with_name(f"{path.name}.tmp.npy")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(side, features)
        side.replace(path)
    except OSError:
        with suppress(OSError):
            side.unlink(missing_ok=True)


def identity_of(*parts: Array | str) -> str:
    """A hash of arrays and texts."""
    digest = hashlib.blake2b(digest_size=HASH_DIGITS // 2)
    for part in parts:
        content = part.encode() if isinstance(part, str) else np.ascontiguousarray(part).tobytes()
        digest.update(content)
    return digest.hexdigest()


def flat(samples: Array) -> Features:
    """(N, d): each sample's numbers in a row; bytes as fractions of 255."""
    rows = np.asarray(samples, np.float32).reshape(len(samples), -1)
    return rows / np.float32(255) if samples.dtype == np.uint8 else rows


@register("extractor", "raw")
def raw(dataset: Dataset, indices: npt.NDArray[np.int64], progress: Progress = silent) -> Extractor:
    """The samples' own numbers. For points; for pictures too many, and blind to what they show."""
    del dataset, indices, progress
    return Extractor("raw", "raw", "the samples' own numbers", flat)


def _principal(
    x: npt.NDArray[np.float64], size: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """(d, k) first principal directions of centred samples (n, d), and (k,) their variances."""
    few = x.shape[0] < x.shape[1]
    # The smaller of both products has the same eigenvalues, but for zeros.
    values, vectors = np.linalg.eigh(x @ x.T if few else x.T @ x)
    values, vectors = values[::-1][:size].clip(min=0), vectors[:, ::-1][:, :size]
    if not few:
        return vectors, values
    found = values > 1e-12 * max(values[0], 1e-300)
    values, vectors = values[found], vectors[:, found]
    return x.T @ vectors / np.sqrt(values), values


@register("extractor", "pca")
def pca(
    dataset: Dataset, indices: npt.NDArray[np.int64], progress: Progress = silent,
    *, size: int = 64,
) -> Extractor:  # fmt: skip
    """The first principal components of the training samples, at most 64."""
    del progress
    most = MOST_TO_FIT if math.prod(dataset.schema.shape) <= LARGE else MOST_TO_FIT_LARGE
    some = indices[:: -(-len(indices) // most)]
    x = flat(np.asarray(dataset.samples[some])).astype(np.float64)
    mean = x.mean(0)
    x -= mean
    components, variances = _principal(x, size)
    kept = components.astype(np.float32)
    explained = variances.sum() / max(np.square(x).sum(), 1e-30)
    centre = mean.astype(np.float32)
    return Extractor(
        "pca",
        identity_of(centre, kept),
        f"the first {kept.shape[1]} principal components of {len(some):,} training samples "
        f"({explained:.1%} of their variance)",
        lambda samples: (flat(samples) - centre) @ kept,
    )
