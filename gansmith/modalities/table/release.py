"""All that is ever learned of a table under differential privacy: noised counts, measured once.

Three measurements, each by the Gaussian mechanism: how the cells of each column are spread over
what the schema says it can hold; where many of a column's numbers lie close together, the same
within; and how often any two columns have any two codes, made from the first two, together. What
is trained afterwards sees these counts alone, so that no training, however long, killed or
repeated, nothing chosen by its results and nothing drawn from it tells more than they do.

The schema is taken as public: names, kinds, levels, bounds, digits.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from gansmith.data.dataset import Dataset
from gansmith.errors import ConfigError, SourceError
from gansmith.modalities.table.bins import GRID, KNOTS, OWN_LEVELS, SHARED_CODES, Bins
from gansmith.modalities.table.codec import MOST_PAIRED, TableCodec
from gansmith.modalities.table.mechanism import (
    Counts,
    mu_of,
    noised,
    secret_generator,
    together,
)
from gansmith.modalities.table.schema import (
    Cells,
    Column,
    are_values,
    from_dict,
    special_numbers,
    to_dict,
)
from gansmith.runs.folder import write_atomic

SUFFIX = ".release"
# Shares of mu squared: the columns by themselves, within their crowded places, the pairs.
SHARES = {"columns": 0.10, "crowded places": 0.05, "pairs of columns": 0.85}
# Places of a number or date that are told apart at first, and again within a crowded one.
GRAINS = 512
# Places along a column of numbers that may be anything.
FINEST = 2.0**40
FEWEST_BINS, MOST_BINS = 4, 32
# Ranges that a column gets besides, for its tail, if each holds so many times the noise.
TAIL_BINS, TOLD_APART = 4, 8
# Of the range of a column's date: the day, or the second where its format has a time.
DAY, SECOND = 86_400e6, 1e6
FORMAT = "gansmith-release-1"


@dataclass(frozen=True)
class Part:
    """One measurement: what, its L2 sensitivity to one row, and the noise's standard deviation."""

    name: str
    sensitivity: float
    sigma: float

    @property
    def mu(self) -> float:
        """Of the Gaussian mechanism."""
        return self.sensitivity / self.sigma


@dataclass(frozen=True)
class Release:
    """Noised counts of a table's rows, and what they guarantee.

    Attributes:
        epsilon, delta: of the guarantee, for adding or removing one row.
        parts: the measurements.
        num_rows: how many there were, as the noised counts have it.
        columns, bins: as in a codec; what they say of the rows comes from the noised counts.
        mean: (D + P,) shares of the codes; 0.5 for places.
        pairs: (D, D) shares of pairs of codes.
    """

    epsilon: float
    delta: float
    parts: tuple[Part, ...]
    num_rows: int
    columns: tuple[Column, ...]
    bins: tuple[Bins | None, ...]
    mean: Tensor
    pairs: Tensor

    @property
    def claim(self) -> str:
        """The guarantee in a few words."""
        return (
            f"differential privacy of epsilon {self.epsilon:g} and delta {self.delta:g} for each "
            "row"
        )

    def guarantee(self) -> list[str]:
        """What is promised, by what, and what is not: sentences for a model card."""
        parts = ", ".join(
            f"{part.name} (L2 sensitivity {part.sensitivity:.3g}, noise {part.sigma:.3g})"
            for part in self.parts
        )
        return [
            f"{self.claim[0].upper()}{self.claim[1:]} that is added or removed. It holds for the "
            "weights, the samples and every file of a run on these counts, whatever else is known.",
            f"The rows were counted {len(self.parts)} times, with normal noise: {parts}. They were "
            "not looked at again. Accountant: Gaussian differential privacy, whose epsilon and "
            "delta are exact (Dong, Roth and Su 2022; Balle and Wang 2018).",
            "What the schema says (names, levels, bounds, digits) is taken as public. The noise is "
            "seeded by the system, and the seed is not kept.",
            "A person with several rows is protected less: epsilons add up, as over several "
            "releases of one table. Measuring samples against real rows is not covered.",
        ]

    def codec(self) -> TableCodec:
        """Between cells and codes, with the noised shares."""
        return TableCodec(self.columns, self.bins, mean=self.mean, pairs=self.pairs)

    def save(self, path: Path) -> None:
        """Write it to a file. Raises a RunError where that cannot be done."""
        about = {
            "format": FORMAT, "epsilon": self.epsilon, "delta": self.delta,
            "parts": [asdict(part) for part in self.parts], "num_rows": self.num_rows,
            "columns": to_dict(self.columns),
            "bins": [None if b is None else b.state() for b in self.bins],
        }  # fmt: skip
        tensors = {"mean": self.mean, "pairs": self.pairs}
        write_atomic(path, save(tensors, {"release": json.dumps(about)}))

    @classmethod
    def load(cls, path: Path) -> Release:
        """Raises a SourceError if the file is none."""
        try:
            with safe_open(path, framework="pt") as file:
                about = json.loads((file.metadata() or {})["release"])
                mean, pairs = file.get_tensor("mean"), file.get_tensor("pairs")
            if about.pop("format") != FORMAT:
                raise KeyError("format")
            parts = tuple(Part(**part) for part in about.pop("parts"))
            columns = from_dict(about.pop("columns"), str(path))
            bins = tuple(None if b is None else Bins.load(b) for b in about.pop("bins"))
            return cls(parts=parts, columns=columns, bins=bins, mean=mean, pairs=pairs, **about)
        except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
            raise SourceError(
                "The file is no release of a table, or is broken.",
                where=str(path),
                fix="Make one: gansmith release TABLE --schema FILE --epsilon 1 --out NAME.release",
            ) from error


