"""The baseline to beat: a language model of the same data, size and budget.

One gated recurrent layer (Cho et al. 2014, arXiv:1406.1078) that predicts each token from all
before it, with the embedding as its output layer as well (Press and Wolf 2017, arXiv:1608.05859),
trained by maximum likelihood. Sampled at the right temperature such a model beat every adversarial
one of its time (Caccia et al. 2020, arXiv:1811.02549), so nothing is said of a generator of text
without it.
"""

from __future__ import annotations

import copy
import json
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from gansmith.errors import ConfigError, MissingExtraError
from gansmith.modalities.text.byte_pairs import EDGE, BytePairs, Ids
from gansmith.modalities.text.choice import Chances, by_parts
from gansmith.progress import Progress, silent

BATCH_LINES, BATCH_TOKENS = 32, 4_096
# Longer lines are learnt in pieces, and scored so too, but with the state carried over.
WINDOW = 256
MOST_SAMPLED = 2_048
LEARNING_RATE, WARM_UP, DROPOUT = 6e-3, 0.02, 0.2
MOST_GRADIENT = 10.0
# Of the lines, to choose the best weights by; looked at in tenths of the budget.
HELD_SHARE, MOST_HELD, LEAST_HELD = 0.05, 500, 20
CHUNK = 512
FORMAT = "gansmith-language-model-1"


