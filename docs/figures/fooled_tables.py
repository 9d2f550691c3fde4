"""Rows that fool a metric of tables, and what is measured of them."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from fooled_drawing import FAKE, REAL, dots, panels, save

import gansmith

Bits = npt.NDArray[np.int64]
Table = npt.NDArray[np.float64]
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


# -- models of rows --------------------------------------------------------------------------------

NUMBERS = ("first", "second", "third")


def in_classes(random: np.random.Generator, n: int) -> Table:
    """(n, 4) a class, 0 or 1, and three numbers that go by it.

    Beside the class any two numbers know nothing of each other; the third has the sign that the
    product of the others has.
    """
    one = random.integers(0, 2, n)
    noise = random.normal(size=(n, 3))
    noise[:, 2] = np.abs(noise[:, 2]) * np.sign(noise[:, 0] * noise[:, 1])
    return np.column_stack([one, noise + 2 * one[:, None]])


def shuffled(random: np.random.Generator, rows: Table, within: Table) -> Table:
    """Each column in another order, among rows that are equal in ``within``."""
    moved = rows.copy()
    for value in np.unique(within):
        here = np.flatnonzero(within == value)
        for column in range(rows.shape[1]):
            moved[here, column] = rows[random.permutation(here), column]
    return moved


def of_models(real: Path, fake: Table) -> dict[str, float]:
    """What is measured of rows with a target."""
    path = real.with_name("fake.csv")
    write_numbers(path, ("class", *NUMBERS), fake)
    report = gansmith.evaluate(real, path, target="class")
    names = ("shapes", "pairs", "train-on-synthetic", "boosted-auc")
    return {name: float(report[name].value) for name in names}


def write_numbers(path: Path, header: tuple[str, ...], rows: Table) -> None:
    """As a table."""
    np.savetxt(path, rows, "%.6g", ",", header=",".join(header), comments="")


def draw_models() -> Found:
    """Rows that are shuffled within their class, and altogether."""
    random = np.random.default_rng(SEED)
    other, mixed = (in_classes(random, NUM_ROWS) for _ in range(2))
    fakes = {
        "other real rows": other,
        "shuffled within the class": shuffled(random, mixed, mixed[:, 0]),
        "shuffled altogether": shuffled(random, mixed, np.zeros(NUM_ROWS)),
    }
    with tempfile.TemporaryDirectory() as folder:
        real = Path(folder) / "real.csv"
        write_numbers(real, ("class", *NUMBERS), in_classes(random, 2 * NUM_ROWS))
        rows = {label: of_models(real, fake) for label, fake in fakes.items()}
    for axis, fake in zip(panels(list(rows), rows, (9, 4.2)), fakes.values(), strict=True):
        of_one = fake[fake[:, 0] == 0]
        for color, some in ((REAL, of_one[:, 3] > 0), (FAKE, of_one[:, 3] <= 0)):
            dots(axis, of_one[some, 1:3], color)
        axis.set(xlim=(-4, 6), ylim=(-4, 6))
    save("models")
    return {"rows": rows, "also": {"fakes": NUM_ROWS}}


# -- typical rows ----------------------------------------------------------------------------------


def band(random: np.random.Generator, n: int, slope: float = 1.0, reach: float = 1.0) -> Table:
    """(n, 2) along a line through the middle."""
    along = reach * random.uniform(-1, 1, n)
    return np.column_stack([along, slope * along]) + 0.1 * random.normal(size=(n, 2))


def of_typical(real: Path, fake: Table) -> dict[str, float]:
    """Both numbers, and the plain precision beside them."""
    path = real.with_name("fake.csv")
    write_numbers(path, NUMBERS[:2], fake)
    report = gansmith.evaluate(real, path)
    names = ("precision", "alpha-precision", "beta-recall")
    return {name: float(report[name].value) for name in names}


def draw_typical() -> Found:
    """Rows across the data, and rows of their middle alone."""
    random = np.random.default_rng(SEED)
    fakes = {
        "other real rows": band(random, NUM_ROWS),
        "across": band(random, NUM_ROWS, slope=-1.0),
        "the middle alone": band(random, NUM_ROWS, reach=0.3),
    }
    data = band(random, 2 * NUM_ROWS)
    with tempfile.TemporaryDirectory() as folder:
        real = Path(folder) / "real.csv"
        write_numbers(real, NUMBERS[:2], data)
        rows = {label: of_typical(real, fake) for label, fake in fakes.items()}
    for axis, fake in zip(panels(list(rows), rows, (9, 4.2)), fakes.values(), strict=True):
        dots(axis, data, REAL)
        dots(axis, fake, FAKE)
    save("typical")
    return {"rows": rows, "also": {"fakes": NUM_ROWS}}


FIGURES = {"tables": draw_tables, "models": draw_models, "typical": draw_typical}
