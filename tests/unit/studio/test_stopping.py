"""Stop reaches trainings that were begun in a terminal, and those alone that run now."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from invariance.small_runs import (
    SMALL,
    assert_same_run,
    newest,
    train,
    write_points,
)

from gansmith.errors import RunError, StoppedError
from gansmith.runs.folder import LOCK, STOP, RunFolder
from gansmith.studio.app import create_app
from gansmith.studio.studio import Runs
from gansmith.trainer import signals
from gansmith.trainer.signals import FROM_FOLDER, StopRequest
from gansmith.training import Reporter

# So long that nobody who asks for a stop comes too late, and one that goes on ends at once.
ROUNDS = 1_000
SELDOM = {
    **SMALL, "train.log_samples": 160, "train.snapshot_samples": 8_000,
    "train.measure_samples": 16_000, "train.checkpoint_samples": 8_000,
}  # fmt: skip
TOKEN = "a-token-of-sixteen-letters"  # noqa: S105  (of a server that lives for a test)


def studio(home: Path, **settings: Any) -> TestClient:
    return TestClient(create_app(Runs((home,)), **settings), base_url="http://localhost")


def seen(client: TestClient, name: str = "points", **headers: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/api/watch/runs/{name}", headers=headers).json()
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[RunFolder]:
    """One into which this very process seems to train."""
    made = RunFolder(tmp_path / "runs" / "points")
    made.create()
    made.config.write_text("{}")
    with made.locked():
        yield made


def test_a_training_in_a_terminal_is_stopped_and_goes_on_bit_for_bit(tmp_path: Path) -> None:
    source, home = write_points(tmp_path / "points.npy"), tmp_path / "runs"
    home.mkdir()
    settings = [f"{name}={value}" for name, value in SELDOM.items()]
    command = [sys.executable, "-m", "gansmith", "train", str(source), "--device", "cpu",
               "--samples", str(16 * ROUNDS), "--out", str(home / "points"), *settings]  # fmt: skip
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    with studio(home) as client, process:
        while not seen(client).get("samples"):
            assert process.poll() is None
            time.sleep(0.02)
        assert (seen(client)["can_stop"], seen(client)["elsewhere"]) == (True, True)
        assert client.post("/api/watch/runs/points/stop").status_code == 202
        assert seen(client)["state"] in ("stopping", "stopped")
        said = process.communicate(timeout=120)[1]
        assert (seen(client)["state"], seen(client)["can_stop"]) == ("stopped", False)
    assert process.returncode == 143
    assert "gansmith: Stopped from the studio; the run is saved." in said
    assert said.splitlines()[-1] == "  fix:   Give the same command again to go on from here."
    assert 0 < newest(home / "points").position < 16 * ROUNDS
    assert not (home / "points" / STOP).exists()
    train(source, tmp_path / "whole", ROUNDS, SELDOM)
    train(source, home / "points", ROUNDS, SELDOM)
    assert_same_run(home / "points", tmp_path / "whole")


class Asked(Reporter):
    """Somebody asks for a stop in the round that reaches ``position``."""

    def __init__(self, folder: RunFolder, position: int) -> None:
        self.folder, self.position, self.heard = folder, position, 0

    def advanced(self, trainer: Any) -> None:
        if trainer.position == self.position:
            self.folder.ask_to_stop()

    def stopping(self) -> None:
        self.heard += 1


def test_a_request_is_heard_once_and_none_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signals, "LOOK_SECONDS", 0.0)
    source, folder = write_points(tmp_path / "points.npy"), RunFolder(tmp_path / "run")
    reporter = Asked(folder, 80)
    with pytest.raises(StoppedError, match="from the studio") as stopped:
        train(source, folder.path, 20, SMALL, lambda: reporter)
    assert (stopped.value.exit_code, reporter.heard) == (143, 1)
    assert newest(folder.path).position == 80
    assert not (folder.path / STOP).exists()


def test_a_stale_request_stops_no_later_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither one that the training was killed before it heard, nor one that came too late."""
    monkeypatch.setattr(signals, "LOOK_SECONDS", 0.0)
    source, folder = write_points(tmp_path / "points.npy"), RunFolder(tmp_path / "run")
    folder.create()
    with folder.locked():
        folder.ask_to_stop()
        assert folder.is_asked_to_stop()
        stale = (folder.path / STOP).read_bytes()
    (folder.path / STOP).write_bytes(stale)
    train(source, folder.path, 20)
    assert newest(folder.path).position == 320
    with folder.locked():
        (folder.path / STOP).write_bytes(stale)
        assert not folder.is_asked_to_stop()


