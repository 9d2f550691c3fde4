"""Texts as a plan and the words it is told in, by a denoising autoencoder learned before the game.

An encoded text has two parts. Its plan is K latent tokens of d numbers, each number with mean 0 and
variance 1 over the training texts; the decoder learned with noise on them, so that near plans mean
nearly the same. Its words are a number for each token, which says which one it is of those that the
decoder holds for possible there: for samples that is noise, standard normal.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from gansmith.data.dataset import Dataset
from gansmith.errors import ConfigError
from gansmith.game.randomness import Randomness
from gansmith.modalities.text.autoencoder import (
    END,
    MASK,
    Autoencoder,
    Sizes,
    kept,
    shifted,
    with_end,
)
from gansmith.modalities.text.choice import Chances
from gansmith.modalities.text.plan import spec_of
from gansmith.modalities.text.rows import TextRows
from gansmith.modalities.text.store import Bytes, to_rows, to_texts
from gansmith.modalities.text.temperature import USUAL, temperature_of
from gansmith.modalities.text.tokens import Tokens, loaded
from gansmith.protocols import Spec
from gansmith.registry import register

# Texts that pairs of bytes are counted in, and lengths: more change nothing that could be seen.
MOST_COUNTED = 100_000
MOST_TOKENS = 256
# Bytes of text for each token: fewer, and whole texts would become tokens.
BYTES_A_TOKEN, LEAST_VOCABULARY = 240, 300
# Of the tokens of a usual text: so many latent tokens, at least and at most.
LATENTS_A_TOKEN, LEAST_LATENTS, MOST_LATENTS = 0.3, 2, 16
# Below it a number says nothing, and would be noise alone if it were scaled up.
LEAST_STD = 0.05
# Training texts that a temperature is found by, and tokens of all of them.
MOST_TOLD, TOKENS_TOLD = 1_000, 20_000
CHUNK = 500


class TextCodec(TextRows):
    """Between bytes (N, width) and a plan with its words, (N, K * d + W).

    W is the number of tokens of the longest text. A text comes back to the last byte, but for what
    lies beyond W, and tokens as likely as another but for rounding. Without its words, zeros then,
    a plan is told in the likeliest ones.

    Args:
        tokens: pieces of words.
        sizes: of the networks.
        width: bytes of a row.
        label: what samples are called: ``lines``, ``paragraphs`` or ``windows``.
        noise: standard deviation of the noise on latent tokens while learning.
        hide: share of the tokens that the encoder does not see.
        drop: share of the tokens that the decoder does not see, so that it has to read the latents.
        dropout: share of the decoder's numbers that are left out while learning, those that go into
            its state and those that come out.
        temperature, cutoff: of :class:`Chances`, how likely each token is made where words are
            chosen; a temperature of 0 is found when the networks have learned.
        classes: names of the classes, which the game is told of and the networks here are not.
    """

    def __init__(
        self, tokens: Tokens, sizes: Sizes, width: int, label: str,
        *, noise: float, hide: float, drop: float, dropout: float,
        temperature: float, cutoff: float, classes: Sequence[str] = (),
    ) -> None:  # fmt: skip
        super().__init__(width, label, classes)
        self.tokens, self.sizes = tokens, sizes
        self.noise, self.hide, self.drop, self.dropout = noise, hide, drop, dropout
        self.temperature, self.cutoff = temperature, cutoff
        self.network = Autoencoder(sizes)
        if not temperature:
            self.network.register_buffer("temperature", torch.tensor(USUAL))

    @property
    def spec(self) -> Spec:
        """(K * d + W,), any real values; its spans are the plan and the words."""
        return spec_of(self.sizes.plan, self.sizes.tokens, len(self.classes))

    encodes_by_network = True

    @property
    def chances(self) -> Chances:
        """How likely each token is made where words are chosen."""
        temperature = self.temperature or float(self.network.get_buffer("temperature"))
        return Chances(temperature, self.cutoff)

    def codes(self, raw: Bytes) -> Tensor:
        """(N, width) bytes -> (N, L) tokens, :data:`END` behind each text, at least one."""
        found = self.tokens.encode(to_texts(raw))
        most = self.sizes.tokens - 1
        length = min(max((len(codes) for codes in found), default=0), most) + 1
        rows = np.full((len(found), length), END, np.int64)
        for row, codes in zip(rows, found, strict=True):
            row[: min(len(codes), most)] = codes[:most]
        return torch.from_numpy(rows)

    @property
    def _device(self) -> torch.device:
        return self.network.mean.device

    def loss(self, raw: Tensor, randomness: Randomness, progress: float) -> Tensor:
        """Cross-entropy of the tokens, nats a token, of texts with tokens hidden and noise added.

        Vincent et al. 2008, with words hidden from the decoder as in Bowman et al. 2016
        (arXiv:1511.06349), section 3.1.
        """
        del progress
        codes = self.codes(raw.cpu().numpy()).to(self._device)
        n, length = codes.shape
        wanted = with_end(codes)
        hidden = (randomness.uniform(n, length) < self.hide) & (codes != END)
        latents = self.network.encoder(codes.masked_fill(hidden, MASK), wanted)
        latents = latents + self.noise * randomness.normal(n, *latents.shape[1:])
        before = shifted(codes).masked_fill(randomness.uniform(n, length) < self.drop, MASK)

        def dropped(h: Tensor) -> Tensor:
            return h * (randomness.uniform(*h.shape) >= self.dropout) / (1 - self.dropout)

        h = self.network.decoder(latents, before, wanted, dropped if self.dropout else kept)
        return F.cross_entropy(self.network.decoder.logits(h), codes[wanted])

    @torch.no_grad()
    def settle(self, raw: Iterable[Bytes]) -> None:
        """Measure mean and spread of each number of the latent tokens; then find the temperature,
        unless it was given."""
        mean = self.network.mean
        total, squares = (torch.zeros(mean.shape, dtype=torch.float64) for _ in range(2))
        n = 0
        for chunk in raw:
            z = self.network.encode(self.codes(chunk).to(self._device)).cpu().double()
            total, squares, n = total + z.sum(0), squares + z.square().sum(0), n + len(z)
        mean = total / max(n, 1)
        variance = squares / max(n, 1) - mean.square()
        self.network.mean.copy_(mean)
        self.network.std.copy_(variance.clamp(min=0).sqrt().clamp(min=LEAST_STD))
        if not self.temperature:
            self._find_temperature(evenly(raw, max(n // MOST_TOLD, 1)))

    def _find_temperature(self, raw: Bytes) -> None:
        """From some training texts, each different from the others, told anew by their plans."""
        codes = self.codes(raw)
        codes = codes[:: int(with_end(codes).sum()) // TOKENS_TOLD + 1]
        real = {text: i for i, text in enumerate(self._texts(codes))}
        codes = codes[list(real.values())].to(self._device)
        latents = self.network.latents(self.network.plans(self.network.encode(codes)))
        noise = np.random.default_rng(0).standard_normal((len(codes), self.sizes.tokens))
        words = torch.from_numpy(noise).to(latents)

        def told(temperature: float) -> list[str]:
            chances = Chances(temperature, self.cutoff)
            return self._texts(self.network.decoder.drawn(latents, words, chances))

        self.network.get_buffer("temperature").fill_(temperature_of(list(real), told))

    def _texts(self, codes: Tensor) -> list[str]:
        """Texts of (N, L) tokens, as a file could hold them."""
        return [self.tidy(self.tokens.decode(row)).decode() for row in codes.tolist()]

    @torch.no_grad()
    def score(self, raw: Iterable[Bytes], held_out: bool) -> dict[str, Any]:
        """Texts through encoder and decoder and back: how many are the same to the last byte, and
        how many tokens are in their place where only the plan is kept."""
        right = wanted = same = n = cut = 0
        for chunk in raw:
            x = self.encode(torch.from_numpy(chunk))
            same += int((self.decode(x).numpy() == chunk).all(1).sum())
            x[:, self.sizes.plan :] = 0
            back = self.decode(x).numpy()
            codes, found = (_padded(self.codes(rows), self.sizes.tokens) for rows in (chunk, back))
            inside = with_end(codes)
            right += int(((codes == found) & inside).sum())
            wanted += int(inside.sum())
            cut += int((codes[:, -1:] != END).sum())
            n += len(chunk)
        accuracy, exact = right / max(wanted, 1), same / max(n, 1)
        temperature = self.chances.temperature
        kind = "held-out" if held_out else "TRAINING (too few were held out)"
        return {
            "token_accuracy": accuracy,
            "exact": exact,
            "num_samples": n,
            "held_out": held_out,
            "num_cut": cut,
            "temperature": temperature,
            "reads": f"Of {n:,} {kind} {self.label}, {same:,} come back to the last byte; from "
            f"their plan alone, {accuracy:.1%} of their tokens come back in their places. Words "
            f"are chosen at a temperature of {temperature:.2f}.",
        }

    @torch.no_grad()
    def encode(self, raw: Tensor) -> Tensor:
        """(N, width) bytes -> (N, K * d + W)."""
        network, parts = self.network, [torch.zeros(0, *self.spec.shape)]
        for first in range(0, len(raw), CHUNK):
            codes = self.codes(raw[first : first + CHUNK].cpu().numpy()).to(self._device)
            plans = network.plans(network.encode(codes))
            # Of the plan as it will be read: rounding alone can turn the order of two rare words.
            words = network.decoder.words(network.latents(plans), codes, self.chances)
            words = F.pad(words, (0, self.sizes.tokens - words.shape[1]))
            parts.append(torch.cat([plans, words], 1).to(parts[0].device))
        return torch.cat(parts).to(raw.device)

    @torch.no_grad()
    def decode(self, x: Tensor) -> Tensor:
        """(N, K * d + W) -> (N, width) bytes, zeros behind each text."""
        network, texts = self.network, list[str]()
        for first in range(0, len(x), CHUNK):
            part = x[first : first + CHUNK].to(self._device, torch.float32)
            plan, words = part[:, : self.sizes.plan], part[:, self.sizes.plan :]
            codes = network.decoder.drawn(network.latents(plan), words, self.chances)
            texts += self._texts(codes)
        rows = to_rows((text.encode() for text in texts), self.width)
        return torch.from_numpy(rows).to(x.device)

    def state(self) -> dict[str, Any]:
        """Tokens and sizes, without what the networks have learned."""
        return {
            "tokens": self.tokens.state(), "sizes": asdict(self.sizes), "width": self.width,
            "label": self.label, "noise": self.noise, "hide": self.hide, "drop": self.drop,
            "dropout": self.dropout, "temperature": self.temperature, "cutoff": self.cutoff,
            "dtype": "uint8", "classes": list(self.classes),
        }  # fmt: skip

    @classmethod
    def load(cls, state: dict[str, Any]) -> TextCodec:
        """From what :meth:`state` returned; networks as they start."""
        return cls(
            loaded(state["tokens"]), Sizes(**state["sizes"]), int(state["width"]), state["label"],
            noise=state["noise"], hide=state["hide"], drop=state["drop"], dropout=state["dropout"],
            temperature=state["temperature"], cutoff=state.get("cutoff", 0.0),
            classes=state.get("classes", ()),
        )  # fmt: skip


def evenly(chunks: Iterable[Bytes], step: int) -> Bytes:
    """Each so many-th row of all chunks together."""
    rows, first = [], 0
    for chunk in chunks:
        rows.append(chunk[-first % step :: step])
        first += len(chunk)
    return np.concatenate(rows)


def _padded(codes: Tensor, length: int) -> Tensor:
    return F.pad(codes, (0, length - codes.shape[1]), value=END)


@register("codec", "text-latents")
def text_latents(
    dataset: Dataset, indices: npt.NDArray[np.int64],
    *, latents: int = 0, latent_size: int = 4, width: int = 96, state: int = 352,
    vocabulary: int = 8_000, noise: float = 0.7, hide: float = 0.1, drop: float = 0.0,
    dropout: float = 0.2, temperature: float = 0.0, cutoff: float = 2e-3,
) -> TextCodec:  # fmt: skip
    """A plan of a text and its words, by a denoising autoencoder that is learned first.

    Args:
        dataset: of texts.
        indices: of the training texts, in which pairs of bytes are counted.
        latents: latent tokens of a text; 0 takes 0.3 of the tokens of a usual one, 2 to 16.
        latent_size: numbers of each.
        width: of the encoder's layers.
        state: of the decoder, even.
        vocabulary: pieces of words at most; fewer where there is little text.
        noise: on latent tokens while learning, of which each has variance 1.
        hide: share of the tokens that the encoder does not see.
        drop: share of the tokens that the decoder does not see.
        dropout: share of the decoder's numbers that are left out while learning.
        temperature, cutoff: of :class:`Chances`, how likely each token is made; a temperature of 0
            is found when the networks have learned.
    """
    Chances(temperature or USUAL, cutoff)
    if min(latent_size, width, state, vocabulary) < 1 or latents < 0 or noise < 0 or state % 2:
        raise ConfigError("The codec needs sizes above 0, and an even state.", where="codec")
    if not (0 <= hide < 1 and 0 <= drop <= 1):
        raise ConfigError("Shares of tokens lie in [0, 1).", where="codec.hide, codec.drop")
    some = indices[:: -(-len(indices) // MOST_COUNTED)]
    texts = to_texts(dataset.samples[some])
    num_bytes = sum(len(text.encode()) for text in texts)
    size = min(vocabulary, max(LEAST_VOCABULARY, num_bytes // BYTES_A_TOKEN))
    tokens = Tokens.fit(texts, size)
    lengths = np.array([len(codes) for codes in tokens.encode(texts)]) + 1
    typical = int(np.median(lengths))
    chosen = latents or int(np.clip(round(LATENTS_A_TOKEN * typical), LEAST_LATENTS, MOST_LATENTS))
    most = min(int(lengths.max()), MOST_TOKENS) + 1
    sizes = Sizes(tokens.size, most, chosen, latent_size, width, state)
    width_bytes, label = dataset.schema.shape[0], dataset.schema.label
    return TextCodec(
        tokens, sizes, width_bytes, label, noise=noise, hide=hide, drop=drop, dropout=dropout,
        temperature=temperature, cutoff=cutoff, classes=dataset.schema.classes,
    )  # fmt: skip
