"""What a discriminator says about real and fake in one move, and how its answer changes nearby."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Literal

import torch
from torch import Tensor

from gansmith.game.randomness import Randomness
from gansmith.protocols import Condition, Embedder

Transform = Callable[[Tensor], Tensor]
Side = Literal["real", "fake"]


class Critic:
    """A discriminator under one condition, seeing its input through fixed augmentations.

    Penalties are taken at samples as they are before the augmentation; of an
    :class:`~gansmith.protocols.Embedder`, in its own space behind it.

    Args:
        network: (x, condition) -> logits.
        condition: of the batch; the same for real and fake.
        real_transform, fake_transform: applied to x before the network; differentiable.
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
        self._transforms: dict[Side, Transform] = {"real": real_transform, "fake": fake_transform}
        part: object = network
        self._embedder = part if isinstance(part, Embedder) else None

    def place(self, side: Side, x: Tensor) -> Tensor:
        """Where samples (N, *spec.shape) of a side lie in the space that penalties are taken in."""
        return x if self._embedder is None else self._embedder.embed(self._transforms[side](x))

    def logits(self, *batches: tuple[Side, Tensor]) -> tuple[Tensor, ...]:
        """Logits (N, ...) of each of several batches (N, ...), by one pass where that is allowed.

        Args:
            batches: where :meth:`place` puts samples, or near it, each with the side it stands on,
                which decides its augmentation.
        """
        if self._embedder is None:
            judge, seen = self._network, [self._transforms[side](x) for side, x in batches]
        else:
            judge, seen = self._embedder.judge, [x for _, x in batches]
        if not self._joint or len(seen) == 1:
            return tuple(judge(x, self._condition) for x in seen)
        logits = judge(torch.cat(seen), self._condition.repeat(len(seen)))
        return tuple(logits.chunk(len(seen)))


class Critique:
    """Real samples, fakes, and the critic's answers: all that a regularizer may look at.

    Args:
        critic: to ask, also about other points.
        real, fake: (N, ...) where the critic places encoded samples.
        randomness: for regularizers that draw.
        probe: distance at which to ask about the neighbourhood in the same pass, if one will.

    Attributes:
        real_logits, fake_logits: (N, ...).
    """

    def __init__(
        self,
        critic: Critic,
        real: Tensor,
        fake: Tensor,
        randomness: Randomness,
        probe: float | None = None,
    ) -> None:
        self.critic, self.real, self.fake, self.randomness = critic, real, fake, randomness
        self._slopes: dict[float, tuple[Tensor, Tensor]] = {}
        if probe is None:
            self.real_logits, self.fake_logits = critic.logits(("real", real), ("fake", fake))
            return
        near = self._neighbours(probe)
        answers = critic.logits(("real", real), ("fake", fake), *near)
        self.real_logits, self.fake_logits = answers[:2]
        self._slopes[probe] = self._differences(answers[2:], probe)

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
            answers = self.critic.logits(*self._neighbours(epsilon))
            self._slopes[epsilon] = self._differences(answers, epsilon)
        return self._slopes[epsilon]

    def _neighbours(self, epsilon: float) -> list[tuple[Side, Tensor]]:
        n, shape = len(self.real), self.real.shape[1:]
        steps = (self.randomness.normal(n, *shape) * epsilon for _ in range(2))
        return [("real", self.real + next(steps)), ("fake", self.fake + next(steps))]

    def _differences(self, near: tuple[Tensor, ...], epsilon: float) -> tuple[Tensor, Tensor]:
        return (near[0] - self.real_logits) / epsilon, (near[1] - self.fake_logits) / epsilon
