"""A run in a tracker: each line once, however often the training was killed."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from invariance.small_runs import SMALL, StopAt, train, write_points

from gansmith.cli.main import main
from gansmith.cli.track import TrackingReporter
from gansmith.errors import RunError, StoppedError
from gansmith.runs.folder import RunFolder
from gansmith.runs.tail import Tail
from gansmith.tracking import tracker as tracking_module
from gansmith.tracking.tracker import FOLDER, Name, Tracker, follow, tracking

LINES = [{"samples": 48 * i, "seconds": 0.5 * i, "loss": 1 / (i + 3)} for i in range(1, 9)]


class Kept:
    """A tracker that keeps what it is told."""

    def __init__(self) -> None:
        self.records: list[tuple[int, Mapping[str, float]]] = []
        self.sheets: list[int] = []

    def record(self, samples: int, seconds: float, values: Mapping[str, float]) -> None:
        self.records.append((samples, values))

    def sheet(self, samples: int, path: Path) -> None:
        assert path.exists()
        self.sheets.append(samples)

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    made = RunFolder(tmp_path / "run")
    made.create()
    made.write_json("config.json", {})
    (made.path / FOLDER).mkdir()
    return made


def write(folder: RunFolder, lines: list[dict[str, Any]]) -> None:
    for line in lines:
        folder.append_metrics(line)


def samples(kept: Kept) -> list[int]:
    return [number for number, _ in kept.records]


@pytest.mark.parametrize("cut", [0, 3, 5])
def test_lines_written_again_after_a_kill_are_passed_on_once(folder: RunFolder, cut: int) -> None:
    kept = Kept()
    watching = Tracker(folder, "tensorboard", kept)
    write(folder, LINES[:5])
    watching.catch_up()
    kept_bytes = sum(len(json.dumps(line)) + 1 for line in LINES[:cut])
    folder.truncate_metrics(kept_bytes)
    # The same lines, but for what the clock said: as long as before, and longer.
    write(folder, [line | {"seconds": 123456.789} for line in LINES[cut:]])
    watching.catch_up()
    Tracker(folder, "tensorboard", kept).catch_up()  # of another process
    assert samples(kept) == [line["samples"] for line in LINES]


def test_what_is_no_number_stays_behind(folder: RunFolder) -> None:
    kept = Kept()
    write(folder, [{"samples": 1, "a": float("nan"), "b": "x", "c": True, "d": None, "e": 2}])
    folder.metrics.open("a").write('["no record"]\n{"samples": "1"}\nbroken\n{"samples": 2}\n{"sam')
    assert Tracker(folder, "tensorboard", kept).catch_up() == (2, 0)
    assert kept.records == [(1, {"e": 2.0}), (2, {})]


def test_only_new_sheets_are_passed_on(folder: RunFolder) -> None:
    kept = Kept()
    for name in ("000000000000.png", "000000000160.txt", ".000000000320.png.7.tmp", "other.png"):
        (folder.samples / name).write_bytes(b"")
    Tracker(folder, "tensorboard", kept).catch_up()
    (folder.samples / "000000000320.png").write_bytes(b"")
    assert Tracker(folder, "tensorboard", kept).catch_up() == (0, 1)
    assert kept.sheets == [0, 160, 320]


def test_a_damaged_state_is_said_and_nothing_is_passed_on_twice(folder: RunFolder) -> None:
    (folder.path / FOLDER / "tensorboard.json").write_text('{"lines": "many"}')
    with pytest.raises(RunError, match="damaged"):
        Tracker(folder, "tensorboard", Kept())


def test_one_process_at_a_time(folder: RunFolder) -> None:
    with (
        tracking(folder, "tensorboard"),
        pytest.raises(RunError, match="Another process"),
        tracking(folder, "tensorboard"),
    ):
        pass


def test_a_run_is_followed_for_as_long_as_it_trains(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracking_module, "PAUSE_SECONDS", 0.01)
    kept = Kept()

    def training() -> None:
        with folder.locked():
            began.set()
            for line in LINES:
                folder.append_metrics(line)
                time.sleep(0.02)

    began, thread = threading.Event(), threading.Thread(target=training)
    thread.start()
    began.wait()
    looks: list[int] = []
    watching = Tracker(folder, "tensorboard", kept)
    follow(folder, watching, lambda records, sheets: looks.append(records))
    thread.join()
    watching.close()
    assert samples(kept) == [line["samples"] for line in LINES]
    assert len(looks) > 1


def test_a_line_without_end_is_one_broken_line(folder: RunFolder) -> None:
    write(folder, LINES[:1])
    folder.metrics.open("ab").write(b"x" * 3_000_000)
    tail = Tail(folder.metrics)
    assert [record["samples"] for record in tail.records()] == [48]
    assert tail.broken == 1
    assert list(tail.records()) == []


def stopped_and_resumed(out: Path, to: Name) -> None:
    """A training that SIGTERM stopped, and that went on."""
    source = write_points(out.parent / "points.npy")
    reporter = partial(TrackingReporter, out, to)

    class Stopped(TrackingReporter, StopAt):
        def __init__(self) -> None:
            TrackingReporter.__init__(self, out, to)
            self.position = 160

        def advanced(self, trainer: Any) -> None:
            StopAt.advanced(self, trainer)

    with pytest.raises(StoppedError):
        train(source, out, 30, SMALL, Stopped)
    train(source, out, 30, SMALL, reporter)


def test_tensorboard_reads_each_record_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    out = tmp_path / "run"
    stopped_and_resumed(out, "tensorboard")
    with pytest.raises(SystemExit) as stop:
        main(["track", str(out), "--to", "tensorboard"])
    assert stop.value.code == 0
    assert "0 records and 0 sheets" in capsys.readouterr().err
    read = EventAccumulator(str(out / FOLDER / "tensorboard"), {"scalars": 0, "images": 0})
    read.Reload()
    records = list(RunFolder(out).read_metrics())
    for name in ("discriminator_loss", "coverage"):
        expected = [(r["samples"], r[name]) for r in records if name in r]
        found = [(event.step, event.value) for event in read.Scalars(name)]
        assert found == [(step, pytest.approx(value)) for step, value in expected]
    sheets = sorted(int(path.stem) for path in RunFolder(out).samples.iterdir())
    assert [event.step for event in read.Images("samples")] == sheets


def test_weights_and_biases_gets_each_record_once_without_a_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_MODE", "offline")
    pytest.importorskip("wandb")
    out = tmp_path / "run"
    stopped_and_resumed(out, "wandb")
    files = sorted((out / FOLDER / "wandb").glob("wandb/offline-run-*/run-*.wandb"))
    history = [row for file in files for row in _history(file)]
    records = list(RunFolder(out).read_metrics())
    found = [(row["samples"], row["generator_loss"]) for row in history if "generator_loss" in row]
    assert found == [(r["samples"], r["generator_loss"]) for r in records]
    sheets = sorted(int(path.stem) for path in RunFolder(out).samples.iterdir())
    assert [row["samples"] for row in history if "sheet" in row or "sheet._type" in row] == sheets
    told = b"".join(file.read_bytes() for file in files)
    for private in (os.uname().release, sys.executable, str(Path.cwd())):
        assert private.encode() not in told


def _history(path: Path) -> list[dict[str, Any]]:
    """What a file of theirs holds, by their own reader."""
    from wandb.proto import wandb_internal_pb2
    from wandb.sdk.internal.datastore import DataStore

    store, rows = DataStore(), []
    store.open_for_scan(str(path))
    while (data := store.scan_data()) is not None:
        record = wandb_internal_pb2.Record()
        record.ParseFromString(data)
        if record.HasField("history"):
            items = record.history.item
            rows.append({i.key or ".".join(i.nested_key): json.loads(i.value_json) for i in items})
    return rows


@pytest.mark.parametrize(
    "failing", [RunError("No room."), ValueError("a library's")], ids=["ours", "theirs"]
)
def test_a_tracker_that_fails_ends_no_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    failing: Exception,
) -> None:  # fmt: skip
    def fail(self: Tracker) -> tuple[int, int]:
        raise failing

    monkeypatch.setattr(Tracker, "catch_up", fail)
    out = tmp_path / "run"
    source = write_points(tmp_path / "points.npy")
    train(source, out, 10, SMALL, partial(TrackingReporter, out, "tensorboard"))
    assert RunFolder(out).card.exists()
    assert capsys.readouterr().err.count("left behind") == 1
