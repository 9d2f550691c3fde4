"""The weights of the generator that measured best while training: one file, whole or not there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gansmith.errors import RunError
from gansmith.runs.folder import write_atomic

if TYPE_CHECKING:
    from torch import Tensor

NAME = "best.safetensors"


@dataclass(frozen=True)
class Best:
    """When, and how good.

    Attributes:
        position: the sample count.
        kernel_distance: of its samples from real ones, as measured while training.
    """

    position: int
    kernel_distance: float


def read_best(folder: Path) -> Best | None:
    """What is kept in the folder of checkpoints, or None."""
    path = folder / NAME
    if not path.exists():
        return None
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            about = file.metadata()
        return Best(int(about["position"]), float(about["kernel_distance"]))
    except (SafetensorError, OSError, KeyError, TypeError, ValueError):
        return None  # broken: the next that is measured takes its place


def write_best(folder: Path, best: Best, weights: Mapping[str, Tensor]) -> None:
    """Put weights in the place of those that were best before.

    Raises:
        RunError: where they cannot be written.
    """
    from safetensors.torch import save as to_bytes

    about = {"position": str(best.position), "kernel_distance": repr(best.kernel_distance)}
    whole = {k: v.detach().cpu().contiguous() for k, v in weights.items()}
    write_atomic(folder / NAME, to_bytes(whole, about))


def best_weights(folder: Path) -> dict[str, Tensor]:
    """The weights. Raises a RunError where none are kept, or they are broken."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(folder / NAME)
    except (SafetensorError, OSError) as error:
        raise RunError(
            "The run has kept no best weights.",
            where=str(folder / NAME),
            fix="Leave --best out: the last weights are there.",
        ) from error
