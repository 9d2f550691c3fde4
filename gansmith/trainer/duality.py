"""The duality gap: how much either player could still gain by playing on.

V(D, G) is what the discriminator's objective says of held-out real samples and fresh fakes, turned
round so that the discriminator wants it large. The gap is max V(., G) - min V(D, .), and 0 where
neither has anything to gain, which losses do not show (Grnarova et al. 2019, arXiv:1811.05512,
eq. 2). Against a discriminator that stands still a generator always finds a weak spot far from the
data, however good it is (measured on ``ring``: gaps of 0 to 18, in any order). So the discriminator
answers while the generator betters itself, as in the proximal gap of Sidheekh et al. 2021
(arXiv:2105.04801). Both ends are found by copies of the players that train on a while: what is
measured is what they could gain so soon. It is about the generator that plays, not its average.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator

import torch
from torch import Tensor

from gansmith import registry
from gansmith.game.game import Draw, Game
from gansmith.game.objectives import Objective, Relativistic
from gansmith.game.randomness import Randomness
from gansmith.protocols import Condition
from gansmith.trainer.schedule import make_optimizer
from gansmith.trainer.trainer import Trainer

_STREAM = 5_000
# The rules under which the discriminator's objective is what the players play for.
RULES = "adversarial"
LOOK_EVERY = 10


def duality_gap(
    trainer: Trainer, real: Tensor, condition: Condition, rounds: int
) -> dict[str, float]:
    """Measure it where a training stands; the training itself is not touched.

    Args:
        trainer: between two rounds; its game is the adversarial one.
        real: (N, *shape) encoded real samples, best held out.
        condition: of the real samples, and of as many fakes.
        rounds: that copies train on, with the learning rates that the training began with; the
            best they come by on the way counts.

    Returns:
        ``duality_gap``, the sum of ``discriminator_could_gain`` and ``generator_could_gain``, all
        at least 0, in units of the discriminator's loss.
    """
    objective: Objective = registry.build("objective", trainer.experiment.game.objective)
    latent = trainer.draw_latent(len(real), _randomness(trainer, _STREAM))

    @torch.no_grad()
    def value(game: Game) -> float:
        generator, critic = (game.networks[name] for name in (game.generator, game.critic))
        logits = (critic(x, condition) for x in (real, generator(latent, condition)))
        return -float(objective.discriminator(*logits).mean())

    against = [value(game) for game in _responses(trainer, rounds, generator_moves=False)]
    together = [value(game) for game in _responses(trainer, rounds, generator_moves=True)]
    now, highest, lowest = against[0], max(against), min(together)
    return {
        "duality_gap": highest - lowest,
        "discriminator_could_gain": highest - now,
        "generator_could_gain": now - lowest,
    }


def _responses(trainer: Trainer, rounds: int, *, generator_moves: bool) -> Iterator[Game]:
    """A copy of the game now, and every few rounds while its players better themselves."""
    game = _copy(trainer.game)
    moved = (game.critic, game.generator) if generator_moves else (game.critic,)
    players = [player for player in game.players if set(player.moves) <= set(moved)]
    optimizers = {
        player.name: make_optimizer(
            trainer.experiment.players[player.name],
            [p for name in player.moves for p in game.networks[name].parameters()],
        )
        for player in players
    }
    yield game
    for step in range(1, rounds + 1):
        draw = _draw(trainer, _STREAM + step, step)
        for player in players:
            optimizer = optimizers[player.name]
            with game.networks.only(player.moves), trainer.fabric.autocast():
                if player.moves == (game.generator,):
                    loss = _never_vanishing(game, draw)
                else:
                    loss = player.play(game.networks, draw).loss
                optimizer.zero_grad(set_to_none=True)
                torch.autograd.backward(loss)
                optimizer.step()
        if step % LOOK_EVERY == 0:
            yield game


def _never_vanishing(game: Game, draw: Draw) -> Tensor:
    """The generator's relativistic loss, whatever the objective.

    Where a discriminator is sure, other losses tell the generator nothing, and it would seem that
    it had nothing to gain.
    """
    fake = game.networks[game.generator](draw.latent, draw.condition)
    critic = game.networks[game.critic]
    real_logits, fake_logits = (critic(x, draw.condition) for x in (draw.real, fake))
    return Relativistic().generator(real_logits, fake_logits).mean()


def _copy(game: Game) -> Game:
    """All of it, what penalties remember too, but for compiled forms, which cannot be copied."""
    return copy.deepcopy(game, {id(game.networks.compiled): {}})


def _randomness(trainer: Trainer, stream: int) -> Randomness:
    return Randomness(
        trainer.experiment.train.seed, trainer.position, stream,
        device=trainer.device, dtype=trainer.dtype,
    )  # fmt: skip


def _draw(trainer: Trainer, stream: int, step: int) -> Draw:
    """A batch of training samples, drawn with replacement."""
    loader, randomness = trainer.train_loader, _randomness(trainer, stream)
    places = randomness.integers(len(loader), trainer.local_batch).cpu().numpy()
    real, condition = trainer.encode(*loader.gather(loader.indices[places]))
    return Draw(
        real=real,
        latent=trainer.draw_latent(trainer.local_batch, randomness),
        condition=condition,
        randomness=randomness,
        step=step,
        progress=trainer.progress,
        strength=trainer.overfitting.strength,
    )
