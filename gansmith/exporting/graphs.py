"""The networks of a run as graphs of numbers alone: everything they need is a named input.

Nothing is drawn inside a graph. Latents, and whatever else a generator's samples depend on, are
inputs, so that who runs it decides about its randomness.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from gansmith.exporting.texts import TokenReader, token_generator
from gansmith.exporting.words import Encoder, decoder
from gansmith.game.randomness import Randomness
from gansmith.modalities.table.game import SWEEPS, finish
from gansmith.modalities.table.generator import MARGIN, TableGenerator
from gansmith.modalities.table.refiner import KEEP, MaskedConditional, refiner_of
from gansmith.modalities.text.autoencoder import END
from gansmith.modalities.text.byte_pairs import EDGE
from gansmith.modalities.text.codec import TextCodec
from gansmith.modalities.text.token_discriminator import TokenDiscriminator
from gansmith.modalities.text.token_generator import TokenGenerator
from gansmith.protocols import Condition
from gansmith.sample.sampler import Sampler

DRAWN = {
    "normal": "standard normal",
    "uniform": "uniform in (-sqrt 3, sqrt 3)",
    "textbook": "uniform in (0, 1)",
}
RANGES = {"tanh": "in [-1, 1]", "sigmoid": "in [0, 1]", "codes": "one-hot codes, then places"}


@dataclass(frozen=True)
class Port:
    """An input or an output.

    Attributes:
        name: in the graph.
        shape: behind the batch.
        dtype: ``float32``, ``float64`` or ``int64``.
        holds: what goes in or comes out, in words.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    holds: str


@dataclass(frozen=True)
class Graph:
    """A network with its ports.

    Attributes:
        name: of the file.
        module: takes the inputs in their order, returns the one output.
        inputs, output: its ports.
        about: what else is to be known of it, for gansmith.json.
        draw: (n, seed) -> inputs such as it is used with, to try it with.
    """

    name: str
    module: nn.Module
    inputs: tuple[Port, ...]
    output: Port
    draw: Callable[[int, int], tuple[Tensor, ...]]
    about: dict[str, Any] = field(default_factory=dict)


class _Generator(nn.Module):
    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, latent: Tensor, classes: Tensor | None = None) -> Tensor:
        x: Tensor = self.network(latent, Condition(classes=classes))
        return x


class _RowGenerator(nn.Module):
    """Takes the uniform numbers themselves, where the game takes normal ones and maps them.

    The map would be another one in each runtime, by a few of the last digits, and codes are drawn
    by the largest of numbers that lie close.
    """

    def __init__(self, network: TableGenerator) -> None:
        super().__init__()
        self.network = network

    def forward(self, latent: Tensor, uniform: Tensor) -> Tensor:
        return self.network.draw(self.network.logits(latent), uniform)


class _Discriminator(nn.Module):
    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor, classes: Tensor | None = None) -> Tensor:
        logits: Tensor = self.network(x, Condition(classes=classes))
        return logits.flatten(1).mean(1) if logits.ndim > 1 else logits


