"""Point sets: are all modes found, and do the samples lie on them; against the classic losses.

Every method has the networks, optimizer, schedules and time of the default recipe. The classic
objectives come without penalties, as in the textbooks; Wasserstein's with its gradient penalty.
Each training has one core.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.cases import UNWATCHED, Case, Json, Options
from gansmith.api import train
from gansmith.config import DataConfig
from gansmith.data import open_source
from gansmith.errors import DivergedError
from gansmith.modalities.points.metrics import modes
from gansmith.trainer.trainer import Trainer
from gansmith.training import Reporter, snapshot

SOURCES = ("ring", "grid")
CLASSICS = ("minimax", "non-saturating", "least-squares", "hinge", "wasserstein")
METHODS = ("default", *CLASSICS)
MINUTES = 2.0
NUM_CURVE_POINTS = 12  # one every ten seconds of two minutes
GRADIENT_PENALTY = {"name": "gradient-penalty", "weight": 10.0}


def cases(options: Options) -> list[Case]:
    """The default recipe with 10 seeds, the classic objectives with 3, unless asked otherwise."""
    minutes = options.minutes or (0.02 if options.toy else MINUTES)
    wanted = [
        (source, method, seed)
        for source in SOURCES[: 1 if options.toy else None]
        for method in METHODS
        for seed in range(options.seeds or (10 if method == "default" else 3))
    ]
    if options.toy:
        wanted = [each for each in wanted if each[1] in ("default", "wasserstein") and not each[2]]
    # Ours first, then seed by seed, so that an interrupted benchmark has something of everything.
    return [
        Case(
            "points",
            {"source": source, "method": method, "seed": seed, "minutes": minutes},
            data=source,
            threads=1,
            toy=options.toy,
            places=options.places,
        )
        for source, method, seed in sorted(wanted, key=lambda each: (each[1] != "default", each[2]))
    ]


def settings(method: str) -> dict[str, Any]:
    """What a method changes in the default recipe."""
    if method == "default":
        return {}
    penalties = [GRADIENT_PENALTY] if method == "wasserstein" else []
    return {"game.objective": method, "game.regularizers": penalties}


class Curve(Reporter):
    """Looks at the averaged generator every few seconds, always at the same latents.

    Args:
        every_seconds: between two looks.
        num_points: samples at each.

    Attributes:
        looks: what was seen, with ``samples`` and ``seconds``: since training was asked for, less
            what the looks themselves took.
    """

    def __init__(self, every_seconds: float, num_points: int) -> None:
        self.every_seconds, self.num_points = every_seconds, num_points
        self.looks: list[Json] = []
        self._started, self._looking, self._due = time.monotonic(), 0.0, every_seconds

    def advanced(self, trainer: Trainer) -> None:
        """Look, if it is time or the last round is played."""
        seconds = time.monotonic() - self._started - self._looking
        if seconds < self._due and trainer.progress < 1:
            return
        while self._due <= seconds:
            self._due += self.every_seconds
        before = time.monotonic()
        values = modes(snapshot(trainer, self.num_points), trainer.train_loader.dataset.truth)
        self.looks.append({"seconds": seconds, "samples": trainer.position, **values})
        self._looking += time.monotonic() - before


def measure(case: Case) -> Json:
    """Train, look on the way, and judge samples of the finished run."""
    num_points = 500 if case.toy else 10_000
    source, method = str(case.key["source"]), str(case.key["method"])
    curve = Curve(60 * case.minutes / NUM_CURVE_POINTS, num_points)
    with tempfile.TemporaryDirectory() as folder:
        try:
            run = train(
                source,
                Path(folder) / "run",
                minutes=case.minutes,
                seed=case.seed,
                device="cpu",
                settings={**settings(method), **(UNWATCHED if case.toy else {})},
                reporter=lambda: curve,
            )
        except DivergedError as error:
            return {"diverged": error.what, "curve": curve.looks}
        truth = open_source(DataConfig(source=source)).truth
        final = modes(run.sample(num_points, seed=case.seed), truth)
        num_samples = run.config.train.samples
    return {"final": final, "num_points": num_points, "samples": num_samples, "curve": curve.looks}
