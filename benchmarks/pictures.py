"""Pictures on a CPU: the default recipe against DCGAN, WGAN-GP and SNGAN at the same wall clock.

Each training has all cores, one at a time. Written for Fashion-MNIST; takes any source with
classes.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.cases import UNWATCHED, Case, Json, Options, data_key
from benchmarks.classifier import Judge, Labels, Pictures, Split, judge, open_split
from gansmith.api import Run, train
from gansmith.errors import GansmithError, UserError
from gansmith.evaluation.frechet import frechet_distance
from gansmith.stages import training_seconds

MINUTES = 10.0
NUM_SAMPLES = 10_000
LEAST_ACCURACY = 0.93  # of the classifier, on Fashion-MNIST
TRUNCATION = 0.7


class BusyError(GansmithError):
    """A training that did not get the time it was to have; its numbers would not be fair."""


@dataclass(frozen=True)
class Method:
    """A recipe, and whether it is told the classes."""

    recipe: str
    conditional: bool = False


METHODS = {
    "pictures": Method("pictures"),
    "dcgan": Method("dcgan"),
    "wgan-gp": Method("wgan-gp"),
    "sngan": Method("sngan"),
    "pictures, by class": Method("pictures", conditional=True),
}


def cases(options: Options) -> list[Case]:
    """All methods, three seeds of each unless asked otherwise.

    Raises:
        UserError: if no data are named.
    """
    data = options.data or ("digits" if options.toy else "")
    if not data:
        raise UserError("No pictures were named.", fix="--data fashion_mnist.npz")
    minutes = options.minutes or (0.01 if options.toy else MINUTES)
    about = data_key(data)
    return [
        Case(
            "pictures",
            {"method": name, "seed": seed, "minutes": minutes, **about},
            data=data,
            toy=options.toy,
            places=options.places,
        )
        for seed in range(options.seeds or (1 if options.toy else 3))
        for name in METHODS
    ]


def measure(case: Case) -> Json:
    """Train, then compare as many fakes as there are test pictures, at most 10,000, with them."""
    method = METHODS[str(case.key["method"])]
    settings = {"data.conditional": method.conditional}
    split = open_split(case.data, 500 if case.toy else None)
    epochs, least = (1, 0.0) if case.toy else (6, LEAST_ACCURACY)
    # First, since a classifier that is not good enough makes the training worth nothing.
    critic = judge(split, case.places.build, epochs=epochs, least_accuracy=least)
    with tempfile.TemporaryDirectory() as folder:
        run, speed = trained(case, Path(folder) / "run", method.recipe, settings)
        n = min(NUM_SAMPLES, len(split.test))
        fakes, asked = drawn(run, n, case.seed, 1.0)
        result = {**speed, **distances(critic, split, fakes), "classifier": critic.record}
        if asked is not None:
            result["agreement"] = float((critic.classes(fakes) == asked).mean())
            fakes, asked = drawn(run, n, case.seed, TRUNCATION)
            result["truncated"] = {
                "truncation": TRUNCATION,
                "agreement": float((critic.classes(fakes) == asked).mean()),
                "frechet": distances(critic, split, fakes)["frechet"],
            }
        keep_sheet(case, run, f"pictures-{case.key['method']}")
    return result


def drawn(run: Run, n: int, seed: int, truncation: float) -> tuple[Pictures, Labels | None]:
    """Samples (n, H, W, C), and the classes (n,) that were asked for, if any."""
    chunks = list(run.stream(n, seed=seed, truncation=truncation))
    asked = [classes for _, classes in chunks if classes is not None]
    samples = np.concatenate([samples for samples, _ in chunks])
    return samples, np.concatenate(asked) if asked else None


def trained(
    case: Case, folder: Path, recipe: str, settings: Mapping[str, Any], device: str = "cpu"
) -> tuple[Run, Json]:
    """Train for the minutes of the case.

    Returns:
        The run, and its length and speed: from its metrics, and by the clock on the wall, of its
        rounds alone and of all.
    """
    started = time.monotonic()
    tiny = {"generator.width": 8, "discriminator.width": 8, **UNWATCHED} if case.toy else {}
    run = train(
        case.data,
        folder,
        recipe=recipe,
        minutes=case.minutes,
        seed=case.seed,
        device=device,
        settings={**settings, **tiny},
    )
    wall = time.monotonic() - started
    rounds = training_seconds(run.folder, run.sampler().checkpoint) or wall
    if not case.toy and not 0.85 < rounds / 60 / case.minutes < 1.25:
        # The machine was busy when the budget became a number of samples, or afterwards.
        raise BusyError(
            f"The rounds took {rounds / 60:.1f} minutes instead of {case.minutes:g}.",
            fix="Give the same command again on a quiet machine; what is measured stays.",
        )
    last = list(run.folder.read_metrics())[-1]
    speed = {name: last[name] for name in ("samples", "seconds", "samples_per_second")}
    return run, {**speed, "round_seconds": rounds, "train_wall_seconds": wall}


def slug(text: str) -> str:
    """A text as part of a file name.

    >>> slug("pictures, by class")
    'pictures-by-class'
    """
    return "-".join(re.findall(r"\w+", text))


def distances(critic: Judge, split: Split, fakes: Pictures) -> Json:
    """Fréchet distance of fakes from the test pictures, and the floor: that of training ones.

    Training pictures of the floor are as many as there are fakes, drawn with a fixed seed.
    """
    chosen = np.random.default_rng(0).permutation(len(split.train))[: len(fakes)]
    real = critic.features(split.test)
    return {
        "frechet": frechet_distance(real, critic.features(fakes)),
        "floor": frechet_distance(real, critic.features(split.train[chosen])),
        "num_fakes": len(fakes),
        "num_real": len(split.test),
    }


def keep_sheet(case: Case, run: Run, name: str) -> None:
    """Keep the last sheet of samples of the first seed, to be looked at."""
    sheets = sorted(run.folder.samples.glob("*.png"))
    if case.keep_figures and sheets:
        case.places.figures.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(sheets[-1], case.places.figures / f"{slug(name)}.png")
