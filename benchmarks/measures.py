"""What measuring costs: the Fréchet distance beside the usual way, and a whole report.

Features are random numbers of falling variances, as features of networks are.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.cases import Case, Json, Options
from benchmarks.memory import peak_rss_bytes
from gansmith.evaluation.classes import Classes, Group, each_class
from gansmith.evaluation.frechet import frechet_distance
from gansmith.evaluation.measure import Material, steps

Features = npt.NDArray[np.float32]
# (samples of each side, features): as Inception has them, and fewer samples than features.
MANY, FEW = (10_000, 2_048), (1_000, 2_048)
# Of the report: fakes, features, and the training samples that novelty compares with.
REPORT = (10_000, 1_280, 100_000)
NUM_CLASSES = 10


def cases(options: Options) -> list[Case]:
    """Three parts, three times unless asked otherwise."""
    seeds = options.seeds or (1 if options.toy else 3)
    return [
        Case("measures", {"part": part, "seed": seed}, toy=options.toy, places=options.places)
        for seed in range(seeds)
        for part in ("many", "few", "report")
    ]


def measure(case: Case) -> Json:
    """The part that the key names."""
    if case.key["part"] == "report":
        return report(case)
    n, d = (60, 8) if case.toy else (MANY if case.key["part"] == "many" else FEW)
    real, fake = features(n, d, 2 * case.seed), features(n, d, 2 * case.seed + 1)
    ours, value = timed(lambda: frechet_distance(real, fake))
    theirs, usual = timed(lambda: by_matrix_root(real, fake))
    return {
        "num_samples": n,
        "num_features": d,
        "seconds": ours,
        "usual_seconds": theirs,
        "relative_difference": abs(value - usual) / max(abs(usual), 1e-30),
        "peak_rss_bytes": peak_rss_bytes(),
    }


def features(n: int, d: int, seed: int) -> Features:
    """(n, d), the standard deviations falling over three orders of magnitude, then rotated."""
    random = np.random.default_rng(seed)
    rotation, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(d, d)))
    found = np.empty((n, d), np.float32)
    for first in range(0, n, 1_000):  # piece by piece, since memory is measured
        part = found[first : first + 1_000]
        part[:] = (random.normal(size=part.shape) * np.geomspace(1, 1e-3, d)) @ rotation
    return found


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds on the wall, and the result."""
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def by_matrix_root(real: Features, fake: Features) -> float:
    """The Fréchet distance as it is usually computed, with a root of the product."""
    from scipy.linalg import sqrtm

    means = [x.mean(0, dtype=np.float64) for x in (real, fake)]
    covariances = [np.cov(x.astype(np.float64), rowvar=False) for x in (real, fake)]
    root = sqrtm(covariances[0] @ covariances[1]).real
    between = np.square(means[0] - means[1]).sum()
    return float(between + np.trace(covariances[0] + covariances[1] - 2 * root))


def report(case: Case) -> Json:
    """Every metric of a report, from features that are there already."""
    n, d, num_train = (100, 8, 200) if case.toy else REPORT
    reference, control, fake, held_out = (features(n, d, 10 * case.seed + i) for i in range(4))
    material = Material(
        reference=reference,
        control=control,
        fake=fake,
        train=features(num_train, d, 10 * case.seed + 4),
        held_out=held_out,
        fake_for_novelty=fake,
        train_indices=np.arange(num_train),
    )
    seconds = {name: timed(step)[0] for name, step in steps(material, case.seed)}
    labels = np.arange(n) % NUM_CLASSES
    classes = Classes(*(Group(x, labels) for x in (reference, control, fake, held_out)))
    names = tuple(str(number) for number in range(NUM_CLASSES))
    seconds["each class"] = timed(lambda: list(each_class(classes, names)))[0]
    return {
        "num_samples": n,
        "num_features": d,
        "num_train": num_train,
        "seconds": seconds,
        "total_seconds": sum(seconds.values()),
        "peak_rss_bytes": peak_rss_bytes(),
    }
