"""Which real samples a generator is measured against, and which set the floor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gansmith.data.dataset import Dataset
from gansmith.errors import UserError

Indices = npt.NDArray[np.int64]
LEAST_HELD_OUT = 1_000
LEAST_SAMPLES = 20


@dataclass(frozen=True)
class Division:
    """Indices of real samples, in random order.

    Attributes:
        reference: what fakes are compared with.
        control: as many others, compared with the reference in the fakes' place: the floor.
        train: what the generator learnt from.
        held_out: what it did not.
        about: one sentence on where reference and control come from.
    """

    reference: Indices
    control: Indices
    train: Indices
    held_out: Indices
    about: str


def divide(dataset: Dataset, holdout: float, most: int, seed: int) -> Division:
    """Choose them.

    Held-out samples are the reference where there are 1,000 of them: then nothing can be gained by
    repeating training samples. Else both are halves of all samples.

    Args:
        dataset: the real samples.
        holdout: share held out, as in training.
        most: samples of each part.
        seed: of the choice.

    Raises:
        UserError: if there are too few samples to measure anything.
    """
    random = np.random.default_rng((seed, 3))
    train, held = (
        random.permutation(dataset.split(part, holdout)) for part in ("train", "holdout")
    )
    if len(dataset) < 2 * LEAST_SAMPLES:
        raise UserError(
            f"{len(dataset)} real samples are too few to measure anything against.",
            where=dataset.name,
            fix=f"Bring at least {2 * LEAST_SAMPLES}.",
        )
    if min(len(held), len(train)) >= LEAST_HELD_OUT:
        n = min(most, len(held), len(train))
        about = f"{n:,} held-out samples; the floor is that of {n:,} training samples"
        return Division(held[:n], train[:n], train, held, about)
    every = random.permutation(len(dataset)).astype(np.int64)
    n = min(most, len(every) // 2)
    about = (
        f"{n:,} samples, training ones among them, since fewer than {LEAST_HELD_OUT:,} are held "
        f"out; the floor is that of {n:,} others"
    )
    return Division(every[:n], every[n : 2 * n], train, held, about)
