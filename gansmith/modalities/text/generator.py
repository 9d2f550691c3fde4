"""The generator of latent tokens."""

from __future__ import annotations

from torch import Tensor, nn

from gansmith.nn.condition import EmbeddedLatent
from gansmith.nn.initialise import scaled_normal
from gansmith.nn.mixer import MixerLayer
from gansmith.protocols import Condition, Spec
from gansmith.registry import register


@register("generator", "mixer")
class MixerGenerator(nn.Module):
    """From one latent to a short sequence of tokens, mixed over tokens and over numbers in turn.

    Args:
        spec: of the encoded samples, (tokens, numbers).
        latent_size: numbers per latent.
        width: numbers of each token between.
        depth: layers.
    """

    def __init__(self, spec: Spec, latent_size: int, *, width: int = 64, depth: int = 4) -> None:
        super().__init__()
        tokens, numbers = spec.shape
        self.latent = EmbeddedLatent(latent_size, spec.num_classes)
        self.first = scaled_normal(nn.Linear(self.latent.size, tokens * width))
        self.layers = nn.Sequential(*(MixerLayer(tokens, width) for _ in range(depth)))
        self.last = scaled_normal(nn.Linear(width, numbers))
        self.tokens = tokens

    def forward(self, latent: Tensor, condition: Condition) -> Tensor:
        """(N, latent_size) -> (N, *spec.shape)."""
        h = self.first(self.latent(latent, condition)).unflatten(1, (self.tokens, -1))
        fake: Tensor = self.last(self.layers(h))
        return fake
