"""The discriminator of tokens."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gansmith.modalities.text.one_hot import look_up
from gansmith.nn.activation import activation
from gansmith.nn.condition import ProjectionHead
from gansmith.nn.initialise import LEAKY_GAIN, scaled_normal
from gansmith.nn.perceptron import RESIDUAL_GAIN
from gansmith.protocols import Condition, Spec
from gansmith.registry import register

KERNEL = 3


class Neighbourhood(nn.Module):
    """h + W2 act(W1 act(h and its neighbours)), without normalisation."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = scaled_normal(nn.Linear(KERNEL * width, width), LEAKY_GAIN)
        self.second = scaled_normal(nn.Linear(width, width), RESIDUAL_GAIN)
        self.before, self.between = activation("leaky-relu"), activation("leaky-relu")

    def forward(self, h: Tensor) -> Tensor:
        """(N, L, width) -> the same."""
        half = KERNEL // 2
        padded = F.pad(self.before(h), (0, 0, half, half))
        # One product of a matrix: convolutions over so few places are slower on a CPU.
        seen = torch.cat([padded[:, i : i + h.shape[1]] for i in range(KERNEL)], 2)
        moved: Tensor = self.second(self.between(self.first(seen)))
        return h + moved


@register("discriminator", "token-convolutional")
class TokenDiscriminator(nn.Module):
    """Embeds each token, and looks at neighbours in layers, then at the mean and maximum of all.

    Embedded tokens have mean 0 and variance 1 each, so that a penalty there is not evaded by scale.

    Args:
        spec: of the encoded texts, (L, V).
        width: numbers of each place between.
        depth: layers, each of which sees one neighbour more to either side.
        embedding: numbers of an embedded token.
    """

    def __init__(self, spec: Spec, *, width: int = 96, depth: int = 3, embedding: int = 64) -> None:
        super().__init__()
        length, vocabulary = spec.shape
        self.embedding = nn.Parameter(torch.randn(vocabulary, embedding))
        self.first = scaled_normal(nn.Linear(embedding, width))
        self.places = nn.Parameter(torch.zeros(length, width))
        self.layers = nn.Sequential(*(Neighbourhood(width) for _ in range(depth)))
        self.last = activation("leaky-relu")
        self.together = nn.Sequential(
            scaled_normal(nn.Linear(2 * width, width), LEAKY_GAIN), activation("leaky-relu")
        )
        self.head = ProjectionHead(width, spec.num_classes)

    def embed(self, x: Tensor) -> Tensor:
        """(N, L, V) one-hot -> (N, L, embedding)."""
        return look_up(x, F.layer_norm(self.embedding, self.embedding.shape[1:]))

    def judge(self, embedded: Tensor, condition: Condition) -> Tensor:
        """(N, L, embedding) -> logits (N,)."""
        h = self.last(self.layers(self.first(embedded) + self.places))
        logits: Tensor = self.head(self.together(torch.cat([h.mean(1), h.amax(1)], 1)), condition)
        return logits

    def forward(self, x: Tensor, condition: Condition) -> Tensor:
        """(N, L, V) -> logits (N,)."""
        return self.judge(self.embed(x), condition)
