"""The Dirac-GAN: one point of data at 0, one fake at theta, D(x) = psi x.

Mescheder et al. 2018 (arXiv:1801.04406), section 2 and lemmas 2.1, 3.3 and C.1.
"""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from gansmith.game.critic import Critic, Critique
from gansmith.game.game import Draw, Penalty, adversarial, unchanged
from gansmith.game.objectives import Minimax, NonSaturating, Objective, Relativistic
from gansmith.game.randomness import Randomness
from gansmith.game.regularizers import R1
from gansmith.protocols import Condition


def gradient_field(players: Tensor, objective: Objective, gamma: float) -> Tensor:
    """(-d generator's loss / d theta, -d discriminator's loss / d psi) at (theta, psi)."""
    theta, psi = players.unbind()
    critic = Critic(lambda x, _: psi * x[:, 0], Condition(), lambda x: x, lambda x: x)
    real = torch.zeros(1, 1, dtype=players.dtype, requires_grad=True)
    critique = Critique(critic, real, theta.view(1, 1), Randomness(0, 0, 0))
    logits = critique.real_logits, critique.fake_logits
    generator = objective.generator(*logits).mean()
    discriminator = objective.discriminator(*logits).mean() + gamma * R1()(critique).mean()
    (down_theta,) = torch.autograd.grad(generator, theta, create_graph=True)
    (down_psi,) = torch.autograd.grad(discriminator, psi, create_graph=True)
    return -torch.stack([down_theta, down_psi])


@pytest.mark.parametrize("objective", [Minimax(), NonSaturating(), Relativistic()])
@pytest.mark.parametrize("gamma", [0.0, 0.3, 1.0, 2.0])
def test_eigenvalues_at_the_equilibrium(objective: Objective, gamma: float) -> None:
    at = torch.zeros(2, dtype=torch.float64)
    jacobian = torch.autograd.functional.jacobian(
        lambda players: gradient_field(players, objective, gamma), at
    )
    found = torch.linalg.eigvals(jacobian)
    root = torch.sqrt(torch.tensor(gamma**2 / 4 - 1 / 4, dtype=torch.complex128))
    expected = torch.stack([-gamma / 2 + root, -gamma / 2 - root])
    # A double eigenvalue (gamma = 1) is only found to the root of the rounding error.
    order = [sorted(e.tolist(), key=lambda v: (v.imag, v.real)) for e in (found, expected)]
    assert order[0] == pytest.approx(order[1], abs=1e-6)


class Slope(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.psi = nn.Parameter(torch.tensor(1.0))

    def forward(self, x: Tensor, condition: Condition) -> Tensor:
        return self.psi * x[:, 0]


class Point(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.theta = nn.Parameter(torch.tensor(1.0))

    def forward(self, latent: Tensor, condition: Condition) -> Tensor:
        return self.theta.expand(len(latent), 1)


def distance_after(gamma: float, rounds: int, lr: float = 0.1) -> float:
    """How far the players of the whole game stand from the equilibrium; they start at sqrt(2)."""
    networks = {"generator": Point(), "discriminator": Slope()}
    penalty = Penalty("r1", R1(), weight=lambda _: gamma)
    # Minimax, whose field turns about the equilibrium at any distance; the others do so near it.
    game = adversarial(networks, Minimax(), (penalty,), unchanged, 1)
    for step in range(rounds):
        for player in game.players:
            draw = Draw(torch.zeros(1, 1), torch.zeros(1, 1), Condition(), Randomness(0, step, 0))
            with game.networks.only(player.moves):
                player.play(game.networks, draw).loss.backward()
            with torch.no_grad():
                for parameter in game.networks[player.moves[0]].parameters():
                    parameter -= lr * parameter.grad  # type: ignore[operator]
                    parameter.grad = None
    return math.hypot(*(p.item() for p in game.networks.parameters()))


def test_the_game_circles_without_r1_and_converges_with_it() -> None:
    assert distance_after(gamma=0.0, rounds=300) > 1.0
    assert distance_after(gamma=1.0, rounds=300) < 1e-3
