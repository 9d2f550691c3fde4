"""Penalties against closed forms, and finite differences against what they stand for."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from gansmith.game.critic import Critic, Critique
from gansmith.game.randomness import Randomness
from gansmith.game.regularizers import (
    R1,
    R2,
    FiniteDifferenceR1,
    FiniteDifferenceR2,
    GradientPenalty,
    LeCam,
)
from gansmith.protocols import Condition

Network = Callable[[Tensor], Tensor]


def critique(
    network: Network,
    real: Tensor,
    fake: Tensor,
    transform: Network = lambda x: x,
    randomness: Randomness | None = None,
) -> Critique:
    critic = Critic(lambda x, _: network(x), Condition(), transform, transform)
    drawn = randomness or Randomness(0, 0, 0, dtype=torch.float64)
    return Critique(critic, real.requires_grad_(), fake.requires_grad_(), drawn)


def pair(*shape: int) -> tuple[Tensor, Tensor]:
    return torch.randn(shape, dtype=torch.float64), torch.randn(shape, dtype=torch.float64)


def linear(w: Tensor) -> Network:
    return lambda x: (x.flatten(1) * w.flatten()).sum(1)


def quadratic(a: Tensor) -> Network:
    """x -> x'Ax / 2, whose gradient is Ax for a symmetric A."""
    return lambda x: 0.5 * (x.flatten(1) @ a * x.flatten(1)).sum(1)


def symmetric(d: int) -> Tensor:
    a = torch.randn(d, d, dtype=torch.float64)
    return (a + a.T) / 2


@given(shape=st.lists(st.integers(1, 4), min_size=1, max_size=3), n=st.integers(1, 3))
@settings(max_examples=25, deadline=None)
def test_r1_and_r2_of_a_linear_discriminator(shape: list[int], n: int) -> None:
    torch.manual_seed(0)
    w = torch.randn(shape, dtype=torch.float64)
    given_pair = critique(linear(w), *pair(n, *shape))
    expected = 0.5 * w.square().sum().expand(n)
    torch.testing.assert_close(R1()(given_pair), expected)
    torch.testing.assert_close(R2()(given_pair), expected)


@given(shape=st.lists(st.integers(1, 3), min_size=1, max_size=3), n=st.integers(1, 3))
@settings(max_examples=25, deadline=None)
def test_r1_and_r2_of_a_quadratic_discriminator(shape: list[int], n: int) -> None:
    torch.manual_seed(0)
    a, (real, fake) = symmetric(math.prod(shape)), pair(n, *shape)
    given_pair = critique(quadratic(a), real, fake)
    for penalty, x in ((R1(), real), (R2(), fake)):
        expected = 0.5 * (x.detach().flatten(1) @ a).square().sum(1)
        torch.testing.assert_close(penalty(given_pair), expected)


def test_penalties_are_taken_before_the_augmentation() -> None:
    w = torch.tensor([3.0, 4.0], dtype=torch.float64)
    doubled = critique(linear(w), *pair(1, 2), transform=lambda x: 2 * x)
    assert R1()(doubled).item() == pytest.approx(0.5 * 4 * 25)
    assert GradientPenalty()(doubled).item() == pytest.approx((10 - 1) ** 2)


def test_logits_of_patches_count_together() -> None:
    """A discriminator with logits (N, 2) is penalised as their sum."""
    w = torch.randn(2, 5, dtype=torch.float64)
    given_pair = critique(lambda x: x @ w.T, *pair(3, 5))
    torch.testing.assert_close(R1()(given_pair), 0.5 * w.sum(0).square().sum().expand(3))
    assert FiniteDifferenceR1()(given_pair).shape == (3,)
    assert LeCam()(given_pair).shape == (3,)


def test_gradient_penalty_of_a_linear_discriminator() -> None:
    w = torch.randn(2, 3, dtype=torch.float64)
    value = GradientPenalty()(critique(linear(w), *pair(4, 2, 3)))
    torch.testing.assert_close(value, (w.norm() - 1).square().expand(4))


def test_gradient_penalty_looks_between_real_and_fake() -> None:
    """Of D = x'x / 2 the gradient is the point itself: all of them lie on the segment."""
    one = torch.ones(200, 2, dtype=torch.float64)
    value = GradientPenalty()(critique(quadratic(torch.eye(2).double()), one.clone(), 3 * one))
    norms = 1 + value.sqrt()
    assert norms.min() >= math.sqrt(2) - 1e-9
    assert norms.max() <= 3 * math.sqrt(2) + 1e-9
    assert norms.mean().item() == pytest.approx(2 * math.sqrt(2), rel=0.1)


def test_gradient_penalty_of_a_dead_discriminator_has_a_gradient() -> None:
    w = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    GradientPenalty()(critique(linear(w), *pair(3, 2))).sum().backward()
    assert w.grad is not None
    assert torch.isfinite(w.grad).all()


