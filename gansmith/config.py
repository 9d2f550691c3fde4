"""The configuration: frozen dataclasses, the single source of CLI flags, docs and forms.

An :class:`Experiment` says everything that decides what a run becomes. A recipe is a function that
returns one; the run folder's ``config.json`` is one, written down. Fields ending in ``_samples``
count real samples shown to the discriminator, over all processes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Scalar = bool | int | float | str | None


@dataclass(frozen=True)
class Cosine:
    """A value that goes from ``start`` to ``end`` on half a cosine over the run.

    Every schedule of a run is one of these, on the same cosine, so that they move together
    (Huang et al. 2024, arXiv:2501.05441, appendix). Written ``2e-4`` (constant) or ``2e-4..5e-5``.

    Attributes:
        start: value at the first sample.
        end: value from the fraction ``until`` of the run on.
        until: fraction of the run at which ``end`` is reached, in (0, 1].
        log: interpolate the logarithm, for values that fall by orders of magnitude.

    >>> Cosine(2.0, 0.0).at(0.5)
    1.0
    >>> round(Cosine(1.0, 0.01, log=True).at(0.5), 6)
    0.1
    """

    start: float
    end: float
    until: float = 1.0
    log: bool = False

    def at(self, progress: float) -> float:
        """The value at ``progress`` in [0, 1] of the run."""
        share = 0.5 - 0.5 * math.cos(math.pi * min(progress / self.until, 1.0))
        if self.log:
            return math.exp(math.log(self.start) * (1 - share) + math.log(self.end) * share)
        if self.start == self.end:  # exactly, whatever the share
            return self.start
        return self.start * (1 - share) + self.end * share


def constant(value: float) -> Cosine:
    """A schedule that does not move."""
    return Cosine(value, value)


@dataclass(frozen=True)
class Component:
    """Something from the registry, by name, with its options (``generator.width=64``)."""

    name: str
    options: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True)
class DataConfig:
    """Which samples, and in which shape.

    Attributes:
        source: what was given on the command line: a path, a built-in name, ``hf:owner/name``, or
            the address of a table of a database without its password.
        size: height and width in pixels; None keeps a common size up to 256 pixels a side, and
            otherwise chooses a square of at most 64, and says so.
        fit: how a picture of another size is brought to ``size``: ``crop`` scales the shorter side
            and cuts the middle, ``pad`` scales the longer side and fills, ``stretch`` scales both.
        channels: 1 grey, 3 RGB, 4 RGBA; 0 takes what the source has.
        conditional: use the classes, where the source has any.
        holdout: fraction kept from training, chosen by a hash of each sample's content.
        shuffle: visit samples in a new order each epoch; off keeps the order of the source.
        strict: stop at the first sample that cannot be read, rather than naming and skipping it.
        schema: of a table: a file that says what its columns hold, as ``gansmith schema TABLE
            --json`` prints it; empty finds out.
        constraints: of a table: what each row must hold, such as ``start <= end``, beside the
            constraints that the schema names.
        unit: of texts: what one sample is: a ``line``, a ``paragraph``, which ends at an empty
            line, or a ``window`` of whole words.
        length: of texts: bytes of UTF-8 that a sample has at most; longer ones are cut, and
            counted. 0 takes that of the longest up to 512, and 200 for windows.
        duplicates: of texts: ``keep`` or ``drop`` samples that have come before.
        label: of texts in a table: the column with their classes; empty takes one that is called
            label, labels, class, category, target or y, where there is one.
    """

    source: str = ""
    size: tuple[int, int] | None = None
    fit: Literal["crop", "pad", "stretch"] = "crop"
    channels: Literal[0, 1, 3, 4] = 0
    conditional: bool = True
    holdout: float = 0.1
    shuffle: bool = True
    strict: bool = False
    schema: str = ""
    constraints: tuple[str, ...] = ()
    unit: Literal["line", "paragraph", "window"] = "line"
    length: int = 0
    duplicates: Literal["keep", "drop"] = "keep"
    label: str = ""


@dataclass(frozen=True)
class RegularizerConfig:
    """A penalty on the discriminator.

    Attributes:
        name: in the registry: r1, r2, fd-r1, fd-r2, gradient-penalty, lecam.
        weight: gamma (R1, R2) or lambda; multiplies the penalty.
        every: apply at each ``every``-th step, with ``every`` times the weight ("lazy").
        options: further options of this regularizer.
    """

    name: str
    weight: Cosine
    every: int = 1
    options: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True)
class GameConfig:
    """What the players play for.

    Attributes:
        name: the rules, in the registry: ``adversarial``, or ``textbook`` for the slanted faces.
        objective: the loss of both players.
        regularizers: penalties on the discriminator.
        discriminator_steps: moves of the discriminator for each move of the generator.
    """

    name: str = "adversarial"
    objective: Component = Component("relativistic")
    regularizers: tuple[RegularizerConfig, ...] = ()
    discriminator_steps: int = 1


@dataclass(frozen=True)
class LatentConfig:
    """The noise that the generator starts from.

    Attributes:
        name: ``normal``, ``uniform`` (both of mean 0 and variance 1), or ``textbook``.
        size: numbers per sample.
    """

    name: str = "normal"
    size: int = 64


@dataclass(frozen=True)
class OptimizerConfig:
    """How one player moves its networks.

    Attributes:
        name: ``adam`` or ``sgd``.
        lr: learning rate.
        beta1: Adam's first decay.
        beta2: Adam's second decay.
        epsilon: Adam's epsilon.
        weight_decay: of Adam, decoupled from the gradient (Loshchilov and Hutter 2019,
            arXiv:1711.05101): each move takes that share of the learning rate off each weight;
            biases and gains stay.
    """

    name: Literal["adam", "sgd"] = "adam"
    lr: Cosine = Cosine(2e-4, 5e-5)
    beta1: float = 0.0
    beta2: Cosine = Cosine(0.9, 0.99)
    epsilon: float = 1e-8
    weight_decay: float = 0.0


@dataclass(frozen=True)
class CodecConfig:
    """A codec that is learned itself, in a stage before the game.

    Attributes:
        name: in the registry; empty takes what the kind of data has, which is fitted at once.
        samples: real samples that it learns from; 0 leaves it to ``share``, and where the game has
            a number of samples takes as many.
        share: of a time budget, in (0, 1).
        batch_size: real samples per step.
        optimizer: how its networks are moved.
        options: further options of this codec.
    """

    name: str = ""
    samples: int = 0
    share: float = 0.5
    batch_size: int = 32
    optimizer: OptimizerConfig = OptimizerConfig()
    options: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True)
class EmaConfig:
    """The average of the generator that samples are taken from.

    Attributes:
        name: ``half-life`` (one average), ``power`` (power-function profiles at two widths, from
            which any length can be made after training; Karras et al. 2024, arXiv:2312.02696;
            both are kept from each checkpoint), or ``none``.
        half_life_samples: of the exponential average; may grow on the cosine.
        rampup: if above 0, the half-life is at most this share of the samples so far.
        widths: relative standard deviations of the two profiles of ``power``.
    """

    name: Literal["half-life", "power", "none"] = "half-life"
    half_life_samples: Cosine = Cosine(0, 10_000)
    rampup: float = 0.0
    widths: tuple[float, float] = (0.05, 0.10)


@dataclass(frozen=True)
class AugmentConfig:
    """What is done to real and fake alike before the discriminator sees them.

    Attributes:
        transform: in the registry: ``none`` or ``pictures``.
        strength: probability of each transformation, in [0, 1]; the upper bound where adaptive.
        adaptive: raise and lower the strength so that the discriminator's overfitting (share of
            the way from held-out to fake at which training samples are not) meets ``target``.
        target: overfitting aimed at, in [0, 1] (Karras et al. 2020, arXiv:2006.06676, r_v).
        ramp_samples: samples in which the adaptive strength could rise from 0 to 1.
    """

    transform: Component = Component("none")
    strength: Cosine = Cosine(0.0, 0.0)
    adaptive: bool = False
    target: float = 0.5
    ramp_samples: int = 500_000


@dataclass(frozen=True)
class TrainConfig:
    """How long, in what order, and what is kept.

    Attributes:
        minutes: time budget; turned into ``samples`` after a short calibration, and then fixed.
        samples: length of the run, in real samples shown to the discriminator; 0 leaves it to
            ``minutes``.
        batch_size: real samples per move, over all processes.
        seed: decides everything that is random.
        precision: of the networks' arithmetic.
        log_samples: between two lines of metrics; 0 makes 200 of them in the run.
        snapshot_samples: between two sheets of samples; 0 makes 20 of them in the run.
        measure_samples: between two measurements of the samples; 0 makes 10 of them in the run.
        patience_samples: end the run when its samples have measured no better for so long; 0 never.
            The weights that measured best are kept either way.
        checkpoint_samples: between two checkpoints; 0 makes 10 of them in the run.
        keep_checkpoints: how many of the newest stay on disk, at least 2.
    """

    minutes: float = 10.0
    samples: int = 0
    batch_size: int = 64
    seed: int = 0
    precision: Literal["32-true", "bf16-mixed", "64-true"] = "32-true"
    log_samples: int = 0
    snapshot_samples: int = 0
    measure_samples: int = 0
    patience_samples: int = 0
    checkpoint_samples: int = 0
    keep_checkpoints: int = 2


@dataclass(frozen=True)
class MachineConfig:
    """Where it runs. May differ when a run is resumed; all else may not.

    Attributes:
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        processes: on each machine; one per GPU.
        machines: how many machines take part.
        compile: let torch.compile build the networks; ``auto`` is on for CUDA (not measured yet)
            and off elsewhere (on two cores it took 47 s to build and won nothing).
    """

    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    processes: int = 1
    machines: int = 1
    compile: Literal["auto", "on", "off"] = "auto"


def _default_players() -> Mapping[str, OptimizerConfig]:
    return {"discriminator": OptimizerConfig(), "generator": OptimizerConfig()}


@dataclass(frozen=True)
class Experiment:
    """All that decides what a run becomes."""

    recipe: str
    modality: str
    generator: Component
    discriminator: Component
    data: DataConfig = DataConfig()
    codec: CodecConfig = CodecConfig()
    latent: LatentConfig = LatentConfig()
    game: GameConfig = GameConfig()
    players: Mapping[str, OptimizerConfig] = field(default_factory=_default_players)
    ema: EmaConfig = EmaConfig()
    augment: AugmentConfig = AugmentConfig()
    train: TrainConfig = TrainConfig()
    machine: MachineConfig = MachineConfig()
