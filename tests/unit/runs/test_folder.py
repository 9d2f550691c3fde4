"""The files of a run folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gansmith.errors import RunError
from gansmith.runs.folder import RunFolder, write_atomic

LINES = [{"samples": 64 * i, "loss": 1 / (i + 3)} for i in range(1, 6)]


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    made = RunFolder(tmp_path / "run")
    made.create()
    for line in LINES:
        made.append_metrics(line)
    return made


def test_metrics_come_back(folder: RunFolder) -> None:
    assert list(folder.read_metrics()) == LINES
    assert folder.metrics_size_bytes() == folder.metrics.stat().st_size


@given(st.integers(0, 400))
def test_a_last_line_cut_short_anywhere_is_left_out(cut: int) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as root:
        folder = RunFolder(Path(root))
        for line in LINES:
            folder.append_metrics(line)
        text = folder.metrics.read_bytes()[:cut]
        folder.metrics.write_bytes(text)
        whole = [json.loads(line) for line in text.splitlines() if line.endswith(b"}")]
        assert list(folder.read_metrics()) == whole == LINES[: len(whole)]


def test_zeros_after_a_power_cut_are_left_out(folder: RunFolder) -> None:
    with folder.metrics.open("ab") as file:
        file.write(b"\0" * 100)
    assert list(folder.read_metrics()) == LINES


def test_metrics_are_cut_back_and_never_stretched(folder: RunFolder) -> None:
    size = folder.metrics_size_bytes()
    folder.truncate_metrics(size + 100)
    assert folder.metrics_size_bytes() == size
    folder.truncate_metrics(len(json.dumps(LINES[0])) + 1)
    assert list(folder.read_metrics()) == LINES[:1]
    folder.truncate_metrics(0)
    assert list(folder.read_metrics()) == []


def test_no_metrics_yet(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.truncate_metrics(0)
    folder.sync_metrics()
    assert list(folder.read_metrics()) == []
    assert folder.metrics_size_bytes() == 0


def test_json_is_read_as_written_and_names_what_is_wrong(folder: RunFolder) -> None:
    folder.write_json("x.json", {"ä": [1.5, None]})
    assert folder.read_json("x.json") == {"ä": [1.5, None]}
    with pytest.raises(RunError, match=r"has no y\.json"):
        folder.read_json("y.json")
    for content in (b'{"a": ', b"\xff\xfe"):
        (folder.path / "x.json").write_bytes(content)
        with pytest.raises(RunError, match=r"x\.json is not valid JSON"):
            folder.read_json("x.json")


def test_a_write_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "config.json"
    write_atomic(path, "old")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(RunError, match=r"config\.json could not be written: No space left"):
        write_atomic(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_lock_is_one_process_at_a_time(folder: RunFolder) -> None:
    with folder.locked(), pytest.raises(RunError, match="Another process"), folder.locked():
        pass
    with folder.locked():  # free again, also after it was refused
        pass


def test_whether_a_run_is_training_is_asked_without_being_in_the_way(folder: RunFolder) -> None:
    before = sorted(folder.path.iterdir())
    assert not folder.is_training()
    assert sorted(folder.path.iterdir()) == before
    with folder.locked():
        assert folder.is_training()
        with pytest.raises(RunError, match="Another process"), folder.locked():
            pass
        assert folder.is_training()
    assert not folder.is_training()
    with folder.locked():
        pass
