"""What all methods have in common: a task in, rows out, and the clock around the work."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Task:
    """What a method is asked for.

    Attributes:
        method: name of it, where a program has several.
        train: a .csv file to learn from.
        numbers: names of its columns of numbers; all others hold categories.
        out: the .csv file to write, with the same columns.
        num_rows: as many rows.
        seed: decides everything random.
        toy: the shortest training there is.
    """

    method: str
    train: str
    numbers: list[str]
    out: str
    num_rows: int
    seed: int
    toy: bool


def read(path: str, numbers: Sequence[str]) -> Any:
    """A table as a data frame: numbers, NaN where there is none, and texts, which may be empty."""
    import pandas as pd

    names = pd.read_csv(path, nrows=0).columns
    texts = {name: str for name in names if name not in numbers}
    gaps = {name: [""] for name in numbers}
    return pd.read_csv(path, dtype=texts, keep_default_na=False, na_values=gaps)


def cpu_seconds() -> float:
    """Of this process and of those that it started and waited for, user and system."""
    whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    used = [resource.getrusage(each) for each in whose]
    return sum(each.ru_utime + each.ru_stime for each in used)


def peak_rss_bytes() -> int:
    """The most memory that this process held, or any of those that it waited for.

    ``ru_maxrss`` of a process counts what the one that started it held, so the kernel's own mark is
    taken, where there is one.
    """
    unit = 1 if sys.platform == "darwin" else 1024
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit
    try:
        lines = Path("/proc/self/status").read_text("ascii").splitlines()
        own = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))
    except OSError:
        own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    return max(own, children)


def run(ready: Callable[[Task], Callable[[], object]], packages: Sequence[str]) -> None:
    """``python -m benchmarks.peers.NAME TASK COST``: do the task, and write down what it cost.

    Args:
        ready: imports what a task needs, and returns what reads, trains, samples and writes. Where
            that returns a text, no rows were written, for this reason: the training diverged.
        packages: whose versions decide what comes out.
    """
    task = Task(**json.loads(Path(sys.argv[1]).read_text("utf-8")))
    work = ready(task)
    started, used = time.perf_counter(), cpu_seconds()
    diverged = work()
    cost = {
        "cpu_seconds": cpu_seconds() - used,
        "wall_seconds": time.perf_counter() - started,
        "peak_rss_bytes": peak_rss_bytes(),
        "packages": {name: metadata.version(name) for name in packages},
    }
    cost |= {"diverged": diverged} if diverged else {}
    Path(sys.argv[2]).write_text(json.dumps(cost), "utf-8")
