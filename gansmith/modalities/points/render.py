"""A plane of points as a picture, without a plotting library."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

PIXELS = 512


def sheet(samples: npt.NDArray[Any], columns: int) -> Image.Image:
    """The first two coordinates of (N, d) points, dark where they are dense.

    The window holds all but the outermost half percent of the points on each side, and a margin.
    """
    del columns
    plane = np.asarray(samples, np.float64)[:, :2]
    if plane.shape[1] == 1:
        plane = np.concatenate([plane, np.zeros_like(plane)], 1)
    low, high = np.quantile(plane, [0.005, 0.995], axis=0)
    centre, half = (low + high) / 2, max(float((high - low).max()) * 0.6, 1e-6)
    edges = np.linspace(-half, half, PIXELS + 1)
    counts, _, _ = np.histogram2d(
        plane[:, 1] - centre[1], plane[:, 0] - centre[0], bins=[edges, edges]
    )
    shade = np.log1p(counts) / max(np.log1p(counts.max()), 1e-9)
    return Image.fromarray((255 - 255 * shade[::-1] ** 0.5).astype(np.uint8))
