"""The game: named networks and an ordered list of players. Pure mathematics, no I/O.

A player names the networks it moves and computes its loss from one :class:`Draw`. Only the trainer
calls ``backward`` and ``step``. Two networks is the common case and not an assumption.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import cached

from gansmith.game.critic import Critic, Critique
from gansmith.game.objectives import Objective
from gansmith.game.randomness import Randomness
from gansmith.game.regularizers import Regularizer
from gansmith.protocols import Condition, Embedder, Spec
from gansmith.registry import register

FINISHING_STREAM = 2_001


class Augmentation(Protocol):
    """Draws transformations of a batch, each differentiable in its input."""

    def __call__(
        self, shape: torch.Size, strength: float, randomness: Randomness
    ) -> Callable[[Tensor], Tensor]:
        """For x of ``shape`` and a strength in [0, 1]: a fixed transformation of such an x."""
        ...


def unchanged(
    shape: torch.Size, strength: float, randomness: Randomness
) -> Callable[[Tensor], Tensor]:
    """The augmentation that does nothing."""
    del shape, strength, randomness
    return lambda x: x


@dataclass(frozen=True)
class Draw:
    """What one move sees.

    Attributes:
        real: (N, *shape) encoded real samples.
        latent: (N, size).
        condition: of both; a fake is made under its real partner's condition.
        randomness: for whatever else the move draws.
        step: rounds played before this one.
        progress: share of the run played, in [0, 1].
        strength: of the augmentation, in [0, 1].
    """

    real: Tensor
    latent: Tensor
    condition: Condition
    randomness: Randomness
    step: int = 0
    progress: float = 0.0
    strength: float = 0.0


@dataclass(frozen=True)
class Move:
    """A player's answer to a draw: the loss to go down on, and scalars worth a record."""

    loss: Tensor
    scalars: Mapping[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class Examination:
    """How a player that could learn its samples by heart is stopped in time.

    Attributes:
        loss: from (networks, a draw of held-out samples, the same each time) to its loss on them.
        tell: (networks, that loss), for the networks to keep what was best.
        passed: from networks to whether they have had enough; the player then rests.
    """

    loss: Callable[[Networks, Draw], Tensor]
    tell: Callable[[Networks, float], None]
    passed: Callable[[Networks], bool]


@dataclass(frozen=True)
class Player:
    """One who moves.

    Attributes:
        name: names the optimizer's configuration too.
        moves: names of the networks it changes; all others are frozen while it plays.
        play: from (networks, draw) to a move.
        stream: which draw it gets; players with the same stream see the same samples and noise.
        latent: whether it needs latents; else those of its draw are empty.
        examination: by held-out samples, where there are some; None for a player that never rests.
    """

    name: str
    moves: tuple[str, ...]
    play: Callable[[Networks, Draw], Move]
    stream: int
    latent: bool = True
    examination: Examination | None = None


class Networks(nn.ModuleDict):
    """The named networks of a game, with compiled forms of those that have one."""

    def __init__(self, modules: Mapping[str, nn.Module]) -> None:
        super().__init__(modules)
        self.compiled: dict[str, Callable[..., Tensor]] = {}
        # Gathered once: walking through modules costs as much as a small network's step.
        self._own = {name: list(network.parameters()) for name, network in self.items()}
        followers = (getattr(network, "follow", None) for network in self.values())
        self._followers: list[Callable[[float], None]] = [f for f in followers if callable(f)]

    def use(self, name: str, *, second_order: bool = False) -> Callable[..., Tensor]:
        """The network to call; what torch.compile makes cannot be differentiated twice."""
        plain: Callable[..., Tensor] = self[name]
        return plain if second_order else self.compiled.get(name, plain)

    def follow(self, progress: float) -> None:
        """Tell the networks that change over the run, by a method ``follow``, where it stands."""
        for follow in self._followers:
            follow(progress)

    @contextmanager
    def only(self, moved: tuple[str, ...]) -> Iterator[None]:
        """Within, all networks but ``moved`` are frozen, and weights are normalised once."""
        frozen = [p for name, own in self._own.items() if name not in moved for p in own]
        for parameter in frozen:
            parameter.requires_grad_(False)
        try:
            # Spectral normalisation moves at each look at a weight; within a move it must stand
            # still, or finite differences would measure its movement.
            with cached():
                yield
        finally:
            for parameter in frozen:
                parameter.requires_grad_(True)


@dataclass(frozen=True)
class Penalty:
    """A regularizer with its weight over the run, and how often it is applied."""

    name: str
    regularizer: Regularizer
    weight: Callable[[float], float]
    every: int = 1


Finish = Callable[[Networks, Tensor, Condition, Randomness], Tensor]


class Game(nn.Module):
    """Networks, players and the regularizers whose state is saved with them.

    Attributes:
        networks: by name.
        players: in the order in which they move in one round.
        generator: name of the network that samples are taken from.
        critic: name of the network whose logits say how real a sample looks.
        finish: what is done to the generator's samples before somebody gets them, from (networks,
            encoded samples, condition, randomness); None for nothing.
        chunk_samples: made at a time; a finished sample depends on the chunk that it is of.
    """

    def __init__(
        self,
        networks: Mapping[str, nn.Module],
        players: tuple[Player, ...],
        regularizers: Mapping[str, Regularizer] | None = None,
        *,
        augmentation: Augmentation = unchanged,
        generator: str = "generator",
        critic: str = "discriminator",
        finish: Finish | None = None,
        chunk_samples: int = 250,
    ) -> None:
        super().__init__()
        self.augmentation = augmentation
        self.networks = Networks(networks)
        self.regularizers = nn.ModuleDict(regularizers or {})
        self.players, self.generator, self.critic = players, generator, critic
        self.finish, self.chunk_samples = finish, chunk_samples

    def judge(
        self, x: Tensor, condition: Condition, strength: float, randomness: Randomness
    ) -> Tensor:
        """Logits (N, ...) of encoded samples, augmented as the critic is used to."""
        transform = self.augmentation(x.shape, strength, randomness)
        logits: Tensor = self.networks.use(self.critic)(transform(x), condition)
        return logits

    @torch.no_grad()
    def finished(self, x: Tensor, condition: Condition, seed: int, first: int = 0) -> Tensor:
        """Generated samples (N, ...) as somebody gets them.

        Args:
            x: encoded.
            condition: that they were made under, and perhaps a mask of what may be drawn.
            seed: of the samples.
            first: number of the first of them.
        """
        if self.finish is None:
            return x
        randomness = Randomness(seed, first, FINISHING_STREAM, dtype=x.dtype)
        return self.finish(self.networks, x, condition, randomness)


class AdversarialRules:
    """A generator against a discriminator, under any objective and any regularizers."""

    def __init__(
        self, objective: Objective, penalties: tuple[Penalty, ...], augmentation: Augmentation
    ) -> None:
        self.objective, self.penalties, self.augmentation = objective, penalties, augmentation

    def _critic(self, networks: Networks, draw: Draw, second_order: bool) -> Critic:
        def transform() -> Callable[[Tensor], Tensor]:
            return self.augmentation(draw.real.shape, draw.strength, draw.randomness)

        joint = not getattr(networks["discriminator"], "batch_statistics", False)
        network: Callable[..., Tensor] = networks["discriminator"]
        if not isinstance(network, Embedder):  # the two halves of one have no compiled form
            network = networks.use("discriminator", second_order=second_order)
        return Critic(network, draw.condition, transform(), transform(), joint=joint)

    def discriminator(self, networks: Networks, draw: Draw) -> Move:
        """The discriminator's move: tell real from fake, and stay smooth."""
        due = [p for p in self.penalties if draw.step % p.every == 0]
        second_order = any(p.regularizer.second_order for p in due)
        with torch.no_grad():
            fake = networks.use("generator")(draw.latent, draw.condition)
        critic = self._critic(networks, draw, second_order)
        real, fake = critic.place("real", draw.real), critic.place("fake", fake)
        if second_order and not real.requires_grad:  # what was embedded has a gradient already
            real, fake = real.detach().requires_grad_(True), fake.detach().requires_grad_(True)
        probe = next((p.regularizer.probe for p in due if p.regularizer.probe), None)
        critique = Critique(critic, real, fake, draw.randomness, probe)
        real_logits, fake_logits = critique.real_logits, critique.fake_logits
        objective = self.objective.discriminator(real_logits, fake_logits).mean()
        loss = objective
        scalars = {
            "discriminator_loss": objective.detach(),
            "real_logit": real_logits.detach().mean(),
            "fake_logit": fake_logits.detach().mean(),
            "real_above_fake": (real_logits > fake_logits).detach().float().mean(),
        }
        for penalty in due:
            value = penalty.regularizer(critique).mean()
            loss = loss + penalty.weight(draw.progress) * penalty.every * value
            scalars[penalty.name] = value.detach()
        return Move(loss, scalars)

    def generator(self, networks: Networks, draw: Draw) -> Move:
        """The generator's move: be taken for real."""
        fake = networks.use("generator")(draw.latent, draw.condition)
        return self._be_taken_for_real(networks, draw, fake)

    def _be_taken_for_real(self, networks: Networks, draw: Draw, fake: Tensor) -> Move:
        critic = self._critic(networks, draw, second_order=False)
        (fake_logits,) = critic.logits(("fake", critic.place("fake", fake)))
        real_logits = fake_logits
        if self.objective.paired:
            with torch.no_grad():
                (real_logits,) = critic.logits(("real", critic.place("real", draw.real)))
        loss = self.objective.generator(real_logits, fake_logits).mean()
        return Move(loss, {"generator_loss": loss.detach()})


@register("game", "adversarial")
def adversarial(
    networks: Mapping[str, nn.Module],
    objective: Objective,
    penalties: tuple[Penalty, ...],
    augmentation: Augmentation,
    discriminator_steps: int,
    spec: Spec | None = None,
) -> Game:
    """A generator against a discriminator, a fresh draw for each move."""
    del spec
    rules = AdversarialRules(objective, penalties, augmentation)
    players = [
        Player("discriminator", ("discriminator",), rules.discriminator, stream)
        for stream in range(discriminator_steps)
    ]
    players.append(Player("generator", ("generator",), rules.generator, discriminator_steps))
    regularizers = {p.name: p.regularizer for p in penalties}
    return Game(networks, tuple(players), regularizers, augmentation=augmentation)
