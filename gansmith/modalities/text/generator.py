"""The generator of texts: it makes plans, and passes noise on that words are chosen by."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gansmith.errors import ConfigError
from gansmith.modalities.points.generator import MlpGenerator
from gansmith.modalities.text.plan import parts
from gansmith.protocols import Condition, Spec
from gansmith.registry import register

# Of a latent, where nothing else is said.
PLAN_NUMBERS = 64


@register("generator", "plan")
class PlanGenerator(nn.Module):
    """A residual multilayer perceptron from latent to plan, beside words that are noise.

    Args:
        spec: of the encoded texts: plan and words.
        latent_size: numbers per latent, of which the last ones are the words.
        own: numbers of it that a plan is made of, the first ones, at most.
        width: neurons of each hidden layer.
        depth: residual layers.
    """

    def __init__(
        self,
        spec: Spec,
        latent_size: int,
        *,
        own: int = PLAN_NUMBERS,
        width: int = 384,
        depth: int = 3,
    ) -> None:
        super().__init__()
        plan, self.num_words = parts(spec)
        if latent_size <= self.num_words:
            raise ConfigError(
                f"A latent of {latent_size} numbers has none left for a plan: words take "
                f"{self.num_words}.",
                where="latent.size",
                fix=f"Take {PLAN_NUMBERS + self.num_words}.",
            )
        self.own = min(own, latent_size - self.num_words)
        self.plan = MlpGenerator(plan, self.own, width=width, depth=depth)

    def forward(self, latent: Tensor, condition: Condition) -> Tensor:
        """(N, latent_size) -> (N, *spec.shape)."""
        plan = self.plan(latent[:, : self.own], condition)
        return torch.cat([plan, latent[:, latent.shape[1] - self.num_words :]], 1)
