"""The networks of a learned codec of texts: from tokens to a few latent tokens, and back.

Each latent token reads another part of the text, so that what a long one says does not have to fit
into one vector. The decoder is a language model that is told them at every word. It leaves open
which of the likely words comes: numbers beside the latent tokens say so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence

from gansmith.modalities.text.choice import Chances, by_parts, choosing, chosen

# Numbers of tokens that are no piece of text: what ends one and fills its row, and what hides one.
END, MASK = 0, 1
NUM_SPECIAL = 2
Dropped = Callable[[Tensor], Tensor]
# Tokens on either side that a layer of the encoder sees.
GAP = 2


@dataclass(frozen=True)
class Sizes:
    """Of an autoencoder.

    Attributes:
        vocabulary: tokens, special ones among them.
        tokens: of the longest text, its end among them.
        latents: K, latent tokens of a text.
        latent_size: d, numbers of each.
        width: of the encoder's layers.
        state: of the decoder, even; its words have half as many numbers.
    """

    vocabulary: int
    tokens: int
    latents: int
    latent_size: int
    width: int
    state: int

    @property
    def plan(self) -> int:
        """Numbers of all latent tokens of a text."""
        return self.latents * self.latent_size


def kept(h: Tensor) -> Tensor:
    """All numbers, as when nothing is learned."""
    return h


class Neighbours(nn.Module):
    """h + W2 silu(W1 (h and its neighbours)), for tokens of texts that lie in one row."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.first, self.second = nn.Linear((2 * GAP + 1) * width, width), nn.Linear(width, width)

    def forward(self, h: Tensor, known: Tensor) -> Tensor:
        """(R, width), and (R, 1) 1 for tokens and 0 for the gaps between texts."""
        padded = F.pad(self.norm(h) * known, (0, 0, GAP, GAP))
        # One product of a matrix: convolutions over so few places are slower on a CPU.
        seen = torch.cat([padded[i : i + h.shape[0]] for i in range(2 * GAP + 1)], 1)
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
        where = in_one_row(inside)
        h = self._read(codes[inside], where[inside], int(where.max()) + 1 + GAP)
        return self.gathered(h[where], inside)

    def gathered(self, h: Tensor, inside: Tensor) -> Tensor:
        """(N, L, width) of what is read, and (N, L) where that is of a text -> (N, K, d)."""
        latents, d = self.sizes.latents, self.sizes.latent_size
        length = inside.sum(1)[:, None, None]
        places = (torch.arange(h.shape[1], device=h.device) + 0.5)[None, :, None] / length
        centres = (torch.arange(latents, device=h.device) + 0.5) / latents
        near = -((places - centres) * latents).square() * self.sharpness
        shares = (self.attention(h) + near).masked_fill(~inside[..., None], -torch.inf).softmax(1)
        values = self.values(h).unflatten(2, (latents, d))
        return on_sphere((shares[..., None] * values).sum(1))

    def _read(self, codes: Tensor, where: Tensor, size: int) -> Tensor:
        """(M,) tokens at M places of a row -> (size, width), seen with those beside them."""
        tokens = self.tokens(codes)
        h = tokens.new_zeros(size, tokens.shape[1]).index_copy(0, where, tokens)
        known = tokens.new_zeros(size, 1).index_fill(0, where, 1.0)
        for layer in self.layers:
            h = layer(h, known)
        read: Tensor = self.norm(h)
        return read


def in_one_row(inside: Tensor) -> Tensor:
    """Where texts lie in one row, so that a batch has no room for what the longest alone has.

    Args:
        inside: (N, L) which places are of texts: the first ones of each row.

    Returns:
        (N, L) places, with gaps between texts; 0, which is one of a gap, for what is of no text.
    """
    lengths = inside.sum(1)
    first = (lengths + GAP).cumsum(0) - lengths
    return (first[:, None] + torch.arange(inside.shape[1], device=inside.device)) * inside


def on_sphere(latents: Tensor) -> Tensor:
    """(N, K, d), each of the K vectors brought to mean 0 and variance 1 over its numbers."""
    return F.layer_norm(latents, latents.shape[-1:])


@dataclass(frozen=True)
class Read:
    """What the decoder knows of texts.

    Attributes:
        state: (N, state) of the words so far.
        before, behind: (N, state / 2) what the plan adds to each word that is read, and to what is
            known of the next one.
    """

    state: Tensor
    before: Tensor
    behind: Tensor

    def of(self, rows: Tensor) -> Read:
        """Of some texts, (M,) numbers."""
        return Read(self.state[rows], self.before[rows], self.behind[rows])


