"""Rows that fool attacks on tables, and what is measured of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from fooled_drawing import FAKE, REAL, dots, panels, save

from gansmith.data.dataset import Dataset, Schema, content_hashes
from gansmith.evaluation.comparison import Comparison
from gansmith.evaluation.novelty import novelty
from gansmith.modalities.table.attacks import attack_values
from gansmith.modalities.table.metrics import table
from gansmith.modalities.table.schema import Column

Cells = npt.NDArray[np.float64]
Found = dict[str, Any]

SEED, NUM_ROWS, NUM_SHOWN, FEW = 0, 2_000, 60, 200
COLUMNS = (
    Column("east", "number"),
    Column("north", "number"),
    Column("age", "number", integer=True),
    Column("city", "category", levels=tuple("abcdefgh")),
)
SHOWN = ("linkability", "attribute-inference", "membership-auc")


def rows_of(random: np.random.Generator, n: int) -> Cells:
    """People who live around eight towns on a circle, each of which has its own age."""
    city = random.integers(0, 8, n)
    angle = city * np.pi / 4
    places = np.stack([np.cos(angle), np.sin(angle)], 1) + 0.15 * random.normal(size=(n, 2))
    age = np.floor(30 + 4 * city + 8 * random.random(n))
    return np.column_stack([places, age, city])


def measured(fake: Cells, train: Cells, held_out: Cells) -> tuple[dict[str, float], Found]:
    """What attacks gain, and how many fakes are copies; and the ends of the intervals of those."""
    schema = Schema("table", (len(COLUMNS),), "float64", label="rows")
    data = Dataset(schema, train, None, content_hashes(train), "people", columns=COLUMNS)
    every = np.arange(len(train))
    values, _ = attack_values(Comparison(data, every, every, fake), train, held_out, SEED)
    features = table(data, every)
    copied = novelty(features(train), features(held_out), features(fake)).copies.value
    by_name = {value.name: value for value in values if value.name in SHOWN}
    ends = {name: {"low": value.low, "high": value.high} for name, value in by_name.items()}
    return {**{name: by_name[name].value for name in SHOWN}, "copies": copied}, ends


def draw_attacks() -> Found:
    """New rows; copies; a few copies; copies where the held-out rows were copied as well."""
    random = np.random.default_rng(SEED)
    train, held_out, fresh = (rows_of(random, NUM_ROWS) for _ in range(3))
    few = fresh.copy()
    few[::FEW] = train[::FEW]
    everything = random.permutation(np.concatenate([train, held_out]))[:NUM_ROWS]
    fakes = {
        "new rows": fresh,
        "all copied": train[random.permutation(NUM_ROWS)],
        "one in 200 copied": few,
        "held-out ones, too": everything,
    }
    rows, ends = {}, {}
    for label, fake in fakes.items():
        rows[label], ends[label] = measured(fake, train, held_out)
    for axis, fake in zip(panels(list(rows), rows, (13, 4.4)), fakes.values(), strict=True):
        copied = (fake[:, None, :2] == train[None, :NUM_SHOWN, :2]).all(2).any(1)
        others = fake[~copied][: NUM_SHOWN - copied.sum()]
        dots(axis, np.concatenate([fake[copied], others]), FAKE, size=30)
        dots(axis, train[:NUM_SHOWN], REAL, size=7)
        axis.set(xlim=(-1.6, 1.6), ylim=(-1.6, 1.6))
    save("attacks")
    return {"rows": rows, "also": {"fakes": NUM_ROWS, "shown": NUM_SHOWN, "copied": len(few[::FEW]),
                                   "few": ends["one in 200 copied"]}}  # fmt: skip


FIGURES = {"attacks": draw_attacks}
