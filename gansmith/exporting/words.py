"""The codec of texts as graphs: what says tokens of encoded texts, and what encodes tokens."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.func import functional_call

from gansmith.exporting.loops import Loop
from gansmith.modalities.text.autoencoder import END, MASK, Autoencoder, Decoder, Read, on_sphere


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
