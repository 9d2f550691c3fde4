"""The Dirac game: one real number, 0, one fake, theta, and D(x) = psi x.

Mescheder et al. 2018 (arXiv:1801.04406), section 2: the smallest game that shows whether players
circle about their equilibrium or reach it.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from gansmith import registry
from gansmith.config import Component, OptimizerConfig, constant
from gansmith.game.game import Draw, Penalty, adversarial, unchanged
from gansmith.game.objectives import Objective
from gansmith.game.randomness import Randomness
from gansmith.protocols import Condition
from gansmith.serving.limits import RefusedError
from gansmith.studio.learn.play import Play
from gansmith.studio.learn.points import PENALTIES

# Half the side of the plane that is shown, its arrows along a side, and moves of the trail.
HALF, FIELD, TRAIL = 2.0, 11, 600


class Slope(nn.Module):
    """D(x) = psi x; psi starts at 1."""

    def __init__(self) -> None:
        super().__init__()
        self.psi = nn.Parameter(torch.tensor(1.0, dtype=torch.float64))

    def forward(self, x: Tensor, condition: Condition) -> Tensor:
        """(N, 1) -> logits (N,)."""
        del condition
        return self.psi * x[:, 0]


class Point(nn.Module):
    """G gives theta, whatever the latent; theta starts at 1."""

    def __init__(self) -> None:
        super().__init__()
        self.theta = nn.Parameter(torch.tensor(1.0, dtype=torch.float64))

    def forward(self, latent: Tensor, condition: Condition) -> Tensor:
        """(N, any) -> (N, 1)."""
        del condition
        return self.theta.expand(len(latent), 1)


class DiracPlay(Play):
    """Two numbers that chase each other, by plain gradient steps of ``d_lr`` and ``g_lr``."""

    letters = "rdg"

    def _build(self) -> None:
        chosen = self.settings
        self.objective: Objective = registry.build("objective", Component(chosen.objective))
        options = {"epsilon": 1e-3}
        penalties = tuple(
            Penalty(name, registry.build("regularizer", Component(
                name, options if name.startswith("fd-") else {})), constant(chosen.weight).at)
            for name in PENALTIES[chosen.penalty]
        )  # fmt: skip
        self.point, self.slope = Point(), Slope()
        networks = {"generator": self.point, "discriminator": self.slope}
        self.game = adversarial(networks, self.objective, penalties, unchanged, 1)
        self.optimize_with({
            "discriminator": OptimizerConfig("sgd", constant(chosen.d_lr)),
            "generator": OptimizerConfig("sgd", constant(chosen.g_lr)),
        })  # fmt: skip
        self.trail = [self.at]

    @property
    def at(self) -> tuple[float, float]:
        """(theta, psi)."""
        return (self.point.theta.item(), self.slope.psi.item())

    @property
    def equilibrium(self) -> tuple[float, float]:
        """The losses at (0, 0), where this discriminator answers 0 everywhere."""
        zero = torch.zeros(1, dtype=torch.float64)
        players = (self.objective.discriminator, self.objective.generator)
        d, g = (float(loss(zero, zero)) for loss in players)
        return (d, g)

    def _draw(self) -> Draw:
        number = len(self.singles)
        random = Randomness(self.settings.seed, number, 0, dtype=torch.float64)
        zero = torch.zeros(1, 1, dtype=torch.float64)
        return Draw(zero, zero, Condition(), random, step=number)

    def _move(self, letter: str) -> None:
        name = "discriminator" if letter == "d" else "generator"
        player = self.game.players[0 if letter == "d" else 1]
        self.note(name, self.step(player, self._draw())[f"{name}_loss"])
        self.trail.append(self.at)
        del self.trail[:-TRAIL]

    def scene(self) -> dict[str, Any]:
        """The plane, and the way down for both players everywhere."""
        return {"half": HALF, "field": self.field}

    def frame(self) -> dict[str, Any]:
        """Where the players stand, and where they came from."""
        return {
            "at": self.at,
            "away": math.hypot(*self.at),
            "trail": [[round(v, 4) for v in at] for at in self.trail],
        }

    @cached_property
    def field(self) -> list[list[float]]:
        """(theta, psi, its change, its change) on a grid: both losses' gradients, turned down."""
        ticks = torch.linspace(-HALF, HALF, FIELD, dtype=torch.float64).tolist()
        kept, found = self.at, []
        for theta in ticks:
            for psi in ticks:
                self._put(theta, psi)
                ways = []
                for player, value in (
                    (self.game.players[1], self.point.theta),
                    (self.game.players[0], self.slope.psi),
                ):
                    with self.game.networks.only(player.moves):
                        loss = player.play(self.game.networks, self._draw()).loss
                        (gradient,) = torch.autograd.grad(loss, value)
                    ways.append(round(-float(gradient), 4))
                found.append([theta, psi, *ways])
        self._put(*kept)
        return found

    @torch.no_grad()
    def _put(self, theta: float, psi: float) -> None:
        self.point.theta.fill_(theta)
        self.slope.psi.fill_(psi)

    def critic(self) -> dict[str, Any]:
        """Nobody to ask: two points are always told apart, or are the same."""
        raise RefusedError(422, "In the Dirac game there is nothing for a fresh critic to learn.")
