"""A disk that fills up: a clear error, nothing half-written; with room, the same end."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
from invariance.small_runs import SMALL, assert_same_run, newest, train, write_points

from gansmith.errors import RunError
from gansmith.runs import best
from gansmith.runs.folder import RunFolder, writing
from gansmith.trainer import checkpoint as storage

ROUNDS = 20
POWER = {**SMALL, "ema.name": "power"}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("disk")
    train(write_points(root / "points.npy"), root / "whole", ROUNDS, POWER)
    return root


def full(*arguments: Any, **named: Any) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def full_atomic(path: Path, content: str | bytes) -> None:
    """As :func:`write_atomic` fails."""
    with writing(path):
        full()


def full_for_safetensors(*arguments: Any, **named: Any) -> None:
    raise safetensors.SafetensorError("Error while serializing: I/O error: No space left on device")


def after(calls: int, function: Callable[..., Any], failing: Callable[..., Any]) -> Any:
    """``function``, that fails from the call after ``calls`` on."""
    count = 0

    def replaced(*arguments: Any, **named: Any) -> Any:
        nonlocal count
        count += 1
        return (function if count <= calls else failing)(*arguments, **named)

    return replaced


def fill(patch: pytest.MonkeyPatch, where: str) -> None:
    """Let the disk fill up after the first checkpoint, in one of the places that write."""
    from PIL import Image

    if where == "tensors":  # three files a checkpoint; the fourth is of the second
        patch.setattr(
            safetensors.torch,
            "save_file",
            after(3, safetensors.torch.save_file, full_for_safetensors),
        )
    elif where == "sync":
        patch.setattr(os, "fsync", after(22, os.fsync, full))
    elif where == "rename":
        patch.setattr(Path, "rename", after(1, Path.rename, full))
    elif where == "profiles":
        patch.setattr(storage, "write_atomic", after(2, storage.write_atomic, full_atomic))
    elif where == "best":
        patch.setattr(best, "write_atomic", full_atomic)
    elif where == "metrics":
        patch.setattr(RunFolder, "append_metrics", after(2, RunFolder.append_metrics, append_half))
    else:
        patch.setattr(Image.Image, "save", after(1, Image.Image.save, full))


def append_half(folder: RunFolder, record: dict[str, Any]) -> None:
    """Half a line, and no more room: through the real method, with a full disk below it."""
    with folder.metrics.open("a") as file:
        file.write('{"samples": 1')
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "open", full)
        original(folder, record)


original = RunFolder.append_metrics


@pytest.mark.parametrize(
    "where", ["tensors", "sync", "rename", "profiles", "best", "metrics", "sheets"]
)
def test_a_full_disk(where: str, runs: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    with pytest.MonkeyPatch.context() as patch:
        fill(patch, where)
        with pytest.raises(RunError, match="No space left on device") as failure:
            train(runs / "points.npy", out, ROUNDS, POWER)
    assert "same command again" in str(failure.value)
    assert newest(out).position == 80
    assert [p.name for p in (out / "checkpoints").iterdir() if p.name.startswith(".")] == []
    train(runs / "points.npy", out, ROUNDS, POWER)
    assert_same_run(out, runs / "whole")


def test_a_full_disk_at_the_very_beginning(runs: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(RunError, match="could not be written: No space left on device"):
            train(runs / "points.npy", out, ROUNDS, POWER)
    assert not (out / "config.json").exists()
    assert list(out.glob(".*.tmp")) == []
    train(runs / "points.npy", out, ROUNDS, POWER)
    assert_same_run(out, runs / "whole")


def test_metrics_are_on_disk_before_a_checkpoint_counts_them(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut must not leave a checkpoint that knows of more metrics than there are."""
    synced: list[int] = []
    real = os.fsync
    monkeypatch.setattr(os, "fsync", lambda f: (synced.append(os.fstat(f).st_ino), real(f))[1])
    run = train(runs / "points.npy", tmp_path / "run", 5, POWER)
    log = run.folder.metrics.stat().st_ino
    state_file = (newest(run.folder.path).path / "state.json").stat().st_ino
    assert synced.index(log) < synced.index(state_file)