def require_budget(epsilon: float, delta: float) -> None:
    """Raises a ConfigError for what is no guarantee."""
    if not 0 < epsilon <= 100 or not 0 < delta < 0.01:
        raise ConfigError(
            f"Epsilon {epsilon:g} with delta {delta:g} is no guarantee.",
            where="epsilon, delta",
            fix="Take epsilon above 0 (1 is usual), and delta far below 1 over the number of rows.",
        )


def measure(
    dataset: Dataset, epsilon: float, delta: float,
    generator: np.random.Generator | None = None,
) -> Release:  # fmt: skip
    """Count the rows of a table, with noise: its only look at them.

    Args:
        dataset: with columns that somebody has declared public.
        epsilon, delta: the guarantee.
        generator: of the noise, for tests alone; None takes a secret one.

    Raises:
        ConfigError: if the budget is none, or the columns have too many codes together.
    """
    require_budget(epsilon, delta)
    source = generator if generator is not None else secret_generator()
    whole = mu_of(epsilon, delta)
    mus = {name: whole * share**0.5 for name, share in SHARES.items()}
    cells = np.asarray(dataset.samples, np.float64)
    learned = [(i, column) for i, column in enumerate(dataset.columns) if column.learned]

    def part(name: str, squared: float) -> tuple[Part, Callable[[Counts], Counts]]:
        made = Part(name, squared**0.5, squared**0.5 / mus[name])
        return made, partial(noised, sigma=made.sigma, generator=source)

    first, noise = part("columns", len(learned))
    spreads = [_Spread.of(column, cells[:, i], noise) for i, column in learned]
    num_rows = _rows([spread.counts for spread in spreads])
    parts = [first]
    crowd = num_rows / MOST_BINS
    crowded = [spread for spread in spreads if len(spread.crowded(crowd))]
    if crowded:
        second, noise = part("crowded places", len(crowded))
        parts.append(second)
        own = {id(spread) for spread in crowded}
        spreads = [
            spread.divided(cells[:, i], crowd, noise) if id(spread) in own else spread
            for spread, (i, _) in zip(spreads, learned, strict=True)
        ]
    else:
        mus["pairs of columns"] = together([mus["crowded places"], mus["pairs of columns"]])
    third, noise = part("pairs of columns", len(learned) * (len(learned) + 1) / 2)
    num_bins = int(np.clip((num_rows / (2 * third.sigma)) ** 0.5, FEWEST_BINS, MOST_BINS))
    bins: list[Bins | None] = [None] * len(dataset.columns)
    for (i, _), spread in zip(learned, spreads, strict=True):
        bins[i] = spread.bins(num_bins, num_rows, first.sigma)
    codec = TableCodec(dataset.columns, tuple(bins))
    mean, pairs = _paired(codec, dataset, noise, num_rows)
    rest = dataset.columns, tuple(bins), mean, pairs
    return Release(epsilon, delta, (*parts, third), num_rows, *rest)


