"""Parquet files with encoded pictures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from small_pictures import Open, png

from gansmith.errors import SourceError

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")


def test_bytes_labels_and_split(open_data: Open, tmp_path: Path, pixels: np.ndarray) -> None:
    split = ["train"] * 6 + ["test"] * 2
    columns = {"image": [png(p) for p in pixels], "label": ["b", "a"] * 4, "split": split}
    pq.write_table(pa.table(columns), tmp_path / "set.parquet")
    data = open_data(tmp_path / "set.parquet")
    np.testing.assert_array_equal(data.samples, pixels)
    assert data.schema.classes == ("a", "b")
    assert data.labels is not None
    assert data.labels.tolist() == [1, 0] * 4
    assert data.split("holdout", 0.1).tolist() == [6, 7]


def test_the_form_of_the_hub(open_data: Open, tmp_path: Path, pixels: np.ndarray) -> None:
    labels = {"_type": "ClassLabel", "names": ["zebra", "ant", "unseen"]}
    about = {"info": {"features": {"img": {"_type": "Image"}, "label": labels}}}
    (tmp_path / "data").mkdir()
    for part, rows in (("train", pixels[:6]), ("test", pixels[6:])):
        images = [{"bytes": png(p), "path": f"{i}.png"} for i, p in enumerate(rows)]
        table = pa.table({"img": images, "label": [0, 1] * (len(rows) // 2)})
        table = table.replace_schema_metadata({"huggingface": json.dumps(about)})
        pq.write_table(table, tmp_path / "data" / f"{part}-00000-of-00001.parquet")
    data = open_data(tmp_path)
    assert data.schema.classes == ("zebra", "ant", "unseen")
    assert data.labels is not None
    held = data.split("holdout", 0.1)
    assert {row.tobytes() for row in data.samples[held]} == {p.tobytes() for p in pixels[6:]}


def test_a_broken_row_is_named(open_data: Open, tmp_path: Path, pixels: np.ndarray) -> None:
    rows = [png(pixels[0]), b"no picture", None, png(pixels[1])]
    pq.write_table(pa.table({"image": pa.array(rows, pa.binary())}), tmp_path / "set.parquet")
    data = open_data(tmp_path / "set.parquet")
    assert len(data) == 2
    assert [line.partition(":")[0] for line in data.skipped] == [
        "set.parquet, row 1",
        "set.parquet, row 2",
    ]


def test_without_a_column_of_pictures_it_is_a_table(open_data: Open, tmp_path: Path) -> None:
    table = pa.table({"price": [float(i % 7) for i in range(30)]})
    pq.write_table(table, tmp_path / "set.parquet")
    assert open_data(tmp_path / "set.parquet").schema.modality == "table"
    (tmp_path / "folder").mkdir()
    pq.write_table(table, tmp_path / "folder" / "set.parquet")
    with pytest.raises(SourceError, match="columns price"):
        open_data(tmp_path / "folder")


def test_a_broken_file_is_an_error(open_data: Open, tmp_path: Path) -> None:
    (tmp_path / "set.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(SourceError, match="cannot be read"):
        open_data(tmp_path / "set.parquet")
