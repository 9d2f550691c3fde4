"""Runs cases: each in a process of its own, some at a time, and writes each down as it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path

from benchmarks.cases import ROOT, Case, Json, Options, Places
from benchmarks.record import Results, environment, now
from gansmith.errors import DivergedError

# A training that is asked to stop saves first.
STOPPING_SECONDS = 60


def measure(case: Case) -> Json:
    """The result of a case, in this process. A training that diverges is a result too."""
    work: Callable[[Case], Json] = import_module(f"benchmarks.{case.benchmark}").measure
    try:
        return work(case)
    except DivergedError as error:
        return {"diverged": error.what}


def to_file(case: Case, path: Path) -> None:
    """Write a case down for the process that measures it."""
    path.write_text(json.dumps(asdict(case), default=str), "utf-8")


def from_file(path: Path) -> Case:
    """The way back from :func:`to_file`."""
    fields = json.loads(path.read_text("utf-8"))
    places = Places(**{name: Path(value) for name, value in fields.pop("places").items()})
    return Case(**fields, places=places)


@dataclass
class _Child:
    """A measurement that is under way in another process."""

    case: Case
    folder: Path
    about: Json
    started: float
    process: subprocess.Popen[bytes]

    def result(self) -> Json | None:
        """What it wrote, or None if it failed."""
        path = self.folder / "result.json"
        if self.process.returncode or not path.exists():
            return None
        content: Json = json.loads(path.read_text("utf-8"))
        return content


def _about() -> Json:
    """Date, and how busy the machine was with other work."""
    return {"date": now(), "load_before": round(os.getloadavg()[0], 2)}


def _start(case: Case, folder: Path) -> _Child:
    folder.mkdir()
    to_file(case, folder / "case.json")
    variables = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE"}
    variables |= {"OMP_NUM_THREADS": str(case.threads)} if case.threads else {}
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.child", str(folder)], cwd=ROOT, env=variables
    )
    return _Child(case, folder, _about(), time.monotonic(), process)


def _wait(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(STOPPING_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


def _in_turn(
    cases: Sequence[Case], workers: int, finished: Callable[[Case, Json | None, Json], None]
) -> None:
    """Measure in other processes, ``workers`` at a time; ends all of them if this one is ended."""
    waiting, running = list(cases), list[_Child]()
    with tempfile.TemporaryDirectory(prefix="gansmith-benchmark-") as folder:
        try:
            while waiting or running:
                while waiting and len(running) < workers:
                    number = len(cases) - len(waiting)
                    running.append(_start(waiting.pop(0), Path(folder) / str(number)))
                for child in [c for c in running if c.process.poll() is not None]:
                    running.remove(child)
                    child.about["wall_seconds"] = round(time.monotonic() - child.started, 1)
                    finished(child.case, child.result(), child.about)
                time.sleep(0.1)
        finally:
            for child in running:
                child.process.terminate()
            for child in running:
                _wait(child.process)


def run(
    cases: Sequence[Case], options: Options, workers: int, say: Callable[[str], None], *,
    fresh: bool = False,
) -> int:  # fmt: skip
    """Measure what is missing.

    Args:
        cases: all that the command asks for.
        options: of the command.
        workers: cases at a time.
        say: shows a line.
        fresh: measure again what is there.

    Returns:
        How many cases failed; they stay missing.
    """
    results = Results(options.places.results / f"{options.name}.json")
    if fresh:
        results.forget(list(cases))
    missing = [case for case in cases if not results.has(case)]
    say(f"{options.name}: {len(cases)} runs, {len(missing)} of them to do")
    shared, failed = environment(options), 0

    def finished(case: Case, result: Json | None, about: Json) -> None:
        nonlocal failed
        if result is None:
            failed += 1
        else:
            results.add(case, result, about, shared)
        say(f"{options.name}: {case.label}: {'failed' if result is None else 'done'}")

    if options.toy:  # in this process: a new one would take longer to start than to measure
        for case in missing:
            started, about = time.monotonic(), _about()
            result = measure(case)
            finished(case, result, {**about, "wall_seconds": round(time.monotonic() - started, 1)})
    else:
        _in_turn(missing, workers, finished)
    return failed
