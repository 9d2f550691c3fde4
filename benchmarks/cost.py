"""What training and sampling cost: a step in pieces, samples per second, memory, start-up.

Pieces are timed alone, one after the other, on networks as they are at the start of a run; their
sum need not be the whole step, which is timed too.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import memory
from benchmarks.cases import ROOT, Case, Json, Options, data_key
from benchmarks.pieces import pieces, seconds_of, trainer_of
from gansmith.api import train
from gansmith.config import Scalar
from gansmith.errors import ConfigError

NUM_PICTURES = (10_000, 100_000, 1_000_000)
REPEATS = 200

PENALTIES: dict[str, list[dict[str, Any]]] = {
    "none": [],
    "exact": [{"name": "r1", "weight": 1.0}, {"name": "r2", "weight": 1.0}],
    "lazy": [{"name": "r1", "weight": 1.0, "every": 8}, {"name": "r2", "weight": 1.0, "every": 8}],
    "finite differences": [{"name": "fd-r1", "weight": 1.0}, {"name": "fd-r2", "weight": 1.0}],
}


def cases(options: Options) -> list[Case]:
    """All parts, as many times as there are seeds; three unless asked otherwise."""
    data = options.data or "digits"
    sources: dict[str, dict[str, Scalar]] = {"ring": {"data": "ring"}, data: data_key(data)}
    found = [
        ({"part": part, **about}, source)
        for part in ("step", "penalties", "compile", "sampling")
        for source, about in sources.items()
        if not (options.toy and source == "ring")
    ]
    sizes = (500,) if options.toy else NUM_PICTURES
    found += [({"part": "memory", "num_pictures": num}, "") for num in sizes]
    found.append(({"part": "start-up"}, ""))
    return [
        Case("cost", {**key, "seed": seed}, data=source, toy=options.toy, places=options.places)
        for seed in range(options.seeds or (1 if options.toy else 3))
        for key, source in found
    ]


def measure(case: Case) -> Json:
    """The part that the key names."""
    parts: dict[str, Callable[[Case], Json]] = {
        "step": step,
        "penalties": penalties,
        "compile": compiled,
        "sampling": sampling,
        "memory": memory.measure,
        "start-up": start_up,
    }
    return parts[str(case.key["part"])](case)


def repeats(case: Case) -> int:
    """How often a piece is timed."""
    return 3 if case.toy else REPEATS


def step(case: Case) -> Json:
    """Median seconds of each piece of a round, and of the whole round."""
    trainer = trainer_of(case.data, case.seed)
    found = pieces(trainer, repeats(case))
    per_second = trainer.batch / found["round"]
    return {"seconds": found, "batch_size": trainer.batch, "samples_per_second": per_second}


def penalties(case: Case) -> Json:
    """Seconds a round under each form of R1 and R2, averaged over lazy rounds."""
    seconds = {}
    for name, regularizers in PENALTIES.items():
        trainer = trainer_of(case.data, case.seed, {"game.regularizers": regularizers})
        seconds[name] = seconds_of_round(trainer.round, 8, repeats(case))
    return {"seconds": seconds}


def seconds_of_round(play: Callable[[], None], period: int, times: int) -> float:
    """Median over blocks of ``period`` rounds, for work that repeats after so many."""

    def block() -> None:
        for _ in range(period):
            play()

    return seconds_of(block, max(2, times // period)) / period


def compiled(case: Case) -> Json:
    """Seconds a round without and with torch.compile, and of the first rounds, which build."""
    seconds: dict[str, float] = {}
    building: dict[str, float] = {}
    for choice in ("off",) if case.toy else ("off", "on"):
        try:
            trainer = trainer_of(case.data, case.seed, {"machine.compile": choice})
        except ConfigError as error:
            return {"seconds": seconds, "building_seconds": building, "not_run": error.what}
        # Lazy penalties are due in the first of these and not in the second.
        start = time.perf_counter()
        trainer.round()
        trainer.round()
        building[choice] = time.perf_counter() - start
        seconds[choice] = seconds_of_round(trainer.round, 8, repeats(case))
    return {"seconds": seconds, "building_seconds": building}


def sampling(case: Case) -> Json:
    """Samples per second from a run folder, decoded, without writing them."""
    n = 500 if case.toy else 10_000
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "run"
        run = train(case.data, place, samples=640, seed=case.seed, device="cpu")
        sampler = run.sampler()
        list(sampler.stream(250))
        start = time.perf_counter()
        done = sum(len(samples) for samples, _ in sampler.stream(n))
        return {"samples_per_second": done / (time.perf_counter() - start), "num_samples": n}


def start_up(case: Case) -> Json:
    """Median seconds of ``gansmith --help``, beside those of Python alone."""
    commands = {
        "help": "from gansmith.cli.main import main; main(['--help'])",
        "python": "pass",
    }
    found = {}
    for name, code in commands.items():
        spent = []
        for _ in range(1 if case.toy else 20):
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True)
            spent.append(time.perf_counter() - start)
        found[name] = statistics.median(spent)
    return {"seconds": found, "ratio": found["help"] / found["python"]}
