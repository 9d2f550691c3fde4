"""Memory of training against the size of the data: pictures are mapped from disk, not held.

``python -m benchmarks.memory FILE NUM`` writes noise pictures and decodes them into the cache, in a
process of its own, so that what that takes does not count as training's.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from unittest.mock import patch

import numpy as np

from benchmarks.cases import ROOT, Case, Json
from gansmith.api import train
from gansmith.config import DataConfig
from gansmith.data import open_source
from gansmith.trainer.trainer import Trainer
from gansmith.training import Reporter

SIZE = 28
ROUNDS = 200
LOOK_ROUNDS = 10
CHUNK = 10_000


def write_noise(path: Path, num: int) -> None:
    """(num, 28, 28) uint8 in a .npy file, piece by piece."""
    rng = np.random.default_rng(0)
    shape = (num, SIZE, SIZE)
    with path.open("wb") as file:
        header = {"descr": "|u1", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        for first in range(0, num, CHUNK):
            count = min(CHUNK, num - first)
            file.write(rng.integers(0, 256, (count, SIZE, SIZE), np.uint8).tobytes())


def peak_rss_bytes() -> int:
    """The most memory that this process has held, mapped files counted where they were in memory.

    ``ru_maxrss`` is in KiB on Linux and in bytes on macOS.
    """
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def anonymous_bytes() -> int | None:
    """What this process holds now that is no file: pages of mapped files can be dropped at will."""
    try:
        lines = Path("/proc/self/smaps_rollup").read_text("ascii").splitlines()
    except OSError:
        return None
    found = [int(line.split()[1]) * 1024 for line in lines if line.startswith("Anonymous:")]
    return found[0] if found else None


class Watch(Reporter):
    """Looks at anonymous memory every few rounds."""

    def __init__(self) -> None:
        self.peak: int | None = None

    def advanced(self, trainer: Trainer) -> None:
        """Look, if it is time."""
        if (trainer.position // trainer.batch) % LOOK_ROUNDS:
            return
        now = anonymous_bytes()
        if now is not None:
            self.peak = max(now, self.peak or 0)


def measure(case: Case) -> Json:
    """Train a fixed number of rounds on so many pictures."""
    num = int(case.key["num_pictures"] or 0)
    case.places.build.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(dir=case.places.build) as folder,
        # Noise has no place in the user's own cache.
        patch.dict(os.environ, {"GANSMITH_CACHE": str(Path(folder) / "cache")}),
    ):
        path = Path(folder) / "noise.npy"
        filled = subprocess.run(
            [sys.executable, "-m", "benchmarks.memory", str(path), str(num)],
            cwd=ROOT,
            check=True,
            capture_output=True,
        )
        watch, rounds = Watch(), 20 if case.toy else ROUNDS
        train(
            path,
            Path(folder) / "run",
            recipe="pictures",
            samples=rounds * 64,
            seed=case.seed,
            device="cpu",
            reporter=lambda: watch,
        )
        return {
            "rounds": rounds,
            "data_bytes": path.stat().st_size,
            "peak_rss_bytes": peak_rss_bytes(),
            "peak_anonymous_bytes": watch.peak,
            "decoding_peak_rss_bytes": json.loads(filled.stdout)["peak_rss_bytes"],
        }


def fill(path: Path, num: int) -> None:
    """Write, and decode into the cache that the environment names."""
    write_noise(path, num)
    assert len(open_source(DataConfig(source=str(path)))) == num
    sys.stdout.write(json.dumps({"peak_rss_bytes": peak_rss_bytes()}) + "\n")


if __name__ == "__main__":
    fill(Path(sys.argv[1]), int(sys.argv[2]))
