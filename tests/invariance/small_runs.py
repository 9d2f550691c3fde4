"""Runs that take a second, and what it means that two of them are the same run."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file

from gansmith import api
from gansmith.runs import checkpoints
from gansmith.runs.folder import RunFolder
from gansmith.training import Reporter

# Fields that say how long something took; all else must be equal.
CLOCK = ("seconds", "samples_per_second")

SMALL: dict[str, Any] = {
    "generator.width": 8,
    "generator.depth": 1,
    "discriminator.width": 8,
    "discriminator.depth": 1,
    "train.batch_size": 16,
    "train.log_samples": 48,
    "train.snapshot_samples": 160,
    "train.measure_samples": 112,
    "train.checkpoint_samples": 80,
}
PICTURES: dict[str, Any] = {k: v for k, v in SMALL.items() if not k.endswith("depth")}


def write_points(path: Path, n: int = 200) -> Path:
    """(n, 2) points on a noisy circle."""
    rng = np.random.default_rng(0)
    angle = rng.uniform(0, 2 * np.pi, n)
    circle = np.stack([np.cos(angle), np.sin(angle)], 1) + rng.normal(0, 0.05, (n, 2))
    np.save(path, circle.astype(np.float32))
    return path


def write_table(path: Path, n: int = 200) -> Path:
    """n rows of a number that may be missing, a category and a date."""
    rng = np.random.default_rng(0)
    rows = [
        f"{x:.2f}" * int(x < 1) + f",{'abc'[int(3 * u)]},2020-01-{1 + int(28 * u):02d}"
        for x, u in zip(rng.normal(size=n), rng.random(n), strict=True)
    ]
    path.write_text("\n".join(["number,letter,day", *rows]) + "\n")
    return path


class StopAt(Reporter):
    """Sends SIGTERM to its own process in the round that reaches ``position``."""

    def __init__(self, position: int) -> None:
        self.position = position

    def advanced(self, trainer: Any) -> None:
        if trainer.position == self.position:
            signal.raise_signal(signal.SIGTERM)


def train(
    source: str | Path,
    out: Path,
    rounds: int,
    settings: Mapping[str, Any] = SMALL,
    reporter: Callable[[], Reporter] = Reporter,
    **arguments: Any,
) -> api.Run:
    """Train on the CPU for a number of rounds."""
    samples = rounds * int(settings["train.batch_size"])
    return api.train(
        source,
        out,
        samples=samples,
        device="cpu",
        settings=settings,
        reporter=reporter,
        **arguments,
    )


def newest(out: Path) -> checkpoints.Checkpoint:
    """The newest whole checkpoint."""
    return checkpoints.require_newest(out / "checkpoints")


def metrics(out: Path) -> list[dict[str, Any]]:
    """The lines of metrics without what the clock said."""
    lines = RunFolder(out).metrics.read_text().splitlines()
    return [{k: v for k, v in json.loads(line).items() if k not in CLOCK} for line in lines]


def state(out: Path) -> dict[str, Any]:
    """What the newest checkpoint holds beside tensors, without what the clock said."""
    ignored = ("seconds", "metrics_size_bytes")  # lines are as long as their seconds are
    return {k: v for k, v in newest(out).state().items() if k not in ignored}


def tensors(out: Path) -> dict[str, torch.Tensor]:
    """All tensors of the newest checkpoint and of the profiles, by file and name."""
    files = sorted(newest(out).path.glob("*.safetensors"))
    files += sorted((out / "checkpoints").glob("profiles/*.safetensors"))
    files += sorted((out / "checkpoints").glob("best.safetensors"))
    return {f"{f.name}: {name}": value for f in files for name, value in load_file(f).items()}


def assert_same_run(out: Path, expected: Path) -> None:
    """Nothing differs between two finished runs but the time they took."""
    assert newest(out).position == newest(expected).position
    ours, theirs = tensors(out), tensors(expected)
    assert ours.keys() == theirs.keys()
    assert [name for name in ours if not torch.equal(ours[name], theirs[name])] == []
    assert state(out) == state(expected)
    assert metrics(out) == metrics(expected)
    sheets = sorted(path.name for path in expected.glob("samples/*"))
    assert sorted(path.name for path in out.glob("samples/*")) == sheets
    for name in (*(f"samples/{sheet}" for sheet in sheets), "calibration.json"):
        assert (out / name).read_bytes() == (expected / name).read_bytes(), name
