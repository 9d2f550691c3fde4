"""A table with a column of every kind, made up."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

CITIES = ("Bern", "Oslo", "Lima", "Quito", "Turin")
HEADER = (
    "id", "age", "income", "sex", "city", "joined", "member", "zip", "score", "country", "note",
    "größe",
)  # fmt: skip


def rows(n: int, seed: int = 0) -> list[list[str]]:
    """n rows of texts. Income follows age, and who is no member has no date of joining."""
    random = np.random.default_rng(seed)
    made = []
    for number in range(n):
        age = int(random.integers(18, 90))
        member = bool(random.random() < 0.7)
        day = np.datetime64("2020-01-01") + int(random.integers(0, 900))
        score = "" if random.random() < 0.1 else f"{random.normal():.3f}"
        made.append([
            f"P-{number:05d}",
            str(age),
            f"{age * 1000 + random.normal() * 500:.2f}",
            "F" if random.random() < 0.5 else "M",
            CITIES[int(random.integers(5))],
            str(day) if member else "",
            str(member),
            f"0{random.integers(1000, 1010)}",
            "withdrawn" if random.random() < 0.03 else score,
            "Utopia",
            "",
            f"{random.integers(150, 200)}.0",
        ])  # fmt: skip
    return made


def write(path: Path, n: int = 400, seed: int = 0, delimiter: str = ",") -> Path:
    """The table as a file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(HEADER)
        writer.writerows(rows(n, seed))
    return path
