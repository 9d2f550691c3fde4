"""The generator of rows: one code for each column, drawn so that gradients pass."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gansmith.errors import ConfigError
from gansmith.modalities.table.spans import Spans
from gansmith.nn.perceptron import NormalisedResidual
from gansmith.protocols import Condition, Spec
from gansmith.registry import register

# Codes that never occur are not quite impossible at the start.
LEAST_SHARE = 1e-5
# A uniform number of single precision never comes nearer to 0 or 1.
MARGIN = 6e-8


@register("generator", "table")
class TableGenerator(nn.Module):
    """A residual perceptron from noise to the codes of all columns.

    A code is drawn by the Gumbel trick, hard in what comes out and soft in the gradient (Jang et
    al. 2017, arXiv:1611.01144, straight-through). All that is random lies in the latent: noise for
    the row, a number for each code, and the place within each column's code.

    Args:
        spec: of the encoded rows.
        latent_size: noise, and one number for each of ``spec.shape``.
        width: neurons of each layer.
        depth: residual layers.
        temperature: of the soft codes that gradients go through.
    """

    def __init__(
        self, spec: Spec, latent_size: int, *,
        width: int = 256, depth: int = 2, temperature: float = 0.7,
    ) -> None:  # fmt: skip
        super().__init__()
        self.spans, self.temperature = Spans(spec.spans), temperature
        self.noise = latent_size - spec.shape[0]
        if self.noise < 1:
            raise ConfigError(
                f"A latent of {latent_size} numbers leaves none for the row itself: "
                f"{spec.shape[0]} are taken by the codes of this table.",
                where="latent.size",
                fix=f"Take {spec.shape[0] + 64}.",
            )
        self.first = nn.Linear(self.noise, width)
        self.hidden = nn.Sequential(*(NormalisedResidual(width) for _ in range(depth)))
        self.last = nn.Linear(width, self.spans.size)
        nn.init.normal_(self.last.weight, std=0.05)
        if spec.mean is not None:
            with torch.no_grad():
                self.last.bias.copy_((spec.mean[: self.spans.size] + LEAST_SHARE).log())

    def logits(self, latent: Tensor) -> Tensor:
        """(N, latent_size) -> (N, D) logits of the codes."""
        found: Tensor = self.last(
            self.hidden(nn.functional.silu(self.first(latent[:, : self.noise])))
        )
        return found

    def uniform(self, latent: Tensor) -> Tensor:
        """(N, latent_size) -> (N, D + P) the latent's own numbers as uniform ones in (0, 1)."""
        uniform: Tensor = torch.special.ndtr(latent[:, self.noise :])
        return uniform.clamp(MARGIN, 1 - MARGIN)

    def draw(self, logits: Tensor, uniform: Tensor) -> Tensor:
        """(N, D) logits and (N, D + P) uniform numbers -> (N, D + P) a row of codes and places."""
        d = self.spans.size
        gumbel = -torch.log(-torch.log(uniform[:, :d]))
        hard = self.spans.one_hot(logits + gumbel)
        if torch.is_grad_enabled() and logits.requires_grad:
            soft = self.spans.softmax((logits + gumbel) / self.temperature)
            hard = hard + soft - soft.detach()
        return torch.cat([hard, uniform[:, d:]], 1)

    def forward(self, latent: Tensor, condition: Condition) -> Tensor:
        """(N, latent_size) -> (N, D + P)."""
        del condition
        return self.draw(self.logits(latent), self.uniform(latent))
