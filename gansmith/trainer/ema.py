"""Averages of the generator's weights, from which samples are taken."""

from __future__ import annotations

import copy
from typing import cast

import torch
from torch import Tensor, nn

from gansmith.config import EmaConfig
from gansmith.runs.profiles import exponent_of


def _floats(network: nn.Module) -> list[Tensor]:
    """Parameters and buffers that can be averaged."""
    return [t for t in network.state_dict(keep_vars=True).values() if t.is_floating_point()]


class WeightAverage:
    """One or two running averages of a network.

    ``half-life``: the average forgets half of itself every ``half_life_samples``.
    ``power``: at time t the weight of time s goes with s^g, for the two exponents g that belong to
    ``config.widths`` (Karras et al. 2024, arXiv:2312.02696, eq. 124-127).

    Attributes:
        profiles: the averaged copies, in evaluation mode; the first is the one to sample from.
    """

    def __init__(self, network: nn.Module, config: EmaConfig) -> None:
        self.config, self._network = config, network
        count = {"none": 0, "half-life": 1, "power": 2}[config.name]
        self._copies = [copy.deepcopy(network).requires_grad_(False).eval() for _ in range(count)]
        # Gathered once; loading a checkpoint writes into these very tensors.
        self._source = [t.detach() for t in _floats(network)]
        self._targets = [_floats(average) for average in self._copies]

    @property
    def profiles(self) -> list[nn.Module]:
        """The averaged copies."""
        return self._copies

    def best(self) -> nn.Module:
        """What to sample from: the average, or the network itself where there is none."""
        return self._copies[0] if self._copies else self._network

    def _decay(self, profile: int, position: int, batch: int, progress: float) -> float:
        if self.config.name == "power":
            exponent = exponent_of(self.config.widths[profile])
            return cast(float, max(1 - batch / position, 0.0) ** (exponent + 1))
        half_life = self.config.half_life_samples.at(progress)
        if self.config.rampup > 0:
            half_life = min(half_life, self.config.rampup * position)
        return 0.5 ** (batch / half_life) if half_life > 0 else 0.0

    @torch.no_grad()
    def update(self, position: int, batch: int, progress: float) -> None:
        """Take the network's weights in, at sample count ``position`` after ``batch`` more."""
        for profile, target in enumerate(self._targets):
            weight = 1 - self._decay(profile, position, batch, progress)
            torch._foreach_lerp_(target, self._source, weight)

    def tensors(self) -> dict[str, Tensor]:
        """All profiles as flat names, ``0.weight`` being the first profile's ``weight``."""
        return {
            f"{i}.{name}": tensor
            for i, average in enumerate(self._copies)
            for name, tensor in average.state_dict().items()
        }

    def load(self, tensors: dict[str, Tensor]) -> None:
        """The way back from :meth:`tensors`."""
        for i, average in enumerate(self._copies):
            prefix = f"{i}."
            own = {k[len(prefix) :]: v for k, v in tensors.items() if k.startswith(prefix)}
            average.load_state_dict(own)
