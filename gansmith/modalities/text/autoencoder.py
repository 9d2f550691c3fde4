"""The networks of a learned codec of texts: from tokens to a few latent tokens, and back.

The decoder is a language model that reads the latent tokens at every word, so that what a long text
says does not have to fit into one vector.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# Numbers of tokens that are no piece of text: what ends one and fills its row, and what hides one.
END, MASK = 0, 1
NUM_SPECIAL = 2
KERNEL = 5


@dataclass(frozen=True)
class Sizes:
    """Of an autoencoder.

    Attributes:
        vocabulary: tokens, special ones among them.
        tokens: of the longest text, its end among them.
        typical: tokens of a text of usual length, its end among them.
        latents: K, latent tokens of a text.
        latent_size: d, numbers of each.
        width: of the layers; the decoder's state is a third larger.
    """

    vocabulary: int
    tokens: int
    typical: int
    latents: int
    latent_size: int
    width: int

    @property
    def state(self) -> int:
        """Numbers of the decoder's state."""
        return self.width + self.width // 3


class Neighbours(nn.Module):
    """h + W2 silu(W1 (h and its neighbours)), for the tokens of a text."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.first, self.second = nn.Linear(KERNEL * width, width), nn.Linear(width, width)

    def forward(self, h: Tensor, inside: Tensor) -> Tensor:
        """(N, L, width), and (N, L, 1) which are of the text: beyond it there are zeros."""
        length, half = h.shape[1], KERNEL // 2
        padded = F.pad(self.norm(h) * inside, (0, 0, half, half))
        # One product of a matrix: convolutions over so few places are slower on a CPU.
        seen = torch.cat([padded[:, i : i + length] for i in range(KERNEL)], 2)
        moved: Tensor = self.second(F.silu(self.first(seen)))
        return h + moved


class Encoder(nn.Module):
    """From tokens to latent tokens, each of which reads the text around a place of its own."""

    def __init__(self, sizes: Sizes, layers: int = 2) -> None:
        super().__init__()
        self.sizes = sizes
        self.tokens = nn.Embedding(sizes.vocabulary, sizes.width)
        self.layers = nn.ModuleList(Neighbours(sizes.width) for _ in range(layers))
        self.norm = nn.LayerNorm(sizes.width)
        self.attention = nn.Linear(sizes.width, sizes.latents)
        self.values = nn.Linear(sizes.width, sizes.latents * sizes.latent_size)
        self.sharpness = nn.Parameter(torch.tensor(3.0))

    def forward(self, codes: Tensor, inside: Tensor) -> Tensor:
        """(N, L) tokens, and (N, L) which of them are of the text -> (N, K, d).

        Each latent token has mean 0 and variance 1, so that noise of one size means the same for
        all of them.
        """
        latents, d = self.sizes.latents, self.sizes.latent_size
        h, known = self.tokens(codes), inside[..., None]
        for layer in self.layers:
            h = layer(h, known)
        h = self.norm(h)
        length = inside.sum(1)[:, None, None]
        places = (torch.arange(codes.shape[1], device=codes.device) + 0.5)[None, :, None] / length
        centres = (torch.arange(latents, device=codes.device) + 0.5) / latents
        near = -((places - centres) * latents).square() * self.sharpness
        shares = (self.attention(h) + near).masked_fill(~known, -torch.inf).softmax(1)
        values = self.values(h).unflatten(2, (latents, d))
        return on_sphere((shares[..., None] * values).sum(1))


def on_sphere(latents: Tensor) -> Tensor:
    """(N, K, d), each of the K vectors brought to mean 0 and variance 1 over its numbers."""
    return F.layer_norm(latents, latents.shape[-1:])


@dataclass(frozen=True)
class Read:
    """What the decoder knows of a text from its latent tokens.

    Attributes:
        state: (1, N, state) to start from.
        whole: (N, width) beside each token.
        keys, values: (N, K, width) of the latent tokens.
    """

    state: Tensor
    whole: Tensor
    keys: Tensor
    values: Tensor


class Decoder(nn.Module):
    """A recurrent language model that attends to latent tokens (Luong et al. 2015)."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        width, state, flat = sizes.width, sizes.state, sizes.latents * sizes.latent_size
        self.length, self.width = sizes.tokens, width
        self.tokens = nn.Embedding(sizes.vocabulary, width)
        self.start, self.whole = nn.Linear(flat, state), nn.Linear(flat, width)
        self.recurrent = nn.GRU(2 * width, state, batch_first=True)
        self.query, self.key = nn.Linear(state, width), nn.Linear(sizes.latent_size, width)
        self.slots = nn.Parameter(torch.randn(sizes.latents, width))
        # A map of its own for each latent token: they say different things.
        self.values = nn.Parameter(torch.randn(sizes.latents, sizes.latent_size, width))
        nn.init.normal_(self.values, std=sizes.latent_size**-0.5)
        places = (torch.arange(sizes.tokens)[:, None] + 0.5) / sizes.typical * sizes.latents
        self.near = nn.Parameter(-(places - torch.arange(sizes.latents) - 0.5).square())
        self.last, self.norm = nn.Linear(state, width), nn.LayerNorm(width)
        self.bias = nn.Parameter(torch.zeros(sizes.vocabulary))

    def read(self, latents: Tensor) -> Read:
        """(N, K, d)."""
        flat = latents.flatten(1)
        return Read(
            self.start(flat).tanh()[None],
            self.whole(flat),
            self.key(latents) + self.slots,
            torch.einsum("nkd,kdw->nkw", latents, self.values),
        )

    def step(self, read: Read, before: Tensor, state: Tensor, place: int) -> tuple[Tensor, Tensor]:
        """The tokens (N, L) before the wanted ones, of which the first is at ``place``.

        Returns:
            (N, L, width), from which :meth:`logits` come, and the state behind the last.
        """
        whole = read.whole[:, None].expand(-1, before.shape[1], -1)
        h, state = self.recurrent(torch.cat([self.tokens(before), whole], 2), state)
        fits = self.query(h) @ read.keys.transpose(1, 2) * self.width**-0.5
        shares = (fits + self.near[place : place + before.shape[1]]).softmax(2)
        return self.norm(self.last(h) + shares @ read.values), state

    def logits(self, h: Tensor) -> Tensor:
        """(..., width) -> (..., vocabulary); inputs and outputs share one matrix."""
        return F.linear(h * self.width**-0.5, self.tokens.weight, self.bias)

    def forward(self, latents: Tensor, before: Tensor) -> Tensor:
        """(N, K, d), and (N, L) the token before each wanted one -> (N, L, width)."""
        read = self.read(latents)
        return self.step(read, before, read.state, 0)[0]

    @torch.no_grad()
    def greedy(self, latents: Tensor) -> Tensor:
        """(N, K, d) -> (N, L) the likeliest token after those before it, :data:`END` behind a text.

        L is at most the number of tokens of the longest text known.
        """
        read, n = self.read(latents), len(latents)
        state, last = read.state, torch.full((n, 1), MASK, device=latents.device)
        going, out = torch.ones(n, 1, dtype=torch.bool, device=latents.device), []
        for place in range(self.length):
            h, state = self.step(read, last, state, place)
            last = self.logits(h).argmax(2) * going
            out.append(last)
            going = going & (last != END)
            if not going.any():
                break
        return torch.cat(out, 1)


class Autoencoder(nn.Module):
    """Both, learned together to bring back a text of which tokens were hidden.

    Args:
        sizes: of both.

    Attributes:
        mean, std: (K, d) of the latent tokens of the training texts.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.encoder, self.decoder = Encoder(sizes), Decoder(sizes)
        shape = (sizes.latents, sizes.latent_size)
        self.register_buffer("mean", torch.zeros(shape))
        self.register_buffer("std", torch.ones(shape))

    def encode(self, codes: Tensor) -> Tensor:
        """(N, L) tokens, :data:`END` behind each text -> (N, K, d)."""
        latents: Tensor = self.encoder(codes, with_end(codes))
        return latents


def with_end(codes: Tensor) -> Tensor:
    """(N, L) True for the tokens of each text and the first :data:`END` behind it."""
    inside = codes != END
    return torch.cat([torch.ones_like(inside[:, :1]), inside[:, :-1]], 1)
