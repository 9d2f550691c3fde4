"""Recipes for texts: functions that return a frozen experiment."""

from __future__ import annotations

from gansmith.config import (
    CodecConfig,
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
from gansmith.modalities.text.codec import MOST_TOKENS
from gansmith.modalities.text.generator import PLAN_NUMBERS
from gansmith.registry import register


@register("recipe", "text")
def text(dataset: Dataset, data: DataConfig) -> Experiment:
    """Sentences, by a latent GAN: ``gansmith train sentences.txt``.

    A denoising autoencoder learns for most of the time; the game is about its plans.
    """
    del dataset
    player = OptimizerConfig(lr=Cosine(1e-3, 5e-5), beta2=Cosine(0.9, 0.99))
    weight = Cosine(0.5, 0.5)
    return Experiment(
        recipe="text",
        modality="text",
        data=data,
        codec=CodecConfig(
            name="text-latents",
            share=0.8,
            optimizer=OptimizerConfig(
                lr=Cosine(5e-3, 5e-5), beta1=0.9, beta2=Cosine(0.98, 0.98), weight_decay=0.01
            ),
        ),
        generator=Component("plan", {"width": 128}),
        discriminator=Component("plan", {"width": 256}),
        latent=LatentConfig("normal", PLAN_NUMBERS + MOST_TOKENS + 1),
        game=GameConfig(
            regularizers=(
                RegularizerConfig("r1", weight, every=4),
                RegularizerConfig("r2", weight, every=4),
            )
        ),
        players={"discriminator": player, "generator": player},
        ema=EmaConfig(half_life_samples=Cosine(0, 50_000)),
        train=TrainConfig(minutes=10.0, batch_size=256),
    )
