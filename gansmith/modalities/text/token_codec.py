"""Texts as one-hot tokens, for a game in which the generator writes them itself.

An encoded text is (L, V): at each of L places the one-hot of one of V byte pairs. Token 0 ends a
text and fills what is left of its row; the last place always holds it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from gansmith.data.dataset import Dataset
from gansmith.errors import ConfigError
from gansmith.game.randomness import Randomness
from gansmith.modalities.text.byte_pairs import EDGE, BytePairs
from gansmith.modalities.text.codec import LEAST_VOCABULARY, MOST_COUNTED
from gansmith.modalities.text.language_model import DROPOUT, RecurrentNetwork, Size
from gansmith.modalities.text.one_hot import one_hot
from gansmith.modalities.text.rows import TextRows
from gansmith.modalities.text.store import Bytes, to_rows, to_texts
from gansmith.modalities.text.tokens import loaded
from gansmith.protocols import Spec
from gansmith.registry import register

# So many texts of a thousand may be cut: a few long ones would make all rows long.
CUT_OF_A_THOUSAND = 5
MOST_TOKENS = 64
# More than a decoder that is told a plan: here each token is one more number of what is played for.
BYTES_A_TOKEN = 400


class TokenCodec(TextRows):
    """Between bytes (N, width) and one-hot tokens (N, L, V).

    Args:
        pairs: pieces of words.
        tokens: L, of a row, its end among them.
        width: bytes of a row.
        label: what samples are called: ``lines``, ``paragraphs`` or ``windows``.
        classes: names of the classes, which the game is told of.
        notes: what became of texts that are too long; of a codec that was loaded, nothing.
    """

    kind = "text-tokens"

    def __init__(
        self, pairs: BytePairs, tokens: int, width: int, label: str,
        classes: Sequence[str] = (), notes: Sequence[str] = (),
    ) -> None:  # fmt: skip
        super().__init__(width, label, classes)
        self.pairs, self.tokens, self.notes = pairs, tokens, notes

    @property
    def spec(self) -> Spec:
        """(L, V), one-hot at each place."""
        return Spec((self.tokens, len(self.pairs)), len(self.classes))

    def codes(self, raw: Bytes) -> Tensor:
        """(N, width) bytes -> (N, L) tokens."""
        rows = np.full((len(raw), self.tokens), EDGE, np.int64)
        for row, codes in zip(rows, self.pairs.encode(to_texts(raw)), strict=True):
            kept = codes[: self.tokens - 1]
            row[: len(kept)] = kept
        return torch.from_numpy(rows)

    def encode(self, raw: Tensor) -> Tensor:
        """(N, width) bytes -> (N, L, V)."""
        return one_hot(self.codes(raw.cpu().numpy()).to(raw.device), len(self.pairs))

    def decode(self, x: Tensor) -> Tensor:
        """(N, L, V) -> (N, width) bytes, zeros behind each text, which ends at its first end."""
        texts = []
        for row in x.argmax(2).tolist():
            ids = row[: row.index(EDGE)] if EDGE in row else row
            texts.append(self.tidy(self.pairs.content(ids)))
        return torch.from_numpy(to_rows(texts, self.width)).to(x.device)

    def state(self) -> dict[str, Any]:
        """Byte pairs and sizes."""
        return {
            "kind": self.kind, "pairs": self.pairs.to_json(), "tokens": self.tokens,
            "width": self.width, "label": self.label, "dtype": "uint8",
            "classes": list(self.classes),
        }  # fmt: skip

    @classmethod
    def load(cls, state: dict[str, Any]) -> TokenCodec:
        """From what :meth:`state` returned."""
        pairs = BytePairs(loaded(state["pairs"]))
        sizes = int(state["tokens"]), int(state["width"])
        return cls(pairs, *sizes, state["label"], state["classes"])


class TaughtTokenCodec(TokenCodec):
    """The same, with a language model that learns in a stage before the game.

    Between texts and tokens it changes nothing: it is what a generator starts from.

    Args:
        hidden: numbers of the language model's state.
    """

    kind = "text-tokens-taught"
    encodes_by_network = False

    def __init__(self, *args: Any, hidden: int) -> None:
        super().__init__(*args)
        self.size = Size(len(self.pairs), hidden, self.tokens)
        self.network = RecurrentNetwork(self.size)

    @property
    def spec(self) -> Spec:
        """(L, V), one-hot at each place, with the language model's weights to start from."""
        return replace(super().spec, start=self.network.state_dict())

    def _sides(self, raw: Bytes) -> tuple[Tensor, Tensor, Tensor]:
        """(N, T) each: tokens before the wanted ones, those, and which of them count."""
        codes = self.codes(raw)
        ends = (codes != EDGE).sum(1)
        codes = codes[:, : int(ends.max()) + 1].to(self.network.bias.device)
        before = torch.cat([torch.full_like(codes[:, :1], EDGE), codes[:, :-1]], 1)
        places = torch.arange(codes.shape[1], device=codes.device)
        return before, codes, places <= ends.to(codes.device)[:, None]

    def _losses(self, raw: Bytes, randomness: Randomness | None) -> Tensor:
        """Nats of each token that counts."""
        network, (before, codes, counts) = self.network, self._sides(raw)

        def dropped(h: Tensor) -> Tensor:
            if randomness is None:
                return h
            return h * (randomness.uniform(*h.shape) >= DROPOUT) / (1 - DROPOUT)

        known, _ = network.recurrent(dropped(network.embedded(before)))
        return F.cross_entropy(
            network.logits(dropped(known)[counts]), codes[counts], reduction="none"
        )

    def loss(self, raw: Tensor, randomness: Randomness, progress: float) -> Tensor:
        """Cross-entropy of the tokens, nats a token: maximum likelihood, with dropout."""
        del progress
        return self._losses(raw.cpu().numpy(), randomness).mean()

    def settle(self, raw: Iterable[Bytes]) -> None:
        """Nothing is measured."""

    @torch.no_grad()
    def score(self, raw: Iterable[Bytes], held_out: bool) -> dict[str, Any]:
        """What texts cost the language model."""
        nats, n, num_tokens = 0.0, 0, 0
        for chunk in raw:
            losses = self._losses(chunk, None)
            nats, n = nats + float(losses.double().sum()), n + len(chunk)
            num_tokens += len(losses)
        cost = nats / max(num_tokens, 1)
        kind = "held-out" if held_out else "TRAINING (too few were held out)"
        return {
            "nats_a_token": cost, "num_samples": n, "held_out": held_out,
            "reads": f"The generator starts from a language model, which {n:,} {kind} "
            f"{self.label} cost {cost:.3f} nats a token.",
        }  # fmt: skip

    def state(self) -> dict[str, Any]:
        """Byte pairs and sizes, without what the language model has learned."""
        return {**super().state(), "hidden": self.size.hidden}

    @classmethod
    def load(cls, state: dict[str, Any]) -> TaughtTokenCodec:
        """From what :meth:`state` returned; the language model as it starts."""
        plain = TokenCodec.load(state)
        own = plain.pairs, plain.tokens, plain.width, plain.label, plain.classes
        return cls(*own, hidden=int(state["hidden"]))


