"""What each command takes that brings a run to others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from tyro.conf import arg

from gansmith.cli.arguments import Flag, OptionalPath, RunPath, optional
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
