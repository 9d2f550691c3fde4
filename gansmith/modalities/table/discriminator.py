"""The discriminator of rows."""

from __future__ import annotations

from torch import Tensor, nn

from gansmith.nn.condition import ProjectionHead
from gansmith.nn.perceptron import perceptron
from gansmith.protocols import Condition, Spec
from gansmith.registry import register


@register("discriminator", "table")
class TableDiscriminator(nn.Module):
    """A perceptron over the codes of all columns; it does not look at places within codes.

    Args:
        spec: of the encoded rows.
        width: neurons of each hidden layer.
        depth: hidden layers.
    """

    def __init__(self, spec: Spec, *, width: int = 256, depth: int = 2) -> None:
        super().__init__()
        self.num_codes = spec.spans[-1][2] if spec.spans else 0
        self.hidden = perceptron(self.num_codes, width, depth, "leaky-relu")
        self.head = ProjectionHead(width, 0)

    def forward(self, x: Tensor, condition: Condition) -> Tensor:
        """(N, D + P) -> logits (N,)."""
        logits: Tensor = self.head(self.hidden(x[:, : self.num_codes]), condition)
        return logits
