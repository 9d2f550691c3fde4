"""What a generator is compared with besides real samples: simpler ways to the same end."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from torch import nn

    from gansmith.protocols import Codec

# Of a run folder: what was fitted for comparisons with the run.
FOLDER = "baselines"


@dataclass(frozen=True)
class Trained:
    """A finished training and the means that it had, of which a baseline gets as much.

    Attributes:
        folder: where what is fitted is kept, so that it is fitted once.
        generator: makes encoded samples.
        codec: makes samples of these.
        seconds: wall clock of all rounds that the weights came from; None where it is not known.
        position: real samples that were shown to the end of the training.
        seed: of the training.
        holdout: share of the data that was not trained on.
        fingerprint: of the data.
        device: of the same type, where there is one here: ``cpu`` or ``cuda``.
        machine: why seconds there do not compare with seconds here; empty where they do.
    """

    folder: Path
    generator: nn.Module
    codec: Codec
    seconds: float | None
    position: int
    seed: int
    holdout: float
    fingerprint: str
    device: str = "cpu"
    machine: str = ""

    def key(self) -> dict[str, Any]:
        """What must be equal, for something fitted before to be a baseline of this training."""
        return {
            "fingerprint": self.fingerprint,
            "holdout": self.holdout,
            "seed": self.seed,
            "position": self.position,
            "seconds": self.seconds,
        }


def unlike_here(gpu: str | None, threads: int, processes: int) -> str:
    """Why seconds of a training do not compare with seconds here; empty where they may.

    Args:
        gpu: that it was begun on, if any.
        threads: that it was begun with.
        processes: on one machine.
    """
    here = torch.cuda.get_device_name() if gpu and torch.cuda.is_available() else None
    if gpu != here:
        return f"the run was begun on {gpu}, and this is {here or 'a CPU'}"
    if processes > 1:
        return f"{processes} processes trained the run, and one fits the model"
    if gpu is None and threads != torch.get_num_threads():
        return f"the run was begun with {threads} threads, and here are {torch.get_num_threads()}"
    return ""