class _Sum(nn.Module):
    """As an EmbeddingBag, which the exporter makes a loop over rows of."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight, requires_grad=False)

    def forward(self, entries: Tensor) -> Tensor:
        return nn.functional.embedding(entries, self.weight).sum(1)


class _Refiner(nn.Module):
    def __init__(self, network: MaskedConditional) -> None:
        super().__init__()
        self.network = copy.deepcopy(network)
        self.network.first = _Sum(network.first.weight)  # type: ignore[assignment]

    def forward(self, codes: Tensor, known: Tensor) -> Tensor:
        logits: Tensor = self.network(codes, known)
        return logits


def graphs_of(sampler: Sampler) -> list[Graph]:
    """The generator, and of discriminator, refiner and networks of the codec what there is."""
    generator = _generator(sampler)
    graphs = [generator]
    if any(player.startswith("discriminator") for player in sampler.experiment.players):
        graphs.append(_discriminator(sampler, generator))
    if sampler.game.finish is finish:
        graphs.append(_refiner(sampler, generator))
    if isinstance(sampler.codec, TextCodec):
        graphs += _words(sampler.codec, generator)
    return graphs


def _float(sampler: Sampler) -> str:
    return "float64" if sampler.dtype == torch.float64 else "float32"


def _classes(sampler: Sampler) -> tuple[Port, ...]:
    count = sampler.codec.spec.num_classes
    return (Port("classes", (), "int64", f"number of a class, 0 to {count - 1}"),) * (count > 0)


def _some_classes(sampler: Sampler, n: int) -> tuple[Tensor, ...]:
    classes = sampler.condition(0, n, None).classes
    return () if classes is None else (classes,)


def _generator(sampler: Sampler) -> Graph:
    network, spec = sampler.generator, sampler.codec.spec
    kind, size = _float(sampler), sampler.experiment.latent.size
    output = Port("x", spec.shape, kind, RANGES.get(spec.activation, "encoded samples"))
    if isinstance(network, TableGenerator):
        return _row_generator(sampler, network, output)
    if isinstance(network, TokenGenerator):
        return _token_generator(sampler, network)
    drawn = DRAWN.get(sampler.experiment.latent.name, "as the run's latent draws them")
    latent = Port("latent", (size,), kind, f"{drawn}; a number is the same sample every time")

    def draw(n: int, seed: int) -> tuple[Tensor, ...]:
        return sampler.latents(0, n, seed, 1.0), *_some_classes(sampler, n)

    return Graph("generator", _Generator(network), (latent, *_classes(sampler)), output, draw)


def _row_generator(sampler: Sampler, network: TableGenerator, output: Port) -> Graph:
    kind = _float(sampler)
    ports = (
        Port("latent", (network.noise,), kind, "standard normal"),
        Port("uniform", output.shape, kind, f"uniform in ({MARGIN:g}, {1 - MARGIN:g})"),
    )

    def draw(n: int, seed: int) -> tuple[Tensor, ...]:
        randomness = Randomness(seed, 0, 0, dtype=sampler.dtype)
        uniform = randomness.uniform(n, *output.shape).clamp(MARGIN, 1 - MARGIN)
        return randomness.normal(n, network.noise), uniform

    return Graph("generator", _RowGenerator(network), ports, output, draw)


def _token_generator(sampler: Sampler, network: TokenGenerator) -> Graph:
    places = network.length - 1
    uniform = Port("uniform", (places,), "float64", "uniform in (0, 1), one number for each token")
    tokens = Port("tokens", (places,), "int64", f"numbers of tokens; {EDGE} ends a text")

    def draw(n: int, seed: int) -> tuple[Tensor, ...]:
        randomness = Randomness(seed, 0, 0, dtype=torch.float64)
        return randomness.uniform(n, places), *_some_classes(sampler, n)

    ports = (uniform, *_classes(sampler))
    return Graph("generator", token_generator(network), ports, tokens, draw)


def _refiner(sampler: Sampler, generator: Graph) -> Graph:
    network = refiner_of(sampler.game.networks).finished()
    columns, size = network.spans.num_columns, network.spans.size
    spans = [list(network.spans.ends(column)) for column in range(columns)]
    ports = (
        Port("codes", (columns,), "int64", "place of the 1 of each column of x, within all of x"),
        Port("known", (columns,), "bool", "which columns are known; of the others nothing is"),
    )
    output = Port("logits", (size,), _float(sampler), "of all codes, given the known columns")

    def draw(n: int, seed: int) -> tuple[Tensor, ...]:
        codes = network.spans.numbers(generator.module(*generator.draw(n, seed))[:, :size])
        known = Randomness(seed, 1, 0).uniform(*codes.shape) < 0.5
        return codes, known

    about = {
        "spans": spans, "sweeps": SWEEPS, "keep": KEEP,
        "refines": "In each sweep, column after column in an order by lot: hide it, add Gumbel "
        "noise to the logits of its span, and take the largest. In the first sweep each cell is "
        "believed and stays with probability `keep`, and all others are hidden until drawn.",
    }  # fmt: skip
    return Graph("refiner", _Refiner(network), ports, output, draw, about)


def _words(codec: TextCodec, generator: Graph) -> list[Graph]:
    """What makes texts of the generator's samples, and encoded samples of texts."""
    sizes, x = codec.sizes, generator.output
    tokens = Port("tokens", (sizes.tokens,), "int64", f"numbers of tokens; {END} ends a text")

    def made(n: int, seed: int) -> tuple[Tensor, ...]:
        encoded: Tensor = generator.module(*generator.draw(n, seed))
        return (encoded,)

    def told(n: int, seed: int) -> tuple[Tensor, ...]:
        said: Tensor = decoding(*made(n, seed))
        return (said,)

    decoding = decoder(codec)
    return [
        Graph("decoder", decoding, (x,), tokens, made),
        Graph("encoder", Encoder(codec.network), (tokens,), x, told),
    ]


def _discriminator(sampler: Sampler, generator: Graph) -> Graph:
    network, spec = sampler.game.networks[sampler.game.critic], sampler.codec.spec
    x = Port("x", spec.shape, _float(sampler), generator.output.holds)
    logit = Port("logit", (), _float(sampler), "large means real; see calibration")

    def draw(n: int, seed: int) -> tuple[Tensor, ...]:
        made = generator.module(*generator.draw(n, seed))
        return made, *_some_classes(sampler, n)

    module: nn.Module
    if isinstance(network, TokenDiscriminator):
        module, x = TokenReader(network, spec.shape[1]), generator.output
    else:
        module = _Discriminator(network)
    return Graph("discriminator", module, (x, *_classes(sampler)), logit, draw)
