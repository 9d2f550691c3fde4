"""``python -m benchmarks NAME``."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

# Before torch is imported: threads that spin while they wait cost a busy machine dearly.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from benchmarks import tables
from benchmarks.cases import BUILD, Case, Options, Places
from benchmarks.runner import run
from gansmith.errors import GansmithError

NEEDS_NO_DATA = ("points", "cost", "measures", "serve")
NEEDS_DATA = ("pictures", "few", "rows", "texts", "gpu")

DESCRIPTION = """Measure, and keep what was measured in benchmarks/results/.
Measured runs are not run again: an interrupted benchmark goes on with the same command.

  points    modes of point sets, beside the classic losses
  pictures  Frechet distance beside DCGAN, WGAN-GP and SNGAN: --data fashion_mnist.npz
  few       400 faces, with and without adaptive augmentation: --data olivetti_64.npz
  rows      of tables, beside CTGAN, TVAE and TabularARGN: --data adult_train.csv.gz
            --test adult_test.csv.gz --target income
  texts     beside a language model that learns as long: --data captions.txt
  cost      of a step, of sampling, of memory and of the command line
  measures  the time that measuring takes
  serve     a server that 50 clients ask at once
  gpu       CIFAR-10 on a GPU: --data cifar10.parquet
  tables    write docs/benchmarks.md from what is there
  all       points, cost, measures, serve and tables: what needs no data (the default)
"""


def parser() -> argparse.ArgumentParser:
    """Of the command line."""
    made = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = ("all", "tables", *NEEDS_NO_DATA, *NEEDS_DATA)
    made.add_argument("name", choices=names, nargs="?", default="all")
    made.add_argument("--seeds", type=int, help="how many; the default is the benchmark's own")
    made.add_argument("--minutes", type=float, help="of each training")
    made.add_argument("--data", help="a file of samples, or a built-in source")
    made.add_argument("--test", help="of rows: a file of rows to test with, instead of a fifth")
    made.add_argument("--target", help="of rows: the column that a classifier is to tell")
    made.add_argument("--method", action="append", help="of rows: this one alone; may be repeated")
    made.add_argument("--recipe", help="of gpu, instead of pictures-gpu")
    made.add_argument("--workers", type=int, default=2, help="trainings on one core at a time")
    made.add_argument("--fresh", action="store_true", help="measure again what is there")
    made.add_argument("--toy", action="store_true", help="tiny, in build/: does it run at all?")
    made.add_argument("--out", type=Path, help="a folder for results, figures and caches")
    return made


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _measure(options: Options, fresh: bool) -> int:
    benchmark = import_module(f"benchmarks.{options.name}")
    cases: list[Case] = benchmark.cases(options)
    # Trainings that have all cores come one by one.
    workers = options.workers if all(case.threads for case in cases) else 1
    return run(cases, options, workers, _say, fresh=fresh)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one benchmark. Returns 0 if all was measured, 1 if a run failed, 2 for a mistake."""
    given = parser().parse_args(arguments)
    place = given.out or (BUILD / "toy" if given.toy else None)
    places = Places.below(place) if place else Places()
    if given.name == "tables":
        tables.write(places)
        return 0
    names = NEEDS_NO_DATA if given.name == "all" else (given.name,)
    failed = 0
    try:
        for name in names:
            options = Options(
                name, given.seeds, given.minutes, given.data, given.recipe, given.workers,
                given.toy, places, given.test, given.target, tuple(given.method or ()),
            )  # fmt: skip
            failed += _measure(options, given.fresh)
        if given.name == "all" and not place:
            tables.write(places)
    except GansmithError as error:
        _say(str(error))
        return error.exit_code
    return 1 if failed else 0


if __name__ == "__main__":
    # As an exception, so that the processes that measure are ended too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main())
