"""Pictures are decoded once, and again whenever they change."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from small_pictures import Open, png

from gansmith.data import cache, decoding
from gansmith.errors import SourceError


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[object]]:
    """One item for each picture that was decoded."""
    done: list[object] = []
    original = decoding.decode

    def counting(*arguments: object) -> object:
        done.append(arguments)
        return original(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(decoding, "decode", counting)
    return done


def test_the_second_time_nothing_is_decoded(
    open_data: Open, class_folders: Path, decoded: list[object]
) -> None:
    (class_folders / "cat" / "broken.png").write_bytes(b"x")
    first, second = open_data(class_folders), open_data(class_folders)
    assert len(decoded) == 9
    assert first.fingerprint == second.fingerprint
    assert list(first.skipped) == list(second.skipped) != []
    assert isinstance(second.samples, np.memmap)


def test_a_changed_picture_is_noticed(
    open_data: Open, class_folders: Path, pixels: np.ndarray
) -> None:
    path = class_folders / "cat" / "0.png"
    path.write_bytes(png(pixels[0], compress_level=0))
    before, status = open_data(class_folders), path.stat()
    path.write_bytes(png(pixels[0][::-1], compress_level=0))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))  # same size, same date
    assert path.stat().st_size == status.st_size
    assert open_data(class_folders).fingerprint != before.fingerprint


def test_other_shapes_have_entries_of_their_own(
    open_data: Open, class_folders: Path, decoded: list[object]
) -> None:
    shapes = {open_data(class_folders, size=(n, n)).schema.shape for n in (4, 5, 4)}
    assert shapes == {(4, 4, 3), (5, 5, 3)}
    assert len(decoded) == 16


def test_strict_also_stops_at_a_cached_entry(open_data: Open, class_folders: Path) -> None:
    (class_folders / "cat" / "broken.png").write_bytes(b"x")
    open_data(class_folders)
    with pytest.raises(SourceError, match=r"broken\.png"):
        open_data(class_folders, strict=True)


@pytest.mark.parametrize("damage", ["meta.json", "hashes.npy", "samples.npy", "labels.npy"])
def test_a_damaged_entry_is_made_again(
    open_data: Open, class_folders: Path, tmp_path: Path, decoded: list[object], damage: str
) -> None:
    before = open_data(class_folders).fingerprint
    (entry,) = (tmp_path / "cache").iterdir()
    file = entry / damage
    content = bytearray(file.read_bytes())
    content[-1] ^= 255
    file.write_bytes(content if damage != "meta.json" else content[:40])
    assert open_data(class_folders).fingerprint == before
    assert len(decoded) == 16


def test_two_at_once_make_one_entry(open_data: Open, class_folders: Path, tmp_path: Path) -> None:
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(open_data(class_folders).fingerprint))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(set(found)) == 1
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_what_killed_processes_left_is_swept(
    open_data: Open, class_folders: Path, tmp_path: Path
) -> None:
    old, young = tmp_path / "cache" / "new-1-old", tmp_path / "cache" / "new-2-young"
    for folder in (old, young):
        folder.mkdir(parents=True)
    os.utime(old, (0, 0))
    open_data(class_folders)
    assert not old.exists()
    assert young.exists()


def test_where_the_cache_lies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    monkeypatch.delenv("GANSMITH_CACHE", raising=False)
    assert cache.default_cache_dir() == Path("/somewhere/gansmith")
    monkeypatch.setenv("GANSMITH_CACHE", "/elsewhere")
    assert cache.default_cache_dir() == Path("/elsewhere")


def test_memory_stays_flat_while_decoding(
    open_data: Open, class_folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoding, "CHUNK", 1)
    monkeypatch.setattr(decoding.os, "cpu_count", lambda: 1)
    taken = 0

    def items() -> Iterator[decoding.Item]:
        nonlocal taken
        for taken in range(100):
            yield decoding.Item(str(taken), lambda: np.zeros((2, 2), np.uint8))

    results = decoding._in_threads(lambda chunk: chunk, items())  # type: ignore[arg-type,return-value]
    next(results)
    assert taken < 5
