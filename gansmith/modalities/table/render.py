"""Rows as a picture: each column's distribution as a strip, without a plotting library."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

CELL, ROWS = 24, 40


def sheet(samples: npt.NDArray[Any], columns: int) -> Image.Image:
    """Cells (N, columns) as shades: a row of the table is a row of the picture, a column a column.

    Each column goes from its smallest value, light, to its largest, dark; missing cells are blue.
    """
    del columns
    cells = np.asarray(samples, np.float64)[:ROWS]
    low = np.nanmin(np.where(np.isnan(cells), np.inf, cells), 0)
    high = np.nanmax(np.where(np.isnan(cells), -np.inf, cells), 0)
    width = np.where(high > low, high - low, 1.0)
    shade = np.where(np.isnan(cells), 0.0, (cells - np.where(np.isfinite(low), low, 0.0)) / width)
    grey = (235 - 200 * np.nan_to_num(shade).clip(0, 1)).astype(np.uint8)
    colours = np.repeat(grey[..., None], 3, -1)
    colours[np.isnan(cells)] = (190, 210, 245)
    return Image.fromarray(colours.repeat(CELL // 2, 0).repeat(CELL, 1))