@dataclass(frozen=True)
class Size:
    """What a network is built from.

    Attributes:
        vocabulary: number of tokens, with the edge.
        hidden: numbers of the recurrent state; an embedding has half as many.
        longest: tokens of the longest line that was learnt from, and so of samples; at most 2,048.
    """

    vocabulary: int
    hidden: int
    longest: int

    @classmethod
    def within(cls, parameters: int, vocabulary: int, longest: int) -> Size:
        """The largest network of at most so many parameters, and of no fewer than 16 in its state.

        The network has ``5 h^2 + (v / 2 + 6.5) h + v`` of them.
        """
        linear = vocabulary / 2 + 6.5
        left = max(parameters - vocabulary, 0)
        hidden = (math.sqrt(linear**2 + 20 * left) - linear) / 10
        return cls(vocabulary, max(int(hidden) // 8 * 8, 16), min(longest, MOST_SAMPLED))


class RecurrentNetwork(nn.Module):
    """Tokens so far -> logits of the next one."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        width = size.hidden // 2
        self.embedding = nn.Embedding(size.vocabulary, width)
        nn.init.normal_(self.embedding.weight, std=width**-0.5)
        self.recurrent = nn.GRU(width, size.hidden, batch_first=True)
        self.out = nn.Linear(size.hidden, width)
        self.bias = nn.Parameter(torch.zeros(size.vocabulary))
        self.scale = width**0.5

    def embedded(self, tokens: Tensor) -> Tensor:
        """(...) tokens -> (..., width)."""
        found: Tensor = self.embedding(tokens) * self.scale
        return found

    def states(self, tokens: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """(N, T) tokens -> (N, T, hidden) what is known after each, and the last for going on."""
        x = F.dropout(self.embedded(tokens), DROPOUT, self.training)
        known, last = self.recurrent(x, state)
        return F.dropout(known, DROPOUT, self.training), last

    def logits(self, known: Tensor) -> Tensor:
        """(..., hidden) -> (..., vocabulary)."""
        return F.linear(self.out(known), self.embedding.weight, self.bias)


class _Budget:
    """How much of what was granted is spent.

    Raises:
        ConfigError: unless exactly one of both is granted, and more than nothing.
    """

    def __init__(self, tokens: int | None, seconds: float | None) -> None:
        granted = [each for each in (tokens, seconds) if each is not None]
        if len(granted) != 1 or not granted[0] > 0:
            raise ConfigError("A language model needs a budget: either tokens or seconds, above 0.")
        self._tokens, self._seconds, self._seen = tokens, seconds, 0
        self._start = time.perf_counter()

    def spend(self, tokens: int) -> None:
        self._seen += tokens

    @property
    def share(self) -> float:
        if self._seconds is not None:
            return (time.perf_counter() - self._start) / self._seconds
        return self._seen / (self._tokens or 1)


class LanguageModel:
    """A trained model; made by :meth:`fit` or :meth:`load`.

    Attributes:
        pairs: text to tokens and back.
        size: of the network.
        network: trained, in evaluation mode.
    """

    def __init__(self, pairs: BytePairs, size: Size, network: RecurrentNetwork) -> None:
        self.pairs, self.size, self.network = pairs, size, network.eval().requires_grad_(False)

    @property
    def num_parameters(self) -> int:
        """Of the network."""
        return sum(p.numel() for p in self.network.parameters())

    @classmethod
    def fit(
        cls, lines: Sequence[str], *, tokens: int | None = None, seconds: float | None = None,
        parameters: int = 2_000_000, vocabulary: int = 4_000, pairs: BytePairs | None = None,
        seed: int = 0, device: str = "cpu", progress: Progress = silent,
    ) -> LanguageModel:  # fmt: skip
        """Train one, with a twentieth of the lines, if that is 20 or more, to choose weights by.

        Args:
            lines: to learn from, at least one.
            tokens: budget, gone over once or many times; the same seed then gives the same model.
            seconds: budget of wall clock instead.
            parameters: of the network at most.
            vocabulary: of tokens, where no byte pairs are given.
            pairs: byte pairs of some other model, to have the same tokens.
            seed: of the first weights, the order of the lines and dropout.
            device: to train on, and to sample on afterwards.
            progress: shows how much of the budget is spent, in percent.

        Raises:
            MissingExtraError: if the library ``tokenizers`` is not installed.
            ConfigError: if there are no lines or no budget, or both kinds of it.
        """
        budget = _Budget(tokens, seconds)
        if not lines:
            raise ConfigError("A language model needs lines to learn from, and there are none.")
        pairs = pairs or BytePairs.fit(lines, vocabulary)
        ids = pairs.encode(lines)
        size = Size.within(parameters, len(pairs), max(map(len, ids)) + 1)
        at = torch.device(device)
        with torch.random.fork_rng(devices=[] if at.type == "cpu" else [at]):
            torch.manual_seed(seed)
            network = RecurrentNetwork(size).to(at)
            network = _trained(network, ids, budget, seed, progress)
        return cls(pairs, size, network)

    def nats(self, lines: Sequence[str]) -> npt.NDArray[np.float64]:
        """(N,) what each line costs, its end included: minus the logarithm of its probability."""
        return _nats(self.network, self.pairs.encode(lines))

    @torch.no_grad()
    def sample(
        self, n: int, *, temperature: float = 1.0, cutoff: float = 0.0, seed: int = 0
    ) -> list[str]:
        """New lines.

        Args:
            n: how many.
            temperature: that logits are divided by, above 0; below 1 lines are safer and more
                alike.
            cutoff: share of a token below which it hardly ever comes, in [0, 1).
            seed: the same gives the same lines, on the same machine.

        Raises:
            ConfigError: for a temperature that is not above 0, or another cutoff.
        """
        chances = Chances(temperature, cutoff)
        generator = torch.Generator(self.network.bias.device).manual_seed(seed)
        rows: list[Ids] = []
        for first in range(0, n, CHUNK):
            rows += self._rows(min(CHUNK, n - first), chances, generator)
        return self.pairs.decode(rows)

    def _rows(self, n: int, chances: Chances, generator: torch.Generator) -> list[Ids]:
        """Numbers of tokens of n lines; those that have ended are not carried along."""
        network, device = self.network, self.network.bias.device
        found = torch.full((n, self.size.longest), EDGE, device=device)
        going, state = torch.arange(n, device=device), None
        tokens = torch.full((n,), EDGE, device=device)
        for place in range(self.size.longest):
            known, state = network.states(tokens[:, None], state)
            random = torch.rand(len(tokens), 1, generator=generator, device=device)
            tokens = by_parts(
                lambda known, random: drawn(chances(network.logits(known)), random),
                self.size.vocabulary, known[:, 0], random,
            )  # fmt: skip
            found[going, place] = tokens
            on = tokens != EDGE
            going, tokens, state = going[on], tokens[on], state[:, on].contiguous()
            if not len(going):
                break
        return [[t for t in row if t != EDGE] for row in found.tolist()]

    def save(self, path: Path) -> None:
        """Into one file of safetensors; byte pairs and sizes are in its header."""
        held = {"format": FORMAT, "size": json.dumps(asdict(self.size)),
                "pairs": self.pairs.to_json()}  # fmt: skip
        state = {name: t.cpu().contiguous() for name, t in self.network.state_dict().items()}
        save_file(state, path, metadata=held)

    @classmethod
    def load(cls, path: Path) -> LanguageModel:
        """From a file that :meth:`save` wrote.

        Raises:
            MissingExtraError: if the library ``tokenizers`` is not installed.
            ConfigError: if the file is not there, or holds something else.
        """
        try:
            with safe_open(path, "pt") as file:
                held, state = file.metadata() or {}, {k: file.get_tensor(k) for k in file.keys()}  # noqa: SIM118
            if held.get("format") != FORMAT:
                raise ValueError(held.get("format"))
            size = Size(**json.loads(held["size"]))
            network = RecurrentNetwork(size)
            network.load_state_dict(state)
            return cls(BytePairs.from_json(held["pairs"]), size, network)
        except MissingExtraError:
            raise
        except Exception as error:  # broken files raise those of several libraries
            raise ConfigError(
                f"This is no language model of gansmith ({type(error).__name__}).", where=str(path)
            ) from error


def drawn(shares: Tensor, random: Tensor) -> Tensor:
    """(N,) tokens by (N, V) shares, with (N, 1) numbers in [0, 1)."""
    ends = shares.cumsum(1)
    tokens = torch.searchsorted(ends, random * ends[:, -1:], right=True)[:, 0]
    return tokens.clamp(max=shares.shape[1] - 1)


# -- training --------------------------------------------------------------------------------------


def _trained(
    network: RecurrentNetwork, ids: list[Ids], budget: _Budget, seed: int, progress: Progress
) -> RecurrentNetwork:
    """The weights that cost least on the lines kept back, or the last ones where these are few."""
    order = np.random.default_rng((seed, 0)).permutation(len(ids))
    kept = min(int(HELD_SHARE * len(ids)), MOST_HELD)
    held = [ids[i] for i in order[:kept]] if kept >= LEAST_HELD else []
    pieces = [p for i in order[len(held) :] for p in _pieces(ids[i])]
    optimizer = torch.optim.AdamW(network.parameters(), LEARNING_RATE, weight_decay=0.01)
    batches = _batches(pieces, seed)
    best, found, looked, shown = math.inf, network, 3, 0
    with progress("Language model", 100) as advance:
        while (share := budget.share) < 1:
            optimizer.param_groups[0]["lr"] = LEARNING_RATE * _schedule(share)
            budget.spend(_step(network, *next(batches), optimizer))
            advance(max(min(int(100 * budget.share), 100) - shown, 0))
            shown = max(min(int(100 * budget.share), 100), shown)
            if held and int(10 * min(budget.share, 1)) > looked:
                looked = int(10 * min(budget.share, 1))
                cost = float(_nats(network, held).sum())
                if cost < best:
                    best, found = cost, copy.deepcopy(network)
    return found


def _schedule(share: float) -> float:
    """From little to all at once, then down to nothing along a cosine."""
    return min(share / WARM_UP + 0.05, 1) * (1 + math.cos(math.pi * share)) / 2


def _step(
    network: RecurrentNetwork, batch: list[Ids], usual: float, optimizer: torch.optim.Optimizer
) -> int:
    """One step on a batch of pieces; the number of tokens that were predicted."""
    inputs, targets, present = _padded(batch, network.bias.device)
    network.train()
    known, _ = network.states(inputs)
    # A mean over each batch would make a token of short lines count for more than one of long ones.
    cost = F.cross_entropy(network.logits(known[present]), targets[present], reduction="sum")
    loss = cost / usual
    optimizer.zero_grad()
    torch.autograd.backward(loss)
    # Against explosions alone: a tighter bound holds back batches of rare lines more than others,
    # and common lines are then given out too often (0.63 for 0.54 in a small grammar).
    nn.utils.clip_grad_norm_(network.parameters(), MOST_GRADIENT)
    optimizer.step()
    return int(present.sum())


def _pieces(ids: Ids) -> list[Ids]:
    """A line between its edges, in pieces of at most a window that share a token."""
    whole = [EDGE, *ids, EDGE]
    return [whole[i : i + WINDOW + 1] for i in range(0, len(whole) - 1, WINDOW)]


def _batches(pieces: list[Ids], seed: int) -> Iterator[tuple[list[Ids], float]]:
    """All pieces again and again, in new orders, those of like length together.

    With the number of tokens that a batch has in the mean.
    """
    random, num_tokens = np.random.default_rng((seed, 1)), sum(len(p) - 1 for p in pieces)
    while True:
        order = random.permutation(len(pieces))
        found: list[list[Ids]] = []
        for part in np.array_split(order, max(1, len(order) // (50 * BATCH_LINES))):
            found += _by_length([pieces[i] for i in part])
        for i in random.permutation(len(found)):
            yield found[i], num_tokens / len(found)


def _by_length(rows: list[Ids]) -> list[list[Ids]]:
    """Batches of like length, longest first; no padded batch exceeds a number of tokens."""
    rows, batches, first = sorted(rows, key=len, reverse=True), [], 0
    while first < len(rows):
        size = max(1, min(BATCH_LINES, BATCH_TOKENS // len(rows[first])))
        batches.append(rows[first : first + size])
        first += size
    return batches


def _padded(rows: list[Ids], device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """(N, T) each: what goes in, what should come out, and where there is anything."""
    longest = max(map(len, rows))
    both = np.full((len(rows), longest), EDGE)
    for own, row in zip(both, rows, strict=True):
        own[: len(row)] = row
    lengths = np.array([len(row) - 1 for row in rows])
    present = np.arange(longest - 1) < lengths[:, None]
    x = torch.from_numpy(both).to(device)
    return x[:, :-1], x[:, 1:], torch.from_numpy(present).to(device)


@torch.no_grad()
def _nats(network: RecurrentNetwork, ids: Sequence[Ids]) -> npt.NDArray[np.float64]:
    """(N,) what each line costs."""
    network.eval()
    found = np.zeros(len(ids))
    order = sorted(range(len(ids)), key=lambda i: len(ids[i]), reverse=True)
    for first in range(0, len(order), BATCH_LINES):
        some = order[first : first + BATCH_LINES]
        rows = [[EDGE, *ids[i], EDGE] for i in some]
        sides, state = _padded(rows, network.bias.device), None
        for at in range(0, sides[0].shape[1], WINDOW):
            inputs, targets, present = (side[:, at : at + WINDOW] for side in sides)
            known, state = network.states(inputs, state)
            cost = torch.zeros(inputs.shape, device=inputs.device)
            logits = network.logits(known[present])
            cost[present] = F.cross_entropy(logits, targets[present], reduction="none")
            found[some] += cost.sum(1).double().cpu().numpy()
    return found
