"""Pictures that fool a metric, and what is measured of them."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from fooled_drawing import Array, panels, pictures, save

from gansmith import modalities, registry
from gansmith.config import Component, DataConfig
from gansmith.data import open_source
from gansmith.data.dataset import Dataset
from gansmith.evaluation.classes import Classes, Group, agreement, each_class
from gansmith.evaluation.division import Division, divide
from gansmith.evaluation.features import Extractor
from gansmith.evaluation.frechet import frechet
from gansmith.evaluation.neighbours import neighbourhood_values
from gansmith.evaluation.novelty import novelty
from gansmith.evaluation.two_sample import two_sample_test
from gansmith.evaluation.vendi import vendi_score
from gansmith.modalities.image.stacked import Modes, stack
from gansmith.progress import silent

assert modalities  # registers sources and extractors

Found = dict[str, Any]

SEED = 0
NUM_STACKED, NUM_COVERED = 10_000, 1_000
# What a copy is moved by, in pixels.
MOVES = {"moved by a third of a pixel": 1 / 3, "moved by one pixel": 1.0}


@cache
def digits() -> tuple[Dataset, Division]:
    """The scanned digits, and which of them are what."""
    data = open_source(DataConfig(source="digits"))
    return data, divide(data, 0.1, len(data), SEED)


@cache
def extractor(name: str) -> Extractor:
    """Fitted to the training digits."""
    data, division = digits()
    made: Extractor = registry.build("extractor", Component(name), data, division.train)
    return made


def rounded(samples: Array) -> Array:
    """As pictures have it: bytes."""
    return np.clip(np.round(samples), 0, 255).astype(np.uint8)


def moved(samples: Array, pixels: float) -> Array:
    """To the right by up to one pixel, black coming in; parts of a pixel are interpolated."""
    one = np.zeros(samples.shape)
    one[:, :, 1:] = samples[:, :, :-1]
    return rounded((1 - pixels) * samples + pixels * one)


@cache
def typical() -> Array:
    """(10, 8, 8, 1): of each digit the training sample nearest to its class's mean features."""
    data, division = digits()
    assert data.labels is not None
    found = []
    for number in range(10):
        own = division.train[data.labels[division.train] == number]
        features = extractor("classifier")(data.samples[own])
        found.append(own[np.square(features - features.mean(0)).sum(1).argmin()])
    chosen: Array = data.samples[np.array(found)]
    return chosen


def strips(name: str, shown: dict[str, Array], rows: Found, size: tuple[float, float]) -> None:
    """A figure with one sheet of pictures for each label."""
    for axis, samples in zip(panels(list(shown), rows, size), shown.values(), strict=True):
        pictures(axis, samples, 5)
    save(name)


def draw_levels() -> Found:
    """One grey level more in each pixel."""
    data, division = digits()
    real, other = data.samples[division.reference], data.samples[division.control]
    compared = {"other real samples": other, "one grey level brighter": rounded(other + 1.0)}
    rows = {}
    for label, fake in compared.items():
        rows[label] = {
            f"critic-auc, {name}": two_sample_test(
                extractor(name)(real), extractor(name)(fake), SEED
            ).auc.value
            for name in ("pca", "classifier")
        }
    strips("levels", {label: fake[:15] for label, fake in compared.items()}, rows, (7, 3.4))
    return {"rows": rows, "also": {"fakes": len(real), "levels": 256}}


def draw_novelty() -> Found:
    """Training samples given out as new, a little changed."""
    data, division = digits()
    learnt, held_out = data.samples[division.train], data.samples[division.held_out]
    rng = np.random.default_rng(SEED)
    chosen = learnt[rng.choice(len(learnt), 800, replace=False)]
    fakes = {
        "copies": chosen,
        "a tenth brighter": rounded(1.1 * chosen),
        **{label: moved(chosen, by) for label, by in MOVES.items()},
    }
    features = extractor("pca")
    rows = {}
    for label, fake in fakes.items():
        found = novelty(features(learnt), features(held_out), features(fake))
        rows[label] = {
            "closer-to-training": found.closer.value,
            "near-copies": found.near_copies.value,
            "copies": found.copies.value,
        }
    strips("novelty", {label: fake[:15] for label, fake in fakes.items()}, rows, (11, 3.3))
    also = {"fakes": len(chosen), "training": len(learnt), "held out": len(held_out)}
    return {"rows": rows, "also": also}


