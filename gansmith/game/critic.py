"""What a discriminator says about real and fake in one move, and how its answer changes nearby."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import torch
from torch import Tensor

from gansmith.game.randomness import Randomness
from gansmith.protocols import Condition

Transform = Callable[[Tensor], Tensor]


class Critic:
    """A discriminator under one condition, seeing its input through fixed augmentations.

    Args:
        network: (x, condition) -> logits.
        condition: of the batch; the same for real and fake.
        real_transform, fake_transform: applied to x before the network; the penalties are taken at
            the sample before the transformation, so they must be differentiable.
        joint: whether real and fake may go through the network as one batch, which is faster. Not
            so where the network looks at statistics of the batch.
    """

    def __init__(
        self,
        network: Callable[[Tensor, Condition], Tensor],
        condition: Condition,
        real_transform: Transform,
        fake_transform: Transform,
        joint: bool = True,
    ) -> None:
        self._network, self._condition, self._joint = network, condition, joint
        self._real_transform, self._fake_transform = real_transform, fake_transform

    def real(self, x: Tensor) -> Tensor:
        """Logits (N, ...) of real samples (N, ...)."""
        return self._network(self._real_transform(x), self._condition)

    def fake(self, x: Tensor) -> Tensor:
        """Logits (N, ...) of fakes (N, ...)."""
        return self._network(self._fake_transform(x), self._condition)

    def both(self, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of real and of fake, by one pass where that is allowed."""
        if not self._joint:
            return self.real(real), self.fake(fake)
        x = torch.cat([self._real_transform(real), self._fake_transform(fake)])
        real_logits, fake_logits = self._network(x, self._condition.repeat(2)).chunk(2)
        return real_logits, fake_logits


class Critique:
    """Real samples, fakes, and the critic's answers: all that a regularizer may look at.

    Attributes:
        critic: to ask about other points.
        real, fake: (N, ...) encoded samples, before augmentation.
        real_logits, fake_logits: (N, ...).
        randomness: for regularizers that draw.
    """

    def __init__(self, critic: Critic, real: Tensor, fake: Tensor, randomness: Randomness) -> None:
        self.critic, self.real, self.fake, self.randomness = critic, real, fake, randomness
        self.real_logits, self.fake_logits = critic.both(real, fake)
        self._slopes: dict[float, tuple[Tensor, Tensor]] = {}

    @cached_property
    def input_gradients(self) -> tuple[Tensor, Tensor]:
        """Gradients (N, d) of the logits with respect to real and fake, differentiable again.

        Both come from one backward pass, so R1 and R2 together cost little more than one of them.
        """
        total = self.real_logits.sum() + self.fake_logits.sum()
        real, fake = torch.autograd.grad(total, [self.real, self.fake], create_graph=True)
        return real.flatten(1), fake.flatten(1)

    def slopes(self, epsilon: float) -> tuple[Tensor, Tensor]:
        """Finite differences (N, ...) of the logits along a random direction, over ``epsilon``."""
        if epsilon not in self._slopes:
            n, shape = len(self.real), self.real.shape[1:]
            moved_real = self.real + epsilon * self.randomness.normal(n, *shape)
            moved_fake = self.fake + epsilon * self.randomness.normal(n, *shape)
            real, fake = self.critic.both(moved_real, moved_fake)
            self._slopes[epsilon] = (
                (real - self.real_logits) / epsilon,
                (fake - self.fake_logits) / epsilon,
            )
        return self._slopes[epsilon]
