"""The classic recipes are what their papers say, and their networks are those of a DCGAN."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from gansmith import modalities, registry
from gansmith.config import DataConfig, Experiment
from gansmith.data import Dataset, open_source
from gansmith.game.build import build_game, check
from gansmith.protocols import Condition, Spec

assert modalities


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return open_source(DataConfig("digits"))


@pytest.mark.parametrize(
    ("name", "objective", "batch", "steps", "lr", "betas"),
    [
        ("dcgan", "non-saturating", 128, 1, 2e-4, (0.5, 0.999)),
        ("wgan-gp", "wasserstein", 64, 5, 1e-4, (0.0, 0.9)),
        ("sngan", "hinge", 64, 1, 2e-4, (0.5, 0.999)),
    ],
)
def test_as_published(
    digits: Dataset, name: str, objective: str, batch: int, steps: int, lr: float,
    betas: tuple[float, float],
):  # fmt: skip
    recipe = registry.get("recipe", name)
    experiment: Experiment = recipe.build(digits, DataConfig("digits"))
    check(experiment)
    assert experiment.recipe == name
    assert experiment.game.objective.name == objective
    assert (experiment.train.batch_size, experiment.game.discriminator_steps) == (batch, steps)
    for player in experiment.players.values():
        for progress in (0.0, 1.0):
            assert player.lr.at(progress) == lr
            assert (player.beta1, player.beta2.at(progress)) == betas
    assert experiment.ema.name == "none"
    assert "arXiv" in (recipe.build.__doc__ or "")
    assert f"--recipe {name}" in recipe.summary


@pytest.mark.parametrize("name", ["dcgan", "wgan-gp", "sngan"])
def test_networks(digits: Dataset, name: str):
    experiment: Experiment = registry.get("recipe", name).build(digits, DataConfig("digits"))
    networks = build_game(experiment, Spec((1, 28, 28), 0, "tanh")).networks
    layers = {key: list(network.modules()) for key, network in networks.items()}
    assert any(isinstance(layer, nn.BatchNorm2d) for layer in layers["generator"])
    batch_norm = any(isinstance(layer, nn.BatchNorm2d) for layer in layers["discriminator"])
    assert batch_norm == (name == "dcgan")
    spectral = any(nn.utils.parametrize.is_parametrized(layer) for layer in layers["discriminator"])
    assert spectral == (name == "sngan")
    fake = networks["generator"](torch.randn(2, experiment.latent.size), Condition())
    assert fake.shape == (2, 1, 28, 28)
    assert networks["discriminator"](fake, Condition()).shape == (2,)
