"""The contracts between the parts. What satisfies them fits, wherever it was written.

The data goes one way: source -> codec -> game -> trainer -> run folder -> sample, judge, export.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from torch import Tensor

    JsonDict = dict[str, Any]


@dataclass(frozen=True)
class Spec:
    """What a codec promises about its encoded samples.

    Attributes:
        shape: of one encoded sample, channels first for pictures: (C, H, W); (d,) for points.
        num_classes: 0 where samples carry no class.
        activation: what the generator's last layer must be: ``"tanh"`` (values in [-1, 1]),
            ``"sigmoid"`` (in [0, 1]) or ``"linear"``.
        spans: named slices of a flat sample, for kinds of data whose parts differ (tables).
        mean: (*shape) mean of the encoded training samples, where a generator may start; None
            where it was not measured, as in a codec that was loaded.
        pairs: (D, D) mean of the products of all pairs of the first D numbers of these samples,
            for kinds of data that compare them; None where it was not measured.
        start: weights that a generator may start from, by name, where a codec that is learned has
            learned them; None elsewhere.
    """

    shape: tuple[int, ...]
    num_classes: int = 0
    activation: str = "linear"
    spans: tuple[tuple[str, int, int], ...] = ()
    mean: Tensor | None = field(default=None, compare=False, repr=False)
    pairs: Tensor | None = field(default=None, compare=False, repr=False)
    start: Mapping[str, Tensor] | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Condition:
    """What generator and discriminator are told about a sample; each part may be absent.

    Real and fake are always paired under the same condition.

    Attributes:
        classes: (N,) int64, in [0, num_classes).
        vector: (N, d) float.
        tokens: (N, L) int64, with ``mask`` (N, L) bool, True where a token counts.
        tensor: (N, ...) float, for example a picture to translate.
    """

    classes: Tensor | None = None
    vector: Tensor | None = None
    tokens: Tensor | None = None
    mask: Tensor | None = None
    tensor: Tensor | None = None

    def repeat(self, times: int) -> Condition:
        """The condition of a batch that stands ``times`` times after itself."""

        def again(part: Tensor | None) -> Tensor | None:
            return None if part is None else part.repeat(times, *[1] * (part.ndim - 1))

        return Condition(
            classes=again(self.classes),
            vector=again(self.vector),
            tokens=again(self.tokens),
            mask=again(self.mask),
            tensor=again(self.tensor),
        )


@runtime_checkable
class Generator(Protocol):
    """Maps a latent and a condition to an encoded sample. Never sees real data."""

    def __call__(self, latent: Tensor, condition: Condition) -> Tensor:
        """(N, latent_size) -> (N, *spec.shape)."""
        ...


@runtime_checkable
class Discriminator(Protocol):
    """Maps an encoded sample and a condition to logits; large means real."""

    def __call__(self, x: Tensor, condition: Condition) -> Tensor:
        """(N, *spec.shape) -> (N,) or (N, ...) logits."""
        ...


@runtime_checkable
class Embedder(Protocol):
    """A discriminator that first puts samples into a space of its own, and looks at them there.

    For samples between which nothing lies, such as one-hot words: penalties are taken in that
    space. What comes out must not grow by itself, or a penalty could be evaded by scale alone.
    ``network(x, condition)`` is ``judge(embed(x), condition)``.
    """

    def embed(self, x: Tensor) -> Tensor:
        """(N, *spec.shape) -> (N, ...), in which a sample can be moved a little."""
        ...

    def judge(self, embedded: Tensor, condition: Condition) -> Tensor:
        """What ``embed`` returned -> (N,) or (N, ...) logits."""
        ...


@runtime_checkable
class Objective(Protocol):
    """The loss of both players, per sample, from the logits of real and fake.

    Both get both, because relativistic losses compare a real sample with a fake one.
    """

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """Logits (N, ...) of real and fake -> loss (N, ...)."""
        ...

    def generator(self, real: Tensor, fake: Tensor) -> Tensor:
        """Logits (N, ...) of real and fake -> loss (N, ...)."""
        ...


@runtime_checkable
class Codec(Protocol):
    """Between raw samples, as the source has them, and the encoded ones the networks see."""

    @property
    def spec(self) -> Spec:
        """Shape, activation and spans of the encoded samples."""
        ...

    def encode(self, raw: Tensor) -> Tensor:
        """Raw samples (N, ...) in raw units -> (N, *spec.shape) float."""
        ...

    def decode(self, x: Tensor) -> Tensor:
        """The way back: (N, *spec.shape) -> raw samples in raw units."""
        ...

    def state(self) -> JsonDict:
        """All that ``fit`` learnt, as JSON."""
        ...


@runtime_checkable
class Learned(Protocol):
    """A codec with networks, which learn from the data in a stage before the game.

    Its ``state`` says how the networks are built, and is known before they have learned.
    """

    @property
    def encodes_by_network(self) -> bool:
        """Whether what it has learned encodes and decodes samples.

        All of them are encoded once before the game then, because that costs more than a step of
        it. Else its networks serve the game in another way, as weights to start from, and each
        batch is encoded as it is drawn.
        """
        ...

    @property
    def network(self) -> Any:
        """The module that holds all that is learned; its tensors are what is kept."""
        ...

    def loss(self, raw: Tensor, randomness: Any, progress: float) -> Tensor:
        """A step's loss for raw samples (N, ...), at ``progress`` in [0, 1] of the stage.

        All that is random comes from ``randomness``, a
        :class:`gansmith.game.randomness.Randomness`.
        """
        ...

    def settle(self, raw: Any) -> None:
        """The networks have learned: measure what must be known of encoded samples.

        Args:
            raw: chunks of training samples, each (N, ...), as often as they are walked through.
        """
        ...

    def score(self, raw: Any, held_out: bool) -> JsonDict:
        """How well samples come back, as numbers by name, with a sentence under ``reads``.

        Args:
            raw: chunks of samples, not learned from unless ``held_out`` is false.
            held_out: which of both.
        """
        ...


def encodes_by_network(codec: Codec) -> bool:
    """Whether what a codec has learned encodes and decodes samples."""
    return isinstance(codec, Learned) and codec.encodes_by_network


@runtime_checkable
class Noting(Protocol):
    """A codec that says what the user should know of how samples are encoded."""

    @property
    def notes(self) -> Sequence[str]:
        """Sentences, such as how many samples were cut."""
        ...


@runtime_checkable
class Selective(Protocol):
    """A codec that can tell decoded samples which should not be: they are made again."""

    @property
    def asks(self) -> str:
        """What it asks of samples, in words; empty where it asks nothing."""
        ...

    def accepts(self, raw: Any) -> Any:
        """Raw samples (N, ...) -> (N,) bool."""
        ...


class Restriction(Protocol):
    """What may be drawn, so that each sample meets a condition."""

    @property
    def codes(self) -> Tensor:
        """(D,) bool, for the codes of an encoded sample."""
        ...

    def hold(self, cells: Any) -> Any:
        """Decoded samples, brought to meet the condition where their codes fit in part only."""
        ...

    @property
    def asks(self) -> str:
        """The condition, in words."""
        ...

    @property
    def checks(self) -> bool:
        """Whether codes do not say it all, so that samples are looked at."""
        ...

    def accepts(self, cells: Any) -> Any:
        """Samples as ``hold`` returns them -> (N,) bool, which meet the condition."""
        ...


class Ledger(Protocol):
    """What is given out once alone in one sampling, such as ids."""

    @property
    def asks(self) -> str:
        """What no two samples may share, in words; empty where they may share all."""
        ...

    def accepts(self, raw: Any) -> Any:
        """Raw samples (N, ...) -> (N,) bool; those that are accepted count from now on."""
        ...

    def complete(self, raw: Any) -> Any:
        """Accepted samples, with what is made for each of them."""
        ...


class Metric(Protocol):
    """A number about fake samples, measured against real ones."""

    def __call__(self, real: Tensor, fake: Tensor) -> Mapping[str, float]:
        """Raw samples (N, ...) and (M, ...) -> named values."""
        ...
