"""Pictures and disks that fail: named, and never half of it kept."""

from __future__ import annotations

import errno
import os
import struct
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import gansmith.modalities.image.data  # noqa: F401
from gansmith.config import DataConfig
from gansmith.data import Dataset, cache, open_source
from gansmith.errors import SourceError


@pytest.fixture
def open_data(tmp_path: Path) -> Callable[..., Dataset]:
    def open_data(source: Path, **fields: Any) -> Dataset:
        return open_source(DataConfig(source=str(source), **fields), cache_dir=tmp_path / "cache")

    return open_data


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for i, pixels in enumerate(np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3), np.uint8)):
        Image.fromarray(pixels).save(folder / f"{i}.png")
    return folder


def bomb(width: int, height: int) -> bytes:
    """A PNG of a hundred bytes that says it is of that size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress(b"\0" * 100))
    return b"\x89PNG\r\n\x1a\n" + header + data + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [12_000, 60_000])  # Pillow warns of one and refuses the other
def test_a_bomb_is_skipped_without_a_warning(
    open_data: Callable[..., Dataset], photos: Path, side: int
) -> None:
    (photos / "bomb.png").write_bytes(bomb(side, side))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data = open_data(photos)
    assert len(data) == 3
    assert list(data.skipped) == ["bomb.png: it has more pixels than is safe to decode"]


def test_broken_pictures_are_named_or_stop_a_strict_reading(
    open_data: Callable[..., Dataset], photos: Path, tmp_path: Path
) -> None:
    whole = (photos / "0.png").read_bytes()
    (photos / "cut.png").write_bytes(whole[:100])
    (photos / "empty.jpg").write_bytes(b"")
    (photos / "gone.png").symlink_to(photos / "nowhere.png")
    with pytest.raises(SourceError, match=r"cut\.png"):
        open_data(photos, strict=True)
    assert not any((tmp_path / "cache").glob("*"))
    skipped = [line.partition(":")[0] for line in open_data(photos).skipped]
    assert skipped == ["cut.png", "empty.jpg", "gone.png"]


def test_a_pipe_does_not_hang(open_data: Callable[..., Dataset], photos: Path) -> None:
    os.mkfifo(photos / "pipe.png")
    assert len(open_data(photos)) == 3


@pytest.mark.parametrize(
    ("names", "found"),
    [([], "It is empty"), (["a.log", "b.log", "c.md"], r"3 files: \.log, \.md")],
)
def test_a_place_without_pictures_says_what_is_there(
    open_data: Callable[..., Dataset], tmp_path: Path, names: list[str], found: str
) -> None:
    folder = tmp_path / "notes"
    folder.mkdir()
    for name in names:
        (folder / name).write_text("x")
    with pytest.raises(SourceError, match=found):
        open_data(folder)
    assert not (tmp_path / "cache").exists()


def test_none_of_the_pictures_can_be_read(
    open_data: Callable[..., Dataset], tmp_path: Path
) -> None:
    folder = tmp_path / "broken"
    folder.mkdir()
    (folder / "a.png").write_bytes(b"x")
    for fields in ({}, {"size": (4, 4), "channels": 3}):
        with pytest.raises(SourceError, match="None of the 1 pictures can be read"):
            open_data(folder, **fields)
    assert not any((tmp_path / "cache").glob("*"))


@pytest.mark.parametrize(
    ("number", "message"), [(errno.ENOSPC, "disk is full"), (errno.EACCES, "cannot be written")]
)
def test_a_disk_that_takes_no_more(
    open_data: Callable[..., Dataset],
    photos: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    message: str,
) -> None:
    def full(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patched:
        patched.setattr(cache.Writer, "append", full)
        with pytest.raises(SourceError, match=message) as caught:
            open_data(photos)
    assert "GANSMITH_CACHE" in str(caught.value)
    assert not any((tmp_path / "cache").glob("*"))
    assert len(open_data(photos)) == 3


def test_a_kept_cache_that_cannot_be_made(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(SourceError, match="cache cannot be written"):
        open_source(DataConfig(source=str(photos)), cache_dir=tmp_path / "file" / "cache")
