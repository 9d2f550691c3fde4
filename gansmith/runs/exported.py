"""A run as it is handed on: one flat folder of JSON and safetensors, with what sampling needs.

It comes from somebody else, so it is not trusted: only the files below are read, and none that a
link takes from another place.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gansmith.errors import MissingExtraError, RunError
from gansmith.runs.checkpoints import Checkpoint
from gansmith.runs.folder import CODEC_WEIGHTS, RunFolder

if TYPE_CHECKING:
    from torch import Tensor

PREFIX = "hf:"
MODEL = "model.safetensors"
# All that is read of an export.
FILES = ("config.json", "env.json", "codec.json", CODEC_WEIGHTS, "calibration.json", MODEL)


@dataclass(frozen=True)
class Exported(Checkpoint):
    """The weights of an export: all that is kept of a checkpoint.

    Attributes:
        path: the file.
    """

    def tensors(self, name: str) -> dict[str, Tensor]:
        """All networks under ``game``, with the averaged generator; nothing else.

        Raises:
            RunError: if the file is damaged.
        """
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        if name != "game":
            return {}
        try:
            return load_file(self.path)
        except (SafetensorError, OSError) as error:
            raise RunError(f"The weights are damaged: {error}.", where=str(self.path)) from error

    def has(self, name: str) -> bool:
        """Whether anything was saved under ``name``."""
        return name == "game"

    def state(self) -> dict[str, Any]:
        """Nothing: that is for training on."""
        return {}


def is_exported(folder: RunFolder) -> bool:
    """Whether a folder is an export, and not one that a training has written."""
    return os.path.lexists(folder.path / MODEL)


def require_exported(folder: RunFolder) -> Exported:
    """The weights of an export of which no file lies elsewhere.

    Raises:
        RunError: if a link leads out of it, or the weights are damaged.
    """
    from safetensors import SafetensorError, safe_open

    own = folder.path.resolve()
    if own.parent.name == "snapshots":  # of the library's cache: links to files beside it
        own = own.parents[1]
    for path in folder.path.rglob("*"):
        if path.is_symlink() and not path.resolve().is_relative_to(own):
            raise RunError(
                "A file of this export is a link to another place, and is not read.",
                where=str(path),
                fix="Do not use it, unless you made it yourself: then copy the file itself.",
            )
    try:
        with safe_open(folder.path / MODEL, framework="pt") as file:
            position = int((file.metadata() or {})["samples_trained"])
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise RunError(
            f"The weights of this export are damaged, or not by gansmith: {error}.",
            where=str(folder.path / MODEL),
        ) from error
    return Exported(folder.path / MODEL, position)


def require_data(folder: RunFolder) -> None:
    """Raise a RunError if the folder is an export: its data are somebody else's."""
    if is_exported(folder):
        raise RunError(
            "An export does not say where its data are.",
            where=str(folder.path),
            fix="Draw samples, and name both: gansmith evaluate --fake SAMPLES --real SOURCE",
        )


def pull(uri: str) -> RunFolder:
    """An export on the Hub, ``hf:owner/name``, or in a folder, ``hf:/path/to/it``.

    Only the files that are read are brought here.

    Raises:
        RunError: if it cannot be had, or is no export of gansmith.
        MissingExtraError: if the library is not installed.
    """
    name = uri.removeprefix(PREFIX)
    path = Path(name).expanduser()
    if not path.is_dir():
        path = _downloaded(name)
    folder = RunFolder(path)
    if not is_exported(folder):
        raise RunError(
            f"This is no export of gansmith: it has no {MODEL}.",
            where=uri,
            fix="One is made by: gansmith export RUN --to hub",
        )
    require_exported(folder)
    return folder.require()


def _downloaded(name: str) -> Path:
    library = hub_library("Reading from the Hub")
    try:
        return Path(library.snapshot_download(name, allow_patterns=[*FILES, "README.md"]))
    except Exception as error:  # the library lets those of a dozen others through
        first_line = str(error).strip().partition("\n")[0]
        raise RunError(
            f"This cannot be had from the Hub: {type(error).__name__}: {first_line}",
            where=PREFIX + name,
            fix="Check the name and the network; what is not public needs HF_TOKEN. A copy of the "
            "folder opens without a network: hf:/path/to/copy.",
        ) from error


def hub_library(needed_for: str) -> Any:
    """The package huggingface_hub. Raises a MissingExtraError where it is not installed."""
    try:
        import huggingface_hub
    except ImportError as error:
        raise MissingExtraError("huggingface_hub", "hub", needed_for) from error
    return huggingface_hub
