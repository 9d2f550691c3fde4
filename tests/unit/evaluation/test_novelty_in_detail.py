"""Copies are found however close together training samples lie."""

from __future__ import annotations

import numpy as np

from gansmith import modalities  # noqa: F401  (registers the sources)
from gansmith.config import DataConfig
from gansmith.data import open_source
from gansmith.evaluation.novelty import nearest, novelty


def test_copies_are_found_among_points_closer_than_single_precision_tells() -> None:
    data = open_source(DataConfig(source="ring"))
    train, held = (np.asarray(data.samples[data.split(p, 0.1)]) for p in ("train", "holdout"))
    copies = train[:: len(train) // 500]
    assert novelty(train, held[:500], copies).copies.value == 1.0
    found, distances = nearest(copies, train)
    np.testing.assert_array_equal(train[found], copies)
    assert not distances.any()
