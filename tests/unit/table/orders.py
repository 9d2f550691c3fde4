"""A table whose rows hold constraints of every kind, made up."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd

PLACES = (("Oslo", "NO"), ("Bergen", "NO"), ("Bern", "CH"), ("Lima", "PE"), ("Quito", ""))
SHIPPING = ("post", "courier", "pickup")
HEADER = (
    "order", "city", "country", "ordered", "delivered", "net", "tax", "fee", "total",
    "least", "most", *SHIPPING, "age",
)  # fmt: skip
CONSTRAINTS = (
    "combination(city, country)",
    "ordered <= delivered",
    "total = net + tax - fee",
    "least < most",
    "one-of(post, courier, pickup)",
    "age >= 18",
    "unique(ordered, net)",
    "net <= total",
)
PATTERN = r"[A-F]{2}-\d{4}"


def rows(n: int, seed: int = 0) -> list[list[str]]:
    """n rows of texts. One in ten misses its fee, one in seven its date of delivery."""
    random = np.random.default_rng(seed)
    made = []
    for number in range(n):
        city, country = PLACES[int(random.integers(len(PLACES)))]
        ordered = np.datetime64("2024-01-01") + int(random.integers(700))
        delivered = ordered + int(random.exponential(4))
        cents = int(random.exponential(20_000)), int(random.integers(500, 900))
        fee = None if random.random() < 0.1 else int(random.integers(0, 400))
        total = f"{(sum(cents) - (fee or 0)) / 100:.2f}"
        least = int(random.integers(5))
        by = SHIPPING[int(random.integers(3))]
        made.append([
            f"AB-{number:04d}", city, country, str(ordered),
            "" if random.random() < 0.15 else str(delivered),
            f"{cents[0] / 100:.2f}", f"{cents[1] / 100:.2f}",
            "" if fee is None else f"{fee / 100:.2f}", total,
            str(least), str(least + 1 + int(random.exponential(3))),
            *(str(int(name == by)) for name in SHIPPING), str(random.integers(18, 80)),
        ])  # fmt: skip
    return made


def write(path: Path, n: int = 400, seed: int = 0) -> Path:
    """The table as a file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        writer.writerows(rows(n, seed))
    return path


def broken(frame: pd.DataFrame) -> dict[str, int]:
    """How many rows break each constraint, told by pandas alone."""
    pairs = set(PLACES) | {("Quito", None)}
    country = frame["country"].astype(object).where(frame["country"].notna(), None)
    ordered, delivered = (pd.to_datetime(frame[name]) for name in ("ordered", "delivered"))
    cents = {name: (frame[name].astype(float) * 100) for name in ("net", "tax", "fee", "total")}
    error = cents["total"] - cents["net"] - cents["tax"] + cents["fee"]
    shipping = frame[list(SHIPPING)].astype(int).sum(axis=1)
    return {
        "combination": sum(pair not in pairs for pair in zip(frame["city"], country, strict=True)),
        "ordered": int((delivered < ordered).sum()),
        "total": int((error.abs() > 1e-6).sum()),
        "least": int((frame["least"] >= frame["most"]).sum()),
        "one-of": int((shipping != 1).sum()),
        "age": int((frame["age"] < 18).sum()),
        "unique": int(frame[["ordered", "net"]].dropna().duplicated().sum()),
        "net": int((frame["net"] > frame["total"] + 1e-9).sum()),
        "id": int(
            (~frame["order"].str.fullmatch(PATTERN)).sum() + frame["order"].duplicated().sum()
        ),
    }
