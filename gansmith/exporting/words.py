"""The codec of texts as graphs: what says tokens of encoded texts, and what encodes tokens."""

from __future__ import annotations

import copy

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gansmith.exporting.loops import Loop
from gansmith.exporting.texts import cell_of
from gansmith.modalities.text.autoencoder import (
    END,
    GAP,
    MASK,
    Autoencoder,
    Read,
    with_end,
)
from gansmith.modalities.text.choice import place
from gansmith.modalities.text.codec import TextCodec

FAR_OUT = (
    0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418,
    0.37409196, 1.00002368, -1.26551223,
)  # fmt: skip


class _WordsStart(nn.Module):
    def __init__(self, codec: TextCodec) -> None:
        super().__init__()
        self.network, self.plan = copy.deepcopy(codec.network).double(), codec.sizes.plan

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        plan, words = x[:, : self.plan].double(), x[:, self.plan :].double()
        read = self.network.decoder.read(self.network.latents(plan))
        before = torch.full_like(x[:, 0], MASK, dtype=torch.int64)
        going, left = torch.ones_like(before), _left(words).T
        return before, read.state, going, read.before, read.behind, left


def _left(words: Tensor) -> Tensor:
    """What of a normal distribution lies further out, to 1.2e-7 of it, in double precision.

    By Press et al. 1992 (Numerical Recipes), section 6.2, equation 6.2.6, as a polynomial: ONNX has
    no such function that is exact far out.
    """
    z = words.abs() * 0.5**0.5
    t, power = 1 / (1 + z / 2), torch.zeros_like(z)
    for weight in FAR_OUT:
        power = power * t + weight
    left: Tensor = t * (power - z.square()).exp()
    return left


class _WordsStep(nn.Module):
    def __init__(self, codec: TextCodec) -> None:
        super().__init__()
        self.decoder = copy.deepcopy(codec.network.decoder).double()
        self.cell, self.chances = cell_of(self.decoder.recurrent), codec.chances

    def forward(
        self, before: Tensor, state: Tensor, going: Tensor, told: Tensor, behind: Tensor,
        left: Tensor,
    ) -> tuple[Tensor, ...]:  # fmt: skip
        read = Read(state, told, behind)
        state = self.cell(self.decoder.seen(before, read), state)
        logits = self.decoder.logits(self.decoder.known(state, read))
        ordered, tokens = self.chances(logits).sort(1)
        said = tokens.gather(1, place(ordered, left[:, None])[:, None])[:, 0] * going
        return said, state, going * (said != END), said


def decoder(codec: TextCodec) -> Loop:
    """(N, K * d + W) encoded texts -> (N, W) tokens; in double precision, as a token generator."""
    return Loop(_WordsStart(codec), _WordsStep(codec), carried=3, constant=2)


class Encoder(nn.Module):
    """(N, W) tokens -> (N, K * d + W): the plan as the codec encodes it, and zeros as words."""

    def __init__(self, network: Autoencoder) -> None:
        super().__init__()
        self.network = network

    def forward(self, tokens: Tensor) -> Tensor:
        """Any tokens may follow the first end."""
        network, encoder, inside = self.network, self.network.encoder, with_end(tokens)
        # As the encoder does it, with the empty room behind texts, which a graph can count on.
        h, known = F.pad(encoder.tokens(tokens), (0, 0, GAP, 0)), F.pad(inside, (GAP, 0))[..., None]
        h, known, shape = (h * known).flatten(0, 1), known.flatten(0, 1).to(h.dtype), h.shape[1:]
        for layer in encoder.layers:
            h = layer(h, known)
        latents = encoder.gathered(encoder.norm(h).unflatten(0, (-1, shape[0]))[:, GAP:], inside)
        plan = network.plans(latents)
        return torch.cat([plan, torch.zeros_like(tokens, dtype=plan.dtype)], 1)
