"""Recipes for points: functions that return a frozen experiment."""

from __future__ import annotations

from gansmith.config import (
    Component,
    Cosine,
    DataConfig,
    EmaConfig,
    Experiment,
    GameConfig,
    LatentConfig,
    OptimizerConfig,
    RegularizerConfig,
    TrainConfig,
)
from gansmith.data.dataset import Dataset
from gansmith.registry import register


@register("recipe", "points")
def points(dataset: Dataset, data: DataConfig) -> Experiment:
    """Points in the plane: ``gansmith train grid --minutes 2``.

    After two minutes of one core, in each of ten seeds: all 8 modes of ``ring`` and all 25 of
    ``grid``, with 98 and 97 % of the samples on a mode (99 % of real ones), and 0.77 and 0.57 of
    the true spread within a mode.
    """
    del dataset
    player = OptimizerConfig(lr=Cosine(5e-3, 1e-4), beta2=Cosine(0.9, 0.99, until=0.9))
    weight = Cosine(1.0, 0.03, until=0.9, log=True)
    penalties = (
        RegularizerConfig("fd-r1", weight, options={"epsilon": 1e-3}),
        RegularizerConfig("fd-r2", weight, options={"epsilon": 1e-3}),
    )
    return Experiment(
        recipe="points",
        modality="points",
        data=data,
        generator=Component("mlp"),
        discriminator=Component("mlp"),
        latent=LatentConfig("uniform", 2),
        game=GameConfig(regularizers=penalties),
        players={"discriminator": player, "generator": player},
        ema=EmaConfig(half_life_samples=Cosine(0, 50_000)),
        train=TrainConfig(minutes=2.0, batch_size=128),
    )
