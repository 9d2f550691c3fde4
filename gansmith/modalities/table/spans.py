"""Softmax, argmax and cross-entropy over the codes of each column, all columns at once."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Spans(nn.Module):
    """Columns of codes side by side, (N, D).

    Args:
        spans: (name, first, last) of each column, one after the other from 0 on.
    """

    column: Tensor
    starts: Tensor

    def __init__(self, spans: Sequence[tuple[str, int, int]]) -> None:
        super().__init__()
        sizes = [last - first for _, first, last in spans]
        self.size, self.num_columns = sum(sizes), len(sizes)
        columns = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes))
        self.register_buffer("column", columns, persistent=False)
        starts = torch.tensor([first for _, first, _ in spans])
        self.register_buffer("starts", starts, persistent=False)

    def ends(self, column: int) -> tuple[int, int]:
        """Where a column's codes begin and end."""
        first = int(self.starts[column])
        last = column + 1 == self.num_columns
        return first, self.size if last else int(self.starts[column + 1])

    def of_two_columns(self) -> Tensor:
        """(D, D) bool: whether two codes are of different columns, and may come together."""
        return self.column[:, None] != self.column[None]

    def numbers(self, codes: Tensor) -> Tensor:
        """(N, D) one-hot -> (N, columns) int64, counted over all columns."""
        found: Tensor = codes.nonzero()[:, 1].view(len(codes), self.num_columns)
        return found

    def _of_columns(self, x: Tensor, reduce: str) -> Tensor:
        """(N, D) -> (N, columns), by ``amax`` or ``sum``."""
        where = self.column.expand(x.shape[0], -1)  # `len` would fix the batch of a graph
        filled = x.new_full((x.shape[0], self.num_columns), -torch.inf if reduce == "amax" else 0.0)
        return filled.scatter_reduce(1, where, x, reduce)

    def spread(self, x: Tensor) -> Tensor:
        """(N, columns) -> (N, D), each column's value at all of its codes."""
        return x.index_select(1, self.column)

    def log_softmax(self, logits: Tensor) -> Tensor:
        """(N, D) logits -> (N, D) logarithms of shares that add up to 1 in each column."""
        shifted = logits - self.spread(self._of_columns(logits.detach(), "amax"))
        total = self._of_columns(shifted.exp(), "sum")
        return shifted - self.spread(total.log())

    def softmax(self, logits: Tensor) -> Tensor:
        """(N, D) logits -> (N, D) shares that add up to 1 in each column."""
        return self.log_softmax(logits).exp()

    def one_hot(self, logits: Tensor) -> Tensor:
        """(N, D) -> (N, D): 1 at the largest of each column, once also where several are."""
        largest = self.spread(self._of_columns(logits.detach(), "amax"))
        is_largest = logits.detach() >= largest
        # Of equal ones the first: its place is the smallest.
        places = torch.arange(self.size, device=logits.device, dtype=logits.dtype)
        candidates = torch.where(is_largest, -places, -torch.inf)
        first = self.spread(self._of_columns(candidates, "amax"))
        return (candidates == first).to(logits.dtype)
