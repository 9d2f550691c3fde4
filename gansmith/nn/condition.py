"""How a class enters the networks: beside the latent, and as a projection in the discriminator."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from gansmith.nn.initialise import scaled_normal
from gansmith.protocols import Condition


class EmbeddedLatent(nn.Module):
    """The latent, with a learned vector of its class beside it where samples carry one.

    Attributes:
        size: numbers per sample that come out.
    """

    def __init__(self, latent_size: int, num_classes: int, class_size: int = 64) -> None:
        super().__init__()
        self.size = latent_size + (class_size if num_classes else 0)
        # Standard normal, as the latent beside it is.
        self.embedding = nn.Embedding(num_classes, class_size) if num_classes else None

    def forward(self, latent: Tensor, condition: Condition) -> Tensor:
        """(N, latent_size) -> (N, size)."""
        if self.embedding is None:
            return latent
        assert condition.classes is not None, "a conditional network needs classes"
        return torch.cat([latent, self.embedding(condition.classes).to(latent.dtype)], 1)


class ProjectionHead(nn.Module):
    """From features to one logit; with classes, how well the features fit the class is added.

    logit = v·h + e(y)·Vh, with e an embedding of the class y (Miyato and Koyama 2018,
    arXiv:1802.05637, eq. 3, where V is the identity).
    """

    def __init__(
        self, num_features: int, num_classes: int, class_size: int = 64, *, bias: bool = True
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(num_classes, class_size) if num_classes else None
        outputs = 1 + class_size if num_classes else 1
        self.linear = scaled_normal(nn.Linear(num_features, outputs, bias=bias))

    def forward(self, features: Tensor, condition: Condition) -> Tensor:
        """(N, num_features) -> logits (N,)."""
        out: Tensor = self.linear(features)
        if self.embedding is None:
            return out[:, 0]
        assert condition.classes is not None, "a conditional network needs classes"
        embedded: Tensor = self.embedding(condition.classes)
        return out[:, 0] + (out[:, 1:] * embedded).sum(1) / math.sqrt(embedded.shape[1])
