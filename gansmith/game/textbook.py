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
from gansmith.registry import register


@register("game", "textbook")
def textbook(
    networks: Mapping[str, nn.Module],
    objective: Objective,
    penalties: tuple[Penalty, ...],
    augmentation: Augmentation,
    discriminator_steps: int,
) -> Game:
    """The discriminator on the real sample, then on the fake, then the generator on the same."""
    del augmentation
    if not isinstance(objective, Separable) or penalties or discriminator_steps != 1:
        raise ConfigError(
            "The textbook game has a step on real samples and a step on fakes.",
            where="game.objective, game.regularizers, game.discriminator_steps",
            fix="Take non-saturating, minimax, least-squares, hinge or wasserstein, no penalties.",
        )
    term = objective

    def on_real(networks: Networks, draw: Draw) -> Move:
        return Move(term.real_term(networks["discriminator"](draw.real, draw.condition)).mean())

    def on_fake(networks: Networks, draw: Draw) -> Move:
        with torch.no_grad():
            fake = networks["generator"](draw.latent, draw.condition)
            real_logits = networks["discriminator"](draw.real, draw.condition)
        logits = networks["discriminator"](fake, draw.condition)
        loss = term.fake_term(logits).mean()
        # Both errors are noted here, between the discriminator's two steps.
        scalars = {
            "discriminator_loss": term.real_term(real_logits).mean() + loss.detach(),
            "generator_loss": term.generator_term(logits.detach()).mean(),
            "real_logit": real_logits.mean(),
            "fake_logit": logits.detach().mean(),
        }
        return Move(loss, scalars)

    def on_latent(networks: Networks, draw: Draw) -> Move:
        fake = networks["generator"](draw.latent, draw.condition)
        return Move(term.generator_term(networks["discriminator"](fake, draw.condition)).mean())

    players = (
        Player("discriminator-real", ("discriminator",), on_real, stream=0),
        Player("discriminator-fake", ("discriminator",), on_fake, stream=0),
        Player("generator", ("generator",), on_latent, stream=0),
    )
    return Game(networks, players)
