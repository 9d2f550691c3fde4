"""Places in the latent space: what lies there, between two of them, and along found directions.

The directions need no labels and no look into the network. They are those in which samples change
most. With J the Jacobian of the generator at a latent, J^T J says how far a sample moves for a
small step in any direction; the eigenvectors of its mean over a few latents are the axes of most
change, of next most, and so on (Wang and Ponce 2021, arXiv:2101.06006, who found them to be much
the same wherever one looks). For a generator that is linear they are the right singular vectors of
its matrix, as are those of the closed form of Shen and Zhou (2021, arXiv:2007.06600), which looks
at a first layer alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from gansmith.errors import UserError
from gansmith.protocols import Condition
from gansmith.sample.sampler import CHUNK, Array, Sampler, great_circle

DIRECTIONS, LATENTS = 8, 8
# Of a latent number, which has a standard deviation of about 1: a step small enough for a
# derivative, and large enough for what single precision rounds not to matter.
STEP = 0.02
DIRECTION_SEED = 2**61 + 1
MOST_STEPS = 1_000


@dataclass(frozen=True)
class Places:
    """Where samples come from.

    Attributes:
        latents: (N, size).
        classes: (N,) int64 in [0, num_classes); None where the run has none.
    """

    latents: Tensor
    classes: Tensor | None = None

    def __len__(self) -> int:
        return len(self.latents)

    def __getitem__(self, rows: slice) -> Places:
        """Some of them."""
        return Places(self.latents[rows], None if self.classes is None else self.classes[rows])

    @property
    def condition(self) -> Condition:
        """What the generator is told beside the latents."""
        return Condition(classes=self.classes)


@dataclass(frozen=True)
class Directions:
    """Directions in the latent space, the one that changes samples most first.

    Attributes:
        vectors: (K, size), orthonormal.
        strengths: (K,) how far an encoded sample moves for a small step of length 1, as the root of
            the mean square over the latents that were looked at.
        shares: (K,) of all the change that there is, those of all directions together being 1.
    """

    vectors: Tensor
    strengths: Tensor
    shares: Tensor


def places(
    sampler: Sampler, first: int, n: int, *, seed: int = 0, classes: list[int] | None = None,
    truncation: float = 1.0,
) -> Places:  # fmt: skip
    """Those of samples ``first`` to ``first + n`` of a seed."""
    latents = sampler.latents(first, n, seed, truncation)
    return Places(latents, sampler.condition(first, n, classes).classes)


def samples_at(sampler: Sampler, where: Places) -> Array:
    """(N, ...) raw."""
    x = sampler.generate(where.latents, where.condition)
    raw: Array = sampler.codec.decode(x).cpu().numpy()
    return raw


def places_between(first: Places, second: Places, steps: int) -> Places:
    """On a great circle from one place to another, both ends among them.

    The class stays that of the first: nothing lies between two classes.

    Args:
        first, second: one place each.
        steps: how many, 2 to 1,000.
    """
    if not 2 <= steps <= MOST_STEPS:
        raise UserError(
            f"{steps} steps lead from nowhere to nowhere.",
            where="steps",
            fix=f"Take 2 to {MOST_STEPS:,}.",
        )
    start, end = first.latents[0], second.latents[0]
    shares = torch.linspace(0, 1, steps, dtype=start.dtype, device=start.device)
    return Places(great_circle(start, end, shares), _same(first, steps))


def places_along(start: Places, vectors: Tensor, amounts: Tensor) -> Places:
    """From one place in straight lines.

    Args:
        start: one place.
        vectors: (K, size) of length 1 each.
        amounts: (N, K) how far along each, in standard deviations of a latent; may be negative.
    """
    return Places(start.latents + amounts @ vectors, _same(start, len(amounts)))


def places_around(start: Places, others: Tensor, spread: float) -> Places:
    """Around one place: its latent mixed with others, so that variances stay as they are.

    Args:
        start: one place.
        others: (N, size) latents as they are drawn.
        spread: 0 to 1: at 0 all are the place itself, at 1 nothing of it is left.

    Raises:
        UserError: for a spread that is not from 0 to 1.
    """
    if not 0 <= spread <= 1:  # also false for nan
        raise UserError(
            f"A spread of {spread:g} has no meaning.", where="spread", fix="Take 0 to 1."
        )
    mixed = math.sqrt(1 - spread**2) * start.latents + spread * others
    return Places(mixed, _same(start, len(others)))


def _same(start: Places, n: int) -> Tensor | None:
    return None if start.classes is None else start.classes[:1].expand(n)


def find_directions(
    sampler: Sampler, count: int = DIRECTIONS, *, num_latents: int = LATENTS
) -> Directions:
    """The directions in which samples change most.

    Costs two passes of the generator for each number of a latent, at each latent that is looked at.
    A direction has no sign of its own: the largest of its numbers is positive.

    Args:
        sampler: with the generator.
        count: how many; no more than a latent has numbers.
        num_latents: that the change is averaged over; classes come in turn.

    Raises:
        UserError: for numbers below 1.
    """
    if count < 1 or num_latents < 1:
        raise UserError("Directions need at least one, and one latent to look at.", where="count")
    at = places(sampler, 0, num_latents, seed=DIRECTION_SEED)
    gram = sum(_gram(sampler, at[i : i + 1]) for i in range(num_latents)) / num_latents
    assert isinstance(gram, Tensor)
    values, vectors = torch.linalg.eigh(gram)
    values, vectors = values.flip(0).clamp_min(0), vectors.flip(1).T
    largest = vectors.gather(1, vectors.abs().argmax(1, keepdim=True))
    vectors = vectors * largest.sign()
    shares = values / values.sum().clamp_min(1e-30)
    kept = slice(0, count)
    return Directions(
        vectors[kept].to(sampler.dtype), values[kept].sqrt().to(sampler.dtype), shares[kept]
    )


def _gram(sampler: Sampler, at: Places) -> Tensor:
    """(size, size) float64: J^T J of the encoded sample at one place, by central differences."""
    size = at.latents.shape[1]
    axes = torch.eye(size, dtype=at.latents.dtype, device=at.latents.device)
    rows = []
    for first in range(0, size, CHUNK // 2):
        part = axes[first : first + CHUNK // 2]
        both = torch.cat([at.latents + STEP * part, at.latents - STEP * part])
        classes = None if at.classes is None else at.classes.expand(len(both))
        up, down = sampler.generate(both, Condition(classes=classes)).double().flatten(1).chunk(2)
        rows.append((up - down) / (2 * STEP))
    jacobian = torch.cat(rows)  # (size, numbers of a sample)
    return (jacobian @ jacobian.T).cpu()
