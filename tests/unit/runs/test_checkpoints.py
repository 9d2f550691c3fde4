"""Checkpoints are there in full or not at all, whatever step a process dies at."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gansmith.errors import RunError
from gansmith.runs import checkpoints


def save(folder: Path, position: int, keep: int = 2) -> checkpoints.Checkpoint:
    numbers = torch.full((3,), float(position))
    return checkpoints.save(folder, position, {"game": {"w": numbers}}, {"at": position}, keep)


def test_what_was_saved_comes_back(tmp_path: Path) -> None:
    turned = torch.arange(12.0).reshape(3, 4).T
    saved = checkpoints.save(tmp_path, 64, {"a": {"x": turned}, "empty": {}}, {"k": [1.5]}, 2)
    found, broken = checkpoints.newest(tmp_path)
    assert (found, broken) == (saved, [])
    assert torch.equal(saved.tensors("a")["x"], turned)
    assert saved.tensors("empty") == {}
    assert saved.state() == {"k": [1.5]}
    assert saved.has("a")
    assert not saved.has("b")


@given(st.sets(st.integers(0, 10**12 - 1), min_size=1, max_size=6), st.integers(2, 4))
@settings(max_examples=15)
def test_the_newest_few_are_kept(positions: set[int], keep: int) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as root:
        for position in sorted(positions):
            save(Path(root), position, keep)
        left = sorted(int(path.name) for path in Path(root).iterdir())
        assert left == sorted(positions)[-keep:]
        assert checkpoints.require_newest(Path(root)).position == max(positions)


class Death(BaseException):
    """A process that ends here: nothing of its own runs any more."""


STEPS: list[tuple[Any, str]] = [
    (Path, "mkdir"),
    (safetensors.torch, "save_file"),
    (Path, "write_text"),
    (os, "fsync"),
    (Path, "rename"),
    (shutil, "rmtree"),
]


@pytest.mark.parametrize(("owner", "name"), STEPS, ids=[name for _, name in STEPS])
@pytest.mark.parametrize("call", range(5))
@pytest.mark.parametrize("half", [False, True], ids=["before", "after"])
def test_death_at_any_step_leaves_a_whole_checkpoint(
    owner: Any, name: str, call: int, half: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before or after each call of what touches the disk; then the same is saved again."""
    save(tmp_path, 64)
    real, count = getattr(owner, name), 0

    def dying(*arguments: Any, **named: Any) -> Any:
        nonlocal count
        count += 1
        if count == call + 1 and not half:
            raise Death
        result = real(*arguments, **named)
        if count == call + 1:
            raise Death
        return result

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, dying)
        try:
            save(tmp_path, 128)
        except Death:
            pass
        else:
            assert count <= call, "died, and went on"
    found, broken = checkpoints.newest(tmp_path)
    assert broken == []
    assert found is not None
    assert found.position in (64, 128)
    assert found.state() == {"at": found.position}
    assert torch.equal(found.tensors("game")["w"], torch.full((3,), float(found.position)))
    save(tmp_path, 128)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["000000000064", "000000000128"]


def test_a_broken_one_is_replaced_by_the_same_position(tmp_path: Path) -> None:
    save(tmp_path, 64)
    (save(tmp_path, 128).path / "state.json").write_text("")
    found, broken = checkpoints.newest(tmp_path)
    assert found is not None
    assert (found.position, [p.name for p in broken]) == (64, ["000000000128"])
    save(tmp_path, 128)
    assert checkpoints.require_newest(tmp_path).position == 128


def test_none_and_none_whole_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no checkpoint yet"):
        checkpoints.require_newest(tmp_path / "nowhere")
    (save(tmp_path, 64).path / "game.safetensors").unlink()
    with pytest.raises(RunError, match="All checkpoints are broken: 000000000064"):
        checkpoints.require_newest(tmp_path)
