"""What each command takes that brings a run to others."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, UseAppendAction, arg

from gansmith.cli.arguments import Flag, Float, Int, OptionalPath, RunPath, optional
from gansmith.cli.commands import Command, Settings, refuse


@dataclass(frozen=True)
class ExportFlags:
    """Where to, and what goes along.

    Attributes:
        to: onnx: files that run without gansmith or torch; hub: a folder for the Hugging Face Hub.
        out: The folder; made from the run's name if left out.
        best: Take the weights that measured best while training, instead of the last.
        with_texts: Of a table, for the Hub: let the export hold the texts of columns of free text.
        license: For the Hub: what it is called there, such as cc-by-4.0; left to you if left out.
        push: For the Hub: upload it there; nothing is uploaded without.
    """

    to: Annotated[Literal["onnx", "hub"], arg(metavar="onnx|hub")]
    out: OptionalPath = None
    best: Flag = False
    with_texts: Flag = False
    license: Annotated[str | None, optional("NAME")] = None
    push: Annotated[str | None, optional("OWNER/NAME")] = None


def export(run_path: RunPath, /, flags: Annotated[ExportFlags, arg(name="")]) -> Command:
    """Bring a run to where gansmith is not needed (ONNX), or to others (the Hub).

    Args:
        run_path: a run folder.
        flags: where to.
    """

    def run(settings: Settings) -> int:
        from gansmith.cli.export import export_command as work

        refuse(settings)
        return work(run_path, flags)

    return Command(run)


def track(
    run_path: RunPath,
    /,
    to: Annotated[Literal["tensorboard", "wandb"], arg(metavar="tensorboard|wandb")],
) -> Command:
    """Show a run in a tracker: one that has ended, or one that trains, until it ends.

    What was passed on before is not passed on again.

    Args:
        run_path: a run folder.
        to: The tracker.
    """

    def run(settings: Settings) -> int:
        from gansmith.cli.track import track_command as work

        refuse(settings)
        return work(run_path, to)

    return Command(run)


@dataclass(frozen=True)
class ServeFlags:
    """Where, for whom, and how much.

    Attributes:
        host: Address to listen at; 0.0.0.0 for all of the machine.
        port: Of the server; 0 takes a free one.
        token_file: A file with a token that each request must carry; or set GANSMITH_TOKEN.
        max_samples: In one request, made or judged.
        max_mib: Of the body of a request.
        queue: Requests that may wait; more are told to come again.
        per_minute: Requests of one client; 0 for any number.
    """

    host: str = "127.0.0.1"
    port: Int = 8000
    token_file: OptionalPath = None
    max_samples: Int = 1_000
    max_mib: Float = 16.0
    queue: Int = 64
    per_minute: Int = 600


def serve(
    run_path: RunPath, /, flags: Annotated[ServeFlags, arg(name="")] = ServeFlags()
) -> Command:
    """Answer requests for samples and verdicts over HTTP.

    Args:
        run_path: a run folder.
        flags: where and how.
    """

    def run(settings: Settings) -> int:
        from gansmith.cli.serve import serve_command as work

        refuse(settings)
        return work(run_path, flags)

    return Command(run)


@dataclass(frozen=True)
class ExploreFlags:
    """From where, and what to write.

    Attributes:
        out: A .png; made from the run's name if left out.
        like: A picture: start from what the generator makes nearest to it.
        class_: Of the sample that it starts from, or to search in; all if left out.
        seed: Of that sample, or of where the search starts.
        directions: Rows: the directions in which samples change most, found without labels.
        columns: Samples in each row, an odd number.
        steps: Of the search.
        overwrite: Replace what is at --out.
    """

    out: OptionalPath = None
    like: OptionalPath = None
    class_: Annotated[str | None, arg(name="class", metavar="NAME", help_behavior_hint="")] = None
    seed: Int = 0
    directions: Int = 8
    columns: Int = 9
    steps: Int = 200
    overwrite: Flag = False


def explore(
    run_path: RunPath, /, flags: Annotated[ExploreFlags, arg(name="")] = ExploreFlags()
) -> Command:
    """Move a sample along directions of the latent space, or what is nearest to a picture of yours.

    Args:
        run_path: a run folder.
        flags: from where.
    """

    def run(settings: Settings) -> int:
        from gansmith.cli.explore import explore_command as work

        refuse(settings)
        return work(run_path, flags)

    return Command(run)


@dataclass(frozen=True)
class StudioFlags:
    """Where, and for whom.

    Attributes:
        host: Address to listen at; 0.0.0.0 for all of the machine.
        port: Of the page; 0 takes a free one.
        token_file: A file with a token that visitors must give; or set GANSMITH_TOKEN.
        source: Of data that visitors may train on, from the page; may be given several times.
    """

    host: str = "127.0.0.1"
    port: Int = 8321
    token_file: OptionalPath = None
    source: Annotated[
        tuple[str, ...], UseAppendAction, arg(metavar="SOURCE", help_behavior_hint="")
    ] = ()


RunPlaces = Annotated[
    Positional[tuple[Path, ...]],
    arg(
        metavar="[RUNS ...]", help="Run folders, and folders of them; ./runs if left out.",
        help_behavior_hint="",
    ),
]  # fmt: skip


def studio(
    run_places: RunPlaces = (), /, flags: Annotated[StudioFlags, arg(name="")] = StudioFlags()
) -> Command:
    """Open the page: play the game, watch runs and use them, in a browser.

    Args:
        run_places: run folders, and folders of them.
        flags: where and for whom.
    """

    def run(settings: Settings) -> int:
        from gansmith.cli.studio import studio_command as work

        refuse(settings)
        return work(run_places, flags)

    return Command(run)
