"""A zip or tar is what the folder in it would be."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from small_pictures import Open

from gansmith.data import Dataset


def by_content(data: Dataset) -> dict[bytes, str]:
    assert data.labels is not None
    names = [data.schema.classes[label] for label in data.labels]
    return {row.tobytes(): name for row, name in zip(data.samples, names, strict=True)}


@pytest.mark.parametrize("kind", ["zip", "tar", "gztar", "bztar", "xztar"])
def test_an_archive_is_as_its_folder(open_data: Open, class_folders: Path, kind: str) -> None:
    archive = shutil.make_archive(str(class_folders.parent / "packed"), kind, class_folders)
    assert by_content(open_data(archive)) == by_content(open_data(class_folders))


def test_a_zip_is_in_the_order_of_its_folder(open_data: Open, class_folders: Path) -> None:
    archive = shutil.make_archive(str(class_folders.parent / "packed"), "zip", class_folders)
    packed, folder = open_data(archive), open_data(class_folders)
    np.testing.assert_array_equal(packed.samples, folder.samples)
    assert packed.fingerprint == folder.fingerprint


def test_nothing_is_extracted(open_data: Open, class_folders: Path) -> None:
    archive = shutil.make_archive(str(class_folders.parent / "packed"), "gztar", class_folders)
    shutil.rmtree(class_folders)
    open_data(archive)
    assert not list(class_folders.parent.rglob("*.png"))
