"""Sentences: the latent GAN beside a language model that learns as long, and Gaussian latents.

Each training has one core, and so has its language model. Repeats in the data are left out.
What the evaluation of a run compares is compared here over several seeds: distance of sentences,
BLEU and self-BLEU; with copies, and how fast each says lines.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.cases import Case, Json, Options, data_key
from benchmarks.pictures import trained
from gansmith.api import Run
from gansmith.errors import UserError
from gansmith.evaluation.baselines import FOLDER
from gansmith.evaluation.report import Baseline, Report
from gansmith.modalities.text.baselines import WEIGHTS
from gansmith.modalities.text.language_model import LanguageModel

MINUTES = 10.0
NUM_LINES = 2_000
# Drawn before speed is measured, and while it is.
WARM, TIMED = 100, 2_000


def cases(options: Options) -> list[Case]:
    """A training each, of three seeds unless asked otherwise.

    Raises:
        UserError: if no data are named.
    """
    if not options.data:
        raise UserError("No texts were named.", fix="--data captions.txt")
    minutes = options.minutes or (0.02 if options.toy else MINUTES)
    return [
        Case("texts", {"seed": seed, "minutes": minutes, **data_key(options.data)},
             data=options.data, threads=1, toy=options.toy, places=options.places)
        for seed in range(options.seeds or (1 if options.toy else 3))
    ]  # fmt: skip


def measure(case: Case) -> Json:
    """Train, evaluate with all baselines, and time both ways to lines."""
    with tempfile.TemporaryDirectory() as folder:
        run, speed = trained(case, Path(folder) / "run", "text", {"data.duplicates": "drop"})
        report = run.evaluate(NUM_LINES, seed=case.seed)
        assert report.baselines is not None, "texts have some"
        if not report.baselines.rows:
            raise UserError(report.baselines.verdict, where=case.data)
        model = LanguageModel.load(run.folder.path / FOLDER / WEIGHTS)
        return {
            **speed,
            "verdict": report.baselines.verdict,
            "sets": {row.name: numbers(row) for row in report.baselines.rows},
            **copied(report),
            "lines_per_second": lines_per_second(case, run, model),
            "lines": run.sample(20, seed=case.seed),
        }


def numbers(row: Baseline) -> Json:
    """What was measured of a set of lines, by name."""
    return {value.name: value.value for value in row.values}


def copied(report: Report) -> Json:
    """Shares of lines that are training lines, where they were counted."""
    names = [value.name for value in report.values if "copies" in value.name]
    return {name: {"value": report[name].value, "floor": report[name].floor} for name in names}


def lines_per_second(case: Case, run: Run, model: LanguageModel) -> Json:
    """How many lines each way says, one after the other on the same machine."""
    timed = 50 if case.toy else TIMED
    ways: dict[str, Callable[[int], object]] = {"GAN": run.sample, "language model": model.sample}
    found: Json = {}
    for name, sample in ways.items():
        sample(WARM)
        started = time.perf_counter()
        sample(timed)
        found[name] = timed / (time.perf_counter() - started)
    return found
