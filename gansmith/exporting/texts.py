"""Networks that play with tokens as graphs: a generator that says one after the other, and D."""

from __future__ import annotations

import copy

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gansmith.exporting.loops import Loop
from gansmith.modalities.text.byte_pairs import EDGE
from gansmith.modalities.text.token_discriminator import TokenDiscriminator
from gansmith.modalities.text.token_generator import TokenGenerator
from gansmith.protocols import Condition


class _TokensStart(nn.Module):
    def __init__(self, network: TokenGenerator) -> None:
        super().__init__()
        self.network = network

    def forward(self, uniform: Tensor, classes: Tensor | None = None) -> tuple[Tensor, ...]:
        before = torch.full_like(uniform[:, 0], EDGE, dtype=torch.int64)
        if self.network.classes is None or classes is None:
            hidden = self.network.network.recurrent.hidden_size
            state = torch.zeros_like(uniform[:, :1]).expand(-1, hidden)
        else:
            state = self.network.classes[classes]
        return before, state, torch.ones_like(before), uniform.T


def cell_of(recurrent: nn.GRU) -> nn.GRUCell:
    """A step of it: onnxruntime has no recurrent layer of double precision, but has products."""
    cell = nn.GRUCell(recurrent.input_size, recurrent.hidden_size, dtype=torch.float64)
    cell.load_state_dict(
        {name.removesuffix("_l0"): weight for name, weight in recurrent.state_dict().items()}
    )
    return cell


class _TokensStep(nn.Module):
    def __init__(self, network: TokenGenerator) -> None:
        super().__init__()
        self.network = network.network
        self.cell = cell_of(self.network.recurrent)

    def forward(
        self, before: Tensor, state: Tensor, going: Tensor, uniform: Tensor
    ) -> tuple[Tensor, ...]:
        state = self.cell(self.network.embedded(before), state)
        ends = self.network.logits(state).softmax(1).cumsum(1)
        place = uniform[:, None] * ends[:, -1:]
        drawn = (ends <= place).sum(1).clamp(max=ends.shape[1] - 1) * going
        return drawn, state, going * (drawn != EDGE), drawn


def token_generator(network: TokenGenerator) -> Loop:
    """(N, L - 1) uniform numbers, and (N,) classes where there are any -> (N, L - 1) tokens.

    In double precision: a token is drawn by where a number falls among the ends of all shares,
    which two runtimes round otherwise, and after one other token all that follow are others.
    """
    exact = copy.deepcopy(network).double()
    return Loop(_TokensStart(exact), _TokensStep(exact), carried=3, constant=0)


class TokenReader(nn.Module):
    """(N, L - 1) tokens -> logits (N,): the discriminator of tokens, by their numbers."""

    def __init__(self, network: TokenDiscriminator, vocabulary: int) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("table", network.embed(torch.eye(vocabulary)[None])[0])

    table: Tensor

    def forward(self, tokens: Tensor, classes: Tensor | None = None) -> Tensor:
        """The last place of a row is always its end."""
        embedded = F.embedding(F.pad(tokens, (0, 1), value=EDGE), self.table)
        return self.network.judge(embedded, Condition(classes=classes))
