"""Each command as a user types it: what it writes, prints and returns."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import gansmith
from gansmith.api import default_out
from gansmith.cli.main import main, split_settings
from gansmith.config import DataConfig
from gansmith.data import open_source
from gansmith.errors import RunError, UserError

SMALL = ["generator.width=4", "discriminator.width=4", "train.batch_size=16"]
# Looked at once, at the end, and not ten times.
SMALL += ["train.measure_samples=320"]


def call(*arguments: str) -> int:
    """Run a command in this process and return its exit code."""
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    return int(stop.value.code or 0)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("cli") / "digits"
    assert call("train", "digits", "--out", str(out), "--samples", "320", *SMALL) == 0
    return out


@pytest.fixture(scope="module")
def points_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("cli") / "ring"
    once = "train.measure_samples=512"
    assert call("train", "ring", "--out", str(out), "--samples", "512", once) == 0
    return out


def test_a_run_folder_holds_what_is_promised(run: Path) -> None:
    names = {path.name for path in run.iterdir()}
    assert names >= {
        "config.json", "env.json", "codec.json", "metrics.jsonl", "samples", "checkpoints",
        "calibration.json", "README.md",
    }  # fmt: skip
    assert "320" in (run / "README.md").read_text()


def test_the_same_command_again_is_done_at_once(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (run / "metrics.jsonl").read_bytes()
    assert call("train", "digits", "--out", str(run), "--samples", "320", *SMALL) == 0
    assert (run / "metrics.jsonl").read_bytes() == before
    assert "Done" in capsys.readouterr().err


def test_other_settings_are_refused_with_the_difference(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        call("train", "digits", "--out", str(run), "--samples", "320", "--seed", "7", *SMALL) == 2
    )
    assert "train.seed: 0 there, 7 now" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["train", "digit"], "Did you mean digits?"),
        (["train", "digits", "trian.samples=3"], "Did you mean train"),
        (["train", "digits", "generator.widht=3"], "Did you mean width?"),
        (["train", "digits", "--recipe", "picturse"], "Did you mean"),
        (["train", "digits", "game.objective=hing"], "Did you mean hinge?"),
        (["train", "digits", "--recipe", "points"], "is for points"),
        (["train", "digits", "--samples", "10", "--minutes", "1"], "Give one of them"),
        (["train", "digits", "train.minutes=0"], "A run needs an end"),
        (["train", "digits", "--minutes", "inf"], "'inf' is not a number"),
        (["train", "digits", "--samples", "many"], "'many' is not a whole number"),
        (["sample", "runs/x", "-n", "2.5"], "'2.5' is not a whole number"),
        (["train", "digits", "--samples", "-5"], "cannot take"),
        (["train", "digits", "samples=5"], "Did you mean train.samples?"),
        (["train", "digits", "width=5"], "Did you mean generator.width or discriminator.width?"),
        (["train", "digits", "train.batch_size=x"], "where: train.batch_size"),
        (["train", "digits", "data.size=0x0"], "cannot be brought to 0x0"),
        (["train", "digits", "data.size=8"], "data.size"),
        (["train", "digits", "data.holdout=1"], "cannot be held out"),
        (["trian", "digits"], "Did you mean train"),
        (["train", "digits", "--train.seed=3"], "without dashes"),
        (["sample", "nowhere"], "There is no such run"),
        (["list", "recipes", "a.b=3"], "setting for training"),
    ],
)
def test_a_mistake_has_a_clear_word_and_code_2(
    arguments: list[str],
    hint: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert call(*arguments) == 2
    assert hint in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_sampling_to_a_folder_a_sheet_and_an_array(run: Path, tmp_path: Path) -> None:
    folder, sheet, array = tmp_path / "out", tmp_path / "sheet.png", tmp_path / "out.npz"
    for out in (folder, sheet, array):
        assert call("sample", str(run), "-n", "12", "--seed", "5", "--out", str(out)) == 0
    with np.load(array) as stored:
        samples, labels = stored["samples"], stored["labels"]
    assert samples.shape == (12, 8, 8, 1)
    assert samples.dtype == np.uint8
    assert labels.tolist() == [*range(10), 0, 1]
    pictures = sorted(folder.glob("*.png"))
    assert np.array_equal(np.stack([np.asarray(Image.open(p)) for p in pictures]), samples[..., 0])
    records = [json.loads(line) for line in (folder / "metadata.jsonl").read_text().splitlines()]
    assert [record["label"] for record in records] == [str(label) for label in labels]
    assert Image.open(sheet).size[0] > 80


def test_what_is_there_is_not_overwritten_unasked(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.npz"
    out.write_text("precious")
    assert call("sample", str(run), "-n", "2", "--out", str(out)) == 2
    assert out.read_text() == "precious"
    assert call("sample", str(run), "-n", "2", "--out", str(out), "--overwrite") == 0
    assert len(np.load(out)["samples"]) == 2


def test_classes_by_name(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "a.npz"
    assert call("sample", str(run), "-n", "4", "--class", "7,3", "--out", str(out)) == 0
    assert np.load(out)["labels"].tolist() == [7, 3, 7, 3]
    assert call("sample", str(run), "-n", "4", "--class", "seven", "--out", "b.npz") == 2
    assert "There is no class 'seven'" in capsys.readouterr().err


def test_interpolation_has_a_row_for_each_path(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "path.npz"
    assert call("sample", str(run), "-n", "3", "--interpolate", "5", "--out", str(out)) == 0
    assert np.load(out)["samples"].shape == (15, 8, 8, 1)


def test_points_become_an_array_or_a_picture(points_run: Path, tmp_path: Path) -> None:
    array, picture = tmp_path / "p.npz", tmp_path / "p.png"
    assert call("sample", str(points_run), "-n", "600", "--out", str(array)) == 0
    assert np.load(array)["samples"].shape == (600, 2)
    assert np.load(array)["samples"].dtype == np.float32
    assert call("sample", str(points_run), "-n", "600", "--out", str(picture)) == 0
    assert Image.open(picture).size == (512, 512)
    assert call("sample", str(points_run), "-n", "3", "--out", str(tmp_path / "folder")) == 2


def test_judging_files(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert call("sample", str(run), "-n", "3", "--out", str(out)) == 0
    capsys.readouterr()
    assert call("judge", str(run), str(out), "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert len(answer["files"]) == 3
    for row in answer["files"]:
        assert row["p_fake"] + row["p_real"] == pytest.approx(1)
    assert 0 <= answer["calibration"]["error"] <= 1
    assert call("judge", str(run), str(run / "config.json")) == 2
    assert "no picture that can be read" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["recipes", "objectives", "regularizers", "sources", "metrics"])
def test_lists(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("list", kind, "--json") == 0
    rows = json.loads(capsys.readouterr().out)
    assert rows
    assert all(row["name"] and row["about"] for row in rows)


def test_a_plan_trains_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("gansmith.prepare.CALIBRATION_SECONDS", 0.1)
    assert call("plan", "digits", "--samples", "3200", "--json", *SMALL) == 0
    plan = json.loads(capsys.readouterr().out)
    assert plan["samples"] == 3200
    assert plan["parameters"]["generator"] > 0
    assert plan["config"]["generator"]["options"]["width"] == 4
    assert list(tmp_path.iterdir()) == []


def test_help_does_not_wait_for_torch() -> None:
    code = (
        "import sys, gansmith.cli.main; sys.exit('torch' in sys.modules or 'numpy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_path_with_an_equals_sign_is_no_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a=b").mkdir()
    assert split_settings(["train", "a=b", "c=d"]) == (["train", "a=b"], [("c", "d")])
    assert split_settings(["train", "--out", "x=y"]) == (["train", "--out", "x=y"], [])


@pytest.mark.parametrize(
    ("flags", "hint"),
    [
        (["--truncation", "nan"], "truncation"),
        (["--truncation", "-1"], "truncation"),
        (["--seed", "-1"], "out of range"),
        (["--class", "eleven"], "There is no class"),
        (["--class", ""], "There is no class"),
        (["--ema", "0.1"], "Train with ema.name=power"),
        (["--interpolate", "5"], "one picture or one array"),
        (["--interpolate", "5", "--out", "x.npz", "--workers", "2"], "made by one process"),
        (["-n", "0"], "Ask for at least 1"),
    ],
)
def test_a_wrong_flag_of_sample_leaves_nothing_behind(
    flags: list[str], hint: str, run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("sample", str(run), "--out", str(tmp_path / "new"), *flags) == 2
    assert hint in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_other_formats_are_not_taken_for_folders(run: Path, tmp_path: Path) -> None:
    assert call("sample", str(run), "-n", "2", "--out", str(tmp_path / "a.jpg")) == 2
    assert list(tmp_path.iterdir()) == []


def test_overwriting_replaces_samples_and_spares_all_else(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "below" / "out"
    assert call("sample", str(run), "-n", "5", "--out", str(out)) == 0
    assert call("sample", str(run), "-n", "2", "--out", str(out), "--overwrite") == 0
    assert len(list(out.glob("*.png"))) == 2
    (out / "mine.txt").write_text("precious")
    assert call("sample", str(run), "-n", "1", "--out", str(out), "--overwrite") == 2
    assert len(list(out.iterdir())) == 4


def test_a_correction_after_an_early_mistake_is_not_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistake that shows in a training process; how it comes from there is shown elsewhere."""
    monkeypatch.setattr("gansmith.training.launch", lambda fabric, work, where: work(fabric))
    out = ["--out", str(tmp_path / "run"), "--samples", "64", "--device", "cpu"]
    assert call("train", "ring", *out, "train.batch_size=15", "--processes", "2") == 2
    assert not (tmp_path / "run" / "config.json").exists()
    assert call("train", "ring", *out, *SMALL) == 0