def draw_vendi() -> Found:
    """Noise beside real digits."""
    data, division = digits()
    real = data.samples[division.control]
    rng = np.random.default_rng(SEED)
    shuffled = real.reshape(len(real), -1).copy()
    for pixel in shuffled.T:
        rng.shuffle(pixel)
    samples = {
        "real samples": real,
        "pixels of other pictures": shuffled.reshape(real.shape),
        "uniform noise": rng.integers(0, 256, real.shape).astype(np.uint8),
        "ten pictures": typical()[rng.integers(0, 10, len(real))],
    }
    rows = {
        label: {f"vendi, {name}": vendi_score(extractor(name)(own))
                for name in ("pca", "classifier")}
        for label, own in samples.items()
    }  # fmt: skip
    strips("vendi", {label: own[:15] for label, own in samples.items()}, rows, (11, 3.2))
    return {"rows": rows, "also": {"pictures": len(real)}}


def draw_stacked() -> Found:
    """A thousand modes from ten pictures."""
    data = open_source(DataConfig(source="stacked:digits"))
    division, modes = divide(data, 0.1, NUM_STACKED, SEED), Modes.of(data, silent)
    triples = np.random.default_rng(SEED).integers(0, 10, (NUM_STACKED, 3))
    compared = {
        "held-out samples": data.samples[division.reference],
        "training samples": data.samples[division.control],
        "ten pictures, stacked": stack(typical(), triples),
    }
    components: Extractor = registry.build("extractor", Component("pca"), data, division.train)
    real = components(data.samples[division.held_out[-NUM_COVERED:]])
    rows = {}
    for label, samples in compared.items():
        found = modes.counted(modes.numbers(samples))
        near = neighbourhood_values(real, components(samples[:NUM_COVERED]))
        rows[label] = {
            "modes-hit": int(found["modes_hit"]),
            "kl": found["kl"],
            "coverage, pca": near["coverage"],
        }
    few = modes.counted(modes.numbers(compared["training samples"][:NUM_COVERED]))
    shown = {label: samples[:15] for label, samples in list(compared.items())[1:]}
    strips("stacked", shown, rows, (7, 3.6))
    also = {
        "fakes": NUM_STACKED, "modes": int(found["num_modes"]), "pictures": 10,
        "fewer": NUM_COVERED, "hit by fewer": int(few["modes_hit"]),
    }  # fmt: skip
    return {"rows": rows, "also": also}


def draw_classes() -> Found:
    """One picture of each class, again and again."""
    data, division = digits()
    assert data.labels is not None
    asked, features = data.labels[division.reference], extractor("classifier")
    assert features.classes is not None
    real, other, held_out = (
        Group(features(data.samples[own]), data.labels[own], features.classes(data.samples[own]))
        for own in (division.reference, division.control, division.held_out)
    )
    fakes = typical()[asked]
    compared = {
        "other real samples": other,
        "ten pictures": Group(features(fakes), asked, features.classes(fakes)),
    }
    rows = {}
    for label, fake in compared.items():
        classes = Classes(real, other, fake, held_out)
        each = [found.values for _, found in each_class(classes, data.schema.classes)]
        means = {
            name: float(np.mean([v.value for own in each for v in own if v.name == name]))
            for name in ("precision", "coverage")
        }
        right = agreement(classes).values[0]
        rows[label] = {"class-agreement": right.value, **means}
    sheets = data.samples[division.control[:15]], fakes[:15]
    shown = dict(zip(rows, sheets, strict=True))
    strips("classes", shown, rows, (7, 3.6))
    return {"rows": rows, "also": {"fakes": len(asked), "floor": right.floor, "pictures": 10}}


def draw_features() -> Found:
    """The same fakes in two features, which put them in opposite orders."""
    data, division = digits()
    real, other = data.samples[division.reference], data.samples[division.control]
    flat = data.samples[division.train].reshape(len(division.train), -1).astype(np.float64)
    rng = np.random.default_rng(SEED)
    drawn = rng.multivariate_normal(flat.mean(0), np.cov(flat.T), len(other))
    compared = {
        "other real samples": other,
        "one Gaussian of all pixels": rounded(drawn.reshape(other.shape)),
        "a fifth darker": rounded(0.8 * other),
        "ten grey levels brighter": rounded(other + 10.0),
    }
    rows: dict[str, dict[str, float]] = {label: {} for label in compared}
    for name in ("pca", "classifier"):
        features = extractor(name)
        for label, fake in compared.items():
            sides = features(real), features(fake)
            rows[label][f"frechet, {name}"] = frechet(*sides).limit.value
            rows[label][f"critic-auc, {name}"] = two_sample_test(*sides, SEED).auc.value
    strips("features", {label: own[:15] for label, own in compared.items()}, rows, (11, 3.8))
    return {"rows": rows, "also": {"fakes": len(real)}}


FIGURES = {
    "levels": draw_levels,
    "novelty": draw_novelty,
    "vendi": draw_vendi,
    "stacked": draw_stacked,
    "classes": draw_classes,
    "features": draw_features,
}
