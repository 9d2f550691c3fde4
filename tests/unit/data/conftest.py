"""What the tests of sources share: small pictures, and opening with a cache of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_pictures import Open, png

import gansmith.modalities.image.data
import gansmith.modalities.points.data  # noqa: F401
from gansmith.config import DataConfig
from gansmith.data import Dataset, open_source

# It has no doctests; one of another folder may have been imported under its name already.
collect_ignore = ["conftest.py"]


@pytest.fixture
def open_data(tmp_path: Path) -> Open:
    """``open_source`` with the fields of a DataConfig, and a cache that is only this test's."""

    def open_data(source: str | Path, **fields: Any) -> Dataset:
        config = DataConfig(source=str(source), **fields)
        return open_source(config, cache_dir=tmp_path / "cache")

    return open_data


@pytest.fixture
def pixels() -> np.ndarray:
    """(8, 6, 5, 3) uint8, no two alike."""
    return np.random.default_rng(0).integers(0, 256, (8, 6, 5, 3), np.uint8)


@pytest.fixture
def class_folders(tmp_path: Path, pixels: np.ndarray) -> Path:
    """A folder with the pictures in the subfolders ``cat`` and ``dog``, by turns."""
    root = tmp_path / "animals"
    for i, picture in enumerate(pixels):
        path = root / ("dog" if i % 2 else "cat") / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(picture))
    return root
