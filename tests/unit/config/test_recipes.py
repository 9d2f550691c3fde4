"""What recipes take from the data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import gansmith
from gansmith.prepare import prepare


@pytest.mark.parametrize(("num_pictures", "adaptive"), [(20, False), (400, True)])
def test_augmentation_is_steered_where_enough_is_held_out(
    num_pictures: int, adaptive: bool, tmp_path: Path
) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (num_pictures, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "few.npz", x=pictures)
    augment = prepare(str(tmp_path / "few.npz")).experiment.augment
    assert augment.adaptive is adaptive
    assert augment.strength.start > 0


def test_twenty_pictures_train(tmp_path: Path) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (20, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "few.npz", x=pictures)
    run = gansmith.train(tmp_path / "few.npz", tmp_path / "run", samples=128)
    assert run.sample(3).shape == (3, 8, 8, 1)
