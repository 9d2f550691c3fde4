"""Networks of texts as graphs: what says one token after the other, and what reads tokens."""

from __future__ import annotations

import copy

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

from gansmith.exporting.loops import Loop
from gansmith.modalities.text.autoencoder import END, MASK, Autoencoder, Decoder, Read, on_sphere
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


class _TokensStep(nn.Module):
    def __init__(self, network: TokenGenerator) -> None:
        super().__init__()
        self.network = network.network
        recurrent = self.network.recurrent
        # onnxruntime has no recurrent layer of double precision, so it is said in products.
        self.cell = nn.GRUCell(recurrent.input_size, recurrent.hidden_size, dtype=torch.float64)
        self.cell.load_state_dict(
            {name.removesuffix("_l0"): weight for name, weight in recurrent.state_dict().items()}
        )

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


class _WordsStart(nn.Module):
    def __init__(self, network: Autoencoder) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        network = self.network
        read = network.decoder.read(on_sphere(x * network.std + network.mean))
        before = torch.full_like(x[:, 0, 0], MASK, dtype=torch.int64)
        near = network.decoder.near.clone()
        going = torch.ones_like(before)
        return before, read.state[0], going, read.whole, read.keys, read.values, near


class _WordsStep(nn.Module):
    def __init__(self, network: Autoencoder) -> None:
        super().__init__()
        self.decoder = network.decoder

    def forward(
        self, before: Tensor, state: Tensor, going: Tensor,
        whole: Tensor, keys: Tensor, values: Tensor, near: Tensor,
    ) -> tuple[Tensor, ...]:  # fmt: skip
        read = Read(state[None], whole, keys, values)
        # A place is a number of Python's, of which a graph knows none: each is given its own row.
        own = {"decoder.near": near[None]}
        h, after = functional_call(_Step(self.decoder), own, (read, before))
        said = self.decoder.logits(h)[:, 0].argmax(1) * going
        return said, after[0], going * (said != END), said


class _Step(nn.Module):
    def __init__(self, decoder: Decoder) -> None:
        super().__init__()
        self.decoder = decoder

    def forward(self, read: Read, before: Tensor) -> tuple[Tensor, Tensor]:
        return self.decoder.step(read, before[:, None], read.state, 0)


def decoder(network: Autoencoder) -> Loop:
    """(N, K, d) encoded texts -> (N, L) the likeliest token after those before it."""
    return Loop(_WordsStart(network), _WordsStep(network), carried=3, constant=3)


class Encoder(nn.Module):
    """(N, L) tokens -> (N, K, d), as the codec encodes texts."""

    def __init__(self, network: Autoencoder) -> None:
        super().__init__()
        self.network = network

    def forward(self, tokens: Tensor) -> Tensor:
        """Any tokens may follow the first end."""
        network = self.network
        encoded: Tensor = (network.encode(tokens) - network.mean) / network.std
        return encoded
