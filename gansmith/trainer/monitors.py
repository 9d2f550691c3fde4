"""What is noticed while training: running means, non-finite numbers, D's overfitting."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from gansmith.config import AugmentConfig
from gansmith.errors import DivergedError


class RunningMeans:
    """Means of named scalars since the last record, kept on the device until they are read."""

    def __init__(self) -> None:
        self._sums: dict[str, Tensor] = {}
        self._counts: dict[str, int] = {}

    def add(self, scalars: Mapping[str, Tensor]) -> None:
        """Take one value of each scalar in."""
        for name, value in scalars.items():
            value = value.detach()
            if value.dtype != torch.float64:  # half precision would lose what is summed
                value = value.float()
            if name in self._sums:
                self._sums[name] += value
                self._counts[name] += 1
            else:
                self._sums[name], self._counts[name] = value.clone(), 1

    def means(self) -> dict[str, float]:
        """The means so far."""
        return {name: float(s) / self._counts[name] for name, s in self._sums.items()}

    def clear(self) -> None:
        """Begin anew."""
        self._sums.clear()
        self._counts.clear()

    def state(self) -> dict[str, Any]:
        """Sums and counts, for a checkpoint between two records."""
        return {
            name: [float(total), self._counts[name], str(total.dtype).removeprefix("torch.")]
            for name, total in self._sums.items()
        }

    def load(self, state: Mapping[str, Any], device: torch.device) -> None:
        """The way back from :meth:`state`."""
        self._sums = {
            k: torch.tensor(v[0], dtype=getattr(torch, v[2]), device=device)
            for k, v in state.items()
        }
        self._counts = {k: int(v[1]) for k, v in state.items()}

    def require_finite(self, position: int, last_good: Callable[[], str]) -> None:
        """Raise a DivergedError if any sum is infinite or not a number.

        ``last_good`` finds the newest whole checkpoint, which takes time: it is asked only then.
        """
        means = self.means()
        bad = [name for name, value in means.items() if not math.isfinite(value)]
        if bad:
            seen = ", ".join(f"{k} {v:.4g}" for k, v in means.items())
            raise DivergedError(
                f"Training diverged: {', '.join(bad)} is not a finite number.",
                where=f"by sample {position:,}; means since the last record: {seen}",
                fix=diverged_fix(last_good()),
            )


def diverged_fix(checkpoint: str) -> str:
    """What to do after a divergence; ``checkpoint`` is where the last good one is, or none."""
    good = f"The last good checkpoint is {checkpoint}. " if checkpoint else ""
    return (
        f"{good}Train anew with a smaller learning rate (players.discriminator.lr, "
        "players.generator.lr) or a stronger penalty."
    )


class Overfitting:
    """How far the discriminator tells its training samples from held-out ones.

    r = (E D(train) - E D(holdout)) / (E D(train) - E D(fake)): 0 where it has learnt what is real,
    1 where it has learnt by heart. Karras et al. 2020 (arXiv:2006.06676), r_v in eq. 1. Where
    adaptive, the augmentation's strength follows it.

    Attributes:
        strength: of the augmentation, in [0, 1].
    """

    rounds = 4  # between two looks, as in the paper
    _memory = 0.9  # of the running means, over looks

    def __init__(self, config: AugmentConfig) -> None:
        self.config = config
        self.strength = 0.0 if config.adaptive else config.strength.start
        self._train = self._fake = self._holdout = 0.0
        self._looks = 0

    @property
    def value(self) -> float:
        """r, or 0 before the first look."""
        gap = self._train - self._fake
        if self._looks == 0 or gap <= 0:
            return 0.0
        return min(max((self._train - self._holdout) / gap, 0.0), 1.0)

    def look(
        self, train: float, fake: float, holdout: float, samples: int, progress: float
    ) -> None:
        """Take mean logits in, ``samples`` real samples after the last look."""
        keep = self._memory if self._looks else 0.0
        self._train = keep * self._train + (1 - keep) * train
        self._fake = keep * self._fake + (1 - keep) * fake
        self._holdout = keep * self._holdout + (1 - keep) * holdout
        self._looks += 1
        if self.config.adaptive:
            step = samples / self.config.ramp_samples
            moved = self.strength + math.copysign(step, self.value - self.config.target)
            self.strength = min(max(moved, 0.0), self.config.strength.at(progress))

    def follow(self, progress: float) -> None:
        """Where the strength is a plain schedule, bring it to where the cosine stands."""
        if not self.config.adaptive:
            self.strength = self.config.strength.at(progress)

    def state(self) -> dict[str, float]:
        """All that a checkpoint needs."""
        return {
            "strength": self.strength,
            "train": self._train,
            "fake": self._fake,
            "holdout": self._holdout,
            "looks": self._looks,
        }

    def load(self, state: Mapping[str, float]) -> None:
        """The way back from :meth:`state`."""
        self.strength, self._looks = state["strength"], int(state["looks"])
        self._train, self._fake = state["train"], state["fake"]
        self._holdout = state["holdout"]
