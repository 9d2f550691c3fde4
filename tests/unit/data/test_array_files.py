"""Pixels from .npz, .npy and IDX files, and points."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
from small_pictures import Open

from gansmith.errors import SourceError


def test_keras_names_give_classes_and_a_holdout(
    open_data: Open, tmp_path: Path, pixels: np.ndarray
) -> None:
    y = np.array([3, 7, 3, 7, 3, 7, 3, 7])
    path = tmp_path / "set.npz"
    np.savez_compressed(
        path, x_train=pixels[:6], y_train=y[:6], x_test=pixels[6:], y_test=y[6:, None]
    )
    data = open_data(path)
    np.testing.assert_array_equal(data.samples, pixels)
    assert data.schema.classes == ("3", "7")
    assert data.split("holdout", 0.5).tolist() == [6, 7]


@pytest.mark.parametrize(
    "layout", ["grey", "last", "first", "fortran", "bool", "unit", "255", "16"]
)
def test_every_layout_and_type_gives_the_same_pixels(
    open_data: Open, tmp_path: Path, pixels: np.ndarray, layout: str
) -> None:
    grey = pixels[..., 0]
    saved = {
        "grey": grey,
        "last": pixels,
        "first": np.moveaxis(pixels, 3, 1),
        "fortran": np.asfortranarray(pixels),
        "bool": grey > 99,
        "unit": pixels / np.float32(255),
        "255": pixels.astype(np.float64),
        "16": grey.astype(np.uint16) * 257,
    }[layout]
    expected = {"grey": grey[..., None], "16": grey[..., None]}.get(layout, pixels)
    if layout == "bool":
        expected = np.where(grey > 99, 255, 0)[..., None]
    np.savez(tmp_path / "a.npz", images=saved)
    np.save(tmp_path / "b.npy", saved)
    for name in ("a.npz", "b.npy"):
        np.testing.assert_array_equal(open_data(tmp_path / name).samples, expected)


def test_pixels_are_resized_on_request(open_data: Open, tmp_path: Path, pixels: np.ndarray) -> None:
    np.savez(tmp_path / "a.npz", x=pixels, y=[0, 1] * 4)
    data = open_data(tmp_path / "a.npz", size=(4, 4), channels=1)
    assert data.samples.shape == (8, 4, 4, 1)
    assert data.labels is not None
    assert data.labels.tolist() == [0, 1] * 4


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": np.zeros((5, 784), np.uint8)}, r"\(N, 28, 28\)"),
        ({"x": np.zeros((5, 3, 9, 3), np.uint8)}, "channels"),
        ({"x": np.full((5, 8, 8), -1.0)}, "-1 to -1"),
        ({"x": np.full((5, 8, 8), np.nan)}, "not finite"),
        ({"x": np.zeros((0, 8, 8), np.uint8)}, "no picture"),
        ({"x": np.zeros((5, 8, 8), np.uint8), "y": np.zeros(4, int)}, "5 pictures and 4 labels"),
        ({"this": np.zeros((5, 8, 8)), "that": np.zeros((5, 8, 8))}, "not clear which array"),
    ],
)
def test_what_is_no_set_of_pictures_is_an_error(
    open_data: Open, tmp_path: Path, arrays: dict[str, np.ndarray], message: str
) -> None:
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(SourceError, match=message):
        open_data(tmp_path / "a.npz")


def test_fractional_labels_are_not_classes(open_data: Open, tmp_path: Path) -> None:
    x = np.arange(5 * 64, dtype=np.uint8).reshape(5, 8, 8)
    np.savez(tmp_path / "a.npz", x=x, y=[0.1, 0.2, 0.3, 0.4, 0.5])
    data = open_data(tmp_path / "a.npz")
    assert data.labels is None
    assert "too few of each" in data.notes[0]


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_idx_files_with_labels_beside(
    open_data: Open, tmp_path: Path, pixels: np.ndarray, suffix: str
) -> None:
    folder = tmp_path / "mnist"
    folder.mkdir()
    opener = gzip.open if suffix else open
    for part, rows in (("train", pixels[:6, ..., 0]), ("t10k", pixels[6:, ..., 0])):
        with opener(folder / f"{part}-images-idx3-ubyte{suffix}", "wb") as file:
            file.write(struct.pack(">HBBIII", 0, 8, 3, *rows.shape) + rows.tobytes())
        with opener(folder / f"{part}-labels-idx1-ubyte{suffix}", "wb") as file:
            file.write(struct.pack(">HBBI", 0, 8, 1, len(rows)) + bytes([1, 2] * (len(rows) // 2)))
    data = open_data(folder)
    np.testing.assert_array_equal(data.samples[..., 0], pixels[..., 0])
    assert data.labels is not None
    assert data.labels.tolist() == [0, 1] * 4
    assert data.split("holdout", 0.1).tolist() == [6, 7]
    assert len(open_data(folder / f"train-images-idx3-ubyte{suffix}")) == 6


def test_points_from_a_file(open_data: Open, tmp_path: Path) -> None:
    points = np.random.default_rng(0).normal(size=(30, 3)).astype(np.float32)
    np.save(tmp_path / "p.npy", points)
    data = open_data(tmp_path / "p.npy")
    assert (data.schema.modality, data.schema.shape) == ("points", (3,))
    np.testing.assert_array_equal(data.samples, points)


def test_points_have_no_size(open_data: Open) -> None:
    with pytest.raises(SourceError, match="neither a size nor channels"):
        open_data("ring", size=(8, 8))


def test_points_must_be_finite(open_data: Open, tmp_path: Path) -> None:
    np.save(tmp_path / "p.npy", np.array([[0.0, 1.0], [np.inf, 0.0]]))
    with pytest.raises(SourceError, match="first in row 1"):
        open_data(tmp_path / "p.npy")
