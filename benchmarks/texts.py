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

import numpy as np

from benchmarks.cases import Case, Json, Options, data_key
from benchmarks.pictures import trained
from gansmith.api import Run
from gansmith.config import DataConfig
from gansmith.data import open_source
from gansmith.errors import UserError
from gansmith.evaluation.baselines import FOLDER
from gansmith.evaluation.report import Baseline, Report
from gansmith.modalities.text.baselines import WEIGHTS
from gansmith.modalities.text.language_model import LanguageModel
from gansmith.modalities.text.measures.words import normalised
from gansmith.modalities.text.store import to_texts

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
            "repeats": repeats(case),
            "lines_per_second": lines_per_second(case, run, model),
            "plans_per_second": plans_per_second(case, run),
            "lines": run.sample(20, seed=case.seed),
        }


def numbers(row: Baseline) -> Json:
    """What was measured of a set of lines, by name."""
    return {value.name: value.value for value in row.values}


def copied(report: Report) -> Json:
    """Shares of lines that are training lines, where they were counted."""
    names = [value.name for value in report.values if "copies" in value.name]
    return {name: {"value": report[name].value, "floor": report[name].floor} for name in names}


def repeats(case: Case) -> float:
    """Of lines as they were gathered, the share that repeats one of nine times as many others.

    People say the same things: so many copies were to be expected of lines as good as real ones,
    had repeats not been left out.
    """
    data = open_source(DataConfig(source=case.data))
    lines = np.random.default_rng(case.seed).permutation(
        [normalised(t) for t in to_texts(data.samples)]
    )
    held, known = lines[: len(lines) // 10], set(lines[len(lines) // 10 :])
    return float(np.mean([line in known for line in held]))


def plans_per_second(case: Case, run: Run) -> float:
    """How many encoded lines the generator makes, in one pass each, before they are decoded."""
    sampler, chunks = run.sampler(), 1 if case.toy else 40
    latents = [sampler.latents(0, TIMED, seed, 1.0) for seed in range(chunks + 1)]
    condition = sampler.condition(0, TIMED, None)
    sampler.generate(latents[-1], condition)
    started = time.perf_counter()
    for latent in latents[:-1]:
        sampler.generate(latent, condition)
    return chunks * TIMED / (time.perf_counter() - started)


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
