"""Sets of the Hub, from copies on disk; nothing here needs a network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from small_pictures import Open

from gansmith.errors import SourceError

datasets = pytest.importorskip("datasets")


def test_a_saved_copy(open_data: Open, tmp_path: Path, pixels: np.ndarray) -> None:
    features = datasets.Features(
        {"image": datasets.Image(), "label": datasets.ClassLabel(names=["zebra", "ant"])}
    )

    def part(rows: np.ndarray) -> object:
        columns = {"image": [Image.fromarray(p) for p in rows], "label": [0, 1] * (len(rows) // 2)}
        return datasets.Dataset.from_dict(columns, features=features)

    both = datasets.DatasetDict({"train": part(pixels[:6]), "test": part(pixels[6:])})
    both.save_to_disk(tmp_path / "copy")
    data = open_data(f"hf:{tmp_path / 'copy'}")
    np.testing.assert_array_equal(data.samples, pixels)
    assert data.schema.classes == ("zebra", "ant")
    assert data.split("holdout", 0.1).tolist() == [6, 7]


def test_a_local_image_folder(
    open_data: Open, class_folders: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "hub-cache")
    data = open_data(f"hf:{class_folders}")
    assert len(data) == 8
    assert data.schema.classes == ("cat", "dog")


def test_without_a_network_the_error_says_so(
    open_data: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offline(name: str) -> None:
        raise ConnectionError("Couldn't reach the Hub\nand a long trace of it")

    monkeypatch.setattr(datasets, "load_dataset", offline)
    with pytest.raises(SourceError, match="ConnectionError: Couldn't reach the Hub") as caught:
        open_data("hf:owner/name")
    assert "save_to_disk" in str(caught.value)
