"""Sources of points: three built-in distributions whose truth is known, and array files."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gansmith.config import DataConfig
from gansmith.data.arrays import holds_points, read_points
from gansmith.data.dataset import Dataset, Schema, content_hashes
from gansmith.errors import SourceError
from gansmith.progress import Progress
from gansmith.registry import register

NUM_POINTS = 100_000

# A built-in set is the same everywhere and always, whatever the seed of the run.
GENERATOR_SEED = 20140610

Points = npt.NDArray[np.float32]


class _BuiltInPoints(ABC):
    """A set of points drawn from a known distribution."""

    built_in = True
    name: str

    def matches(self, uri: str) -> bool:
        return uri == self.name

    def open(self, config: DataConfig, *, progress: Progress, cache_dir: Path | None) -> Dataset:
        del progress, cache_dir
        points, truth = self.draw(np.random.default_rng(GENERATOR_SEED))
        return _dataset(points, config, truth)

    @abstractmethod
    def draw(self, rng: np.random.Generator) -> tuple[Points, dict[str, Any]]:
        """(N, 2) points, and what is known of their distribution."""


@register("source", "ring")
class Ring(_BuiltInPoints):
    """8 Gaussians on a circle of radius 2, sigma 0.02: does the generator drop modes?"""

    name = "ring"

    def draw(self, rng: np.random.Generator) -> tuple[Points, dict[str, Any]]:
        angles = 2 * np.pi * np.arange(8) / 8
        return mixture(rng, 2 * np.stack([np.cos(angles), np.sin(angles)], 1), sigma=0.02)


@register("source", "grid")
class Grid(_BuiltInPoints):
    """25 Gaussians on the grid {-4, -2, 0, 2, 4} squared, sigma 0.05."""

    name = "grid"

    def draw(self, rng: np.random.Generator) -> tuple[Points, dict[str, Any]]:
        ticks = np.arange(-4.0, 5.0, 2.0)
        return mixture(rng, np.stack(np.meshgrid(ticks, ticks), -1).reshape(-1, 2), sigma=0.05)


@register("source", "spiral")
class Spiral(_BuiltInPoints):
    """Two arms of a spiral, 1.5 turns out to radius 3, with Gaussian noise of sigma 0.05.

    An arm is r = 3 t, angle = 3 pi t (+ pi for the second), with t the square root of a uniform
    number in (0.01, 1), so that the arms are about equally dense along their length.
    """

    name = "spiral"

    def draw(self, rng: np.random.Generator) -> tuple[Points, dict[str, Any]]:
        t = np.sqrt(rng.uniform(0.01, 1.0, NUM_POINTS))
        angle = 3 * np.pi * t + np.pi * rng.integers(0, 2, NUM_POINTS)
        arms = 3 * t[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
        points = arms + rng.normal(0.0, 0.05, arms.shape)
        return points.astype(np.float32), {"sigma": 0.05}


@register("source", "points-file")
class PointsFile:
    """A .npy or .npz file with points, (N, d) floats with d <= 64."""

    built_in = False

    def matches(self, uri: str) -> bool:
        return holds_points(Path(uri).expanduser())

    def open(self, config: DataConfig, *, progress: Progress, cache_dir: Path | None) -> Dataset:
        del progress, cache_dir
        return _dataset(read_points(Path(config.source).expanduser()), config, {})


def mixture(
    rng: np.random.Generator, centres: npt.NDArray[np.float64], sigma: float
) -> tuple[Points, dict[str, Any]]:
    """100,000 points of a mixture of equal Gaussians, and its truth.

    Args:
        rng: they are drawn with.
        centres: (K, d) of the Gaussians.
        sigma: of each, along each axis.
    """
    chosen = rng.integers(0, len(centres), NUM_POINTS)
    points = centres[chosen] + rng.normal(0.0, sigma, (NUM_POINTS, centres.shape[1]))
    return points.astype(np.float32), {"centres": centres.tolist(), "sigma": sigma}


def _dataset(points: Points, config: DataConfig, truth: dict[str, Any]) -> Dataset:
    if config.size is not None or config.channels:
        raise SourceError(
            "Points have neither a size nor channels.",
            where=config.source,
            fix="Leave size and channels out.",
        )
    schema = Schema("points", points.shape[1:], str(points.dtype), label="points")
    return Dataset(schema, points, None, content_hashes(points), config.source, truth=truth)