@pytest.mark.parametrize("odd", ["a pipe", "a folder", "bytes", "nothing"])
def test_an_odd_request_is_none(odd: str, folder: RunFolder) -> None:
    place = folder.path / STOP
    {
        "a pipe": lambda: os.mkfifo(place), "a folder": place.mkdir,
        "bytes": lambda: place.write_bytes(b"\xff" * 10**6), "nothing": place.touch,
    }[odd]()  # fmt: skip
    assert not folder.is_asked_to_stop()


def test_the_folder_is_looked_at_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    now, looks, told = 100.0, [], []
    monkeypatch.setattr("time.monotonic", lambda: now)
    asks = iter([False, False, True])
    request = StopRequest(lambda: told.append(now), lambda: looks.append(now) or next(asks))
    for now in (100.0, 100.1, 100.6, 101.0, 101.2, 101.3, 109.0):  # noqa: B007  (the clock)
        asked = request.look()
    assert looks == [100.0, 100.6, 101.2]
    assert (asked, told) == (FROM_FOLDER, [101.2])
    request.signal_number = 2
    assert request.look() == 2


def test_a_stop_is_asked_for_and_shown_until_it_is_done(folder: RunFolder) -> None:
    with studio(folder.path.parent) as client:
        run = seen(client)
        assert (run["state"], run["can_stop"], run["elsewhere"]) == ("training", True, True)
        for _ in range(2):
            assert client.post("/api/watch/runs/points/stop").status_code == 202
            assert seen(client)["state"] == "stopping"
        assert folder.is_asked_to_stop()
        assert {path.name for path in folder.path.iterdir()} == {
            "samples", "checkpoints", "config.json", LOCK, STOP
        }  # fmt: skip


def test_strangers_stop_nothing_that_they_did_not_begin(folder: RunFolder) -> None:
    with studio(folder.path.parent, hosts=("*",)) as client:
        run = seen(client)
        assert (run["state"], run["can_stop"]) == ("training", False)
        answer = client.post("/api/watch/runs/points/stop")
        assert answer.status_code == 409
        assert "Ctrl-C" in answer.json()["fix"]
    assert not (folder.path / STOP).exists()
    with studio(folder.path.parent, hosts=("*",), token=TOKEN) as client:
        assert seen(client, Authorization=f"Bearer {TOKEN}")["can_stop"]


def test_a_training_that_looks_for_no_requests_cannot_be_asked(folder: RunFolder) -> None:
    """One of an earlier version, whose lock holds no name."""
    (folder.path / LOCK).write_bytes(b"")
    with studio(folder.path.parent) as client:
        assert not seen(client)["can_stop"]
        assert client.post("/api/watch/runs/points/stop").status_code == 409


def test_what_does_not_train_is_not_asked(tmp_path: Path) -> None:
    (tmp_path / "points").mkdir()
    (tmp_path / "points" / "config.json").write_text("{}")
    with studio(tmp_path) as client:
        answer = client.post("/api/watch/runs/points/stop")
    assert answer.status_code == 409
    assert answer.json() == {"error": "This run is not training.", "fix": None}


def test_a_folder_that_takes_no_request_is_said(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: RunFolder) -> None:
        raise RunError(".stop could not be written: Permission denied.")

    monkeypatch.setattr(RunFolder, "ask_to_stop", refuse)
    with studio(folder.path.parent) as client:
        answer = client.post("/api/watch/runs/points/stop")
    assert answer.status_code == 409
    assert "Permission denied" in answer.json()["error"]
    assert "Ctrl-C" in answer.json()["fix"]


def test_a_request_leads_nowhere_else(folder: RunFolder, tmp_path: Path) -> None:
    """A run folder may be somebody else's: what stands in the request's place is not followed."""
    (tmp_path / "precious").write_text("kept")
    (folder.path / STOP).symlink_to(tmp_path / "precious")
    with studio(folder.path.parent) as client:
        assert client.post("/api/watch/runs/points/stop").status_code == 202
    assert (tmp_path / "precious").read_text() == "kept"
    assert folder.is_asked_to_stop()


def test_a_folder_that_never_became_a_run_may_hold_a_request(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    folder.create()
    (folder.path / STOP).write_text("of a training that was killed while it began")
    folder.create()  # takes it for its own
