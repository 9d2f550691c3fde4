"""Are samples new? Distances to the nearest training sample, beside those of held-out samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from gansmith.evaluation.estimate import Estimate, share
from gansmith.evaluation.two_sample import above

Features = npt.NDArray[np.floating]
# Samples that are looked up at once, and distances: more would not stay in the processor's cache.
CHUNK, MOST_DISTANCES = 256, 2**20
CANDIDATES = 4
FEW_FEATURES = 64
# A fake nearer to a training sample than all but this share of held-out samples is a near-copy.
NEAR = 0.01
NUM_PAIRS = 8


@dataclass(frozen=True)
class Novelty:
    """How near generated samples come to training ones.

    Attributes:
        closer: probability that a fake lies closer to the training samples than a held-out one
            does; one half where fakes are as new as held-out samples are, 1 where all are copied.
        near_copies: share of fakes closer than all but 1 % of the held-out samples are; 0.01
            where fakes are as new as those.
        copies: share of fakes at distance 0.
        threshold: the distance below which a fake is a near-copy.
        pairs: the closest (fake, training sample, distance), nearest first.
    """

    closer: Estimate
    near_copies: Estimate
    copies: Estimate
    threshold: float
    pairs: tuple[tuple[int, int, float], ...]


def nearest(x: Features, among: Features) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """(n,) index of the nearest row of ``among`` for each row of x, and its exact distance."""
    indices, distances = nearest_few(x, among, 1)
    return indices[:, 0], distances[:, 0]


def nearest_few(
    x: Features, among: Features, k: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """(n, k) indices of the k nearest rows of ``among``, nearest first, and their distances.

    There are fewer columns where ``among`` has fewer rows.
    """
    found, distances = [], []
    # Samples of few features may lie so close together that single precision mixes them up.
    exactly = among.shape[1] <= FEW_FEATURES
    others = torch.from_numpy(np.ascontiguousarray(among, np.float64 if exactly else np.float32))
    norms = others.square().sum(1)
    chunk = min(CHUNK, -(-MOST_DISTANCES // len(among)))
    for first in range(0, len(x), chunk):
        rows = np.array(x[first : first + chunk], np.float64)
        squares = torch.addmm(norms, torch.from_numpy(rows).to(others), others.T, alpha=-2.0)
        most = min(k - 1 + CANDIDATES, len(among))
        near = squares.topk(most, largest=False).indices.numpy()
        # Products round; the few that are nearest are measured again, so that a copy is at 0.
        exact = np.linalg.norm(among[near] - rows[:, None], axis=-1)
        best = exact.argsort(1, kind="stable")[:, :k]
        found.append(np.take_along_axis(near, best, 1))
        distances.append(np.take_along_axis(exact, best, 1))
    return np.concatenate(found).astype(np.int64), np.concatenate(distances)


@dataclass(frozen=True)
class Learnt:
    """What a generator learnt from, and how near new samples come to it.

    Attributes:
        train: (n, d) features of its training samples, all of them: a copy is only found where its
            original is there.
        usual: (m,) distances of held-out samples to their nearest training sample.
    """

    train: Features
    usual: npt.NDArray[np.float64]

    @classmethod
    def beside(cls, train: Features, held_out: Features) -> Learnt:
        """With (m, d) features of real samples that it did not learn from, at least 20."""
        return cls(train, nearest(held_out, train)[1])

    def novelty(self, fake: Features) -> Novelty:
        """Compare fakes (k, d) with held-out samples by their distance to the training samples."""
        indices, distances = nearest(fake, self.train)
        threshold = float(np.quantile(self.usual, NEAR))
        order = np.argsort(distances, kind="stable")[:NUM_PAIRS]
        return Novelty(
            closer=above(-distances, -self.usual),
            near_copies=share(int((distances < threshold).sum()), len(fake)),
            copies=share(int((distances == 0).sum()), len(fake)),
            threshold=threshold,
            pairs=tuple((int(i), int(indices[i]), float(distances[i])) for i in order),
        )


def novelty(train: Features, held_out: Features, fake: Features) -> Novelty:
    """Compare fakes with held-out samples by their distance to the training samples.

    Args:
        train: (n, d) features of what the generator learnt from, all of them: a copy is only found
            where its original is there.
        held_out: (m, d) of real samples that it did not learn from, at least 20.
        fake: (k, d).
    """
    return Learnt.beside(train, held_out).novelty(fake)