class Decoder(nn.Module):
    """A recurrent language model (Cho et al. 2014, arXiv:1406.1078) that is told the plan.

    The plan is where its state starts, and is beside each word before and behind that state. It is
    of the size of the language model of an evaluation, and learns with the same dropout: where the
    plan says little, samples are no better than those of a language model of its quality.
    """

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        width, state, plan = sizes.state // 2, sizes.state, sizes.plan
        self.scale, self.vocabulary = width**0.5, sizes.vocabulary
        self.tokens = nn.Embedding(sizes.vocabulary, width)
        nn.init.normal_(self.tokens.weight, std=width**-0.5)
        self.recurrent = nn.GRU(width, state)
        self.last, self.bias = nn.Linear(state, width), nn.Parameter(torch.zeros(sizes.vocabulary))
        self.start, self.before = nn.Linear(plan, state), nn.Linear(plan, width)
        self.behind = nn.Linear(plan, width)
        nn.init.zeros_(self.behind.weight)

    def read(self, latents: Tensor) -> Read:
        """(N, K, d)."""
        plan = latents.flatten(1)
        return Read(self.start(plan).tanh(), self.before(plan), self.behind(plan))

    def seen(self, tokens: Tensor, read: Read) -> Tensor:
        """(M, width) that the state takes in of (M,) tokens, each with a text of ``read``."""
        seen: Tensor = self.tokens(tokens) * self.scale + read.before
        return seen

    def known(self, states: Tensor, read: Read) -> Tensor:
        """(M, width) of what is known behind (M, state) states."""
        known: Tensor = self.last(states) + read.behind
        return known

    def logits(self, known: Tensor) -> Tensor:
        """(..., width) -> (..., vocabulary); inputs and outputs share one matrix."""
        return F.linear(known, self.tokens.weight, self.bias)

    def forward(
        self, latents: Tensor, before: Tensor, inside: Tensor, dropped: Dropped = kept
    ) -> Tensor:
        """What is known before each wanted token of texts.

        Args:
            latents: (N, K, d).
            before: (N, L) the token before each wanted one.
            inside: (N, L) which are wanted: the first ones of each row, at least one.
            dropped: leaves out numbers while learning, (M, width) and (M, state).

        Returns:
            (M, width) for all M that are wanted, row by row.
        """
        read, (n, length) = self.read(latents), before.shape
        where = torch.arange(n * length, device=before.device).view(n, length)
        # Of each place the texts that are so long: a block would be empty for the most part.
        packed = pack_padded_sequence(
            torch.stack([before, where], 2), inside.sum(1).cpu(), True, enforce_sorted=False
        )
        tokens, where = packed.data.unbind(1)
        each = read.of(where // length)
        seen = PackedSequence(dropped(self.seen(tokens, each)), *packed[1:])
        states, _ = self.recurrent(seen, read.state[None])
        return self.known(dropped(states.data), each)[where.argsort()]

    def step(self, read: Read, before: Tensor) -> tuple[Tensor, Read]:
        """One token of each text.

        Args:
            read: what is known of N texts.
            before: (N,) the tokens before the wanted ones.

        Returns:
            (N, width), from which :meth:`logits` come, and what is known then.
        """
        state = self.recurrent(self.seen(before, read)[None], read.state[None])[1][0]
        return self.known(state, read), replace(read, state=state)

    @torch.no_grad()
    def words(self, latents: Tensor, codes: Tensor, chances: Chances) -> Tensor:
        """What :meth:`drawn` makes these texts of.

        Args:
            latents: (N, K, d).
            codes: (N, L) tokens, :data:`END` behind each text.
            chances: how likely each token is made.

        Returns:
            (N, L), 0 where the likeliest token stands and behind each text.
        """
        inside = with_end(codes)
        out = torch.zeros(codes.shape, device=codes.device)
        out[inside] = by_parts(
            lambda known, tokens: choosing(chances(self.logits(known)), tokens),
            self.vocabulary, self(latents, shifted(codes), inside), codes[inside],
        )  # fmt: skip
        return out

    @torch.no_grad()
    def drawn(self, latents: Tensor, words: Tensor, chances: Chances) -> Tensor:
        """Texts, token after token.

        Args:
            latents: (N, K, d).
            words: (N, W) what decides between tokens, standard normal, by :func:`chosen`: for zeros
                the likeliest one comes.
            chances: how likely each token is made.

        Returns:
            (N, W) tokens, :data:`END` behind a text.
        """
        n, device = len(latents), latents.device
        read, going = self.read(latents), torch.arange(n, device=device)
        last, out = torch.full_like(going, MASK), torch.full(words.shape, END, device=device)
        for place in range(words.shape[1]):
            known, read = self.step(read, last)
            last = by_parts(
                lambda known, words: chosen(chances(self.logits(known)), words),
                self.vocabulary, known, words[going, place],
            )  # fmt: skip
            out[going, place] = last
            on = (last != END).nonzero()[:, 0]
            if not len(on):
                break
            if len(on) < len(going):
                going, last, read = going[on], last[on], read.of(on)
        return out


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

    def plans(self, latents: Tensor) -> Tensor:
        """(N, K, d) -> (N, K * d), each number with mean 0 and variance 1 over training texts."""
        return ((latents - self.mean) / self.std).flatten(1)

    def latents(self, plans: Tensor) -> Tensor:
        """The way back, to where the encoder puts texts."""
        return on_sphere(plans.reshape(-1, *self.mean.shape) * self.std + self.mean)


def shifted(codes: Tensor) -> Tensor:
    """(N, L) the token before each one, :data:`MASK` before the first."""
    return torch.cat([torch.full_like(codes[:, :1], MASK), codes[:, :-1]], 1)


def with_end(codes: Tensor) -> Tensor:
    """(N, L) True for the tokens of each text and the first :data:`END` behind it."""
    inside = codes != END
    return torch.cat([torch.ones_like(inside[:, :1]), inside[:, :-1]], 1)
