"""Discriminators of points in the plane, or in any number of dimensions."""

from __future__ import annotations

import math

from torch import Tensor, nn

from gansmith.config import Cosine
from gansmith.nn.condition import ProjectionHead
from gansmith.nn.fourier import FourierFeatures
from gansmith.nn.perceptron import perceptron
from gansmith.protocols import Condition, Spec
from gansmith.registry import register


@register("discriminator", "mlp")
class MlpDiscriminator(nn.Module):
    """A multilayer perceptron from point to logit, with Fourier features over several octaves.

    Args:
        spec: of the encoded samples, any shape.
        width: neurons of each hidden layer.
        depth: hidden layers.
        activation: between layers, by name.
        fourier: random Fourier features beside the point; 0 for none.
        lowest: their lowest frequency, in radians per unit of x.
        highest: their highest frequency.
        decay: exponent by which amplitudes fall with frequency, at the start of the run.
        decay_end: the same from nine tenths of the run on; lower shows finer detail.
    """

    def __init__(
        self,
        spec: Spec,
        *,
        width: int = 64,
        depth: int = 2,
        activation: str = "leaky-relu",
        fourier: int = 64,
        lowest: float = 0.5,
        highest: float = 60.0,
        decay: float = 1.0,
        decay_end: float = 0.6,
    ) -> None:
        super().__init__()
        fading = Cosine(decay, decay_end, until=0.9)
        size = math.prod(spec.shape)
        self.features = FourierFeatures(size, fourier, lowest, highest, fading)
        self.hidden = perceptron(self.features.size, width, depth, activation)
        self.head = ProjectionHead(width, spec.num_classes)

    def follow(self, progress: float) -> None:
        """Let the Fourier features fade as the run goes on."""
        self.features.follow(progress)

    def forward(self, x: Tensor, condition: Condition) -> Tensor:
        """(N, *spec.shape) -> logits (N,)."""
        logits: Tensor = self.head(self.hidden(self.features(x.flatten(1))), condition)
        return logits
