"""Penalties on the discriminator. Each maps a :class:`~gansmith.game.critic.Critique` to (N,).

Samples of any shape count as flat vectors: squares are summed over all their axes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, final

import torch
from torch import Tensor, nn

from gansmith.game.critic import Critique
from gansmith.registry import register


def _rows(logits: Tensor) -> Tensor:
    """Logits (N, ...) of any shape as (N, d)."""
    return logits.reshape(len(logits), -1)


class Regularizer(nn.Module, ABC):
    """Base of all regularizers; buffers, where one has any, are saved with the run.

    Attributes:
        second_order: whether its gradient differentiates the discriminator twice.
        probe: distance at which it asks about the neighbourhood of real and fake, if it does.
    """

    second_order: ClassVar[bool] = False
    probe: float | None = None

    @abstractmethod
    def forward(self, critique: Critique) -> Tensor:
        """The penalty (N,) of each sample, not yet weighted."""


@register("regularizer", "r1")
@final
class R1(Regularizer):
    """Half the squared gradient at real samples. Mescheder et al. 2018 (1801.04406), eq. 9."""

    second_order = True

    def forward(self, critique: Critique) -> Tensor:
        return 0.5 * critique.input_gradients[0].square().sum(1)


@register("regularizer", "r2")
@final
class R2(Regularizer):
    """Half the squared gradient at fakes. Mescheder et al. 2018 (1801.04406), eq. 10."""

    second_order = True

    def forward(self, critique: Critique) -> Tensor:
        return 0.5 * critique.input_gradients[1].square().sum(1)


class _FiniteDifference(Regularizer):
    """Half the squared finite difference along a standard normal direction.

    Its mean over directions is half the squared gradient as epsilon goes to 0, without
    differentiating twice. Hyun et al. 2025 (arXiv:2509.24935).
    """

    side: ClassVar[int]

    def __init__(self, epsilon: float) -> None:
        super().__init__()
        self.probe = self.epsilon = epsilon

    def forward(self, critique: Critique) -> Tensor:
        return 0.5 * _rows(critique.slopes(self.epsilon)[self.side]).sum(1).square()


@register("regularizer", "fd-r1")
@final
class FiniteDifferenceR1(_FiniteDifference):
    """R1 by finite differences: no second derivative. Hyun et al. 2025 (arXiv:2509.24935)."""

    side = 0

    def __init__(self, *, epsilon: float = 0.01) -> None:
        super().__init__(epsilon)


@register("regularizer", "fd-r2")
@final
class FiniteDifferenceR2(_FiniteDifference):
    """R2 by finite differences: no second derivative. Hyun et al. 2025 (arXiv:2509.24935)."""

    side = 1

    def __init__(self, *, epsilon: float = 0.01) -> None:
        super().__init__(epsilon)


@register("regularizer", "gradient-penalty")
@final
class GradientPenalty(Regularizer):
    """Squared distance of the gradient's norm from 1 between real and fake.

    Gulrajani et al. 2017 (arXiv:1704.00028), eq. 3.
    """

    second_order = True

    def forward(self, critique: Critique) -> Tensor:
        n, ones = len(critique.real), [1] * (critique.real.ndim - 1)
        mix = critique.randomness.uniform(n, *ones)
        between = torch.lerp(critique.fake.detach(), critique.real.detach(), mix)
        between.requires_grad_(True)
        (logits,) = critique.critic.logits(("real", between))
        (gradient,) = torch.autograd.grad(logits.sum(), between, create_graph=True)
        # The root has no gradient at 0, where a dead discriminator stands.
        norm = (gradient.flatten(1).square().sum(1) + 1e-12).sqrt()
        return (norm - 1).square()


@register("regularizer", "lecam")
@final
class LeCam(Regularizer):
    """Logits of real near the running mean of fake's, and the other way round; for few samples.

    Tseng et al. 2021 (arXiv:2104.03310), eq. 5.
    """

    anchors: Tensor

    def __init__(self, *, decay: float = 0.99) -> None:
        super().__init__()
        self.decay = decay
        self.register_buffer("anchors", torch.zeros(2))

    def forward(self, critique: Critique) -> Tensor:
        real, fake = _rows(critique.real_logits), _rows(critique.fake_logits)
        # A copy: several processes agree on the anchors only after this move.
        real_anchor, fake_anchor = self.anchors.clone().unbind()
        with torch.no_grad():
            means = torch.stack([real.mean(), fake.mean()]).to(self.anchors)
            self.anchors.lerp_(means, 1 - self.decay)
        return (real - fake_anchor).square().mean(1) + (fake - real_anchor).square().mean(1)