def load_token_codec(state: dict[str, Any]) -> TokenCodec:
    """Either of both, from what its :meth:`TokenCodec.state` returned."""
    kinds: tuple[type[TokenCodec], ...] = (TokenCodec, TaughtTokenCodec)
    return next(kind for kind in kinds if kind.kind == state["kind"]).load(state)


def _fitted(
    dataset: Dataset, indices: npt.NDArray[np.int64], vocabulary: int, tokens: int
) -> tuple[BytePairs, int, int, str, Sequence[str], Sequence[str]]:
    """What a :class:`TokenCodec` is made from."""
    if tokens < 0 or tokens == 1:
        raise ConfigError(
            f"A row of {tokens} tokens holds no text.", where="codec.tokens",
            fix="Take 2 or more, or 0 to go by the data.",
        )  # fmt: skip
    some = indices[:: -(-len(indices) // MOST_COUNTED)]
    texts = to_texts(dataset.samples[some])
    num_bytes = sum(len(text.encode()) for text in texts)
    size = min(vocabulary, max(LEAST_VOCABULARY, num_bytes // BYTES_A_TOKEN))
    pairs = BytePairs.fit(texts, size)
    lengths = np.array([len(ids) for ids in pairs.encode(texts)]) + 1
    enough = int(np.quantile(lengths, 1 - CUT_OF_A_THOUSAND / 1000, method="higher"))
    chosen = tokens or min(enough, MOST_TOKENS)
    label, cut = dataset.schema.label, int((lengths > chosen).sum())
    notes: tuple[str, ...] = ()
    if cut:
        notes = (
            f"{label.capitalize()} cut at {chosen - 1} tokens: {cut:,} of {len(texts):,} training "
            f"{label}; the longest has {lengths.max() - 1}. codec.tokens={lengths.max()} takes "
            f"them whole, with latent.size={lengths.max() - 1}.",
        )
    return pairs, chosen, dataset.schema.shape[0], label, dataset.schema.classes, notes


@register("codec", "text-tokens")
def text_tokens(
    dataset: Dataset, indices: npt.NDArray[np.int64], *, vocabulary: int = 2_000, tokens: int = 0
) -> TokenCodec:
    """One-hot byte pairs, fitted at once.

    Args:
        dataset: of texts.
        indices: of the training texts, in which pairs of bytes are counted.
        vocabulary: pieces of words at most; fewer where there is little text.
        tokens: of a row, its end among them; longer texts are cut. 0 takes what 995 of 1,000
            training texts have at most, up to 64.
    """
    return TokenCodec(*_fitted(dataset, indices, vocabulary, tokens))


@register("codec", "text-tokens-taught")
def text_tokens_taught(
    dataset: Dataset, indices: npt.NDArray[np.int64],
    *, vocabulary: int = 2_000, tokens: int = 0, width: int = 256,
) -> TaughtTokenCodec:  # fmt: skip
    """One-hot byte pairs, and a language model that the generator starts from.

    Args:
        dataset: of texts.
        indices: of the training texts, in which pairs of bytes are counted.
        vocabulary: pieces of words at most; fewer where there is little text.
        tokens: of a row, its end among them; longer texts are cut. 0 takes what 995 of 1,000
            training texts have at most, up to 64.
        width: numbers of the language model's state, and so of the generator's.
    """
    return TaughtTokenCodec(*_fitted(dataset, indices, vocabulary, tokens), hidden=width)
