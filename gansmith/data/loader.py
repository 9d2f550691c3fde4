"""Batches that depend on (seed, stream, position) and on nothing else.

A run that was killed and goes on must see the batches that it would have seen. So the loader keeps
no state that matters: which sample comes at which place is computed from the place.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from gansmith.data.dataset import Array, Dataset

Indices = npt.NDArray[np.int64]

# Rows of larger memory maps are read in the order in which they lie on disk.
SORTED_READS_BYTES = 256 * 2**20


class Loader:
    """Draws samples of one part of a data set, in an order that can be computed from any place.

    Each epoch of each stream is a permutation of its own: samples come without replacement.

    Args:
        dataset: what to draw from.
        indices: (n,) rows of ``dataset`` to draw, as from :meth:`Dataset.split`; n >= 1.
        seed: of the order, in [0, 2**64).
        shuffle: off walks through ``indices`` as they stand, in each epoch and each stream.
        encoded: (N, *shape) all samples of ``dataset``, encoded before, where that costs more than
            a step of the game; None where they are encoded as they are drawn.

    >>> from gansmith.data.dataset import Schema, content_hashes
    >>> rows = np.arange(6.0).reshape(6, 1)
    >>> data = Dataset(Schema("points", (1,), "float64"), rows, None, content_hashes(rows), "six")
    >>> loader = Loader(data, np.arange(6), seed=0)
    >>> sorted(loader.indices_at(0, 6, stream=0).tolist())
    [0, 1, 2, 3, 4, 5]
    """

    def __init__(
        self, dataset: Dataset, indices: Indices, *, seed: int, shuffle: bool = True,
        encoded: Array | None = None,
    ) -> None:  # fmt: skip
        if len(indices) == 0:
            raise ValueError("a loader needs at least one sample")
        self.dataset = dataset
        self.indices = np.asarray(indices, np.int64)
        self.seed = seed
        self.shuffle = shuffle
        self.encoded = encoded
        # Two streams that cross from one epoch into the next need four.
        self._epoch_order = lru_cache(maxsize=4)(self._draw_order)

    def __len__(self) -> int:
        """Samples in an epoch."""
        return len(self.indices)

    def indices_at(self, position: int, count: int, stream: int) -> Indices:
        """Rows of the data set for ``count`` samples, from sample number ``position`` on.

        Args:
            position: samples drawn from this stream before, >= 0; epoch = position // len(self).
            count: how many; may cross epochs and may exceed one.
            stream: which of several independent orders, in [0, 2**64), for example one for the
                discriminator's batches and one for the generator's.

        Returns:
            (count,) int64.
        """
        n = len(self)
        parts = [np.empty(0, np.int64)]
        while count > 0:
            epoch, start = divmod(position, n)
            taken = min(count, n - start)
            parts.append(self._epoch_order(epoch, stream)[start : start + taken])
            position, count = position + taken, count - taken
        return np.concatenate(parts)

    def gather(self, indices: Indices) -> tuple[Array, Indices | None]:
        """The samples and classes of rows of the data set.

        Returns:
            Samples (len(indices), *schema.shape), contiguous and in memory, and labels
            (len(indices),) int64, or None where samples carry no class.
        """
        samples = self.dataset.samples
        if samples.nbytes > SORTED_READS_BYTES:
            order = np.argsort(indices, kind="stable")
            rows = np.empty((len(indices), *samples.shape[1:]), samples.dtype)
            rows[order] = samples[indices[order]]
        else:
            rows = np.ascontiguousarray(samples[indices])
        return rows, self.labels(indices)

    def labels(self, indices: Indices) -> Indices | None:
        """(len(indices),) classes of rows of the data set, or None where samples carry none."""
        labels = self.dataset.labels
        return None if labels is None else np.asarray(labels[indices], np.int64)

    def _draw_order(self, epoch: int, stream: int) -> Indices:
        if not self.shuffle:
            return self.indices
        # The seed and the stream are the key and the epoch is the counter's highest word, so no
        # two orders share a random number. NumPy promises raw bits for ever, but not the result
        # of Generator.permutation (NEP 19): sorting raw bits survives an update of NumPy.
        key = np.array([self.seed, stream], np.uint64)
        bits = np.random.Philox(key=key, counter=np.array([0, 0, 0, epoch], np.uint64))
        return self.indices[np.argsort(bits.random_raw(len(self)), kind="stable")]
