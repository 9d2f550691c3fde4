"""Rows that fool a metric of tables, and what is measured of them."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from fooled_drawing import panels, save

import gansmith

Bits = npt.NDArray[np.int64]
Found = dict[str, Any]

SEED, NUM_ROWS, NUM_SHOWN = 0, 4_000, 40
COLUMNS = ("first", "second", "differ")


def rows_of(random: np.random.Generator, n: int) -> Bits:
    """Two coins, and whether they differ."""
    coins = random.integers(0, 2, (n, 2))
    return np.stack([*coins.T, coins[:, 0] ^ coins[:, 1]], 1)


def measured(real: Path, fake: Bits) -> dict[str, float]:
    """Both scores, and what a fresh critic says."""
    path = real.with_name("fake.csv")
    write(path, fake)
    report = gansmith.evaluate(real, path)
    return {name: float(report[name].value) for name in ("shapes", "pairs", "critic-auc")}


def write(path: Path, bits: Bits) -> None:
    """The bits as a table."""
    words = np.array(["no", "yes"])[bits]
    lines = [",".join(row) for row in (COLUMNS, *words)]
    path.write_text("\n".join(lines) + "\n", "utf-8")


def draw_tables() -> Found:
    """Rows in which the third column follows from two, and rows of three coins."""
    random = np.random.default_rng(SEED)
    coins = random.integers(0, 2, (NUM_ROWS, 3))
    fakes = {
        "other real rows": rows_of(random, NUM_ROWS),
        "three coins": coins,
        "the third as the first": coins[:, [0, 1, 0]],
    }
    with tempfile.TemporaryDirectory() as folder:
        real = Path(folder) / "real.csv"
        write(real, rows_of(np.random.default_rng(SEED + 1), 2 * NUM_ROWS))
        rows = {label: measured(real, fake) for label, fake in fakes.items()}
    for axis, fake in zip(panels(list(rows), rows, (9, 4.2)), fakes.values(), strict=True):
        axis.imshow(fake[:NUM_SHOWN], cmap="gray_r", vmin=-0.3, vmax=1.3, aspect="auto",
                    interpolation="nearest")  # fmt: skip
    save("tables")
    return {"rows": rows, "also": {"fakes": NUM_ROWS}}


FIGURES = {"tables": draw_tables}
