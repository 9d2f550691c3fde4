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
from gansmith.registry import register


@register("recipe", "text")
def text(dataset: Dataset, data: DataConfig) -> Experiment:
    """Sentences, by a latent GAN: ``gansmith train sentences.txt``.

    A denoising autoencoder learns for two thirds of the time; the game is played in its latents,
    all of which a perceptron sees at once. In equal time `mixer` networks, which mix latent tokens
    and numbers in turn, came less far (40 CPU seconds of the game on captions, one seed).
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
            share=0.65,
            optimizer=OptimizerConfig(lr=Cosine(4e-3, 8e-5), beta1=0.9, beta2=Cosine(0.98, 0.98)),
        ),
        generator=Component("mlp", {"width": 384}),
        discriminator=Component("mlp", {"width": 384, "depth": 3, "fourier": 0}),
        latent=LatentConfig("normal", 128),
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
