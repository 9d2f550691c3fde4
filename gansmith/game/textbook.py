"""The textbook game, move by move: one face, one fake, three plain gradient steps.

The discriminator moves on the face, then on the fake, then the generator on the same latent. It is
the non-saturating game with the discriminator's loss taken in two steps, which is how the one-layer
networks of the slanted faces are usually taught.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn

from gansmith.errors import ConfigError
from gansmith.game.game import Augmentation, Draw, Game, Move, Networks, Penalty, Player
from gansmith.game.objectives import Objective, Separable
from gansmith.protocols import Spec
from gansmith.registry import register


class TextbookRules:
    """The three moves of the textbook game, under an objective of two separate terms."""

    def __init__(self, objective: Separable) -> None:
        self.objective = objective

    def on_real(self, networks: Networks, draw: Draw) -> Move:
        """The discriminator's step on the real sample."""
        logits = networks["discriminator"](draw.real, draw.condition)
        return Move(self.objective.real_term(logits).mean())

    def on_fake(self, networks: Networks, draw: Draw) -> Move:
        """The discriminator's step on the fake; both errors are noted before it is made."""
        with torch.no_grad():
            fake = networks["generator"](draw.latent, draw.condition)
            real_logits = networks["discriminator"](draw.real, draw.condition)
        fake_logits = networks["discriminator"](fake, draw.condition)
        loss = self.objective.fake_term(fake_logits).mean()
        scalars = {
            "discriminator_loss": self.objective.real_term(real_logits).mean() + loss.detach(),
            "generator_loss": self.objective.generator_term(fake_logits.detach()).mean(),
            "real_logit": real_logits.mean(),
            "fake_logit": fake_logits.detach().mean(),
        }
        return Move(loss, scalars)

    def on_latent(self, networks: Networks, draw: Draw) -> Move:
        """The generator's step on the same latent."""
        fake = networks["generator"](draw.latent, draw.condition)
        logits = networks["discriminator"](fake, draw.condition)
        return Move(self.objective.generator_term(logits).mean())


@register("game", "textbook")
def textbook(
    networks: Mapping[str, nn.Module],
    objective: Objective,
    penalties: tuple[Penalty, ...],
    augmentation: Augmentation,
    discriminator_steps: int,
    spec: Spec | None = None,
) -> Game:
    """The discriminator on the real sample, then on the fake, then the generator on the same."""
    del augmentation, spec
    if not isinstance(objective, Separable) or penalties or discriminator_steps != 1:
        raise ConfigError(
            "The textbook game has a step on real samples and a step on fakes.",
            where="game.objective, game.regularizers, game.discriminator_steps",
            fix="Take non-saturating, minimax, least-squares, hinge or wasserstein, no penalties.",
        )
    rules = TextbookRules(objective)
    players = (
        Player("discriminator-real", ("discriminator",), rules.on_real, stream=0),
        Player("discriminator-fake", ("discriminator",), rules.on_fake, stream=0),
        Player("generator", ("generator",), rules.on_latent, stream=0),
    )
    return Game(networks, players)
