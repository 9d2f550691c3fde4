"""Whatever bytes lie in a file, a source opens it or raises an error of ours."""

from __future__ import annotations

import contextlib
import gzip
import io
import struct
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import gansmith.modalities.image.data
import gansmith.modalities.points.data  # noqa: F401
from gansmith.config import DataConfig
from gansmith.data import open_source
from gansmith.errors import SourceError

PIXELS = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3), np.uint8)
NUM_DAMAGED = 25


def picture(kind: str) -> bytes:
    file = io.BytesIO()
    Image.fromarray(PIXELS[0]).save(file, kind)
    return file.getvalue()


def sound_files() -> dict[str, bytes]:
    npz, npy, zipped, tarred, parquet = (io.BytesIO() for _ in range(5))
    np.savez_compressed(npz, x=PIXELS, y=[0, 1, 0])
    np.save(npy, PIXELS)
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.png", picture("PNG"))
        archive.writestr("b.gif", picture("GIF"))
    with tarfile.open(fileobj=tarred, mode="w:gz") as tar:
        member = tarfile.TarInfo("a.jpg")
        member.size = len(picture("JPEG"))
        tar.addfile(member, io.BytesIO(picture("JPEG")))
    idx = gzip.compress(struct.pack(">HBBIII", 0, 8, 3, 3, 8, 8) + PIXELS[..., 0].tobytes())
    files = {
        "a.npz": npz.getvalue(),
        "a.npy": npy.getvalue(),
        "a.zip": zipped.getvalue(),
        "a.tar.gz": tarred.getvalue(),
        "train-images-idx3-ubyte.gz": idx,
    }
    with contextlib.suppress(ImportError):
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.table({"image": [picture("WEBP"), picture("BMP")]}), parquet)
        files["a.parquet"] = parquet.getvalue()
    files |= {f"pictures/{kind}": picture(kind) for kind in ("PNG", "JPEG", "WEBP", "TIFF", "GIF")}
    return files


def damaged(data: bytes, rng: np.random.Generator) -> bytes:
    """Cut off, or with a few bytes changed."""
    if rng.random() < 0.3:
        return data[: rng.integers(0, len(data))]
    changed = bytearray(data)
    for place in rng.integers(0, len(data), rng.integers(1, 6)):
        changed[place] = rng.integers(0, 256)
    return bytes(changed)


@pytest.mark.parametrize("name", sound_files())
def test_damage_is_an_error_of_ours(tmp_path: Path, name: str) -> None:
    rng = np.random.default_rng(len(name))
    sound = sound_files()[name]
    path = tmp_path / name
    if name.startswith("pictures/"):
        path = path.with_name("a." + name.partition("/")[2].lower())
        path.parent.mkdir()
    source = str(path.parent if name.startswith("pictures/") else path)
    for _ in range(NUM_DAMAGED):
        path.write_bytes(damaged(sound, rng))
        with contextlib.suppress(SourceError):
            data = open_source(DataConfig(source=source), cache_dir=tmp_path / "cache")
            assert len(data) == len(data.hashes) > 0
