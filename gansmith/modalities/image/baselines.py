"""Classic GANs as recipes, to compare with: built from the plain convolutional networks' options.

Each follows its paper in loss, penalty, normalisation, optimizer and batch, keeps no average of the
weights, and has constant learning rates. Where one differs from its paper, its docstring says so.
"""

from __future__ import annotations

from gansmith.config import (
    Component,
    DataConfig,
    EmaConfig,
    Experiment,
    GameConfig,
    LatentConfig,
    OptimizerConfig,
    RegularizerConfig,
    Scalar,
    TrainConfig,
    constant,
)
from gansmith.data.dataset import Dataset
from gansmith.registry import register

# What the three have in common: DCGAN's channels, and weights that start with deviation 0.02. From
# 7x7 at 28x28, as is usual for pictures so small: a stage more costs time and brings nothing.
NETWORK: dict[str, Scalar] = {"width": 64, "growth": 2, "smallest": 8, "init": "dcgan"}
GENERATOR = Component("convolutional", {**NETWORK, "normalization": "batch", "activation": "relu"})


def _adam(lr: float, beta1: float, beta2: float) -> OptimizerConfig:
    return OptimizerConfig("adam", constant(lr), beta1, constant(beta2))


def _baseline(
    recipe: str,
    data: DataConfig,
    discriminator: dict[str, Scalar],
    game: GameConfig,
    player: OptimizerConfig,
    latent_size: int,
    batch_size: int,
) -> Experiment:
    return Experiment(
        recipe=recipe,
        modality="image",
        data=data,
        generator=GENERATOR,
        discriminator=Component("convolutional", {**NETWORK, **discriminator}),
        latent=LatentConfig("normal", latent_size),
        game=game,
        players={"discriminator": player, "generator": player},
        ema=EmaConfig("none"),
        train=TrainConfig(minutes=10.0, batch_size=batch_size),
    )


@register("recipe", "dcgan")
def dcgan(dataset: Dataset, data: DataConfig) -> Experiment:
    """DCGAN, to compare with: ``gansmith train photos/ --recipe dcgan``.

    Radford et al. 2016 (arXiv:1511.06434). Non-saturating loss, batch normalisation in both
    networks, Adam(2e-4, 0.5, 0.999), batch 128, 100 latent numbers. Deviates from the paper: these
    are normal, not uniform, as in most implementations since; pictures are not scaled to 64x64.
    Not measured yet: ``python -m benchmarks pictures``.
    """
    del dataset
    return _baseline(
        "dcgan",
        data,
        {"normalization": "batch"},
        GameConfig(objective=Component("non-saturating")),
        _adam(2e-4, 0.5, 0.999),
        latent_size=100,
        batch_size=128,
    )


@register("recipe", "wgan-gp")
def wgan_gp(dataset: Dataset, data: DataConfig) -> Experiment:
    """WGAN-GP, to compare with: ``gansmith train photos/ --recipe wgan-gp``.

    Gulrajani et al. 2017 (arXiv:1704.00028), algorithm 1. Wasserstein loss with gradient penalty
    10, five steps of a discriminator without normalisation for each of the generator,
    Adam(1e-4, 0, 0.9), batch 64, 128 latent numbers. Deviates from the paper: the networks are
    DCGAN's, where its best were residual. Not measured yet: ``python -m benchmarks pictures``.
    """
    del dataset
    penalty = RegularizerConfig("gradient-penalty", constant(10.0))
    return _baseline(
        "wgan-gp",
        data,
        {"normalization": "none"},
        GameConfig(
            objective=Component("wasserstein"), regularizers=(penalty,), discriminator_steps=5
        ),
        _adam(1e-4, 0.0, 0.9),
        latent_size=128,
        batch_size=64,
    )


@register("recipe", "sngan")
def sngan(dataset: Dataset, data: DataConfig) -> Experiment:
    """SNGAN, to compare with: ``gansmith train photos/ --recipe sngan``.

    Miyato et al. 2018 (arXiv:1802.05957). Hinge loss, a discriminator under spectral normalisation,
    Adam(2e-4, 0.5, 0.999) with one step each (table 1, setting C), batch 64, 128 latent numbers.
    Deviates from the paper: the networks are DCGAN's, without the 3x3 convolutions between its
    strided ones. Not measured yet: ``python -m benchmarks pictures``.
    """
    del dataset
    return _baseline(
        "sngan",
        data,
        {"normalization": "none", "spectral_norm": True},
        GameConfig(objective=Component("hinge")),
        _adam(2e-4, 0.5, 0.999),
        latent_size=128,
        batch_size=64,
    )
