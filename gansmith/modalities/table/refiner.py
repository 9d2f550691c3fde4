"""A network that knows each column given any of the others: refines, fills in, holds fixed.

It learns p(column | some of the others) from real rows with columns hidden at random, which is no
adversarial game: plain cross-entropy, as in masked language models. A few rounds of asking it about
each column in turn (Gibbs sampling) bring a generator's rows nearer to the data, and put rows right
in which some cells are given.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gansmith.game.game import Draw, Move, Networks
from gansmith.game.randomness import Randomness
from gansmith.modalities.table.generator import LEAST_SHARE, MARGIN
from gansmith.modalities.table.spans import Spans
from gansmith.nn.perceptron import NormalisedResidual
from gansmith.protocols import Spec

ROWS_PER_MOVE = 512
NAME = "refiner"


class MaskedConditional(nn.Module):
    """From the known columns of a row to logits of the codes of all.

    Args:
        spec: of the encoded rows.
        width: neurons of each layer.
        depth: residual layers.
    """

    def __init__(self, spec: Spec, width: int = 256, depth: int = 2) -> None:
        super().__init__()
        self.spans = Spans(spec.spans)
        self.first = nn.Linear(self.spans.size + self.spans.num_columns, width)
        self.hidden = nn.Sequential(*(NormalisedResidual(width) for _ in range(depth)))
        self.last = nn.Linear(width, self.spans.size)
        if spec.mean is not None:
            with torch.no_grad():
                self.last.bias.copy_((spec.mean[: self.spans.size] + LEAST_SHARE).log())

    def forward(self, codes: Tensor, known: Tensor) -> Tensor:
        """(N, D) codes and (N, columns) 1 where a column is known -> (N, D) logits."""
        shown = codes * self.spans.spread(known)
        h = self.hidden(nn.functional.silu(self.first(torch.cat([shown, known], 1))))
        logits: Tensor = self.last(h)
        return logits

    def loss(self, codes: Tensor, known: Tensor) -> Tensor:
        """Mean cross-entropy of the hidden columns, nats."""
        shares = self.spans.log_softmax(self(codes, known))
        hidden = 1 - known
        of_codes = codes * self.spans.spread(hidden)
        return -(shares * of_codes).sum() / hidden.sum().clamp(min=1)


def learn(networks: Networks, draw: Draw) -> Move:
    """The refiner's move. Rows come with few columns hidden or nearly all, more often with few."""
    refiner = networks[NAME]
    assert isinstance(refiner, MaskedConditional)
    codes = draw.real[:ROWS_PER_MOVE, : refiner.spans.size]
    n, columns = len(codes), refiner.spans.num_columns
    share = draw.randomness.uniform(n, 1).sqrt()
    known = (draw.randomness.uniform(n, columns) < share).to(codes.dtype)
    loss = refiner.loss(codes, known)
    return Move(loss, {"refiner_loss": loss.detach()})


@torch.no_grad()
def refine(
    refiner: MaskedConditional, x: Tensor, sweeps: int, randomness: Randomness,
    fixed: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """Draw each column anew given all others, column after column, ``sweeps`` times.

    Args:
        refiner: trained.
        x: (N, D + P) encoded rows.
        sweeps: rounds over all columns; 0 leaves the rows as they are.
        randomness: of the draws.
        fixed: (N, columns) bool, cells that stay; None for none.
    """
    spans, n = refiner.spans, len(x)
    codes = spans.numbers(x[:, : spans.size])
    weight = refiner.first.weight.T.contiguous()  # a row of it for each code, then for each column
    total = x[:, : spans.size] @ weight[: spans.size] + weight[spans.size :].sum(0)
    total = total + refiner.first.bias
    for _ in range(sweeps):
        order = randomness.uniform(spans.num_columns).argsort().tolist()
        for column in order:
            first, last = spans.ends(column)
            # One column's part of the first layer changes, so the rest of it is not computed anew.
            rest = total - weight[codes[:, column]] - weight[spans.size + column]
            h = refiner.hidden(nn.functional.silu(rest))
            logits = h @ refiner.last.weight[first:last].T + refiner.last.bias[first:last]
            uniform = randomness.uniform(n, last - first).to(x.device).clamp(MARGIN, 1 - MARGIN)
            drawn = first + (logits - torch.log(-torch.log(uniform))).argmax(1)
            if fixed is not None:
                drawn = torch.where(fixed[:, column], codes[:, column], drawn)
            total = rest + weight[drawn] + weight[spans.size + column]
            codes[:, column] = drawn
    new = torch.zeros_like(x[:, : spans.size]).scatter_(1, codes, 1.0)
    return torch.cat([new, x[:, spans.size :]], 1)
