"""What is asked for, and the single measurements that it comes to."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gansmith.config import Scalar

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
FIGURES = ROOT / "docs" / "figures"
PAGE = ROOT / "docs" / "benchmarks.md"
BUILD = ROOT / "build" / "benchmarks"

Json = dict[str, Any]
# Settings of a toy: to measure its samples again and again would take longer than all the rest.
UNWATCHED: Mapping[str, Scalar] = {"train.measure_samples": 10**9}


@dataclass(frozen=True)
class Places:
    """Where a benchmark leaves what it makes.

    Attributes:
        results: folder of the JSON files.
        figures: folder of sample sheets.
        page: of the docs, which the tables are written into; the figures lie in a folder beside it.
        build: folder of what can be made again: trained classifiers, decoded data, unfinished runs.
    """

    results: Path = RESULTS
    figures: Path = FIGURES
    page: Path = PAGE
    build: Path = BUILD

    @classmethod
    def below(cls, folder: Path) -> Places:
        """All in one folder, for trying things out."""
        return cls(
            folder / "results", folder / "figures", folder / "benchmarks.md", folder / "build"
        )


@dataclass(frozen=True)
class Options:
    """The command line, read.

    Attributes:
        name: of the benchmark.
        seeds: how many; None takes the benchmark's own number.
        minutes: of each training; None takes the benchmark's own.
        data: file or source of the samples, where the benchmark needs one.
        recipe: name of one, where that can be chosen.
        workers: trainings at a time, where a training takes one core.
        toy: everything tiny, to see that it runs; the numbers mean nothing.
        test: file of rows that nothing learns from, of rows.
        target: column that a classifier is to tell from the others, of rows.
        methods: of rows; empty takes all.
    """

    name: str
    seeds: int | None = None
    minutes: float | None = None
    data: str | None = None
    recipe: str | None = None
    workers: int = 2
    toy: bool = False
    places: Places = field(default_factory=Places)
    test: str | None = None
    target: str | None = None
    methods: tuple[str, ...] = ()


@dataclass(frozen=True)
class Case:
    """One measurement.

    Attributes:
        benchmark: whose.
        key: what tells it from all others: method, seed, minutes, name and hash of the data.
        data: the source to open; not stored, since a path means nothing elsewhere.
        threads: of torch and OpenMP; 0 takes what the machine has.
        toy: of the options.
        places: of the options.
        test: of the options; not stored either.
    """

    benchmark: str
    key: Mapping[str, Scalar]
    data: str = ""
    threads: int = 0
    toy: bool = False
    places: Places = field(default_factory=Places)
    test: str = ""

    @property
    def label(self) -> str:
        """The key on one line."""
        return " ".join(f"{k}={v}" for k, v in self.key.items())

    @property
    def seed(self) -> int:
        """Of the key; 0 where it has none."""
        return int(self.key.get("seed") or 0)

    @property
    def minutes(self) -> float:
        """Of the key."""
        return float(self.key["minutes"] or 0)

    @property
    def keep_figures(self) -> bool:
        """Sheets of the first seed are kept, to be looked at."""
        return self.seed == 0


def data_key(data: str) -> dict[str, Scalar]:
    """What a key says of its data: the file's name and a hash of its content.

    A built-in source has a name alone: its content comes with the program's revision.
    """
    path = Path(data).expanduser()
    if not path.is_file():
        return {"data": path.name}
    with path.open("rb") as file:
        return {"data": path.name, "data_sha256": hashlib.file_digest(file, "sha256").hexdigest()}
