"""What the two players minimise: the loss per sample, from the logits of real and fake.

Every formula is written for logits l, where the discriminator's probability is sigmoid(l), so that
``-log sigmoid(l)`` is ``softplus(-l)`` and never overflows.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import ClassVar, final

import torch.nn.functional as F
from torch import Tensor

from gansmith.registry import register

LN2 = math.log(2.0)


class Objective(ABC):
    """Base of all objectives.

    Attributes:
        paired: whether a player's loss on a fake needs the logits of a real sample beside it.
        equilibrium: (discriminator's, generator's) loss where fake equals real and the
            discriminator answers the same everywhere.
    """

    paired: ClassVar[bool]
    equilibrium: ClassVar[tuple[float, float]]

    @abstractmethod
    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """Logits (N, ...) of real and fake -> the discriminator's loss (N, ...)."""

    @abstractmethod
    def generator(self, real: Tensor, fake: Tensor) -> Tensor:
        """Logits (N, ...) of real and fake -> the generator's loss (N, ...)."""


@register("objective", "relativistic")
@final
class Relativistic(Objective):
    """Relativistic pairing: is this real sample more real than that fake (the default).

    Discriminator: softplus(-(D(x) - D(x'))); generator: softplus(-(D(x') - D(x))).
    Jolicoeur-Martineau 2018 (arXiv:1807.00734); Huang et al. 2024 (arXiv:2501.05441), eq. 2.
    """

    paired = True
    equilibrium = (LN2, LN2)

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        return F.softplus(fake - real)

    def generator(self, real: Tensor, fake: Tensor) -> Tensor:
        return F.softplus(real - fake)


class Separable(Objective):
    """An objective whose loss is a term on real samples plus a term on fakes."""

    paired = False

    @abstractmethod
    def real_term(self, real: Tensor) -> Tensor:
        """The discriminator's loss (N, ...) on the logits of real samples."""

    @abstractmethod
    def fake_term(self, fake: Tensor) -> Tensor:
        """The discriminator's loss (N, ...) on the logits of fakes."""

    @abstractmethod
    def generator_term(self, fake: Tensor) -> Tensor:
        """The generator's loss (N, ...) on the logits of fakes."""

    @final
    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        return self.real_term(real) + self.fake_term(fake)

    @final
    def generator(self, real: Tensor, fake: Tensor) -> Tensor:
        del real
        return self.generator_term(fake)


@register("objective", "non-saturating")
class NonSaturating(Separable):
    """Cross-entropy for the discriminator; the generator minimises -log D(x').

    Goodfellow et al. 2014 (arXiv:1406.2661), section 3.
    """

    equilibrium = (2 * LN2, LN2)

    def real_term(self, real: Tensor) -> Tensor:
        return F.softplus(-real)

    def fake_term(self, fake: Tensor) -> Tensor:
        return F.softplus(fake)

    def generator_term(self, fake: Tensor) -> Tensor:
        return F.softplus(-fake)


@register("objective", "minimax")
@final
class Minimax(NonSaturating):
    """The two-player game as first written: the generator minimises log(1 - D(x')).

    Its gradient vanishes where the discriminator is sure. Goodfellow et al. 2014, eq. 1.
    """

    equilibrium = (2 * LN2, -LN2)

    def generator_term(self, fake: Tensor) -> Tensor:
        return -F.softplus(fake)


@register("objective", "least-squares")
@final
class LeastSquares(Separable):
    """Squares of the distance to 1 (real) and 0 (fake). Mao et al. 2017 (1611.04076), eq. 9."""

    equilibrium = (0.25, 0.125)

    def real_term(self, real: Tensor) -> Tensor:
        return 0.5 * (real - 1).square()

    def fake_term(self, fake: Tensor) -> Tensor:
        return 0.5 * fake.square()

    def generator_term(self, fake: Tensor) -> Tensor:
        return 0.5 * (fake - 1).square()


@register("objective", "hinge")
@final
class Hinge(Separable):
    """Margins at +1 and -1. Lim and Ye 2017 (arXiv:1705.02894); Miyato et al. 2018, eq. 16."""

    equilibrium = (2.0, 0.0)

    def real_term(self, real: Tensor) -> Tensor:
        return F.relu(1 - real)

    def fake_term(self, fake: Tensor) -> Tensor:
        return F.relu(1 + fake)

    def generator_term(self, fake: Tensor) -> Tensor:
        return -fake


@register("objective", "wasserstein")
@final
class Wasserstein(Separable):
    """Difference of means; wants a Lipschitz discriminator. Arjovsky et al. 2017, eq. 2."""

    equilibrium = (0.0, 0.0)

    def real_term(self, real: Tensor) -> Tensor:
        return -real

    def fake_term(self, fake: Tensor) -> Tensor:
        return fake

    def generator_term(self, fake: Tensor) -> Tensor:
        return -fake
