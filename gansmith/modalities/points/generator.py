"""Generators of points in the plane, or in any number of dimensions."""

from __future__ import annotations

import math

from torch import Tensor, nn

from gansmith.nn.activation import activation as named_activation
from gansmith.nn.condition import EmbeddedLatent
from gansmith.nn.initialise import scaled_normal
from gansmith.nn.perceptron import residual_perceptron
from gansmith.protocols import Condition, Spec
from gansmith.registry import register


@register("generator", "mlp")
class MlpGenerator(nn.Module):
    """A residual multilayer perceptron from latent to point.

    Args:
        spec: of the encoded samples, any shape.
        latent_size: numbers per latent.
        width: neurons of each hidden layer.
        depth: residual layers.
        activation: between layers, by name.
    """

    def __init__(
        self,
        spec: Spec,
        latent_size: int,
        *,
        width: int = 64,
        depth: int = 3,
        activation: str = "leaky-relu",
    ) -> None:
        super().__init__()
        self.shape = spec.shape
        self.latent = EmbeddedLatent(latent_size, spec.num_classes)
        self.hidden = residual_perceptron(self.latent.size, width, depth, activation)
        self.to_point = scaled_normal(nn.Linear(width, math.prod(spec.shape)))
        self.last = named_activation(spec.activation)

    def forward(self, latent: Tensor, condition: Condition) -> Tensor:
        """(N, latent_size) -> (N, *spec.shape)."""
        x = self.to_point(self.hidden(self.latent(latent, condition)))
        fake: Tensor = self.last(x).unflatten(1, self.shape)
        return fake
