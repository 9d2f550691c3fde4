"""Archives and array files that mean harm, or are damaged, are refused before any is read."""

from __future__ import annotations

import io
import pickle
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import gansmith.modalities.image.data
import gansmith.modalities.points.data  # noqa: F401
from gansmith.config import DataConfig
from gansmith.data import Dataset, open_source, trees
from gansmith.errors import SourceError

UNSAFE_NAMES = ["../outside.png", "a/../../outside.png", "/etc/outside.png", "C:\\outside.png"]


@pytest.fixture
def open_data(tmp_path: Path) -> Callable[..., Dataset]:
    def open_data(source: Path, **fields: Any) -> Dataset:
        return open_source(DataConfig(source=str(source), **fields), cache_dir=tmp_path / "cache")

    return open_data


@pytest.fixture
def picture() -> bytes:
    file = io.BytesIO()
    Image.new("L", (8, 8)).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize("name", [*UNSAFE_NAMES, "..\\outside.png"])
def test_a_zip_with_names_that_point_outside(
    open_data: Callable[..., Dataset], tmp_path: Path, picture: bytes, name: str
) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("fine.png", picture)
        archive.writestr(name, picture)
    with pytest.raises(SourceError, match="not safe"):
        open_data(tmp_path / "a.zip")
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("name", UNSAFE_NAMES)
def test_a_tar_with_names_that_point_outside(
    open_data: Callable[..., Dataset], tmp_path: Path, picture: bytes, name: str
) -> None:
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(picture)
        archive.addfile(member, io.BytesIO(picture))
    with pytest.raises(SourceError, match="not safe"):
        open_data(tmp_path / "a.tar.gz")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_a_tar_with_links_or_devices(
    open_data: Callable[..., Dataset], tmp_path: Path, kind: bytes
) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        member = tarfile.TarInfo("link.png")
        member.type, member.linkname = kind, "/etc/passwd"
        archive.addfile(member)
    with pytest.raises(SourceError, match="link or device"):
        open_data(tmp_path / "a.tar")


def test_a_zip_with_a_link(open_data: Callable[..., Dataset], tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        link = zipfile.ZipInfo("link.png")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(SourceError, match="link or device"):
        open_data(tmp_path / "a.zip")


def test_an_encrypted_zip(
    open_data: Callable[..., Dataset], tmp_path: Path, picture: bytes
) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.png", picture)
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1  # the flag in the central directory
    path.write_bytes(data)
    with pytest.raises(SourceError, match="encrypted"):
        open_data(path)


def test_a_member_that_claims_to_be_huge_is_skipped(
    open_data: Callable[..., Dataset],
    tmp_path: Path,
    picture: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(trees, "MAX_MEMBER_BYTES", 10_000)
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("huge.png", b"\0" * 50_000)
        archive.writestr("fine.png", picture)
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as tar:
        for name, data in (("huge.png", b"\0" * 50_000), ("fine.png", picture)):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    for name in ("a.zip", "a.tar.gz"):
        data = open_data(tmp_path / name)
        assert len(data) == 1
        assert data.skipped[0].startswith("huge.png: the file claims 50,000 bytes")


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz", "a.tar.xz"])
def test_a_file_that_is_no_archive(
    open_data: Callable[..., Dataset], tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_bytes(b"this is no archive" * 99)
    with pytest.raises(SourceError, match="archive cannot be read"):
        open_data(tmp_path / name)


def test_an_archive_that_is_cut_off(open_data: Callable[..., Dataset], tmp_path: Path) -> None:
    path = tmp_path / "a.tar.gz"
    noise = np.random.default_rng(0).bytes(200_000)
    with tarfile.open(path, "w:gz") as archive:
        member = tarfile.TarInfo("a.png")
        member.size = len(noise)
        archive.addfile(member, io.BytesIO(noise))
    path.write_bytes(path.read_bytes()[:100_000])
    with pytest.raises(SourceError, match="archive cannot be read"):
        open_data(path)


def test_damaged_bytes_in_a_zip_cost_one_picture(
    open_data: Callable[..., Dataset], tmp_path: Path, picture: bytes
) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.png", picture)
        archive.writestr("b.png", picture)
    data = bytearray(path.read_bytes())
    data[data.index(b"IDAT") + 6] ^= 255
    path.write_bytes(data)
    opened = open_data(path)
    assert len(opened) == 1
    assert opened.skipped[0].startswith("a.png: its packed bytes are damaged")


def test_archives_in_an_archive_are_named(
    open_data: Callable[..., Dataset], tmp_path: Path
) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("inner.zip", b"x")
    with pytest.raises(SourceError, match=r"1 file: \.zip"):
        open_data(tmp_path / "a.zip")


class Harm:
    """Unpickling this would leave a mark."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.mark,)


@pytest.mark.parametrize("name", ["a.npy", "a.npz"])
def test_pickles_are_never_opened(
    open_data: Callable[..., Dataset], tmp_path: Path, name: str
) -> None:
    mark = tmp_path / "mark"
    harm = np.empty((2, 8, 8), object)
    harm[...] = Harm(mark)
    (np.save if name.endswith("npy") else np.savez)(tmp_path / name, harm, allow_pickle=True)
    with pytest.raises(SourceError, match="could run code"):
        open_data(tmp_path / name)
    (tmp_path / name).write_bytes(pickle.dumps(Harm(mark)))
    with pytest.raises(SourceError, match="array file cannot be read"):
        open_data(tmp_path / name)
    assert not mark.exists()


def test_a_header_that_claims_more_than_there_is(
    open_data: Callable[..., Dataset], tmp_path: Path
) -> None:
    file = io.BytesIO()
    header = {"descr": "|u1", "fortran_order": False, "shape": (10**12, 28, 28)}
    np.lib.format.write_array_header_1_0(file, header)
    (tmp_path / "a.npy").write_bytes(file.getvalue() + b"\0" * 784)
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x.npy", file.getvalue() + b"\0" * 784)
    for name in ("a.npy", "a.npz"):
        with pytest.raises(SourceError, match="cannot be read"):
            open_data(tmp_path / name)
