"""What texts are compared in: their words and pairs of words, in a few numbers.

It is cheap, knows nothing of the codec or the discriminator, and does not understand: two sentences
that say the same in other words are far apart.
"""

from __future__ import annotations

import re
from itertools import pairwise
from zlib import crc32

import numpy as np
import numpy.typing as npt

from gansmith.data.dataset import Dataset
from gansmith.errors import ConfigError
from gansmith.evaluation.features import Extractor, Features, identity_of
from gansmith.modalities.text.store import Bytes, to_texts
from gansmith.progress import Progress, silent
from gansmith.registry import register

# Words, each sign of scripts without spaces by itself, and signs that stand between words.
WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|\w+|[^\w\s]")
NUM_BUCKETS = 2_048
MOST_FITTED = 10_000


def counts(texts: list[str]) -> npt.NDArray[np.float32]:
    """(N, buckets) how often words and pairs of words come, by a hash of each, and logarithmed.

    Weinberger et al. 2009 (arXiv:0902.2206): signs keep what falls together from adding up.
    """
    found = np.zeros((len(texts), NUM_BUCKETS), np.float32)
    for row, text in zip(found, texts, strict=True):
        words = ["", *WORD.findall(text.lower()), ""]
        for first, second in pairwise(words):
            for part in (second, f"{first} {second}"):
                bits = crc32(part.encode())
                row[bits % NUM_BUCKETS] += 1.0 if bits & 0x8000_0000 else -1.0
    return np.sign(found) * np.log1p(np.abs(found))


def require_texts(dataset: Dataset) -> None:
    """Refuse what has no words.

    Raises:
        ConfigError: if the data set holds anything but texts.
    """
    if dataset.schema.modality != "text":
        raise ConfigError(f"It has no features of {dataset.schema.label}.", where="--features")


@register("extractor", "lsa")
def lsa(
    dataset: Dataset, indices: npt.NDArray[np.int64], progress: Progress = silent,
    *, size: int = 64,
) -> Extractor:  # fmt: skip
    """Latent semantic analysis: principal directions of words and pairs of words, for texts.

    Deerwester et al. 1990, weighed by the inverse document frequency, each text of length 1.
    """
    require_texts(dataset)
    some = indices[:: -(-len(indices) // MOST_FITTED)]
    with progress("Counting words", 1):
        x = counts(to_texts(dataset.samples[some]))
    weights = np.log((1 + len(x)) / (1 + (x != 0).sum(0))).astype(np.float32)

    def weighed(counted: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        rows: npt.NDArray[np.float32] = counted * weights
        rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)
        return rows

    x = weighed(x)
    found, values = _directions(x.astype(np.float64), size)
    directions: npt.NDArray[np.float32] = found.astype(np.float32)
    explained = values.sum() / max(float(np.square(x).sum()), 1e-30)

    def compute(samples: Bytes) -> Features:
        found: Features = weighed(counts(to_texts(samples))) @ directions
        return found

    return Extractor(
        "lsa",
        identity_of(weights, directions),
        f"the first {directions.shape[1]} directions of words and pairs of words in {len(some):,} "
        f"training texts ({explained:.1%} of their squares)",
        compute,
    )


def _directions(
    x: npt.NDArray[np.float64], size: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """(d, k) first principal directions of rows (n, d), not centred, and (k,) their squares."""
    few = len(x) < x.shape[1]
    # The smaller of both products has the same values, but for zeros.
    values, vectors = np.linalg.eigh(x @ x.T if few else x.T @ x)
    values, vectors = values[::-1][:size].clip(min=0), vectors[:, ::-1][:, :size]
    if not few:
        return vectors, values
    known = values > 1e-9 * max(values[0], 1e-300)
    return x.T @ vectors[:, known] / np.sqrt(values[known]), values[known]
