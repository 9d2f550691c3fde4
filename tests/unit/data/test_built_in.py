"""The sets that come along."""

from __future__ import annotations

import numpy as np
import pytest
from small_pictures import Open


def test_digits_span_all_of_8_bits(open_data: Open) -> None:
    data = open_data("digits")
    assert data.samples.shape == (1797, 8, 8, 1)
    assert (data.samples.min(), data.samples.max()) == (0, 255)
    assert data.schema.classes == tuple("0123456789")
    assert data.labels is not None
    assert data.labels[:10].tolist() == list(range(10))


def test_faces_are_faces_only(open_data: Open) -> None:
    data = open_data("faces")
    assert data.samples.shape == (100, 25, 25, 1)
    assert data.labels is None


def test_slanted_faces_are_exact_and_in_order(open_data: Open) -> None:
    data = open_data("slanted-faces", holdout=0)
    assert data.schema.dtype == str(data.samples.dtype) == "float64"
    assert data.samples.reshape(5, 4).tolist()[:2] == [[1, 0, 0, 1], [0.9, 0.1, 0.2, 0.8]]


@pytest.mark.parametrize(("name", "modes"), [("ring", 8), ("grid", 25)])
def test_mixtures_lie_where_they_say(open_data: Open, name: str, modes: int) -> None:
    data = open_data(name)
    centres = np.array(data.truth["centres"])
    assert data.samples.shape == (100_000, 2)
    assert centres.shape == (modes, 2)
    some = data.samples[:2000]
    offsets = some[:, None] - centres
    nearest = np.linalg.norm(offsets, axis=-1).argmin(axis=1)
    spread = offsets[np.arange(len(some)), nearest].std()
    assert spread == pytest.approx(data.truth["sigma"], rel=0.05)
    assert set(nearest) == set(range(modes))


def test_built_in_points_never_change(open_data: Open) -> None:
    assert open_data("spiral").fingerprint == open_data("spiral").fingerprint


def test_size_and_channels_hold_for_built_in_pictures_too(open_data: Open) -> None:
    assert open_data("digits", size=(16, 12), channels=3).schema.shape == (16, 12, 3)
