"""What the tests of sources share and cannot be a fixture."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

from gansmith.data import Dataset

Open = Callable[..., Dataset]


def png(pixels: np.ndarray, **options: Any) -> bytes:
    """One picture as the bytes of a PNG."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", **options)
    return file.getvalue()
