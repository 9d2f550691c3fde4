"""Discriminators of points in the plane, or in any number of dimensions."""

from __future__ import annotations

import math

from torch import Tensor, nn

from gansmith.nn.condition import ProjectionHead
from gansmith.nn.fourier import FourierFeatures
from gansmith.nn.perceptron import perceptron
from gansmith.protocols import Condition, Spec
from gansmith.registry import register


@register("discriminator", "mlp")
class MlpDiscriminator(nn.Module):
    """A multilayer perceptron from point to logit.

    Args:
        spec: of the encoded samples, any shape.
        width: neurons of each hidden layer.
        depth: hidden layers.
        activation: between layers, by name.
        fourier: random Fourier features beside the point; 0 for none.
        fourier_scale: standard deviation of their frequencies, in cycles per unit of x.
    """

    def __init__(
        self,
        spec: Spec,
        *,
        width: int = 128,
        depth: int = 3,
        activation: str = "leaky-relu",
        fourier: int = 0,
        fourier_scale: float = 1.0,
    ) -> None:
        super().__init__()
        self.features = FourierFeatures(math.prod(spec.shape), fourier, fourier_scale)
        self.hidden = perceptron(self.features.size, width, depth, activation)
        self.head = ProjectionHead(width, spec.num_classes)

    def forward(self, x: Tensor, condition: Condition) -> Tensor:
        """(N, *spec.shape) -> logits (N,)."""
        logits: Tensor = self.head(self.hidden(self.features(x.flatten(1))), condition)
        return logits
