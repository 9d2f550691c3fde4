"""Curves over time, as PNG."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

from benchmarks import few, points
from benchmarks.cases import Json
from benchmarks.tables import results_of

mpl.use("Agg")
import matplotlib.pyplot as plt


@contextmanager
def _panels(path: Path, titles: Sequence[Sequence[str]]) -> Iterator[Any]:
    """A figure with a grid of panels, saved at the end without anything that changes by the day."""
    rows, columns = len(titles), len(titles[0])
    figure, axes = plt.subplots(
        rows, columns, figsize=(5 * columns, 3.2 * rows), squeeze=False, sharex=True
    )
    for row, names in zip(axes, titles, strict=True):
        for axis, name in zip(row, names, strict=True):
            axis.set_title(name)
            axis.grid(alpha=0.3)
    yield axes
    shown = {line.get_label(): line for axis in axes.flat for line in axis.lines}
    if shown:
        place = {"fontsize": "small", "loc": "center left", "bbox_to_anchor": (1, 0.5)}
        axes[0, -1].legend(shown.values(), shown.keys(), **place)
    for axis in axes[-1]:
        axis.set_xlabel("seconds")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110, bbox_inches="tight", metadata={"Software": None})
    plt.close(figure)


def _band(axis: Any, label: str, color: str, seconds: Sequence[Any], values: Sequence[Any]) -> None:
    """Median of several curves and their smallest and largest; cut to the shortest."""
    length = min((len(each) for each in values), default=0)
    if not length:
        return
    times = np.median([each[:length] for each in seconds], axis=0)
    heights = np.array([each[:length] for each in values], float)
    axis.plot(times, np.median(heights, axis=0), label=label, color=color)
    axis.fill_between(times, heights.min(0), heights.max(0), alpha=0.15, color=color, linewidth=0)


def point_sets(runs: Sequence[Json], path: Path) -> None:
    """Share of captured samples and modes hit, by source and method."""
    titles = [[f"{s}: captured samples", f"{s}: modes hit"] for s in points.SOURCES]
    with _panels(path, titles) as axes:
        for row, source in zip(axes, points.SOURCES, strict=True):
            for i, method in enumerate(points.METHODS):
                looks = [r["curve"] for r in results_of(runs, source=source, method=method)]
                seconds = [[look["seconds"] for look in curve] for curve in looks]
                for axis, name in zip(row, ("captured", "modes_hit"), strict=True):
                    values = [[look[name] for look in curve] for curve in looks]
                    _band(axis, method, f"C{i}", seconds, values)


def few_pictures(runs: Sequence[Json], path: Path) -> None:
    """Overfitting and strength of the augmentation, by method."""
    titles = [["overfitting of the discriminator", "strength of the augmentation"]]
    with _panels(path, titles) as axes:
        for i, method in enumerate(few.METHODS):
            found = [r["curve"] for r in results_of(runs, method=method)]
            seconds = [curve["seconds"] for curve in found]
            for axis, name in zip(axes[0], ("overfitting", "augment_strength"), strict=True):
                _band(axis, method, f"C{i}", seconds, [curve[name] for curve in found])
