"""Numbers of a run of any length, in a bounded number of places."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gansmith.runs.tail import numbers

# More than a chart has pixels for; so nothing that could be seen is left out.
MOST_BUCKETS = 800


@dataclass
class Bucket:
    """Successive records as one.

    Attributes:
        samples: sample count of the last of them.
        records: how many.
        values: least, largest, sum and count of each number, by name.
    """

    samples: int
    records: int = 0
    values: dict[str, tuple[float, float, float, int]] = field(default_factory=dict)

    def add(self, samples: int, values: Mapping[str, tuple[float, float, float, int]]) -> None:
        """Take in what comes later."""
        self.samples = samples
        self.records += 1
        for name, (low, high, total, count) in values.items():
            if name in self.values:
                own = self.values[name]
                self.values[name] = (
                    min(own[0], low), max(own[1], high), own[2] + total, own[3] + count,
                )  # fmt: skip
            else:
                self.values[name] = (low, high, total, count)


class Series:
    """Keeps least, largest and mean of successive records once there are too many of them.

    When all places are taken, neighbours are joined two by two: so a peak of a single record stays
    to be seen, however long the run is.
    """

    def __init__(self) -> None:
        self.buckets: list[Bucket] = []
        self.records = 0
        self._each = 1

    @property
    def thinned(self) -> int:
        """Records in a place; 1 where each has its own."""
        return self._each

    def add(self, record: Mapping[str, Any]) -> None:
        """Take a record in; what is not a finite number is left out."""
        values = {name: (value, value, value, 1) for name, value in numbers(record).items()}
        if not self.buckets or self.buckets[-1].records >= self._each:
            if len(self.buckets) == MOST_BUCKETS:
                self._join()
            self.buckets.append(Bucket(record["samples"]))
        self.buckets[-1].add(record["samples"], values)
        self.records += 1

    def _join(self) -> None:
        joined = []
        for first, second in zip(self.buckets[::2], self.buckets[1::2], strict=True):
            records = first.records + second.records
            first.add(second.samples, second.values)
            first.records = records
            joined.append(first)
        self.buckets, self._each = joined, 2 * self._each

    def means(self) -> list[dict[str, float]]:
        """One record for each place, of means."""
        return [
            {"samples": b.samples, **{n: v[2] / v[3] for n, v in b.values.items()}}
            for b in self.buckets
        ]

    def curves(self) -> dict[str, dict[str, list[float]]]:
        """By name: ``samples`` and ``mean``, and where there are several in a place ``low`` and
        ``high``; at six digits."""
        found: dict[str, dict[str, list[float]]] = {}
        for bucket in self.buckets:
            for name, (low, high, total, count) in bucket.values.items():
                curve = found.setdefault(name, {"samples": [], "mean": [], "low": [], "high": []})
                curve["samples"].append(bucket.samples)
                curve["mean"].append(_short(total / count))
                curve["low"].append(_short(low))
                curve["high"].append(_short(high))
        if self._each == 1:
            for curve in found.values():
                del curve["low"], curve["high"]
        return found


def _short(value: float) -> float:
    return float(f"{value:.6g}")
