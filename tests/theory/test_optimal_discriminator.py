"""What a discriminator becomes against a fixed generator: a function of p / q."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Normal

from gansmith.game.objectives import LeastSquares, Minimax, NonSaturating, Relativistic

P, Q = Normal(0.0, 1.0), Normal(1.0, 1.5)
GRID = torch.linspace(-2.5, 3.5, 61, dtype=torch.float64)


def quantiles(distribution: Normal, n: int) -> Tensor:
    """(n, 1): the samples that stand for a distribution with the least noise."""
    return distribution.icdf((torch.arange(n, dtype=torch.float64) + 0.5) / n)[:, None]


def log_ratio() -> Tensor:
    return P.log_prob(GRID) - Q.log_prob(GRID)


class Quadratic(nn.Module):
    """Logits quadratic in x: what log p/q is for two normals."""

    def __init__(self) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.zeros(3, dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        return (torch.cat([x**0, x, x**2], 1) * self.weights).sum(1)


def minimised(network: nn.Module, loss: Callable[[], Tensor], iterations: int = 100) -> None:
    optimizer = torch.optim.LBFGS(
        network.parameters(), max_iter=iterations, line_search_fn="strong_wolfe"
    )

    def closure() -> Tensor:
        optimizer.zero_grad()
        value = loss()
        value.backward()
        return value

    optimizer.step(closure)  # type: ignore[arg-type]


@pytest.mark.parametrize("objective", [NonSaturating(), Minimax()])
def test_cross_entropy_finds_the_share_of_p(objective: NonSaturating) -> None:
    """Goodfellow et al. 2014 (arXiv:1406.2661), proposition 1."""
    real, fake, network = quantiles(P, 4000), quantiles(Q, 4000), Quadratic()
    minimised(network, lambda: objective.discriminator(network(real), network(fake)).mean())
    found = network(GRID[:, None]).sigmoid()
    torch.testing.assert_close(found, log_ratio().sigmoid(), atol=0.01, rtol=0)


def test_least_squares_finds_the_share_of_p_itself() -> None:
    """Mao et al. 2017 (arXiv:1611.04076), eq. 4 with b = 1 and a = 0."""
    torch.manual_seed(0)
    real, fake = quantiles(P, 1000), quantiles(Q, 1000)
    network = nn.Sequential(nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 1)).double()
    objective = LeastSquares()
    minimised(network, lambda: objective.discriminator(network(real), network(fake)).mean(), 200)
    found = network(GRID[:, None])[:, 0]
    torch.testing.assert_close(found, log_ratio().sigmoid(), atol=0.03, rtol=0)


def test_the_relativistic_discriminator_finds_the_log_ratio_up_to_a_constant() -> None:
    real, fake, network = quantiles(P, 500), quantiles(Q, 500), Quadratic()
    objective = Relativistic()
    minimised(
        network,
        # Every real sample against every fake.
        lambda: objective.discriminator(network(real)[:, None], network(fake)[None]).mean(),
    )
    found, expected = network(GRID[:, None]), log_ratio()
    torch.testing.assert_close(found - found[0], expected - expected[0], atol=0.05, rtol=0)


def test_the_value_of_the_game_is_the_jensen_shannon_divergence() -> None:
    """Goodfellow et al. 2014, eq. 5: V = -log 4 + 2 JSD(p, q) under the best discriminator."""
    x = torch.linspace(-12, 14, 20001, dtype=torch.float64)
    p, q = P.log_prob(x).exp(), Q.log_prob(x).exp()
    logits, middle = (p / q).log(), (p + q) / 2
    objective = Minimax()
    loss = p * objective.real_term(logits) + q * objective.fake_term(logits)
    divergence = 0.5 * (p * (p / middle).log() + q * (q / middle).log())
    value, expected = (torch.trapezoid(y, x).item() for y in (-loss, 2 * divergence))
    assert value == pytest.approx(expected - torch.log(torch.tensor(4.0)).item(), abs=1e-6)
