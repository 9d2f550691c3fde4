"""What the same folder is refused for, what it is not, and that a finished run stays as it is."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from invariance.small_runs import SMALL, StopAt, assert_same_run, newest, train, write_points

from gansmith import api, prepare
from gansmith.errors import ConfigError, ResumeError, RunError, StoppedError
from gansmith.runs.folder import RunFolder
from gansmith.trainer.trainer import Trainer

ROUNDS = 20


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("refusals")
    source = write_points(root / "points.npy")
    train(source, root / "whole", ROUNDS)
    with pytest.raises(StoppedError):
        train(source, root / "stopped", ROUNDS, reporter=lambda: StopAt(160))
    return root


def content(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize(
    ("changes", "lines"),
    [
        ({"train.seed": 3}, ["train.seed: 0 there, 3 now"]),
        (
            {"players.generator.lr": "1e-5", "train.batch_size": 32},
            [
                "players.generator.lr.start: 0.005 there, 1e-05 now",
                "players.generator.lr.end: 0.0001 there, 1e-05 now",
                "train.batch_size: 16 there, 32 now",
            ],
        ),
        ({"train.samples": 999}, ["train.samples: 320 there, 999 now"]),
        ({"generator.width": 9}, ["generator.options.width: 8 there, 9 now"]),
        ({"game.regularizers": "r1"}, ["game.regularizers"]),
        ({"data.holdout": 0.2}, ["data.holdout: 0.1 there, 0.2 now"]),
    ],
)
def test_other_settings(changes: dict[str, Any], lines: list[str], runs: Path) -> None:
    before = content(runs / "stopped")
    with pytest.raises(ResumeError) as refusal:
        train(
            runs / "points.npy",
            runs / "stopped",
            ROUNDS,
            {**SMALL, "train.samples": 320, **changes},
        )
    shown = refusal.value.what.splitlines()[1:]
    for line in lines:
        assert any(line in each for each in shown), shown
    if len(lines) > 1 or "there" in lines[0]:
        assert len(shown) == len(lines)
    assert "--out" in str(refusal.value)
    assert content(runs / "stopped") == before


def test_a_time_budget_in_place_of_samples_is_refused(runs: Path) -> None:
    with pytest.raises(ResumeError, match=r"train.minutes: 0.0 there, 3.0 now") as refusal:
        api.train(runs / "points.npy", runs / "stopped", minutes=3, settings=SMALL)
    assert "train.samples" not in str(refusal.value)


def test_other_data_under_the_same_name(runs: Path, tmp_path: Path) -> None:
    source, out = tmp_path / "points.npy", tmp_path / "run"
    shutil.copy(runs / "points.npy", source)
    train(source, out, 2)
    points = np.load(source)
    points[5] += 0.125
    np.save(source, points)
    with pytest.raises(ResumeError, match="data have changed"):
        train(source, out, 2)


def test_where_it_runs_may_change(runs: Path, tmp_path: Path) -> None:
    out = Path(shutil.copytree(runs / "stopped", tmp_path / "run"))
    train(runs / "points.npy", out, ROUNDS, {**SMALL, "machine.compile": "off"})
    assert_same_run(out, runs / "whole")


def test_a_folder_with_other_things_stays_as_it_is(runs: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(RunError, match="not empty and holds no run"):
        train(runs / "points.npy", tmp_path, ROUNDS)
    assert content(tmp_path) == {"thesis.tex": b"mine"}
    with pytest.raises(RunError, match="file, not a folder"):
        train(runs / "points.npy", tmp_path / "thesis.tex", ROUNDS)
    assert content(tmp_path) == {"thesis.tex": b"mine"}


def test_no_folder_can_be_made_below_a_file(runs: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(RunError, match="cannot be made"):
        train(runs / "points.npy", tmp_path / "file" / "run", ROUNDS)


def test_opening_what_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no such run"):
        api.load(tmp_path / "nothing")
    with pytest.raises(RunError, match=r"no config\.json"):
        api.load(tmp_path)


def test_two_trainings_in_one_folder(runs: Path) -> None:
    before = content(runs / "stopped")
    with RunFolder(runs / "stopped").locked(), pytest.raises(RunError, match="Another process"):
        train(runs / "points.npy", runs / "stopped", ROUNDS)
    assert content(runs / "stopped") == before


def test_the_second_of_two_that_begin_at_once_changes_nothing(runs: Path, tmp_path: Path) -> None:
    """It must not write another sample count into the folder of the first."""
    folder = RunFolder(tmp_path / "run")
    folder.create()
    with folder.locked(), pytest.raises(RunError, match="Another process"):
        train(runs / "points.npy", folder.path, ROUNDS)
    assert content(folder.path) == {".lock": b""}


def test_a_finished_run_is_not_played_again(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = content(runs / "whole")
    monkeypatch.setattr(Trainer, "round", lambda self: pytest.fail("a round was played"))
    train(runs / "points.npy", runs / "whole", ROUNDS)
    assert content(runs / "whole") == before


def test_a_time_budget_becomes_a_sample_count_that_stays(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    monkeypatch.setattr(prepare, "seconds_per_round", lambda *_: 0.1)
    begun = {"minutes": 0.1, "device": "cpu", "settings": SMALL}
    with pytest.raises(StoppedError):
        api.train(runs / "points.npy", out, reporter=lambda: StopAt(160), **begun)
    config = RunFolder(out).read_json("config.json")["train"]
    assert config["minutes"] == 0.1
    # 6 seconds, less 5 % and what opening the data took, in rounds of 0.1 s.
    assert 30 <= config["samples"] / 16 <= 57
    monkeypatch.setattr(prepare, "seconds_per_round", lambda *_: pytest.fail("measured again"))
    api.train(runs / "points.npy", out, **begun)
    assert RunFolder(out).read_json("config.json")["train"] == config
    assert newest(out).position == config["samples"]
    with pytest.raises(ResumeError, match=r"train.minutes: 0.1 there, 0.2 now"):
        api.train(runs / "points.npy", out, **{**begun, "minutes": 0.2})


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"train.batch_size": 0}, "train.batch_size"),
        ({"machine.processes": 0}, "machine.processes"),
        ({"train.batch_size": 5, "machine.processes": -2}, "machine.processes"),
    ],
)
def test_impossible_numbers(
    settings: dict[str, Any], named: str, runs: Path, tmp_path: Path
) -> None:
    chosen = {**SMALL, **settings}
    with pytest.raises(ConfigError) as refusal:
        api.train(runs / "points.npy", tmp_path / "run", samples=64, device="cpu", settings=chosen)
    assert named in str(refusal.value)
