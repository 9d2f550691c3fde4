"""``gansmith export``: a run, out of its folder and into what others read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from gansmith.api import load
from gansmith.errors import UserError
from gansmith.exporting.hub import push as push_folder
from gansmith.exporting.hub import require_name, write_hub
from gansmith.exporting.onnx import write_onnx
from gansmith.progress import Progress, silent
from gansmith.run import Run
from gansmith.sample.write import beside

Kind = Literal["onnx", "hub"]


def export(
    run: Run | str | Path,
    to: Kind,
    out: str | Path | None = None,
    *,
    best: bool = False,
    with_texts: bool = False,
    license: str = "",
    push: str = "",
    progress: Progress = silent,
) -> Path:
    """Bring a generator and its discriminator to where gansmith or torch are not needed, or shared.

    Args:
        run: or its folder.
        to: ``onnx`` writes generator.onnx, discriminator.onnx, and gansmith.json, which says what
            goes in and how to read what comes out; ``hub`` a folder that :func:`gansmith.load`
            opens, with a model card, ready for the Hugging Face Hub.
        out: the folder; None is the run's name with ``-onnx`` or ``-hub`` behind it.
        best: take the weights that measured best while training, instead of the last.
        with_texts: of a table, for the Hub: let the export hold the texts of columns of free text.
        license: for the Hub: its name there, such as ``cc-by-4.0``; empty leaves it to you.
        push: for the Hub: ``owner/name`` to upload to; empty uploads nothing.
        progress: shows what happens; nothing by default.

    Returns:
        The folder.

    Raises:
        UserError: if there is something at ``out`` already, the data would be given away, or the
            Hub does not take it.
        DeviatesError: if what was exported does not give the run's own numbers; nothing is kept.
        MissingExtraError: if a package that is needed is not installed.
    """
    opened = run if isinstance(run, Run) else load(run)
    if to not in ("onnx", "hub"):
        raise UserError(f"Nothing is exported to {to!r}.", where="--to", fix="Give onnx or hub.")
    if push:
        if to != "hub":
            raise UserError("Only the Hub is pushed to.", where="--push", fix="Give --to hub.")
        require_name(push)
    path = Path(out) if out else Path(f"{opened.folder.path.resolve().name}-{to}")
    _require_free(path)
    writes: dict[str, Callable[[Path], None]] = {
        "onnx": lambda side: write_onnx(opened, side, best=best, progress=progress),
        "hub": lambda side: write_hub(
            opened, side, best=best, with_texts=with_texts, license_=license, name=push
        ),
    }
    with beside(path, "The export") as side:
        writes[to](side)
        if path.is_dir():  # empty
            path.rmdir()
        side.rename(path)
    if push:
        push_folder(path, push)
    return path


def _require_free(out: Path) -> None:
    if out.is_symlink() or (any(out.iterdir()) if out.is_dir() else out.exists()):
        raise UserError(
            "There is something at the output already.", where=str(out), fix="Name another --out."
        )
