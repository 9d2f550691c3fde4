"""Rows of a table as one-hot codes, column after column, and places within the codes.

An encoded row is (D + P,): the one-hot codes of all columns, D in all, then for each column whose
codes do not say it all the place within its code, in [0, 1]. Where constraints are to hold, it is
what is learned in place of their columns that becomes codes (see ``constraints``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gansmith.data.dataset import Dataset
from gansmith.modalities.table.bins import Bins
from gansmith.modalities.table.constraints import Form
from gansmith.modalities.table.ids import Taken, ids
from gansmith.modalities.table.schema import Cells, Column, Mask, from_dict, to_dict
from gansmith.protocols import Spec

NUM_BINS = 64
# Rows that quantiles are taken of: more change nothing that could be seen.
MOST_FITTED = 200_000
# Rows that shares of codes and pairs are of: their error is below that of any batch.
MOST_COUNTED = 100_000
CHUNK = 20_000
# Moments of all pairs of codes take their number squared.
MOST_PAIRED = 6_000


class TableCodec:
    """Between cells (N, columns) and codes (N, D + P).

    Args:
        columns: of the table.
        bins: of each column that is learned; None where nothing is.
        form: what is learned in place of columns that constraints speak about; None for none.
        taken: of each column of ids with a pattern, by its place: those that the data hold.
        mean, pairs: (D + P,) and (D, D) means of codes and of products of codes over the training
            rows; None in a codec that was loaded.

    Attributes:
        inner: what is learned, in the places of the columns.
    """

    def __init__(
        self, columns: tuple[Column, ...], bins: tuple[Bins | None, ...],
        form: Form | None = None, taken: Mapping[int, Taken] | None = None,
        mean: Tensor | None = None, pairs: Tensor | None = None,
    ) -> None:  # fmt: skip
        self.columns, self.bins, self.form, self.taken = columns, bins, form, dict(taken or {})
        self.inner = columns if form is None else form.inner
        self._mean, self._pairs = mean, pairs
        self._learned = [(i, b) for i, b in enumerate(bins) if b is not None]
        sizes = [b.size for _, b in self._learned]
        self._starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        self.num_codes = int(self._starts[-1])
        self._placed = [k for k, (_, b) in enumerate(self._learned) if b.placed]

    @classmethod
    def fit(
        cls, dataset: Dataset, indices: npt.NDArray[np.int64], num_bins: int = NUM_BINS,
        *, moments: bool = True,
    ) -> TableCodec:  # fmt: skip
        """Take quantiles of the training rows; with ``moments``, count codes and pairs of them."""
        columns, every = dataset.columns, np.asarray(dataset.samples, np.float64)
        form = None
        if dataset.constraints:
            form = Form.fit(columns, dataset.constraints, every)
        some = indices[:: -(-len(indices) // MOST_FITTED)]
        cells = np.asarray(dataset.samples[some], np.float64)
        cells = cells if form is None else form.forward(cells)
        bins = [
            Bins.fit(column, cells[:, i], num_bins) if column.learned else None
            for i, column in enumerate(columns if form is None else form.inner)
        ]
        for level in form.levels if form is not None else ():
            own = bins[level.places[0]]
            if own is not None and own.num_shared:
                bins[level.places[0]] = replace(own, shared=level.grouped(own.weights))
        taken = {
            i: Taken.of(ids(column.pattern).size, every[:, i])
            for i, column in enumerate(columns) if column.pattern
        }  # fmt: skip
        codec = cls(columns, tuple(bins), form, taken)
        if moments:
            some = indices[:: -(-len(indices) // MOST_COUNTED)]
            total, pairs = codec.counted(dataset, some)
            n = max(len(some), 1)
            codec._mean = (total / n).float()
            codec._pairs = None if pairs is None else (pairs / n).float()
        return codec

    def counted(
        self, dataset: Dataset, indices: npt.NDArray[np.int64]
    ) -> tuple[Tensor, Tensor | None]:
        """Sums over rows: (D + P,) of what is encoded, (D, D) how often two codes come together.

        The second is None where there are too many codes.
        """
        total = torch.zeros(self.num_codes + len(self._placed), dtype=torch.float64)
        d = self.num_codes
        # Whole numbers beyond are not all exact in single precision.
        exact = torch.float32 if len(indices) < 2**24 else torch.float64
        pairs = torch.zeros(d, d, dtype=exact) if d <= MOST_PAIRED else None
        for first in range(0, len(indices), CHUNK):
            rows = np.asarray(dataset.samples[indices[first : first + CHUNK]], np.float64)
            x = self.encode(torch.from_numpy(rows))
            total += x.sum(0, dtype=torch.float64)
            if pairs is not None:
                pairs += x[:, :d].T @ x[:, :d]
        return total, pairs

    @property
    def spec(self) -> Spec:
        """(D + P,), with a span of codes for each learned column."""
        spans = tuple(
            (self.inner[i].name, int(first), int(last))
            for (i, _), first, last in zip(
                self._learned, self._starts[:-1], self._starts[1:], strict=True
            )
        )
        shape = (self.num_codes + len(self._placed),)
        return Spec(shape, 0, "codes", spans, self._mean, self._pairs)

    def codes(self, cells: Cells) -> tuple[npt.NDArray[np.int64], Cells]:
        """(N, columns) cells -> (N, learned) codes counted over all columns, and (N, P) places."""
        cells = cells if self.form is None else self.form.forward(cells)
        codes = np.empty((len(cells), len(self._learned)), np.int64)
        places = np.zeros((len(cells), len(self._placed)))
        for k, (i, bins) in enumerate(self._learned):
            own, place = bins.encode(cells[:, i])
            codes[:, k] = own + self._starts[k]
            if bins.placed:
                places[:, self._placed.index(k)] = place
        return codes, places

    def encode(self, raw: Tensor) -> Tensor:
        """(N, columns) cells -> (N, D + P) float32."""
        codes, places = self.codes(raw.cpu().numpy().astype(np.float64))
        x = torch.zeros(len(codes), self.num_codes + len(self._placed))
        x.scatter_(1, torch.from_numpy(codes), 1.0)
        x[:, self.num_codes :] = torch.from_numpy(places)
        return x.to(raw.device)

    def decode(self, x: Tensor) -> Tensor:
        """(N, D + P) -> (N, columns) float64 cells."""
        encoded = x.detach().cpu().double().numpy()
        cells = np.full((len(encoded), len(self.inner)), np.nan)
        for i, column in enumerate(self.inner):
            if column.kind in {"constant", "id"}:
                cells[:, i] = 0.0
        for k, (i, bins) in enumerate(self._learned):
            codes = encoded[:, self._starts[k] : self._starts[k + 1]].argmax(1)
            place = np.zeros(len(codes))
            if bins.placed:
                place = encoded[:, self.num_codes + self._placed.index(k)]
            cells[:, i] = bins.decode(codes, place)
        return torch.from_numpy(cells if self.form is None else self.form.back(cells))

    def span(self, place: int) -> tuple[int, int]:
        """Where the codes of a column that is learned begin and end."""
        (k,) = (k for k, (i, _) in enumerate(self._learned) if i == place)
        return int(self._starts[k]), int(self._starts[k + 1])

    @property
    def asks(self) -> str:
        """The constraints; empty where there are none."""
        return "" if self.form is None else f"constraints: {self.form}"

    def accepts(self, raw: Cells) -> Mask:
        """(N, columns) cells -> (N,) which rows hold all constraints."""
        return np.ones(len(raw), bool) if self.form is None else self.form.meets(raw)

    def state(self) -> dict[str, Any]:
        """Columns and bins, and what constraints made of them."""
        state: dict[str, Any] = {
            "columns": to_dict(self.columns),
            "bins": [None if b is None else b.state() for b in self.bins],
            "dtype": "float64",
        }
        if self.form is not None:
            state["form"] = self.form.state()
        if self.taken:
            state["taken"] = {str(place): taken.state() for place, taken in self.taken.items()}
        return state

    @classmethod
    def load(cls, state: dict[str, Any]) -> TableCodec:
        """From what :meth:`state` returned."""
        bins = tuple(None if b is None else Bins.load(b) for b in state["bins"])
        columns = from_dict(state["columns"], "codec.json")
        form = Form.load(columns, state["form"]) if "form" in state else None
        taken = {int(place): Taken.load(each) for place, each in state.get("taken", {}).items()}
        return cls(columns, bins, form, taken)
