"""Broken checkpoints: the newest whole one is gone on from; with none, nothing is begun anew."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from invariance.small_runs import SMALL, StopAt, assert_same_run, newest, train, write_points

from gansmith import api
from gansmith.errors import RunError, StoppedError

ROUNDS = 20


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``points.npy``, the run ``whole``, and the run ``stopped`` with checkpoints at 80 and 160."""
    root = tmp_path_factory.mktemp("checkpoints")
    source = write_points(root / "points.npy")
    train(source, root / "whole", ROUNDS)
    with pytest.raises(StoppedError):
        train(source, root / "stopped", ROUNDS, reporter=lambda: StopAt(160))
    return root


@pytest.fixture
def stopped(runs: Path, tmp_path: Path) -> Path:
    """A copy of the stopped run."""
    return Path(shutil.copytree(runs / "stopped", tmp_path / "run"))


def shorten(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:-1])


def empty(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_bytes(b"")


def remove(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def flip(name: str) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        content = bytearray((folder / name).read_bytes())
        content[len(content) * 3 // 4] ^= 1
        (folder / name).write_bytes(content)

    return damage


FILES = ("game.safetensors", "ema.safetensors", "optimizers.safetensors", "state.json")
DAMAGES = {
    **{f"{how.__name__} {name}": how(name) for name in FILES for how in (flip, remove)},
    "shorten game": shorten("game.safetensors"),
    "shorten manifest": shorten("manifest.json"),
    "empty manifest": empty("manifest.json"),
    "flip manifest": flip("manifest.json"),
    "remove manifest": remove("manifest.json"),
    "no dictionary": lambda folder: (folder / "manifest.json").write_text("[1]"),
    "wrong kinds": lambda folder: (folder / "manifest.json").write_text('{"state.json": 1}'),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=list(DAMAGES))
def test_a_broken_checkpoint_falls_back(damage: Callable[[Path], None], stopped: Path) -> None:
    assert newest(stopped).position == 160
    damage(newest(stopped).path)
    assert newest(stopped).position == 80


def test_from_the_checkpoint_before_it_ends_the_same(runs: Path, stopped: Path) -> None:
    flip("optimizers.safetensors")(newest(stopped).path)
    train(runs / "points.npy", stopped, ROUNDS)
    assert_same_run(stopped, runs / "whole")


def test_a_finished_run_with_a_broken_end_plays_it_again(runs: Path, tmp_path: Path) -> None:
    out = Path(shutil.copytree(runs / "whole", tmp_path / "run"))
    remove("game.safetensors")(newest(out).path)
    train(runs / "points.npy", out, ROUNDS)
    assert_same_run(out, runs / "whole")


def test_with_all_broken_nothing_is_begun_anew(runs: Path, stopped: Path) -> None:
    for path in (stopped / "checkpoints").glob("0*"):
        flip("game.safetensors")(path)
    before = (stopped / "metrics.jsonl").read_bytes()
    with pytest.raises(RunError, match="All checkpoints are broken") as refusal:
        train(runs / "points.npy", stopped, ROUNDS)
    assert "000000000160" in str(refusal.value)
    assert "--out" in str(refusal.value)
    assert (stopped / "metrics.jsonl").read_bytes() == before
    with pytest.raises(RunError, match="All checkpoints are broken"):
        api.load(stopped).sample(1)


def test_what_a_killed_process_left_is_harmless(runs: Path, stopped: Path) -> None:
    side = stopped / "checkpoints" / ".000000000240.tmp"
    side.mkdir()
    (side / "game.safetensors").write_bytes(b"half")
    (stopped / ".config.json.1.tmp").write_text("{")
    with (stopped / "metrics.jsonl").open("a") as file:
        file.write('{"samples": 176, "gene')
    train(runs / "points.npy", stopped, ROUNDS)
    assert_same_run(stopped, runs / "whole")
    assert not side.exists()


def test_killed_before_the_first_checkpoint_it_begins_again(runs: Path, stopped: Path) -> None:
    shutil.rmtree(stopped / "checkpoints")
    train(runs / "points.npy", stopped, ROUNDS)
    assert_same_run(stopped, runs / "whole")


@pytest.mark.parametrize("files", [(), ("env.json",), ("env.json", "codec.json")])
def test_killed_while_it_made_its_folder_it_begins_again(
    files: tuple[str, ...], runs: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    for folder in ("samples", "checkpoints"):
        (out / folder).mkdir(parents=True)
    for name in (*files, ".lock", ".config.json.7.tmp"):
        (out / name).write_text("")
    train(runs / "points.npy", out, ROUNDS)
    assert_same_run(out, runs / "whole")


def test_a_checkpoint_of_other_networks_is_refused(runs: Path, stopped: Path) -> None:
    """As after an update of gansmith that changed a network under the same settings."""
    config = stopped / "config.json"
    config.write_text(config.read_text().replace('"width": 8', '"width": 16'))
    settings = {**SMALL, "generator.width": 16, "discriminator.width": 16}
    with pytest.raises(RunError, match="does not fit"):
        train(runs / "points.npy", stopped, ROUNDS, settings)
