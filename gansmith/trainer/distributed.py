"""Devices, precision and processes, through Lightning Fabric.

Networks are not wrapped: a game asks a network several times before it calls backward, and
differentiates it twice, which the usual wrapper's hooks do not allow. The trainer averages
gradients itself, in one message per move.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Sequence
from multiprocessing import active_children, get_context
from multiprocessing.queues import SimpleQueue
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.multiprocessing.spawn import ProcessExitedException, ProcessRaisedException

from gansmith.config import MachineConfig
from gansmith.errors import ConfigError, GansmithError, RunError, StoppedError
from gansmith.trainer.signals import StopRequest

if TYPE_CHECKING:  # importing it takes longer than torch; only what trains needs it
    from lightning_fabric import Fabric

# It warns that it ends the other processes after one has failed, which is what it is there for.
logging.getLogger("torch.multiprocessing.spawn").setLevel(logging.ERROR)


def quieten() -> None:
    """Let Fabric speak of nothing but its warnings: to be called in every process that trains.

    Importing Fabric sets the level anew, so it has to be imported first.
    """
    import lightning_fabric  # noqa: F401

    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)


def make_fabric(machine: MachineConfig, precision: str) -> Fabric:
    """The engine for one run, not launched yet.

    Raises:
        ConfigError: if the device is not there.
    """
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
    if machine.processes < 1 or machine.machines < 1:
        raise ConfigError(
            f"{machine.processes} processes on {machine.machines} machines cannot train.",
            where="machine.processes, machine.machines",
            fix="Take at least 1 of each.",
        )
    from lightning_fabric import Fabric

    quieten()
    alone = machine.processes == 1 and machine.machines == 1
    strategy = "auto" if alone else "ddp" if started_by_torchrun() else "ddp_spawn"
    return Fabric(
        accelerator=machine.device,
        devices=machine.processes,
        num_nodes=machine.machines,
        precision=precision,  # type: ignore[arg-type]
        strategy=strategy,
    )


def started_by_torchrun() -> bool:
    """Whether this is one of several processes that torchrun has started; else Fabric does."""
    return "TORCHELASTIC_RUN_ID" in os.environ


def average(fabric: Fabric, tensors: Sequence[Tensor]) -> None:
    """Replace each tensor by its mean over all processes, in one message.

    For gradients, scalars worth a record, and running means: all are means over a process' part of
    the batch, so that their mean is that of the whole batch. Nothing to do for one process.
    """
    if fabric.world_size == 1 or not tensors:
        return
    flat = torch.cat([t.detach().flatten() for t in tensors])
    mean = fabric.all_reduce(flat, reduce_op="mean")
    assert isinstance(mean, Tensor)
    parts = torch.split(mean, [t.numel() for t in tensors])
    with torch.no_grad():
        for tensor, part in zip(tensors, parts, strict=True):
            tensor.copy_(part.view_as(tensor))


class _Work:
    """What each process does: the work, and on an error of ours a message to the one who waits."""

    def __init__(self, work: Callable[[Fabric], None], errors: SimpleQueue[Any]) -> None:
        self.work, self.errors = work, errors

    def __setstate__(self, state: dict[str, Any]) -> None:
        quieten()  # unpickled before Fabric says in this process how many have come
        self.__dict__.update(state)

    def __call__(self, fabric: Fabric) -> None:
        try:
            self.work(fabric)
        except GansmithError as error:
            self.errors.put(error)
            sys.exit(1)
        except KeyboardInterrupt:
            sys.exit(1)  # ended well, it would be waited for in vain


def launch(fabric: Fabric, work: Callable[[Fabric], None], where: str) -> None:
    """Do ``work`` in every process of ``fabric``, and wait for all of them.

    A signal that asks for an end is handed on to them.

    Args:
        fabric: not launched yet; more than one process.
        work: can be pickled.
        where: named in errors.

    Raises:
        GansmithError: the first that any process raised.
        RunError: if a process was killed.
    """
    errors: SimpleQueue[Any] = get_context("spawn").SimpleQueue()
    others = set(active_children())

    def hand_on() -> None:
        for process in set(active_children()) - others:
            process.terminate()

    stop = StopRequest(hand_on)
    try:
        with stop.listening():
            fabric.launch(_Work(work, errors))
    except (ProcessRaisedException, ProcessExitedException) as failure:
        error = None if errors.empty() else errors.get()
        if stop.signal_number and (error is None or isinstance(error, StoppedError)):
            raise StoppedError(stop.signal_number, where) from None
        if error is not None:
            raise error from None
        if isinstance(failure, ProcessExitedException):
            raise RunError(
                f"One of the training processes has ended: {failure}.",
                where=where,
                fix="Memory may have run out: give the same command again to go on. A script must "
                'train below `if __name__ == "__main__":`, since each process reads it.',
            ) from None
        raise
