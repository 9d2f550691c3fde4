"""Checkpoints on disk: written to the side, synced, renamed, and checked when read.

One is a folder ``checkpoints/000000012800/`` named after its sample count, with tensors as
``NAME.safetensors``, everything else in ``state.json``, and the hash of each file in
``manifest.json``, written last.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gansmith.errors import RunError
from gansmith.runs.folder import fsync_folder, sync_file

if TYPE_CHECKING:
    from torch import Tensor

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Checkpoint:
    """One checkpoint, checked to be whole.

    Attributes:
        path: its folder.
        position: the sample count at which it was taken.
    """

    path: Path
    position: int

    def tensors(self, name: str) -> dict[str, Tensor]:
        """The tensors saved under ``name``, on the CPU."""
        from safetensors.torch import load_file

        return load_file(self.path / f"{name}.safetensors")

    def has(self, name: str) -> bool:
        """Whether tensors were saved under ``name``."""
        return (self.path / f"{name}.safetensors").exists()

    def state(self) -> dict[str, Any]:
        """What was saved beside the tensors."""
        state: dict[str, Any] = json.loads((self.path / "state.json").read_text("utf-8"))
        return state


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def save(
    folder: Path,
    position: int,
    tensors: Mapping[str, Mapping[str, Tensor]],
    state: Mapping[str, Any],
    keep: int,
) -> Checkpoint:
    """Write a checkpoint, then remove all but the newest ``keep``.

    Raises:
        RunError: where it cannot be written (a full disk); nothing half-written is left.
    """
    from safetensors.torch import save_file

    final, side = folder / f"{position:012d}", folder / f".{position:012d}.tmp"
    for left in folder.glob(".*.tmp"):  # of a process that was killed while it wrote
        shutil.rmtree(left, ignore_errors=True)
    try:
        side.mkdir(parents=True)
        for name, group in tensors.items():
            whole = {key: value.detach().cpu().contiguous() for key, value in group.items()}
            save_file(whole, side / f"{name}.safetensors")
        (side / "state.json").write_text(json.dumps(state), "utf-8")
        hashes = {path.name: _sha256(path) for path in sorted(side.iterdir())}
        (side / MANIFEST).write_text(json.dumps(hashes, indent=2), "utf-8")
        for path in side.iterdir():
            sync_file(path)
        fsync_folder(side)
        shutil.rmtree(final, ignore_errors=True)
        side.rename(final)
        fsync_folder(folder)
    except Exception as error:
        shutil.rmtree(side, ignore_errors=True)
        # safetensors raises an error type of its own for a full disk.
        raise RunError(
            f"The checkpoint could not be written: {error}.",
            where=str(final),
            fix="Free some space and give the same command again; it goes on from what is saved.",
        ) from error
    for old in _folders(folder)[keep:]:
        shutil.rmtree(old, ignore_errors=True)
    return Checkpoint(final, position)


def _folders(folder: Path) -> list[Path]:
    """All checkpoint folders, newest first."""
    if not folder.is_dir():
        return []
    return sorted((p for p in folder.iterdir() if p.is_dir() and p.name.isdigit()), reverse=True)


def is_whole(path: Path) -> bool:
    """Whether every file of a checkpoint is there with the content that was written."""
    try:
        hashes: dict[str, str] = json.loads((path / MANIFEST).read_text("utf-8"))
        return bool(hashes) and all(_sha256(path / name) == h for name, h in hashes.items())
    except (OSError, ValueError, AttributeError):
        return False


def newest_name(folder: Path) -> str:
    """Name of the newest checkpoint, whole or not, to see whether it is another; else empty."""
    return next((path.name for path in _folders(folder)), "")


def newest(folder: Path) -> tuple[Checkpoint | None, list[Path]]:
    """The newest whole checkpoint, if any, and the newer ones that are broken."""
    broken: list[Path] = []
    for path in _folders(folder):
        if is_whole(path):
            return Checkpoint(path, int(path.name)), broken
        broken.append(path)
    return None, broken


def finished(checkpoint: Checkpoint | None, num_samples: int) -> bool:
    """Whether a run of so many samples ends with its newest checkpoint."""
    if checkpoint is None:
        return False
    return checkpoint.position >= num_samples or bool(checkpoint.state().get("ended_early"))


def require_some_whole(folder: Path, checkpoint: Checkpoint | None, broken: list[Path]) -> None:
    """Raise a RunError if there are checkpoints and none is whole: what was learnt is lost."""
    if checkpoint is None and broken:
        names = ", ".join(path.name for path in broken)
        raise RunError(
            f"All checkpoints are broken: {names}.",
            where=str(folder),
            fix="Bring them back from a copy; or train anew into another folder with --out, or "
            "into this one after removing it.",
        )


def require_newest(folder: Path) -> Checkpoint:
    """The newest whole checkpoint, or a RunError."""
    checkpoint, broken = newest(folder)
    require_some_whole(folder, checkpoint, broken)
    if checkpoint is None:
        raise RunError(
            "The run has no checkpoint yet.",
            where=str(folder),
            fix="Train on: the first is written after about a tenth of the run, or when stopped.",
        )
    return checkpoint