def test_lecam_by_hand() -> None:
    """Squares of the distances to the other side's anchor; the anchors then move half-way."""
    lecam = LeCam(decay=0.5)
    given_pair = critique(
        lambda x: x[:, 0], torch.tensor([[2.0], [4.0]]), torch.tensor([[-2.0]] * 2)
    )
    torch.testing.assert_close(lecam(given_pair), torch.tensor([2.0**2 + 2**2, 4**2 + 2**2]))
    # Anchors now: real 1.5, fake -1.
    expected = torch.tensor([(2 + 1) ** 2 + (-2 - 1.5) ** 2, (4 + 1) ** 2 + (-2 - 1.5) ** 2])
    torch.testing.assert_close(lecam(given_pair), expected)
    torch.testing.assert_close(lecam.anchors, torch.tensor([2.25, -1.5]))
    assert set(lecam.state_dict()) == {"anchors"}


@pytest.mark.parametrize(
    ("approximate", "exact"), [(FiniteDifferenceR1, R1), (FiniteDifferenceR2, R2)]
)
def test_finite_differences_are_right_on_average(
    approximate: type[FiniteDifferenceR1 | FiniteDifferenceR2], exact: type[R1 | R2]
) -> None:
    torch.manual_seed(0)
    w, (real, fake) = torch.randn(6, dtype=torch.float64), pair(1, 6)
    many = critique(lambda x: (x @ w).tanh(), real.repeat(20_000, 1), fake.repeat(20_000, 1))
    found = approximate(epsilon=1e-3)(many)
    # Each is half the square of a normal number: its deviation is sqrt(2) times its mean.
    tolerance = 4 * math.sqrt(2 / len(found))
    assert found.mean().item() == pytest.approx(exact()(many)[0].item(), rel=tolerance)


class Antithetic(Randomness):
    """Each direction with its opposite, so that odd powers of epsilon cancel as on average."""

    def normal(self, n: int, *shape: int) -> Tensor:
        half = super().normal(n // 2, *shape)
        return torch.cat([half, -half])


@pytest.mark.parametrize("kind", ["quadratic", "tanh"])
def test_the_error_of_finite_differences_is_of_second_order(kind: str) -> None:
    """Mean of ((D(x + en) - D(x)) / e)^2 is the squared gradient plus a term in e^2."""
    torch.manual_seed(0)
    network = quadratic(symmetric(3)) if kind == "quadratic" else lambda x: x.sum(1).tanh()
    n, x = 400, 0.3 * torch.ones(1, 3, dtype=torch.float64)

    def penalty(epsilon: float) -> float:
        drawn = Antithetic(0, 0, 0, dtype=torch.float64)
        many = critique(network, x.repeat(n, 1), x.repeat(n, 1), randomness=drawn)
        return FiniteDifferenceR1(epsilon=epsilon)(many).mean().item()

    limit = penalty(1e-5)
    epsilons = [0.08, 0.04, 0.02, 0.01]
    errors = [math.log(abs(penalty(e) - limit)) for e in epsilons]
    slopes = [(a - b) / math.log(2) for a, b in pairwise(errors)]
    assert slopes == pytest.approx([2, 2, 2], abs=0.1)


def test_finite_differences_see_the_same_augmentation_twice() -> None:
    """With a transformation that changed between the two looks, the slope would be about 1/e."""
    w = torch.ones(4, dtype=torch.float64)
    given_pair = critique(linear(w), *pair(50, 4), transform=lambda x: 2 * x)
    assert FiniteDifferenceR1(epsilon=1e-4)(given_pair).mean() < 100


class Halves(torch.nn.Module):
    """embed: x -> xW, of unit length; judge: a quadratic."""

    def __init__(self, a: Tensor, inputs: int) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.randn(inputs, len(a), dtype=a.dtype))
        self.judge_flat = quadratic(a)

    def embed(self, x: Tensor) -> Tensor:
        return torch.nn.functional.normalize(x @ self.weight)

    def judge(self, embedded: Tensor, condition: Condition) -> Tensor:
        del condition
        return self.judge_flat(embedded)

    def forward(self, x: Tensor, condition: Condition) -> Tensor:
        return self.judge(self.embed(x), condition)


def test_an_embedder_is_penalised_in_its_own_space() -> None:
    torch.manual_seed(0)
    a = symmetric(3)
    network, (real, fake) = Halves(a, 5), pair(4, 5)
    critic = Critic(network, Condition(), lambda x: 2 * x, lambda x: -x)
    places = critic.place("real", real), critic.place("fake", fake)
    torch.testing.assert_close(places[1], network.embed(-fake))
    given_pair = Critique(critic, *places, Randomness(0, 0, 0, dtype=torch.float64))
    torch.testing.assert_close(given_pair.fake_logits, network(-fake, Condition()))
    for penalty, x in ((R1(), places[0]), (R2(), places[1])):
        expected = 0.5 * (x @ a).square().sum(1)
        torch.testing.assert_close(penalty(given_pair), expected)
    # It teaches the embedding too, which can turn but not grow.
    gradient = torch.autograd.grad(R1()(given_pair).sum(), network.weight, retain_graph=True)[0]
    assert gradient.any()
    before = R1()(given_pair).detach()
    with torch.no_grad():
        network.weight.mul_(3)
    again = Critique(critic, critic.place("real", real), places[1], given_pair.randomness)
    torch.testing.assert_close(R1()(again), before)
