"""What each command takes. The work is done in one module per command, imported when it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, UseAppendAction, arg

from gansmith.cli.arguments import (
    Flag,
    Float,
    Int,
    Json,
    OptionalFloat,
    OptionalInt,
    OptionalPath,
    OptionalText,
    RunPath,
    Source,
    optional,
)
from gansmith.errors import ConfigError

Settings = list[tuple[str, str]]


@dataclass(frozen=True)
class Command:
    """A parsed command: give it the ``a.b=value`` settings and it returns an exit code."""

    run: Callable[[Settings], int]


@dataclass(frozen=True)
class TrainingFlags:
    """The flags that `train` and `plan` share.

    Attributes:
        recipe: A name (`gansmith list recipes`) or the config.json of a run; chosen from the
            source if left out.
        seed: Decides everything that is random; the recipe's own if left out.
        minutes: Time budget, from now on; the recipe's own if left out. It becomes a number of
            samples, which then stays.
        samples: Length of the run instead: real samples shown to the discriminator.
        device: Where to train; auto takes a GPU where there is one.
        precision: Of the networks' arithmetic; the recipe's own if left out.
        processes: How many on this machine, one per GPU; 1 if left out.
        strict: Stop at the first sample that cannot be read, instead of skipping it.
        schema: Of a table: a file that says what its columns hold, as `gansmith schema --json`
            prints it; found out if left out.
        constraint: Of a table: what each row must hold, such as "start <= end", "total = a + b" or
            "combination(city, state)"; may be given several times.
    """

    recipe: OptionalText = None
    seed: OptionalInt = None
    minutes: OptionalFloat = None
    samples: OptionalInt = None
    device: Annotated[
        Literal["auto", "cpu", "cuda", "mps"] | None, optional("auto|cpu|cuda|mps")
    ] = None
    precision: Annotated[
        Literal["32-true", "bf16-mixed", "64-true"] | None, optional("32-true|bf16-mixed|64-true")
    ] = None
    processes: OptionalInt = None
    strict: Flag = False
    schema: OptionalPath = None
    constraint: Annotated[
        tuple[str, ...], UseAppendAction, arg(metavar="TEXT", help_behavior_hint="")
    ] = ()


@dataclass(frozen=True)
class PrivacyFlags:
    """A guarantee for the rows of a table.

    Attributes:
        epsilon: Of a table: learn under differential privacy, for adding or removing one row; 1
            is a usual number. Needs --schema, and takes what it says as public.
        delta: Of the same guarantee; far below 1 over the number of rows.
    """

    epsilon: OptionalFloat = None
    delta: Float = 1e-6


def train(
    source: Source,
    /,
    flags: Annotated[TrainingFlags, arg(name="")] = TrainingFlags(),
    out: OptionalPath = None,
    privacy: Annotated[PrivacyFlags, arg(name="")] = PrivacyFlags(),
    track: Annotated[Literal["tensorboard", "wandb"] | None, optional("tensorboard|wandb")] = None,
) -> Command:
    """Train on your data; the same command again goes on where it stopped.

    Any field of the configuration can be set as a.b=value, for example generator.width=64 or
    train.batch_size=32. `gansmith plan SOURCE` shows them all.

    Args:
        source: what to train on.
        flags: shared with plan.
        out: The run folder; runs/NAME if left out.
        privacy: a guarantee.
        track: Show the training in TensorBoard, or in Weights & Biases, too.
    """

    def run(settings: Settings) -> int:
        from gansmith.cli.train import train as work

        return work(source, flags, out, privacy, track, settings)

    return Command(run)


def plan(
    source: Source,
    /,
    flags: Annotated[TrainingFlags, arg(name="")] = TrainingFlags(),
    as_json: Json = False,
) -> Command:
    """Show the resolved configuration, sizes, memory and time here, without training.

    Args:
        source: what would be trained on.
        flags: shared with train.
        as_json: print JSON.
    """

    def run(settings: Settings) -> int:
        from gansmith.cli.plan import plan as work

        return work(source, flags, settings, as_json)

    return Command(run)


@dataclass(frozen=True)
class SampleFlags:
    """How to sample.

    Attributes:
        n: How many; with --interpolate, how many rows.
        out: A folder for one file each, a .png for one sheet, or an .npz; of a table a .csv,
            .parquet or .feather, of texts a .txt or .csv; made from the run's name if left out.
        class_: Names of classes, separated by commas; all in turn if left out.
        seed: Other seeds, other samples.
        truncation: From 0 on; below 1, samples are more typical and more alike.
        interpolate: Go from one sample to another in so many steps.
        between: Of texts: go from one given text to another, in --interpolate steps (8).
        around: Of texts: make samples around a given text.
        spread: With --around, how far from it: 0 nowhere, 1 nearly anywhere.
        ema: Width of the weight average, for runs trained with ema.name=power (0.01 to 0.25).
        best: Take the weights that measured best while training, instead of the last.
        where: Of a table: a condition that each row meets, "age > 60 and sex = 'F'".
        workers: Processes that share the work; the samples are the same with any number.
        overwrite: Replace the samples that are at --out.
    """

    n: Annotated[Int, arg(aliases=["-n"])] = 64
    out: OptionalPath = None
    class_: Annotated[str | None, arg(name="class", metavar="NAMES", help_behavior_hint="")] = None
    seed: Int = 0
    truncation: Float = 1.0
    interpolate: OptionalInt = None
    between: Annotated[tuple[str, str] | None, optional("TEXT TEXT")] = None
    around: Annotated[str | None, optional("TEXT")] = None
    spread: OptionalFloat = None
    ema: OptionalFloat = None
    best: Flag = False
    where: Annotated[str | None, optional("CONDITION")] = None
    workers: Int = 1
    overwrite: Flag = False


def sample(
    run_path: RunPath, /, flags: Annotated[SampleFlags, arg(name="")] = SampleFlags()
) -> Command:
    """Make new samples from a run.

    Args:
        run_path: a run folder.
        flags: how.
    """

    def run(settings: Settings) -> int:
        from gansmith.cli.sample import sample as work

        refuse(settings)
        return work(run_path, flags)

    return Command(run)


def judge(
    run_path: RunPath,
    files: Annotated[Positional[tuple[Path, ...]], arg(metavar="FILE", help_behavior_hint="")],
    /,
    as_json: Json = False,
) -> Command:
    """Ask the discriminator how likely files are to be the generator's.

    It knows this run's generator alone. How far to trust it is printed below the answer.

    Args:
        run_path: a run folder.
        files: Files of one sample each, texts of many, or folders of them.
        as_json: print JSON.
    """

    def run(settings: Settings) -> int:
        from gansmith.cli.judge import judge as work

        refuse(settings)
        return work(run_path, files, as_json)

    return Command(run)


def doctor(run_path: RunPath, /, as_json: Json = False) -> Command:
    """Look for what has gone wrong in a training, and say what to change.

    Reads what was measured on the way; changes nothing.

    Args:
        run_path: a run folder.
        as_json: print JSON.
    """

    def run(settings: Settings) -> int:
        from gansmith.cli.doctor import doctor as work

        refuse(settings)
        return work(run_path, as_json)

    return Command(run)


@dataclass(frozen=True)
class EvaluateFlags:
    """What to measure, and how.

    Attributes:
        fake: Instead of a run: samples of any generator, as a source.
        real: What they are compared with, as a source.
        n: Samples at most; fewer where there are fewer real ones.
        seed: Of the samples and of all choices.
        features: What distances are measured in (`gansmith list extractors`); chosen from the kind
            of data if left out.
        weights: File or folder with the weights of a feature network that comes in no package.
        target: Of a table: a column that a model of the fakes is to predict.
        no_baselines: Leave out what a run of texts is compared with: a language model that learns
            as long as the run did. The report then says NOT COMPARED.
        best: Take the weights that measured best while training, instead of the last.
        out: Folder for report.json and report.html; the run's own if left out.
        as_json: print JSON.
    """

    fake: Annotated[str | None, optional("SOURCE")] = None
    real: Annotated[str | None, optional("SOURCE")] = None
    n: Annotated[Int, arg(aliases=["-n"])] = 10_000
    seed: Int = 0
    features: OptionalText = None
    weights: OptionalPath = None
    target: Annotated[str | None, optional("COLUMN")] = None
    no_baselines: Flag = False
    best: Flag = False
    out: OptionalPath = None
    as_json: Json = False


def evaluate(
    run_path: Annotated[
        Positional[Path | None], arg(metavar="RUN", help="A run folder.", help_behavior_hint="")
    ] = None,
    /,
    flags: Annotated[EvaluateFlags, arg(name="")] = EvaluateFlags(),
) -> Command:
    """Measure how close, how varied and how new samples are, with floors and intervals.

    Args:
        run_path: a run folder.
        flags: what and how.
    """

    def run(settings: Settings) -> int:
        from gansmith.cli.evaluate import evaluate_command as work

        refuse(settings)
        return work(run_path, flags)

    return Command(run)


Kinds = Literal[
    "recipes",
    "objectives",
    "regularizers",
    "sources",
    "metrics",
    "extractors",
    "generators",
    "discriminators",
    "transforms",
]


def list_(kind: Positional[Kinds], /, as_json: Json = False) -> Command:
    """List what can be chosen from by name.

    Args:
        kind: What to list.
        as_json: print JSON.
    """

    def run(settings: Settings) -> int:
        from gansmith.cli.list import list_kind as work

        refuse(settings)
        return work(kind, as_json)

    return Command(run)


def refuse(settings: Settings) -> None:
    """Raise a ConfigError for settings given to a command that trains nothing."""
    if settings:
        name, value = settings[0]
        raise ConfigError(
            f"{name}={value} is a setting for training.", fix="Give it to train or plan."
        )