def _rows(counts: Sequence[Counts]) -> int:
    """How many there are: each column counts all, the better the fewer its places."""
    weights = [1 / len(own) for own in counts]
    total = sum(w * float(own.sum()) for w, own in zip(weights, counts, strict=True))
    return max(round(total / sum(weights)), 1)


def _paired(
    codec: TableCodec, dataset: Dataset, noise: Callable[[Counts], Counts], num_rows: int
) -> tuple[Tensor, Tensor]:
    """Noised shares of codes and of pairs of them, each pair counted and noised once."""
    d = codec.num_codes
    _, counts = codec.counted(dataset, np.arange(len(dataset)))
    if counts is None:
        raise ConfigError(
            f"The columns have {d:,} codes together, and pairs of at most {MOST_PAIRED:,} can be "
            "counted.",
            where="schema",
            fix="Leave out columns of many levels, or put their levels together.",
        )
    upper = np.triu(noise(counts.double().numpy()))
    # Codes of one column exclude each other: off the diagonal there is nothing but noise.
    column = np.repeat(
        np.arange(len(codec.spec.spans)), [last - first for _, first, last in codec.spec.spans]
    )
    upper[(column[:, None] == column) & ~np.eye(d, dtype=bool)] = 0
    shares = torch.from_numpy(upper / num_rows)
    singles = shares.diagonal().clamp(min=0)
    places = torch.full((codec.spec.shape[0] - d,), 0.5, dtype=torch.float64)
    off = shares - torch.diag(shares.diagonal())
    return torch.cat([singles, places]).float(), (off + off.T).float()


# -- how one column is spread --------------------------------------------------------------------


@dataclass(frozen=True)
class _Grid:
    """Places along a column of numbers or dates: the k-th is at ``low + k * step``."""

    low: float
    high: float
    step: float
    num: int

    @classmethod
    def of(cls, column: Column) -> _Grid:
        width, step = column.high - column.low, 0.0
        if column.kind == "datetime":
            timed = not column.format or any(f"%{c}" in column.format for c in "HIMSpTXc")
            step = SECOND if timed else DAY
        elif column.integer or column.decimals is not None:
            step = 1.0 if column.integer else 10.0 ** -(column.decimals or 0)
        step = max(step, width / FINEST) or 1.0
        return cls(column.low, column.high, step, round(width / step) + 1)

    def places(self, values: Cells) -> npt.NDArray[np.int64]:
        """(N,) numbers of the places of values; those out of bounds are at the ends."""
        steps = np.rint((values.clip(self.low, self.high) - self.low) / self.step)
        return steps.clip(0, self.num - 1).astype(np.int64)

    def values(self, places: Cells) -> Cells:
        """The way back, for places between two as well."""
        found: Cells = (self.low + places * self.step).clip(self.low, self.high)
        return found


