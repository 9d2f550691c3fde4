"""What a trainer saves and how it takes it back: bit for bit, at tolerance zero."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from safetensors.torch import save as to_bytes
from torch import Tensor

from gansmith.errors import RunError
from gansmith.runs import checkpoints
from gansmith.runs.checkpoints import Checkpoint
from gansmith.runs.folder import RunFolder, write_atomic, writing

if TYPE_CHECKING:
    from gansmith.trainer.trainer import Trainer


def optimizer_tensors(optimizers: Mapping[str, torch.optim.Optimizer]) -> dict[str, Tensor]:
    """The state of all optimizers as flat names: ``player/parameter/name``."""
    return {
        f"{player}/{index}/{key}": value
        for player, optimizer in optimizers.items()
        for index, state in optimizer.state_dict()["state"].items()
        for key, value in state.items()
        if isinstance(value, Tensor)
    }


@torch.no_grad()
def load_optimizers(
    optimizers: Mapping[str, torch.optim.Optimizer], tensors: Mapping[str, Tensor]
) -> None:
    """The way back from :func:`optimizer_tensors`; schedules set the rest at the next round.

    Files hold rows in order. Back on their parameters, moments must lie in memory as these do: the
    fused optimizer goes through both by address, whatever their strides say.
    """
    for player, optimizer in optimizers.items():
        state: dict[int, dict[str, Tensor]] = {}
        for name, value in tensors.items():
            owner, index, key = name.split("/")
            if owner == player:
                state.setdefault(int(index), {})[key] = value
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        for number, own in state.items():
            state[number] = {k: _lying_like(parameters[number], v) for k, v in own.items()}
        groups = optimizer.state_dict()["param_groups"]
        optimizer.load_state_dict({"state": state, "param_groups": groups})


def _lying_like(parameter: Tensor, value: Tensor) -> Tensor:
    """``value`` with its numbers in memory in the order of ``parameter``'s, of the same shape."""
    if value.shape != parameter.shape:
        return value
    return torch.empty_like(parameter, dtype=value.dtype, device=value.device).copy_(value)


def all_tensors(trainer: Trainer) -> dict[str, dict[str, Tensor]]:
    """All tensors of a checkpoint, by file."""
    return {
        "game": trainer.game.state_dict(),
        "ema": trainer.average.tensors(),
        "optimizers": optimizer_tensors(trainer.optimizers),
    }


def not_finite(trainer: Trainer) -> list[str]:
    """Names of the tensors that hold an infinite number or none at all.

    A step can throw weights out of range while its own loss and gradient were finite; the next
    round would notice, but a checkpoint must not be written in between.
    """
    return [
        f"{file}/{name}"
        for file, group in all_tensors(trainer).items()
        for name, value in group.items()
        if not bool(value.isfinite().all())
    ]


def save(trainer: Trainer, folder: RunFolder, *, keep_profiles: bool = True) -> Checkpoint:
    """Write a checkpoint of everything a later process needs to go on as this one would.

    Args:
        trainer: where it stands.
        folder: of the run.
        keep_profiles: keep power-function averages too. Off for a checkpoint out of turn, so that
            what is there in the end does not depend on when a run was stopped.
    """
    folder.sync_metrics()
    state = {
        "position": trainer.position,
        "means": trainer.means.state(),
        "overfitting": trainer.overfitting.state(),
        "metrics_size_bytes": folder.metrics_size_bytes(),
        "seconds": trainer.seconds,
        "ended_early": trainer.ended_early,
    }
    if keep_profiles and trainer.experiment.ema.name == "power":
        _keep_profiles(trainer, folder)
    keep = max(2, trainer.experiment.train.keep_checkpoints)
    return checkpoints.save(folder.checkpoints, trainer.position, all_tensors(trainer), state, keep)


def _keep_profiles(trainer: Trainer, folder: RunFolder) -> None:
    """Keep both averages, so that their length can be chosen after training."""
    place = folder.checkpoints / "profiles"
    with writing(place):
        place.mkdir(exist_ok=True)
    for width, average in zip(trainer.experiment.ema.widths, trainer.average.profiles, strict=True):
        path = place / f"{trainer.position:012d}-{width}.safetensors"
        weights = {k: v.detach().cpu().contiguous() for k, v in average.state_dict().items()}
        write_atomic(path, to_bytes(weights))


@contextmanager
def must_fit(networks: str, checkpoint: Checkpoint) -> Iterator[None]:
    """Within, a checkpoint that holds other networks than are there is a RunError."""
    try:
        yield
    except (RuntimeError, KeyError, ValueError) as error:
        raise RunError(
            f"The checkpoint does not fit {networks}: {error}",
            where=str(checkpoint.path),
            fix=f"It was written by another version of {networks}. Train into a new folder.",
        ) from error


def restore(trainer: Trainer, folder: RunFolder, checkpoint: Checkpoint) -> None:
    """Bring a fresh trainer to where a checkpoint stands, and the metrics with it.

    Raises:
        RunError: if the checkpoint holds other networks than the trainer's.
    """
    state = checkpoint.state()
    with must_fit("the networks", checkpoint):
        trainer.game.load_state_dict(checkpoint.tensors("game"))
        trainer.average.load(checkpoint.tensors("ema"))
        load_optimizers(trainer.optimizers, checkpoint.tensors("optimizers"))
    trainer.position = int(state["position"])
    trainer.seconds = float(state["seconds"])
    trainer.ended_early = bool(state.get("ended_early", False))
    trainer.means.load(state["means"], trainer.device)
    trainer.overfitting.load(state["overfitting"])
    if trainer.fabric.is_global_zero:
        folder.truncate_metrics(int(state["metrics_size_bytes"]))
