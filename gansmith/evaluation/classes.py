"""What is measured of each class by itself, and how often fakes are of the class asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gansmith.evaluation.estimate import LEAST, share
from gansmith.evaluation.kernel import kernel_distance
from gansmith.evaluation.measure import Found, estimated
from gansmith.evaluation.neighbours import neighbourhood_values, neighbourhoods
from gansmith.evaluation.report import Missing, Value

Features = npt.NDArray[np.floating[Any]]
Labels = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Group:
    """Samples of one part of an evaluation.

    Attributes:
        features: (N, d), or empty where only labels count.
        labels: (N,) the classes they have, or were asked for.
        predicted: (N,) the classes that an extractor takes them for, or None.
    """

    features: Features
    labels: Labels
    predicted: Labels | None = None

    def of_class(self, number: int) -> Group:
        """Those of one class."""
        own = self.labels == number
        features = self.features[own] if len(self.features) else self.features
        predicted = None if self.predicted is None else self.predicted[own]
        return Group(features, self.labels[own], predicted)


@dataclass(frozen=True)
class Classes:
    """What is compared class by class.

    Attributes:
        reference, control, fake: as in an evaluation.
        tested: real samples that whatever predicts classes was not fitted to.
    """

    reference: Group
    control: Group
    fake: Group
    tested: Group

    def of_class(self, number: int) -> Classes:
        """Those of one class."""
        sides = (self.reference, self.control, self.fake, self.tested)
        return Classes(*(side.of_class(number) for side in sides))


def agreement(classes: Classes) -> Found:
    """How often a classifier takes a fake for the class that was asked for; the floor is real data.

    Nothing where no classifier predicts classes.
    """
    asked, real = classes.fake, classes.tested
    if asked.predicted is None or not len(asked.labels):
        return Found()
    found = share(float((asked.predicted == asked.labels).sum()), len(asked.labels))
    right = None if real.predicted is None else real.predicted == real.labels
    floor = None if right is None or not len(right) else float(right.mean())
    counts = (len(real.labels), len(asked.labels))
    value = estimated("class-agreement", found, floor, "floor", counts,
                      "fakes taken for the class that was asked for")  # fmt: skip
    return Found((value,))


def each_class(classes: Classes, names: tuple[str, ...]) -> Iterator[tuple[str, Found]]:
    """Kernel distance, precision, coverage and agreement of each class.

    Args:
        classes: all samples.
        names: of the classes, in the order of their numbers.
    """
    for number, name in enumerate(names):
        yield name, _one(classes.of_class(number), name)


def _one(own: Classes, name: str) -> Found:
    agrees = agreement(own).values
    real, control, fake = own.reference.features, own.control.features, own.fake.features
    n = min(len(real), len(fake))
    if n < LEAST:
        why = f"needs {LEAST} samples of the class, and has {n}"
        return Found(agrees, (Missing(f"kernel, precision, coverage of class {name}", why),))
    counts, other = (len(real), len(fake)), len(control) >= LEAST
    found = neighbourhoods(real, fake)
    floor = neighbourhood_values(real, control) if other else {}
    distance = kernel_distance(real, control).value if other else None
    values: tuple[Value, ...] = (
        estimated("kernel", kernel_distance(real, fake), distance, "lower", counts, ""),
        estimated("precision", found.precision, floor.get("precision"), "higher", counts, ""),
        estimated("coverage", found.coverage, floor.get("coverage"), "higher", counts, ""),
    )
    return Found((*values, *agrees))