def test_a_run_is_not_put_among_its_data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for i in range(30):
        Image.fromarray(np.full((8, 8), 8 * i, np.uint8)).save(tmp_path / f"{i}.png")
    assert call("train", str(tmp_path), "--out", str(tmp_path / "run"), "augment.adaptive=no") == 2
    assert "inside the folder of the data" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_the_same_data_may_have_moved(tmp_path: Path) -> None:
    points = np.random.default_rng(0).normal(size=(200, 2)).astype("float32")
    np.save(tmp_path / "a.npy", points)
    np.save(tmp_path / "b.npy", points)
    flags = ["--out", str(tmp_path / "run"), "--samples", "256", "train.measure_samples=256"]
    assert call("train", str(tmp_path / "a.npy"), *flags) == 0
    assert call("train", str(tmp_path / "b.npy"), *flags) == 0
    np.save(tmp_path / "b.npy", points + 1)
    assert call("train", str(tmp_path / "b.npy"), *flags) == 2


def test_files_are_judged_as_the_data_were_read(tmp_path: Path) -> None:
    source, out = tmp_path / "wide", tmp_path / "run"
    source.mkdir()
    rows = np.random.default_rng(0).integers(0, 256, (40, 8, 24, 3)).astype(np.uint8)
    for i, row in enumerate(rows):
        Image.fromarray(row).save(source / f"{i:02d}.png")
    flags = ["--samples", "64", "data.size=16x16", "data.fit=pad", "augment.adaptive=no"]
    assert call("train", str(source), "--out", str(out), *flags, *SMALL) == 0
    opened = open_source(DataConfig(str(source), size=(16, 16), fit="pad"))
    run = gansmith.load(out)
    by_file = [row["logit"] for row in run.judge_files(sorted(source.iterdir()))]
    assert by_file == [row["logit"] for row in run.judge(opened.samples)]


