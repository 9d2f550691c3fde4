"""When something is due, what moves on the cosine, and the averages of weights."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from gansmith.config import AugmentConfig, Cosine, EmaConfig, OptimizerConfig, TrainConfig
from gansmith.errors import DivergedError
from gansmith.trainer.ema import WeightAverage
from gansmith.trainer.monitors import Overfitting, RunningMeans
from gansmith.trainer.schedule import interval, is_due, make_optimizer, set_schedule


@given(st.integers(1, 64), st.integers(1, 500), st.integers(1, 200))
def test_something_is_due_once_for_each_multiple(batch: int, every: int, rounds: int) -> None:
    """With an interval below the batch: once a round, as that is the most there can be."""
    positions = range(batch, batch * rounds + 1, batch)
    dues = sum(is_due(every, position, batch) for position in positions)
    assert dues == (positions[-1] // every if every >= batch else rounds)


@given(st.integers(1, 10**7), st.integers(1, 512), st.sampled_from([10, 20, 200]))
def test_intervals_divide_a_run(samples: int, batch: int, pieces: int) -> None:
    config = TrainConfig(samples=samples, batch_size=batch)
    every = interval(config, 0, pieces)
    assert every >= batch
    assert samples // every <= pieces
    assert interval(config, 7, pieces) == 7


def test_optimizers_follow_the_cosine() -> None:
    config = OptimizerConfig(lr=Cosine(1.0, 0.0), beta2=Cosine(0.9, 0.99))
    optimizer = make_optimizer(config, [nn.Parameter(torch.zeros(1))])
    for progress, lr, beta2 in [(0.0, 1.0, 0.9), (0.5, 0.5, 0.945), (1.0, 0.0, 0.99)]:
        set_schedule(optimizer, config, progress)
        group = optimizer.param_groups[0]
        assert group["lr"] == pytest.approx(lr)
        assert group["betas"] == (0.0, pytest.approx(beta2))


@given(lr=st.floats(1e-4, 0.5), decay=st.floats(1e-3, 1.0), moves=st.integers(1, 5))
def test_decay_takes_its_share_off_weights_alone(lr: float, decay: float, moves: int) -> None:
    layer = nn.Linear(3, 2, dtype=torch.float64)
    weight, bias = layer.weight.detach().clone(), layer.bias.detach().clone()
    config = OptimizerConfig(lr=Cosine(lr, lr), weight_decay=decay)
    optimizer = make_optimizer(config, layer.parameters())
    for _ in range(moves):
        layer.weight.grad, layer.bias.grad = torch.zeros_like(weight), torch.zeros_like(bias)
        optimizer.step()
    torch.testing.assert_close(layer.weight.detach(), weight * (1 - lr * decay) ** moves)
    torch.testing.assert_close(layer.bias.detach(), bias)


@given(st.integers(1, 64), st.integers(1, 60), st.floats(1, 1e4))
def test_an_average_forgets_half_of_itself_in_a_half_life(
    batch: int, rounds: int, half_life: float
) -> None:
    network = nn.Linear(1, 1, bias=False, dtype=torch.float64)
    network.weight.data.fill_(0.0)
    config = EmaConfig(half_life_samples=Cosine(half_life, half_life))
    average = WeightAverage(network, config)
    network.weight.data.fill_(1.0)
    for i in range(1, rounds + 1):
        average.update(i * batch, batch, i / rounds)
    forgotten = 1 - 0.5 ** (rounds * batch / half_life)
    assert float(average.best().weight) == pytest.approx(forgotten, rel=1e-9)  # type: ignore[arg-type]


@given(st.floats(0.01, 1.0), st.integers(2, 40))
def test_with_a_rampup_the_half_life_is_a_share_of_the_samples_so_far(
    rampup: float, rounds: int
) -> None:
    network = nn.Linear(1, 1, bias=False, dtype=torch.float64)
    network.weight.data.fill_(0.0)
    config = EmaConfig(half_life_samples=Cosine(1e9, 1e9), rampup=rampup)
    average = WeightAverage(network, config)
    network.weight.data.fill_(1.0)
    kept = 1.0
    for i in range(1, rounds + 1):
        average.update(i, 1, 0.5)
        kept *= 0.5 ** (1 / (rampup * i))
    assert float(average.best().weight) == pytest.approx(1 - kept, rel=1e-9)  # type: ignore[arg-type]


def test_without_a_half_life_the_average_is_the_network() -> None:
    network = nn.BatchNorm1d(3)
    average = WeightAverage(network, EmaConfig(half_life_samples=Cosine(0, 0)))
    network(torch.randn(5, 3))
    network.weight.data.fill_(1 / 3)
    average.update(5, 5, 0.5)
    copied = average.best()
    assert torch.equal(copied.weight, network.weight)  # type: ignore[arg-type]
    assert torch.equal(copied.running_mean, network.running_mean)  # type: ignore[arg-type]
    assert not copied.training


def test_no_average_is_the_network_itself() -> None:
    network = nn.Linear(1, 1)
    average = WeightAverage(network, EmaConfig("none"))
    average.update(1, 1, 0.5)
    assert average.best() is network
    assert average.tensors() == {}


@given(st.lists(st.floats(-1e3, 1e3, width=32), min_size=1, max_size=20), st.integers(0, 19))
def test_means_go_on_exactly_from_their_state(values: list[float], cut: int) -> None:
    whole, first, second = RunningMeans(), RunningMeans(), RunningMeans()
    for value in values:
        whole.add({"a": torch.tensor(value)})
    for value in values[:cut]:
        first.add({"a": torch.tensor(value)})
    second.load(first.state(), torch.device("cpu"))
    for value in values[cut:]:
        second.add({"a": torch.tensor(value)})
    assert second.means() == whole.means()
    assert whole.means()["a"] == pytest.approx(sum(values) / len(values), abs=1e-2)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_one_bad_value_is_not_lost_among_good_ones(value: float) -> None:
    means = RunningMeans()
    for seen in (1.0, value, 2.0):
        means.add({"loss": torch.tensor(seen), "other": torch.tensor(1.0)})
    with pytest.raises(DivergedError, match="loss is not") as error:
        means.require_finite(640, str)
    assert "other" not in error.value.what
    means.clear()
    means.require_finite(640, str)


def look(overfitting: Overfitting, train: float, holdout: float) -> None:
    for _ in range(100):
        overfitting.look(train, -1.0, holdout, samples=64, progress=0.5)


def test_overfitting_is_where_held_out_samples_lie_between_training_and_fake() -> None:
    for holdout, r in [(1.0, 0.0), (0.0, 0.5), (-1.0, 1.0), (2.0, 0.0), (-9.0, 1.0)]:
        overfitting = Overfitting(AugmentConfig())
        assert overfitting.value == 0
        look(overfitting, 1.0, holdout)
        assert overfitting.value == pytest.approx(r)
    backwards = Overfitting(AugmentConfig())
    look(backwards, -2.0, 5.0)
    assert backwards.value == 0


def test_the_adaptive_strength_rises_and_falls_and_has_bounds() -> None:
    config = AugmentConfig(adaptive=True, strength=Cosine(0.6, 0.6), ramp_samples=640)
    overfitting = Overfitting(config)
    overfitting.look(1.0, -1.0, -1.0, samples=64, progress=0.0)
    assert overfitting.strength == pytest.approx(0.1)
    look(overfitting, 1.0, -1.0)
    assert overfitting.strength == 0.6
    look(overfitting, 1.0, 1.0)
    assert overfitting.strength == 0.0
