"""Devices, precision and processes, through Lightning Fabric.

Networks are not wrapped: a game asks a network several times before it calls backward, and
differentiates it twice, which the usual wrapper's hooks do not allow. The trainer averages
gradients itself, in one message per move.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence

import torch
from lightning_fabric import Fabric
from torch import Tensor

from gansmith.config import MachineConfig
from gansmith.errors import ConfigError


def make_fabric(machine: MachineConfig, precision: str) -> Fabric:
    """The engine for one run, not launched yet.

    Raises:
        ConfigError: if the device is not there.
    """
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    present = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
        "auto": True,
    }
    if not present[machine.device]:
        raise ConfigError(
            f"There is no {machine.device} device here that torch can use.",
            where="--device",
            fix="Use --device auto, or install a torch build for this device.",
        )
    alone = machine.processes == 1 and machine.machines == 1
    # Started by torchrun, the processes are there already; else Fabric starts them.
    strategy = "auto" if alone else "ddp" if "TORCHELASTIC_RUN_ID" in os.environ else "ddp_spawn"
    return Fabric(
        accelerator=machine.device,
        devices=machine.processes,
        num_nodes=machine.machines,
        precision=precision,  # type: ignore[arg-type]
        strategy=strategy,
    )


def average_gradients(fabric: Fabric, parameters: Sequence[Tensor]) -> None:
    """Replace each gradient by its mean over all processes; nothing to do for one process."""
    if fabric.world_size == 1:
        return
    gradients = [p.grad for p in parameters if p.grad is not None]
    flat = torch.cat([g.flatten() for g in gradients])
    mean = fabric.all_reduce(flat, reduce_op="mean")
    assert isinstance(mean, Tensor)
    for gradient, part in zip(gradients, mean.split([g.numel() for g in gradients]), strict=True):
        gradient.copy_(part.view_as(gradient))
