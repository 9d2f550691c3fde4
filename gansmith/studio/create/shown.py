"""Samples as the page shows them: JSON, with pictures as PNG in base64."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from gansmith.modalities.image.render import to_picture
from gansmith.run import Run
from gansmith.sample.places import Places

if TYPE_CHECKING:
    import pandas as pd

Array = npt.NDArray[Any]


def png(picture: Image.Image) -> str:
    """A picture as PNG in base64."""
    content = io.BytesIO()
    picture.save(content, format="PNG")
    return base64.b64encode(content.getvalue()).decode()


def shown(run: Run, raw: Array) -> list[Any]:
    """Pictures as PNG in base64, points as lists of numbers, texts as they are.

    Rows are lists of (name of the column, cell as text), with dates in the form of their column.
    """
    kind = run.config.modality
    if kind == "image":
        return [png(to_picture(sample)) for sample in raw]
    made = run.presented(raw)
    if isinstance(made, np.ndarray):
        return [[float(x) for x in sample.reshape(-1)] for sample in made]
    if kind == "table":
        formats = {column.name: column.format for column in run.codec.columns}  # type: ignore[attr-defined]
        texts = [_cells(made[name], formats[name]) for name in made.columns]
        return [list(zip(made.columns, row, strict=True)) for row in zip(*texts, strict=True)]
    return list(made)


def _cells(column: pd.Series, format_: str) -> list[str]:
    if column.dtype.kind == "M":
        column = column.dt.strftime(format_)
    return [str(cell) for cell in column.astype(object).where(column.notna(), "missing")]


def shown_places(run: Run, where: Places, raw: Array) -> dict[str, Any]:
    """Samples with their places, from which the page can go on."""
    names = None if where.classes is None else [run.classes[int(c)] for c in where.classes]
    return {"samples": shown(run, raw), "latents": where.latents.tolist(), "classes": names}


def heat(strengths: npt.NDArray[np.float64]) -> str:
    """(H, W) strengths as a grey PNG in base64: white where they are largest."""
    top = max(float(strengths.max()), 1e-30)
    return png(Image.fromarray((255 * strengths / top).round().astype(np.uint8)))
