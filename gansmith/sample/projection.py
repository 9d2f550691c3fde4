"""For a given sample the latent from which the generator comes nearest to it.

The generator has no way back, so the latent is searched: down the gradient of

    |G(z) - x|^2 + 0.01 |z|^2

(Bora et al. 2017, arXiv:1703.03208; the second term keeps z where latents lie), from
those of a few hundred random latents that come nearest. What is left of the difference is a
result as much as the latent: a generator may have no such sample.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from gansmith.errors import UserError
from gansmith.sample.places import Places, places, samples_at
from gansmith.sample.sampler import Array, Sampler

STEPS, MOST_STEPS = 200, 2_000
# Random latents to choose from, and how many of them are followed.
CANDIDATES, STARTS = 256, 4
LEARNING_RATE = 0.05
WEIGHT = 0.01
# Latents stay where they can be drawn.
BOUNDS = {"uniform": (-math.sqrt(3), math.sqrt(3)), "textbook": (0.0, 1.0)}


@dataclass(frozen=True)
class Left:
    """What is left of the difference, as the root of the mean square over a sample's numbers.

    In raw units: for pictures of bytes, levels of 255.

    Attributes:
        now: to the sample that was found.
        nearest: to the nearest of the random samples that the search chose its start from.
        usual: to one of those in the middle.
    """

    now: float
    nearest: float
    usual: float


class Projection:
    """The search for the latent of one sample; goes on a few steps at a time.

    Args:
        sampler: with the generator.
        raw: (1, ...) the sample.
        classes: to search in; None searches all.
        seed: of the random latents that it starts from.
        steps: that it will take, 1 to 2,000.

    Attributes:
        steps: that it will take.
        taken: that it took.
    """

    def __init__(
        self, sampler: Sampler, raw: Array, *, classes: list[int] | None = None, seed: int = 0,
        steps: int = STEPS,
    ) -> None:  # fmt: skip
        if not 1 <= steps <= MOST_STEPS:
            raise UserError(
                f"{steps} steps cannot be taken.", where="steps", fix=f"Take 1 to {MOST_STEPS:,}."
            )
        self.steps, self.taken = steps, 0
        self._sampler, self._raw = sampler, raw
        part = torch.from_numpy(np.array(raw)).to(sampler.device)
        self._x = sampler.codec.encode(part).to(sampler.dtype)
        random = places(sampler, 0, CANDIDATES, seed=seed, classes=classes)
        distances = self._differences(random)
        chosen = torch.from_numpy(np.argsort(distances, kind="stable")[:STARTS].copy())
        self._nearest, self._usual = float(distances.min()), float(np.median(distances))
        self._z = random.latents[chosen].clone()
        self._classes = None if random.classes is None else random.classes[chosen]
        self._best = torch.full((STARTS,), torch.inf, dtype=torch.float64)
        self._best_z = self._z.clone()
        self._mean, self._square = torch.zeros_like(self._z), torch.zeros_like(self._z)

    @property
    def done(self) -> bool:
        """Whether all steps are taken."""
        return self.taken >= self.steps

    def advance(self, count: int = MOST_STEPS) -> None:
        """Take all steps that are left, or ``count`` of them."""
        for _ in range(min(count, self.steps - self.taken)):
            self._step()
        if self.done:
            with torch.no_grad():
                self._keep(self._z, self._losses(self._z))

    def _step(self) -> None:
        z = self._z.detach().requires_grad_(True)
        losses = self._losses(z)
        (gradient,) = torch.autograd.grad(losses.sum(), z)
        self._keep(z.detach(), losses.detach())
        self.taken += 1
        # Adam (Kingma and Ba 2015, arXiv:1412.6980), whose rate falls to 0 on a cosine.
        self._mean = 0.9 * self._mean + 0.1 * gradient
        self._square = 0.99 * self._square + 0.01 * gradient.square()
        mean = self._mean / (1 - 0.9**self.taken)
        root = (self._square / (1 - 0.99**self.taken)).sqrt()
        rate = LEARNING_RATE * (1 + math.cos(math.pi * (self.taken - 1) / self.steps))
        low, high = BOUNDS.get(self._sampler.experiment.latent.name, (-math.inf, math.inf))
        self._z = (z.detach() - rate * mean / (root + 1e-12)).clamp(low, high)

    def _losses(self, z: Tensor) -> Tensor:
        """(STARTS,) of the search."""
        made = self._sampler.generator(z, Places(z, self._classes).condition)
        losses: Tensor = (made - self._x).flatten(1).square().sum(1)
        return losses + WEIGHT * z.square().sum(1)

    def _keep(self, z: Tensor, losses: Tensor) -> None:
        better = losses.double().cpu() < self._best
        self._best = torch.where(better, losses.double().cpu(), self._best)
        self._best_z[better] = z[better]

    def _differences(self, where: Places) -> Array:
        """(N,) between the given sample and those there."""
        made = samples_at(self._sampler, where).astype(np.float64)
        gap = (made - self._raw.astype(np.float64)).reshape(len(made), -1)
        distances: Array = np.sqrt(np.square(gap).mean(1))
        return distances

    @property
    def found(self) -> Places:
        """One place: the best so far."""
        best = int(self._best.argmin())
        return Places(self._best_z, self._classes)[best : best + 1]

    @property
    def left(self) -> Left:
        """What is left of the difference."""
        return Left(float(self._differences(self.found)[0]), self._nearest, self._usual)
