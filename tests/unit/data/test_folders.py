"""Folders of pictures: classes, parts, labels in a file, and what is left alone."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from small_pictures import Open, png

from gansmith.errors import SourceError


def test_subfolders_are_classes(open_data: Open, class_folders: Path, pixels: np.ndarray) -> None:
    data = open_data(class_folders)
    assert data.schema.classes == ("cat", "dog")
    assert data.labels is not None
    assert data.labels.tolist() == [0] * 4 + [1] * 4
    np.testing.assert_array_equal(data.samples, np.concatenate([pixels[::2], pixels[1::2]]))


def test_classes_can_be_left_out(open_data: Open, class_folders: Path) -> None:
    data = open_data(class_folders, conditional=False)
    assert data.labels is None
    assert data.schema.classes == ()


def test_one_folder_around_all_is_no_class(open_data: Open, class_folders: Path) -> None:
    assert open_data(class_folders.parent / "animals").schema.classes == ("cat", "dog")
    assert open_data(class_folders / "cat").schema.classes == ()


def test_test_and_validation_are_held_out(
    open_data: Open, tmp_path: Path, pixels: np.ndarray
) -> None:
    parts = ["train", "train", "train", "train", "test", "test", "validation", "validation"]
    for i, part in enumerate(parts):
        path = tmp_path / "set" / part / "ab"[i % 2] / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(pixels[i]))
    data = open_data(tmp_path / "set")
    held = data.samples[data.split("holdout", 0.1)]
    assert data.schema.classes == ("a", "b")
    assert {row.tobytes() for row in held} == {row.tobytes() for row in pixels[4:]}


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_labels_may_stand_in_a_file(
    open_data: Open, tmp_path: Path, pixels: np.ndarray, kind: str
) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    rows = [{"file_name": f"{i}.png", "label": str([10, 9][i % 2])} for i in range(8)]
    for row, picture in zip(rows, pixels, strict=True):
        (folder / row["file_name"]).write_bytes(png(picture))
    lines = [json.dumps(row) for row in rows]
    if kind == "csv":
        lines = ["file_name,label", *(f"{row['file_name']},{row['label']}" for row in rows)]
    (folder / f"metadata.{kind}").write_text("\n".join(lines))
    data = open_data(folder)
    assert data.schema.classes == ("9", "10")  # numbers are sorted as numbers
    assert data.labels is not None
    assert data.labels.tolist() == [1, 0] * 4


def test_a_picture_without_a_label_is_named(
    open_data: Open, tmp_path: Path, pixels: np.ndarray
) -> None:
    for i in range(5):
        (tmp_path / f"{i}.png").write_bytes(png(pixels[i]))
    lines = ["file_name,label", "0.png,a", "1.png,b", "2.png,a", "3.png,b", "4.png,", "gone.png,a"]
    (tmp_path / "metadata.csv").write_text("\n".join(lines))
    data = open_data(tmp_path)
    assert len(data) == 4
    assert [line.partition(":")[0] for line in data.skipped] == ["4.png", "gone.png"]


def test_what_systems_leave_behind_is_ignored(open_data: Open, class_folders: Path) -> None:
    (class_folders / ".DS_Store").write_bytes(b"x")
    hidden = class_folders / "__MACOSX" / "._0.png"
    hidden.parent.mkdir()
    hidden.write_bytes(b"x")
    data = open_data(class_folders)
    assert (len(data), list(data.skipped)) == (8, [])


def test_a_picture_of_another_format_is_named(open_data: Open, class_folders: Path) -> None:
    (class_folders / "cat" / "phone.HEIC").write_bytes(b"x")
    assert list(open_data(class_folders).skipped) == [
        "cat/phone.HEIC: this format is not read; save it as PNG"
    ]


def test_a_link_that_leads_back_does_not_hang(open_data: Open, class_folders: Path) -> None:
    (class_folders / "cat" / "again").symlink_to(class_folders)
    assert len(open_data(class_folders)) == 8


def test_names_need_not_be_utf8(open_data: Open, tmp_path: Path, pixels: np.ndarray) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    path = Path(str(folder) + "/caf\udce9.png")  # Latin-1 on disk
    try:
        path.write_bytes(png(pixels[0]))
        Path(str(folder) + "/broken\udce9.png").write_bytes(b"no picture")
    except OSError:
        pytest.skip("this file system only takes UTF-8")
    data = open_data(folder)
    assert len(data) == 1
    assert str(data.skipped[0]).encode().startswith(rb"broken\udce9.png")


@pytest.mark.parametrize("text", ["name,label\n0.png,a\n", "\xff"])
def test_metadata_that_cannot_be_used_is_an_error(
    open_data: Open, class_folders: Path, text: str
) -> None:
    (class_folders / "metadata.csv").write_text(text, encoding="latin-1")
    with pytest.raises(SourceError, match="metadata file cannot be used"):
        open_data(class_folders)
