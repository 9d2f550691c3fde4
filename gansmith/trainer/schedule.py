"""What moves on the cosine, when something is due, and how a time budget becomes a sample count."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Iterable
from typing import Protocol

import torch
from torch import Tensor

from gansmith.config import OptimizerConfig, TrainConfig


def make_optimizer(config: OptimizerConfig, parameters: Iterable[Tensor]) -> torch.optim.Optimizer:
    """The optimizer of one player."""
    every = list(parameters)
    if config.name == "sgd":
        return torch.optim.SGD(every, lr=config.lr.start)
    # Biases and gains say what is common, and no decay takes that off them.
    decays = [config.weight_decay * (p.ndim > 1) for p in every]
    groups = [
        {"params": [p for p, own in zip(every, decays, strict=True) if own == decay],
         "weight_decay": decay}
        for decay in dict.fromkeys(decays)
    ]  # fmt: skip
    return torch.optim.Adam(
        groups, lr=config.lr.start, betas=(config.beta1, config.beta2.start), eps=config.epsilon,
        decoupled_weight_decay=True, fused=True,
    )  # fmt: skip


def set_schedule(
    optimizer: torch.optim.Optimizer, config: OptimizerConfig, progress: float
) -> None:
    """Bring an optimizer's learning rate and second decay to where the cosine stands."""
    for group in optimizer.param_groups:
        group["lr"] = config.lr.at(progress)
        if "betas" in group:
            group["betas"] = (config.beta1, config.beta2.at(progress))


def is_due(every_samples: int, position: int, batch: int) -> bool:
    """Whether a multiple of ``every_samples`` lies in the last ``batch`` samples.

    >>> [is_due(100, p, 64) for p in (64, 128, 192, 256)]
    [False, True, False, True]
    """
    return position // every_samples > (position - batch) // every_samples


def interval(config: TrainConfig, given: int, pieces: int) -> int:
    """An interval in samples: the given one, or one that divides the run into ``pieces``."""
    return given if given > 0 else max(config.batch_size, math.ceil(config.samples / pieces))


class Steps(Protocol):
    """What can be timed: a trainer that plays rounds."""

    def round(self) -> None:
        """Play one."""


def measure_seconds_per_round(trainer: Steps, seconds: float, period: int) -> float:
    """Time a trainer that is thrown away afterwards.

    Args:
        trainer: plays rounds.
        seconds: how long to measure, after the first rounds, which are slower.
        period: rounds after which the work repeats (lazy penalties); whole periods are timed.
    """
    for _ in range(max(3, period)):
        trainer.round()
    costs: list[float] = []
    while sum(costs) < seconds or not costs:
        start = time.perf_counter()
        for _ in range(period):
            trainer.round()
        costs.append(time.perf_counter() - start)
    # The median: a busy moment of the machine says nothing about the minutes to come.
    return statistics.median(costs) / period
