"""What an evaluation found, as values that say how far to trust them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from gansmith.convert import to_json

Better = Literal["lower", "higher", "floor"]


@dataclass(frozen=True)
class Value:
    """One number about the fakes.

    Attributes:
        name: of the metric, as the docs have it.
        value: what was measured.
        low, high: its interval, of 95 %; None where there is none.
        floor: what real samples reach in the fakes' place, at the same count; None where that is
            not defined.
        better: whether lower or higher is better, or the closer to the floor.
        num_real, num_fake: samples that went in.
        reads: the value in a few words.
        contaminated: the features it is measured in had a part in the training, so that it may look
            better than the samples are.
    """

    name: str
    value: float
    low: float | None
    high: float | None
    floor: float | None
    better: Better
    num_real: int
    num_fake: int
    reads: str
    contaminated: bool = False


@dataclass(frozen=True)
class Missing:
    """A metric that was not measured, and why."""

    name: str
    why: str


@dataclass(frozen=True)
class Pair:
    """A fake and the training sample it is closest to.

    Attributes:
        fake: its number among the fakes.
        train: the number of the training sample in the source.
        distance: between their features.
    """

    fake: int
    train: int
    distance: float


@dataclass(frozen=True)
class Baseline:
    """One set of samples in the table of baselines.

    Attributes:
        name: of the set; the fakes and real samples are sets too.
        values: what was measured of it.
    """

    name: str
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Baselines:
    """Fakes beside what simpler ways make in the same time.

    Attributes:
        verdict: which is nearer to real samples, in one sentence; or NOT COMPARED, and why.
        rows: the fakes, the baselines, and real samples.
        notes: how they were made, a sentence each.
    """

    verdict: str
    rows: tuple[Baseline, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """All that an evaluation found.

    Attributes:
        about: what was compared: sources, counts, seed, extractor with hash, versions, date.
        values: of the whole.
        classes: values of single classes, by name.
        missing: metrics that were not measured.
        pairs: the fakes closest to training samples, closest first.
        baselines: for kinds of data that have some.
    """

    about: dict[str, Any]
    values: tuple[Value, ...]
    missing: tuple[Missing, ...] = ()
    classes: dict[str, tuple[Value, ...]] = field(default_factory=dict)
    pairs: tuple[Pair, ...] = ()
    baselines: Baselines | None = None

    def __getitem__(self, name: str) -> Value:
        """The value called ``name``. Raises a KeyError that says why there is none."""
        for value in self.values:
            if value.name == name:
                return value
        why = {missing.name: missing.why for missing in self.missing}
        raise KeyError(f"{name}: {why.get(name, 'no such metric')}")

    def to_json(self) -> dict[str, Any]:
        """As dicts and lists."""
        content: dict[str, Any] = to_json(self)
        return content

    def rows(self, values: Sequence[Value] | None = None) -> list[dict[str, Any]]:
        """A table: one row a value."""
        return [
            {
                "metric": v.name,
                "value": shown(v.value),
                "95 % interval": interval(v),
                "real data": "" if v.floor is None else shown(v.floor),
                "better": {"floor": "as real"}.get(v.better, v.better),
                "n": f"{v.num_fake:,}",
                "reads": told(v),
            }
            for v in (self.values if values is None else values)
        ]


def class_rows(report: Report) -> list[dict[str, Any]]:
    """A table: one row a class, its values side by side."""
    columns = {value.name: "" for values in report.classes.values() for value in values}
    return [
        {"class": name, **columns, **{v.name: shown(v.value) for v in values}}
        for name, values in report.classes.items()
    ]


def baseline_rows(baselines: Baselines) -> list[dict[str, str]]:
    """A table: one row a set of samples, its values with their intervals side by side."""
    return [
        {"samples": row.name, **{v.name: with_interval(v) for v in row.values}}
        for row in baselines.rows
    ]


def with_interval(value: Value) -> str:
    """A value, and its interval in brackets where there is one."""
    between = interval(value)
    return f"{shown(value.value)} ({between})" if between else shown(value.value)


def shown(number: float) -> str:
    """Four significant digits.

    >>> shown(0.012345), shown(1234.5), shown(0.0)
    ('0.01235', '1234', '0')
    """
    return f"{number:.4g}" if abs(number) < 1e4 else f"{number:,.0f}"


def told(value: Value) -> str:
    """The value in a few words, with a warning if there is reason for one."""
    return f"CONTAMINATED: {value.reads}" if value.contaminated else value.reads


def interval(value: Value) -> str:
    """Both ends, or nothing."""
    if value.low is None or value.high is None:
        return ""
    return f"{shown(value.low)} to {shown(value.high)}"
