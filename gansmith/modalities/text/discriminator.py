"""The discriminator of latent tokens."""

from __future__ import annotations

from torch import Tensor, nn

from gansmith.nn.activation import activation
from gansmith.nn.condition import ProjectionHead
from gansmith.nn.initialise import LEAKY_GAIN, scaled_normal
from gansmith.nn.mixer import MixerLayer
from gansmith.protocols import Condition, Spec
from gansmith.registry import register


@register("discriminator", "mixer")
class MixerDiscriminator(nn.Module):
    """Mixes a short sequence of tokens, over tokens and over numbers in turn, and asks all of them.

    Args:
        spec: of the encoded samples, (tokens, numbers).
        width: numbers of each token between.
        depth: layers.
        features: neurons of the layer that sees all tokens.
    """

    def __init__(self, spec: Spec, *, width: int = 64, depth: int = 3, features: int = 256) -> None:
        super().__init__()
        tokens, numbers = spec.shape
        self.first = scaled_normal(nn.Linear(numbers, width), LEAKY_GAIN)
        self.layers = nn.Sequential(*(MixerLayer(tokens, width) for _ in range(depth)))
        self.together = nn.Sequential(
            scaled_normal(nn.Linear(tokens * width, features), LEAKY_GAIN), activation("leaky-relu")
        )
        self.head = ProjectionHead(features, spec.num_classes)

    def forward(self, x: Tensor, condition: Condition) -> Tensor:
        """(N, *spec.shape) -> logits (N,)."""
        h = self.together(self.layers(self.first(x)).flatten(1))
        logits: Tensor = self.head(h, condition)
        return logits
