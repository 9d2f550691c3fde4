"""How the figures of fooled metrics look, and how their numbers are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from PIL import Image

mpl.use("Agg")
import matplotlib.pyplot as plt

Array = npt.NDArray[Any]
Rows = Mapping[str, Mapping[str, float]]

HERE = Path(__file__).parent
REAL, FAKE = "tab:blue", "tab:orange"
MOST_SHOWN = 1_000
NUM_COLOURS = 256


def plain(number: float) -> str:
    """As pages and figures state it: counts whole, all else with three decimals, or one from 10 on.

    >>> plain(8), plain(1000), plain(0.98765), plain(41.37), plain(-0.0001)
    ('8', '1,000', '0.988', '41.4', '0.000')
    """
    if isinstance(number, int):
        return f"{number:,}"
    shown = f"{number:.3f}" if abs(number) < 10 else f"{number:,.1f}"
    return shown.removeprefix("-") if not shown.strip("-0.") else shown


def alternative(rows: Rows) -> str:
    """A figure in words, for those who cannot see it: each panel's name and its numbers.

    >>> alternative({"noise": {"vendi, pca": 41.47, "copies": 0.0}})
    'noise: vendi, pca 41.5; copies 0.000.'
    """
    panels_told = []
    for label, row in rows.items():
        numbers = "; ".join(f"{name} {plain(value)}" for name, value in row.items())
        panels_told.append(f"{label}: {numbers}.")
    return " ".join(panels_told)


def told(row: Mapping[str, float]) -> str:
    """One number a line, for the space under a panel."""
    return "\n".join(f"{name}  {plain(value)}" for name, value in row.items())


def panels(labels: Sequence[str], rows: Rows, size: tuple[float, float]) -> list[plt.Axes]:
    """One beside the other, each with its name above and its numbers below."""
    _, axes = plt.subplots(1, len(labels), figsize=size, squeeze=False)
    fontsize = 1.2 * max(size[0], 8.5)  # alike on a page, where all are as wide as the text
    for axis, label in zip(axes[0], labels, strict=True):
        axis.set_title(label, fontsize=fontsize)
        axis.set_xlabel(told(rows.get(label, {})), fontsize=fontsize)
        axis.set(xticks=[], yticks=[])
    return list(axes[0])


def dots(axis: plt.Axes, points: Array, color: str, *, size: float = 2) -> None:
    """Points of the plane, both directions to the same scale; 1,000 at most."""
    shown = points[:MOST_SHOWN]
    axis.scatter(shown[:, 0], shown[:, 1], s=size, color=color, linewidths=0)
    axis.set_aspect("equal", adjustable="box")


def pictures(axis: plt.Axes, samples: Array, columns: int) -> None:
    """Pictures (N, H, W, C) as a sheet with thin lines between."""
    count, height, width, channels = samples.shape
    rows = count // columns
    padded = np.full((rows * columns, height + 1, width + 1, channels), 255, np.uint8)
    padded[:, 1:, 1:] = samples[: rows * columns]
    tiles = padded.reshape(rows, columns, height + 1, width + 1, channels)
    sheet = tiles.swapaxes(1, 2).reshape(rows * (height + 1), columns * (width + 1), channels)
    axis.imshow(sheet[1:, 1:].squeeze(), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    axis.set(xticks=[], yticks=[])
    for side in axis.spines.values():
        side.set_visible(False)


def save(name: str) -> None:
    """Write the current figure beside this script, with few colours, and close it."""
    figure = plt.gcf()
    figure.tight_layout()
    path = HERE / f"fooled-{name}.png"
    figure.savefig(path, dpi=110, bbox_inches="tight", metadata={"Software": None})
    with Image.open(path) as drawn:
        few = drawn.convert("RGB").quantize(NUM_COLOURS)
    few.save(path, optimize=True)
    plt.close(figure)
