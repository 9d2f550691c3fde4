"""Every metric that the samples suffice for, from features."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gansmith.evaluation.estimate import LEAST, Estimate
from gansmith.evaluation.frechet import frechet, frechet_distance
from gansmith.evaluation.kernel import kernel_distance
from gansmith.evaluation.neighbours import neighbourhood_values, neighbourhoods
from gansmith.evaluation.novelty import novelty
from gansmith.evaluation.report import Better, Missing, Pair, Value
from gansmith.evaluation.two_sample import LEAST_SAMPLES, two_sample_test
from gansmith.evaluation.vendi import vendi, vendi_score

Features = npt.NDArray[np.floating[Any]]
LEAST_HELD_OUT = 20
# The step that is measured in other features where those of the rest do not suit it.
NOVELTY = "novelty"
# Fakes and held-out samples that are looked up among all training samples.
MOST_LOOKED_UP = 3_000


@dataclass(frozen=True)
class Material:
    """Features (N, d) of everything that goes into a report, each in random order.

    Attributes:
        reference: real samples that fakes are compared with.
        control: as many other real samples.
        fake: as many fakes.
        train: of all training samples, perhaps by another extractor, as the next two are.
        held_out: of real samples that were not trained on.
        fake_for_novelty: of the fakes.
        train_indices: the number of each training sample in the source.
    """

    reference: Features
    control: Features
    fake: Features
    train: Features
    held_out: Features
    fake_for_novelty: Features
    train_indices: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Found:
    """What one step gave."""

    values: tuple[Value, ...] = ()
    missing: tuple[Missing, ...] = ()
    pairs: tuple[Pair, ...] = ()


def steps(material: Material, seed: int) -> list[tuple[str, Callable[[], Found]]]:
    """Names of the pieces of work, and the work."""
    return [
        ("Fréchet distance", lambda: _frechet(material)),
        ("kernel distance", lambda: _kernel(material)),
        ("neighbours", lambda: _neighbours(material)),
        ("fresh critic", lambda: _critic(material, seed)),
        (NOVELTY, lambda: _novelty(material)),
        ("variety", lambda: _variety(material)),
    ]


def estimated(
    name: str, estimate: Estimate, floor: float | None, better: Better, counts: tuple[int, int],
    reads: str,
) -> Value:  # fmt: skip
    """A value from an estimate; ``counts`` are of real samples and fakes."""
    return Value(name, estimate.value, estimate.low, estimate.high, floor, better, *counts, reads)


def _counts(material: Material) -> tuple[int, int]:
    return len(material.reference), len(material.fake)


def _frechet(m: Material) -> Found:
    n, d = min(_counts(m)), m.fake.shape[1]
    if n < 2 * d:
        why = f"needs {2 * d:,} samples of each side for {d:,} features, and has {n:,}"
        return Found(missing=(Missing("frechet", why), Missing("frechet-at-n", why)))
    found = frechet(m.reference, m.fake)
    floor = frechet_distance(m.reference, m.control)
    return Found((
        estimated("frechet", found.limit, 0.0, "lower", _counts(m), "distance for endless samples"),
        Value("frechet-at-n", found.plain, None, None, floor, "lower", *_counts(m),
              "the usual distance; compares at this n alone"),
    ))  # fmt: skip


def _kernel(m: Material) -> Found:
    if min(_counts(m)) < LEAST:
        return Found(missing=(_too_few("kernel", LEAST, m),))
    floor = kernel_distance(m.reference, m.control).value
    found = kernel_distance(m.reference, m.fake)
    return Found(
        (estimated("kernel", found, floor, "lower", _counts(m), "0 for equal distributions"),)
    )


def _too_few(name: str, least: int, m: Material) -> Missing:
    return Missing(name, f"needs {least:,} samples of each side, and has {min(_counts(m)):,}")


def _neighbours(m: Material) -> Found:
    names = {
        "precision": "fakes that look real",
        "recall": "real samples the fakes could have been",
        "density": "real neighbours of a fake",
        "coverage": "real samples with a fake nearby",
    }
    if min(_counts(m)) < LEAST:
        return Found(missing=tuple(_too_few(name, LEAST, m) for name in names))
    found = neighbourhoods(m.reference, m.fake)
    floor = neighbourhood_values(m.reference, m.control)
    return Found(tuple(
        estimated(name, getattr(found, name), floor[name],
           "floor" if name == "density" else "higher", _counts(m), reads)
        for name, reads in names.items()
    ))  # fmt: skip


def _critic(m: Material, seed: int) -> Found:
    names = ("critic-accuracy", "critic-auc", "divergence")
    if min(_counts(m)) < LEAST_SAMPLES:
        return Found(missing=tuple(_too_few(name, LEAST_SAMPLES, m) for name in names))
    found = two_sample_test(m.reference, m.fake, seed)
    floor = two_sample_test(m.reference, m.control, seed)
    counts = (found.num_test, found.num_test)
    verdict = "tells them apart" if found.told_apart else "cannot tell them apart"
    return Found((
        estimated("critic-accuracy", found.accuracy, floor.accuracy.value, "lower", counts,
           f"a fresh critic ({found.critic}) {verdict}"),
        estimated("critic-auc", found.auc, floor.auc.value, "lower", counts,
           "0.5 where it cannot rank them"),
        estimated("divergence", found.divergence, floor.divergence.value, "lower", counts,
           "Jensen-Shannon, nats, at least this; at most 0.693"),
    ))  # fmt: skip


def _novelty(m: Material) -> Found:
    names = ("closer-to-training", "near-copies", "copies")
    if len(m.held_out) < LEAST_HELD_OUT or len(m.train) < LEAST_HELD_OUT:
        why = f"needs {LEAST_HELD_OUT} held-out samples, and has {len(m.held_out)}"
        return Found(missing=tuple(Missing(name, why) for name in names))
    held_out, fake = (x[:MOST_LOOKED_UP] for x in (m.held_out, m.fake_for_novelty))
    found = novelty(m.train, held_out, fake)
    counts = (len(held_out), len(fake))
    pairs = tuple(Pair(f, int(m.train_indices[t]), d) for f, t, d in found.pairs)
    values = (
        estimated(
            names[0], found.closer, 0.5, "floor", counts, "chance to be nearer than a held-out one"
        ),
        estimated(
            names[1], found.near_copies, 0.01, "floor", counts, "nearer than 99 % of held-out ones"
        ),
        estimated(
            names[2], found.copies, 0.0, "lower", counts, "at distance 0 of a training sample"
        ),
    )
    return Found(values, pairs=pairs)


def _variety(m: Material) -> Found:
    if min(_counts(m)) < LEAST:
        return Found(missing=(_too_few("vendi", LEAST, m),))
    found, floor = vendi(m.fake), vendi_score(m.control)
    return Found(
        (estimated("vendi", found, floor, "floor", _counts(m), "different samples, in effect"),)
    )
