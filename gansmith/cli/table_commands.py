"""What each command for tables takes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import arg

from gansmith.cli.arguments import (
    Flag,
    Float,
    Int,
    Json,
    OptionalFloat,
    OptionalInt,
    OptionalPath,
    Source,
)
from gansmith.cli.commands import Command, Settings, refuse


def schema(source: Source, /, as_json: Json = False) -> Command:
    """Show what the columns of a table hold, as it was found out.

    With --json it prints what --schema of train and plan takes: save it, change it, and give it.

    Args:
        source: a table.
        as_json: print JSON.
    """

    def run(settings: Settings) -> int:
        from gansmith.cli.schema import schema as work

        refuse(settings)
        return work(source, as_json)

    return Command(run)


def release(
    source: Source,
    /,
    schema: Annotated[Path, arg(metavar="PATH", help_behavior_hint="")],
    epsilon: Annotated[float, arg(metavar="FLOAT", help_behavior_hint="")],
    out: Annotated[Path, arg(metavar="NAME.release", help_behavior_hint="")],
    delta: Float = 1e-6,
) -> Command:
    """Count the rows of a table once, with noise: what can be trained from and shared.

    The counts are differentially private, and so is all that is made of them alone.

    Args:
        source: a table.
        schema: What its columns hold, as `gansmith schema --json` prints it; taken as public.
        epsilon: Of the guarantee, for adding or removing one row; 1 is a usual number.
        out: The file to write.
        delta: Of the same guarantee; far below 1 over the number of rows.
    """

    def run(settings: Settings) -> int:
        from gansmith.cli.release import release as work

        refuse(settings)
        return work(source, schema, epsilon, delta, out)

    return Command(run)


@dataclass(frozen=True)
class AugmentFlags:
    """What is asked, and how long it may take.

    Attributes:
        target: The column that a model is to predict.
        minutes: Time budget of the whole, split over all trainings; 10 if left out.
        samples: Length of each training instead: real rows shown to the discriminator.
        folds: Of the cross-validation, from 3 to 20.
        out: A .csv, .tsv, .parquet or .feather for the synthetic rows, written only if they help;
            made from the source's name if left out.
        seed: Of the folds and of all trainings.
        schema: A file that says what the columns hold, as `gansmith schema --json` prints it.
        overwrite: Replace what is at --out.
        as_json: print JSON.
    """

    target: Annotated[str, arg(metavar="COLUMN")]
    minutes: OptionalFloat = None
    samples: OptionalInt = None
    folds: Int = 5
    out: OptionalPath = None
    seed: Int = 0
    schema: OptionalPath = None
    overwrite: Flag = False
    as_json: Json = False


def augment(source: Source, /, flags: Annotated[AugmentFlags, arg(name="")]) -> Command:
    """Find out whether synthetic rows help a model, and make them if they do.

    Nested cross-validation: generators and models are judged on rows that they have not seen. Any
    field of the configuration of the trainings can be set as a.b=value.

    Args:
        source: a table.
        flags: what is asked.
    """

    def run(settings: Settings) -> int:
        from gansmith.cli.augment import augment_command as work

        return work(source, flags, settings)

    return Command(run)