def test_judging_what_does_not_fit(run: Path) -> None:
    opened = gansmith.load(run)
    for wrong in (np.zeros((3, 8, 8)), np.zeros((3, 8, 8, 3), np.uint8), np.zeros((3, 8, 8, 1))):
        with pytest.raises(UserError, match=r"uint8 of shape \(N, 8, 8, 1\)"):
            opened.judge(wrong)


@pytest.mark.parametrize("name", ["env.json", "codec.json", "calibration.json", "config.json"])
def test_a_file_edited_by_hand_is_named(name: str, run: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(run, tmp_path / "copy"))
    (copy / name).write_text("{}")
    with pytest.raises(RunError, match=name if name != "config.json" else "missing"):
        gansmith.load(copy).judge(np.zeros((1, 8, 8, 1), np.uint8))


def test_default_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my.cats" / "below").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "my.cats" / "below")
    assert [str(default_out(s)) for s in ("..", ".", "a/x.tar.gz", "hf:me/set", "digits")] == [
        "runs/my.cats", "runs/below", "runs/x", "runs/set", "runs/digits",
    ]  # fmt: skip


def started(*arguments: str, said: str, **streams: Any) -> subprocess.Popen[str]:
    """A command in a process of its own, once it has said something on stderr."""
    command = [sys.executable, "-c", "from gansmith.cli.main import main; main()", *arguments]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, **streams)
    assert process.stderr is not None
    while said not in (line := process.stderr.readline()):
        assert line, "it ended before"
    return process


@pytest.mark.parametrize(
    ("name", "number", "code"),
    [
        ("folder", signal.SIGINT, 130),
        ("many.npz", signal.SIGTERM, 143),
        pytest.param("folder", signal.SIGTERM, 143, marks=pytest.mark.slow),
        pytest.param("many.npz", signal.SIGINT, 130, marks=pytest.mark.slow),
    ],
)
def test_a_signal_while_sampling_leaves_nothing_half_written(
    name: str, number: int, code: int, run: Path, tmp_path: Path
) -> None:
    out = ["--out", str(tmp_path / name)]
    process = started("sample", str(run), "-n", "1000000", *out, said="Sampling")
    while not list(tmp_path.iterdir()):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(number)
    error = process.communicate()[1]
    assert process.returncode == code
    assert "gansmith: " in error
    assert "Traceback" not in error
    assert list(tmp_path.iterdir()) == []
