"""Identities that the objectives' formulas must keep."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from gansmith.game import objectives
from gansmith.game.objectives import (
    Hinge,
    LeastSquares,
    Minimax,
    NonSaturating,
    Objective,
    Relativistic,
    Separable,
    Wasserstein,
)

ALL: list[Objective] = [
    Relativistic(), NonSaturating(), Minimax(), LeastSquares(), Hinge(), Wasserstein(),
]  # fmt: skip
# The logit that a discriminator gives everywhere when it cannot tell.
UNDECIDED = {LeastSquares: 0.5}

logit = st.floats(-20, 20)
quick = settings(deadline=None, max_examples=30)


def number(value: float) -> Tensor:
    return torch.tensor([value], dtype=torch.float64, requires_grad=True)


def slope(value: Tensor, at: Tensor) -> float:
    (gradient,) = torch.autograd.grad(value.sum(), at)
    return gradient.item()


def test_all_objectives_are_tested_here() -> None:
    named = {c for c in vars(objectives).values() if isinstance(c, type)}
    concrete = {c for c in named if issubclass(c, Objective)} - {Objective, Separable}
    assert concrete == {type(o) for o in ALL}


@pytest.mark.parametrize("objective", ALL, ids=lambda o: type(o).__name__)
def test_equilibrium(objective: Objective) -> None:
    real, fake = (number(UNDECIDED.get(type(objective), 0.0)) for _ in range(2))
    losses = objective.discriminator(real, fake), objective.generator(real, fake)
    assert [x.item() for x in losses] == pytest.approx(objective.equilibrium)


@pytest.mark.parametrize("objective", ALL, ids=lambda o: type(o).__name__)
def test_a_constant_discriminator_gains_nothing_at_the_equilibrium(objective: Objective) -> None:
    everywhere = number(UNDECIDED.get(type(objective), 0.0))
    loss = objective.discriminator(everywhere, everywhere)
    assert slope(loss, everywhere) == pytest.approx(0.0)


@pytest.mark.parametrize("objective", ALL, ids=lambda o: type(o).__name__)
@pytest.mark.parametrize("shape", [(3,), (3, 2, 2)])
def test_losses_are_per_sample(objective: Objective, shape: tuple[int, ...]) -> None:
    real, fake = torch.randn(shape), torch.randn(shape)
    assert objective.discriminator(real, fake).shape == shape
    assert objective.generator(real, fake).shape == shape


@pytest.mark.parametrize("objective", ALL, ids=lambda o: type(o).__name__)
@given(value=st.floats(0.01, 0.4))
@quick
def test_the_players_pull_opposite_ways(objective: Objective, value: float) -> None:
    real, fake = number(0.0), number(value)
    assert slope(objective.discriminator(real, fake), fake) > 0
    assert slope(objective.generator(real, fake), fake) < 0


def test_the_value_of_minimax_at_the_equilibrium_is_minus_log_four() -> None:
    zero = number(0.0)
    assert -Minimax().discriminator(zero, zero).item() == pytest.approx(-math.log(4))


@given(value=logit)
@quick
def test_generator_gradients_of_minimax_and_non_saturating(value: float) -> None:
    """-sigmoid(l) vanishes where the discriminator is sure; -(1 - sigmoid(l)) does not."""
    fake = number(value)
    likely = torch.sigmoid(fake).item()
    assert slope(Minimax().generator(fake, fake), fake) == pytest.approx(-likely)
    expected = pytest.approx(likely - 1, abs=1e-12)
    assert slope(NonSaturating().generator(fake, fake), fake) == expected


@given(real=logit, fake=logit, shift=logit)
@quick
def test_relativistic_losses_see_differences_alone(real: float, fake: float, shift: float) -> None:
    objective = Relativistic()
    here = objective.discriminator(number(real), number(fake))
    there = objective.discriminator(number(real + shift), number(fake + shift))
    torch.testing.assert_close(here, there)
    # The generator plays the discriminator's game with the sides exchanged.
    swapped = objective.generator(number(fake), number(real))
    torch.testing.assert_close(here, swapped)


@given(real=logit, fake=logit)
@quick
def test_zero_sum(real: float, fake: float) -> None:
    """In the minimax and the Wasserstein game one player's gain is the other's loss."""
    for objective in (Minimax(), Wasserstein()):
        logits = number(real), number(fake)
        total = objective.discriminator(*logits) + objective.generator(*logits)
        assert slope(total, logits[1]) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("objective", ALL, ids=lambda o: type(o).__name__)
def test_huge_logits_stay_finite(objective: Objective) -> None:
    real, fake = number(-1e4), number(1e4)
    for loss in (objective.discriminator(real, fake), objective.generator(real, fake)):
        assert torch.isfinite(loss).all()
