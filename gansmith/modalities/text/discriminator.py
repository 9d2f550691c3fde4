"""The discriminator of plans of texts."""

from __future__ import annotations

from torch import Tensor

from gansmith.modalities.points.discriminator import MlpDiscriminator
from gansmith.modalities.text.plan import parts
from gansmith.protocols import Condition, Spec
from gansmith.registry import register


@register("discriminator", "plan")
class PlanDiscriminator(MlpDiscriminator):
    """A multilayer perceptron that sees the plan of a text, and not its words.

    Words of samples are noise, and those of real texts look like it as far as the decoder has
    learned how often each word comes.

    Args:
        spec: of the encoded texts: plan and words.
        width: neurons of each hidden layer.
        depth: hidden layers.
    """

    def __init__(self, spec: Spec, *, width: int = 384, depth: int = 3) -> None:
        plan, _ = parts(spec)
        super().__init__(plan, width=width, depth=depth, fourier=0)
        (self.size,) = plan.shape

    def forward(self, x: Tensor, condition: Condition) -> Tensor:
        """(N, *spec.shape) -> logits (N,)."""
        return super().forward(x[:, : self.size], condition)
