"""Points that fool a metric, and what is measured of them."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from fooled_drawing import FAKE, REAL, dots, panels, plt, save

from gansmith.api import train
from gansmith.config import DataConfig
from gansmith.data import open_source
from gansmith.evaluation.frechet import frechet
from gansmith.evaluation.kernel import kernel_distance
from gansmith.evaluation.neighbours import neighbourhood_values
from gansmith.evaluation.novelty import novelty
from gansmith.evaluation.two_sample import two_sample_test
from gansmith.modalities.points.metrics import modes, truncated_variance

Points = npt.NDArray[np.float64]
Found = dict[str, Any]

SEED = 0
NUM_POINTS = 2_000
NUM_NEIGHBOURS_POINTS = 1_000
STRAY, AWAY = (9.0, 0.0), (6.0, 0.0)
FEW, MANY, NUM_DRAWS = 40, 400, 20
PLAYED_SAMPLES = 60_000
AS_IT_STANDS = {"ema.half_life_samples": 0}
LINEAR = {
    "discriminator.depth": 0,
    "discriminator.fourier": 0,
    "game.regularizers.fd-r1.weight": 10.0,
    "game.regularizers.fd-r2.weight": 10.0,
}


def parts(name: str) -> tuple[Points, Points]:
    """All training points of a built-in source, and all held-out ones, in random order."""
    data = open_source(DataConfig(source=name))
    rng = np.random.default_rng(SEED)
    train_part, held_out = (
        np.asarray(data.samples[rng.permutation(data.split(part, 0.1))], np.float64)
        for part in ("train", "holdout")
    )
    return train_part, held_out


def same_gaussian(points: Points, count: int) -> Points:
    """Draws of the Gaussian with the mean and covariance of these points."""
    return np.random.default_rng(SEED).multivariate_normal(points.mean(0), np.cov(points.T), count)


def other_way_round(points: Points, like: Points) -> Points:
    """Mirrored along the axes of the covariance of ``like``, which therefore stays as it is."""
    axes = np.linalg.eigh(np.cov(like.T))[1]
    mirrored: Points = (points @ axes * [1, -1]) @ axes.T
    return mirrored


def draw_frechet() -> Found:
    """Eight modes against one Gaussian of their moments, and against training points."""
    n, (learnt, held_out) = NUM_POINTS, parts("ring")
    real, few = held_out[:n], learnt[:n]
    fakes = {
        "other real samples": held_out[n : 2 * n],
        "one Gaussian": same_gaussian(learnt, n),
        "the training samples": few,
    }
    rows: dict[str, dict[str, float]] = {}
    also: dict[str, float] = {"fakes": n}
    for label, fake in fakes.items():
        limit = frechet(real, fake).limit
        rows[label] = {
            "frechet": limit.value,
            "critic-auc": two_sample_test(real, fake, SEED).auc.value,
            "copies": novelty(few, held_out[2 * n :], fake).copies.value,
        }
        also |= {f"{label}, low": limit.low, f"{label}, high": limit.high}
    for axis, fake, color in zip(
        panels(list(rows), rows, (9, 4.2)), fakes.values(), (REAL, FAKE, FAKE), strict=True
    ):
        dots(axis, fake, color)
        axis.set(xlim=(-5, 5), ylim=(-5, 5))
    save("frechet")
    return {"rows": rows, "also": also}


def draw_kernel() -> Found:
    """A spiral against its mirror image, its Gaussian, and itself a tenth larger."""
    n, (learnt, held_out) = NUM_POINTS, parts("spiral")
    real = held_out[:n]
    fakes = {
        "other real samples": held_out[n : 2 * n],
        "wound the other way": other_way_round(learnt[:n], learnt),
        "one Gaussian": same_gaussian(learnt, n),
        "a tenth too large": 1.1 * learnt[:n],
    }
    rows: dict[str, dict[str, float]] = {}
    also: dict[str, float] = {"fakes": n}
    for label, fake in fakes.items():
        found = kernel_distance(real, fake)
        auc = two_sample_test(real, fake, SEED).auc.value
        rows[label] = {"kernel": found.value, "critic-auc": auc}
        also |= {f"{label}, low": found.low, f"{label}, high": found.high}
    for axis, fake, color in zip(
        panels(list(rows), rows, (11, 3.9)), fakes.values(), (REAL, *3 * [FAKE]), strict=True
    ):
        dots(axis, fake, color)
        axis.set(xlim=(-4.5, 4.5), ylim=(-4.5, 4.5))
    save("kernel")
    return {"rows": rows, "also": also}


def measure_neighbours() -> Found:
    """Off the data without and with one stray real sample, and collapsed to one point."""
    n, (_, held_out) = NUM_NEIGHBOURS_POINTS, parts("ring")
    rng = np.random.default_rng(SEED)
    real = held_out[:n]
    strayed = np.concatenate([real[:-1], [STRAY]])
    away = AWAY + rng.normal(0, 0.8, (n, 2))
    collapsed = real[0] + rng.normal(0, 0.002, (n, 2))
    compared = {
        "other real samples": (real, held_out[n : 2 * n]),
        "off the data": (real, away),
        "the same, one stray real sample": (strayed, away),
        "collapsed to one point": (real, collapsed),
    }
    rows = {label: neighbourhood_values(*pair) for label, pair in compared.items()}
    # The ball of the stray sample reaches to its fifth neighbour.
    reach = float(np.sort(np.linalg.norm(real[:-1] - STRAY, axis=1))[4])
    return {"rows": rows, "also": {"fakes": n, "reach": reach}, "compared": compared}


def draw_neighbours() -> Found:
    """See :func:`measure_neighbours`."""
    found = measure_neighbours()
    compared, rows = found.pop("compared"), found["rows"]
    labels = list(rows)[1:]
    for axis, label in zip(panels(labels, rows, (10, 4.9)), labels, strict=True):
        real, fake = compared[label]
        dots(axis, real, REAL)
        dots(axis, fake, FAKE)
        axis.set(xlim=(-3, 10), ylim=(-7.5, 7.5))
        if "stray" in label:
            dots(axis, np.array([STRAY]), REAL, size=30)
            ball = plt.Circle(STRAY, found["also"]["reach"], fill=False, color=REAL, ls="--")
            axis.add_patch(ball)
        if "collapsed" in label:
            dots(axis, fake[:1], FAKE, size=30)
    save("neighbours")
    return found


def draw_modes() -> Found:
    """Points in the right places whose modes have the wrong shape."""
    n, (_, held_out) = NUM_POINTS, parts("ring")
    truth = open_source(DataConfig(source="ring")).truth
    rng = np.random.default_rng(SEED)
    real, sigma = held_out[:n], truth["sigma"]
    centres = np.array(truth["centres"])[rng.integers(0, 8, n)]
    angle = rng.uniform(0, 2 * np.pi, n)
    radius = sigma * np.sqrt(2 * truncated_variance(2, 3.0))
    fakes = {
        "other real samples": held_out[n : 2 * n],
        "at the centres": centres,
        "on little circles": centres + radius * np.stack([np.cos(angle), np.sin(angle)], 1),
    }
    rows: dict[str, dict[str, float]] = {}
    for label, fake in fakes.items():
        found = modes(fake, truth)
        rows[label] = {
            "modes-hit": int(found["modes_hit"]),
            **{name: found[name] for name in ("captured", "kl", "spread")},
            "critic-auc": two_sample_test(real, fake, SEED).auc.value,
        }
    for axis, fake, color in zip(
        panels(list(rows), rows, (9, 4.9)), fakes.values(), (REAL, FAKE, FAKE), strict=True
    ):
        near = fake[np.linalg.norm(fake - [2, 0], axis=1) < 5 * sigma]
        dots(axis, near, color, size=8)
        axis.set(xlim=(2 - 4 * sigma, 2 + 4 * sigma), ylim=(-4 * sigma, 4 * sigma))
    save("modes")
    return {"rows": rows, "also": {"fakes": n}}


def draw_critic() -> Found:
    """Two spirals that nobody confuses: how often a fresh critic tells them apart."""
    learnt, held_out = parts("spiral")
    rng = np.random.default_rng(SEED)
    rows: dict[str, dict[str, float]] = {}
    for n in (FEW, MANY):
        tests = []
        for seed in range(NUM_DRAWS):
            real = held_out[rng.permutation(len(held_out))[:n]]
            fake = other_way_round(learnt[rng.permutation(len(learnt))[:n]], learnt)
            tests.append(two_sample_test(real, fake, seed))
        rows[f"{n} samples of each"] = {
            "critic-auc": float(np.mean([test.auc.value for test in tests])),
            "told apart": float(np.mean([test.told_apart for test in tests])),
        }
    for axis, n in zip(panels(list(rows), rows, (8, 4.7)), (FEW, MANY), strict=True):
        dots(axis, held_out[:n], REAL, size=10)
        dots(axis, other_way_round(learnt[:n], learnt), FAKE, size=10)
        axis.set(xlim=(-3.4, 3.4), ylim=(-3.4, 3.4))
    save("critic")
    return {"rows": rows, "also": {"draws": NUM_DRAWS, "few": FEW, "many": MANY}}


def played(settings: Mapping[str, float]) -> tuple[float, Points]:
    """The gap at the end of a training on ``ring``, and points of its generator."""
    with tempfile.TemporaryDirectory() as folder:
        run = train(
            "ring",
            Path(folder) / "run",
            device="cpu",
            samples=PLAYED_SAMPLES,
            settings={"train.measure_samples": PLAYED_SAMPLES, **settings},
        )
        gaps = [r["duality_gap"] for r in run.folder.read_metrics() if "duality_gap" in r]
        return gaps[-1], np.asarray(run.sample(NUM_POINTS, seed=SEED), np.float64)


def draw_duality() -> Found:
    """Two generators, and the average of one, over whose games the gap says the same."""
    _, held_out = parts("ring")
    real = held_out[:NUM_POINTS]
    truth = open_source(DataConfig(source="ring")).truth
    plays = {
        "default": played(AS_IT_STANDS),
        "the same, averaged": played({}),
        "a linear discriminator": played({**LINEAR, **AS_IT_STANDS}),
    }
    rows: dict[str, dict[str, float]] = {}
    for label, (gap, fake) in plays.items():
        rows[label] = {
            "duality_gap": gap,
            "critic-auc": two_sample_test(real, fake, SEED).auc.value,
            "modes-hit": int(modes(fake, truth)["modes_hit"]),
        }
    for axis, (_, fake) in zip(panels(list(rows), rows, (9, 4.2)), plays.values(), strict=True):
        dots(axis, real, REAL)
        dots(axis, fake, FAKE)
        axis.set(xlim=(-4, 4), ylim=(-4, 4))
    save("duality")
    return {"rows": rows, "also": {"fakes": NUM_POINTS, "samples": PLAYED_SAMPLES}}


FIGURES = {
    "frechet": draw_frechet,
    "kernel": draw_kernel,
    "neighbours": draw_neighbours,
    "modes": draw_modes,
    "critic": draw_critic,
    "duality": draw_duality,
}