@dataclass(frozen=True)
class _Spread:
    """Noised counts of a column's cells.

    Attributes:
        column: whose.
        grid: of numbers and dates; None for levels.
        starts: (g + 1,) of numbers and dates, first place of each grain, and the end.
        counts: (g + specials + missing,) of grains or levels, then of specials, then of missing.
    """

    column: Column
    grid: _Grid | None
    starts: npt.NDArray[np.int64]
    counts: Counts

    @classmethod
    def of(cls, column: Column, cells: Cells, noise: Callable[[Counts], Counts]) -> _Spread:
        """Count the cells (N,), each once."""
        grid, known = None, cells[are_values(cells)]
        if column.kind in {"number", "datetime"}:
            grid = _Grid.of(column)
            starts = _cut(0, grid.num, GRAINS)
            own = np.histogram(grid.places(known), starts)[0]
        else:
            num = 1 if column.kind == "id" else len(column.levels)
            starts = np.arange(num + 1)
            own = np.bincount(known.astype(np.int64), minlength=num)
        specials = np.bincount(special_numbers(cells) + 1, minlength=len(column.specials) + 1)[1:]
        missing = [np.isnan(cells).sum()] if column.missing else []
        return cls(column, grid, starts, noise(np.concatenate([own, specials, missing])))

    @property
    def _grains(self) -> Counts:
        return self.counts[: len(self.starts) - 1]

    def crowded(self, crowd: float) -> npt.NDArray[np.int64]:
        """Grains of several places with more than so many cells."""
        if self.grid is None:
            return np.zeros(0, np.int64)
        return np.flatnonzero((self._grains > crowd) & (np.diff(self.starts) > 1))

    def divided(self, cells: Cells, crowd: float, noise: Callable[[Counts], Counts]) -> _Spread:
        """Count again within the crowded grains, each of which keeps its sum."""
        assert self.grid is not None
        places = self.grid.places(cells[are_values(cells)])
        starts, counts, last = [], [], 0
        for k in self.crowded(crowd):
            cuts = _cut(int(self.starts[k]), int(self.starts[k + 1]), GRAINS)
            found = noise(np.histogram(places[(places >= cuts[0]) & (places < cuts[-1])], cuts)[0])
            found += (self._grains[k] - found.sum()) / len(found)
            starts += [self.starts[last:k], cuts[:-1]]
            counts += [self._grains[last:k], found]
            last = int(k) + 1
        rest = [*counts, self._grains[last:], self.counts[len(self.starts) - 1 :]]
        return replace(
            self,
            starts=np.concatenate([*starts, self.starts[last:]]),
            counts=np.concatenate(rest),
        )

    def bins(self, num_bins: int, num_rows: int, sigma: float) -> Bins:
        """Codes of the column, about ``num_bins`` where it holds numbers."""
        rest = (len(self.column.specials), self.column.missing)
        none, no_codes, no_cells = np.zeros((0, KNOTS)), np.zeros(0, np.int64), np.zeros(0)
        if self.grid is None and self.column.kind == "text":
            weights = self._grains[OWN_LEVELS:].clip(0.5)
            shared = np.arange(len(weights)) % SHARED_CODES
            return Bins(np.arange(float(OWN_LEVELS)), none, shared, weights, *rest)
        if self.grid is None:
            return Bins(np.arange(float(len(self._grains))), none, no_codes, no_cells, *rest)
        whole = self.column.integer or self.column.kind == "datetime"
        grid = (self.grid.low, self.grid.step) if whole else (0.0, 0.0)
        kept = (no_codes, no_cells, *rest, *grid, self.column.decimals)
        if self.grid.num <= num_bins:
            return Bins(self.grid.values(np.arange(float(self.grid.num))), none, *kept)
        often = max(num_rows / num_bins / 2, 4 * sigma)
        is_mass = (np.diff(self.starts) == 1) & (self._grains > often)
        masses = self.grid.values(self.starts[:-1][is_mass].astype(np.float64))
        left = max(float(self._grains[~is_mass].sum()), 1.0)
        wanted = min(round(num_bins * left / num_rows) + TAIL_BINS, left / (TOLD_APART * sigma))
        return Bins(masses, self._knots(is_mass, max(int(wanted), 1)), *kept)

    def _knots(self, is_mass: npt.NDArray[np.bool_], wanted: int) -> Cells:
        """Values along ranges of about as many cells each."""
        assert self.grid is not None
        below = np.concatenate([[0.0], np.cumsum(np.where(is_mass, 0.0, self._grains))])
        # A sum that falls is noise: the middle between the closest that only rise from both sides.
        rising = np.maximum.accumulate(below)
        below = (rising + np.minimum.accumulate(below[::-1])[::-1]) / 2
        total = max(float(below[-1] - below[0]), 1.0)
        # Nearly nothing for each place, so that places without cells have an order as well.
        below = (below - below[0]) / total + 1e-6 * self.starts / self.starts[-1]
        inner = np.searchsorted(below, below[-1] * np.arange(1, wanted) / wanted)
        ends = np.unique([0, *inner, len(self.starts) - 1])
        edges = self.starts - 0.5  # a place is all that is rounded to it
        return np.stack([
            self.grid.values(np.interp(below[a] + GRID * (below[b] - below[a]), below, edges))
            for a, b in pairwise(ends)
        ])  # fmt: skip


def _cut(first: int, end: int, most: int) -> npt.NDArray[np.int64]:
    """First places of at most so many nearly equal grains from first to end, and the end."""
    num = min(most, end - first)
    return first + np.arange(num + 1) * (end - first) // num
