"""A network that knows each column given any of the others: refines, fills in, holds fixed.

It learns p(column | some of the others) from real rows with columns hidden at random, which is no
adversarial game: plain cross-entropy, as in masked language models. Asking it about each column
in turn brings a generator's rows nearer to the data, and makes rows of which some cells are given.
"""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn

from gansmith.game.game import Draw, Examination, Move, Networks
from gansmith.game.randomness import Randomness
from gansmith.modalities.table.generator import LEAST_SHARE, MARGIN
from gansmith.modalities.table.spans import Spans
from gansmith.nn.perceptron import NormalisedResidual
from gansmith.protocols import Spec

NAME = "refiner"
# Rows with a single column hidden, which is what all sweeps but the first ask about.
ONE_HIDDEN = 0.5
# Columns of a generated row that are believed when it is refined.
KEEP = 0.2
# Of the average of the weights, a move.
DECAY = 0.995
# How much more than it lost at best it may lose on held-out rows, as a share, before it rests. Rows
# still get better while this loss rises a little; where they are learnt by heart, it rises by half.
TOLERANCE = 0.05


def _average_of(name: str) -> str:
    return f"average_{name.replace('.', '_')}"


def _best_of(name: str) -> str:
    return f"best_{name.replace('.', '_')}"


class MaskedConditional(nn.Module):
    """From the known columns of a row to logits of the codes of all.

    The first layer is a table of vectors, one for each code and one for each column that is hidden:
    their sum is what a linear layer would make of the one-hot row, at a small part of the cost.

    Args:
        spec: of the encoded rows.
        width: neurons of each layer.
        depth: residual layers.
    """

    def __init__(self, spec: Spec, width: int = 192, depth: int = 2) -> None:
        super().__init__()
        self.spans = Spans(spec.spans)
        self.first = nn.EmbeddingBag(
            self.spans.size + self.spans.num_columns, width, mode="sum", include_last_offset=False
        )
        nn.init.normal_(self.first.weight, std=self.spans.num_columns**-0.5)
        self.hidden = nn.Sequential(*(NormalisedResidual(width) for _ in range(depth)))
        self.last = nn.Linear(width, self.spans.size)
        if spec.mean is not None:
            with torch.no_grad():
                self.last.bias.copy_((spec.mean[: self.spans.size] + LEAST_SHARE).log())

        # An average of the weights, as of a generator's, and what it was when it was best; kept
        # with them in checkpoints.
        for name, parameter in self.named_parameters():
            self.register_buffer(_average_of(name), parameter.detach().clone())
            self.register_buffer(_best_of(name), parameter.detach().clone())
        self.register_buffer("num_moves", torch.zeros((), dtype=torch.float64))
        for name in ("best_loss", "last_loss"):
            self.register_buffer(name, torch.zeros((), dtype=torch.float64))

    num_moves: Tensor
    best_loss: Tensor
    last_loss: Tensor

    @torch.no_grad()
    def follow_average(self) -> None:
        """Take the weights as they stand into their average."""
        self.num_moves += 1
        decay = min(DECAY, float((self.num_moves + 1) / (self.num_moves + 10)))
        for name, parameter in self.named_parameters():
            self.get_buffer(_average_of(name)).lerp_(parameter, 1 - decay)

    @torch.no_grad()
    def keep_if_best(self, loss: float) -> None:
        """Told what the average loses on held-out rows, keep it if that is less than ever."""
        self.last_loss.fill_(loss)
        if 0 < self.best_loss <= loss:
            return
        self.best_loss.fill_(loss)
        for name, _ in self.named_parameters():
            self.get_buffer(_best_of(name)).copy_(self.get_buffer(_average_of(name)))

    def with_average(self) -> MaskedConditional:
        """A copy with the average of the weights."""
        return self._with(_average_of)

    @property
    def learns_by_heart(self) -> bool:
        """Whether it lost clearly more on held-out rows than before."""
        return bool(self.last_loss > (1 + TOLERANCE) * self.best_loss)

    def finished(self) -> MaskedConditional:
        """A copy with the average; with that when it was best, if it went on to learn by heart."""
        return self._with(_best_of if self.learns_by_heart else _average_of)

    @torch.no_grad()
    def _with(self, buffer_of: Callable[[str], str]) -> MaskedConditional:
        made = copy.deepcopy(self)
        for name, parameter in made.named_parameters():
            parameter.copy_(self.get_buffer(buffer_of(name)))
        return made

    def entries(self, codes: Tensor, known: Tensor) -> Tensor:
        """(N, columns) numbers of the vectors: of a column's code, or of its being hidden."""
        hidden = self.spans.size + torch.arange(self.spans.num_columns, device=codes.device)
        return torch.where(known, codes, hidden)

    def forward(self, codes: Tensor, known: Tensor) -> Tensor:
        """(N, columns) codes, counted over all, and which are known -> (N, D) logits."""
        summed = self.first(self.entries(codes, known))
        logits: Tensor = self.last(self.hidden(nn.functional.silu(summed)))
        return logits

    def loss(self, codes: Tensor, known: Tensor) -> Tensor:
        """Cross-entropy of the hidden columns, nats: the mean of each row's mean."""
        shares = self.spans.log_softmax(self(codes, known)).gather(1, codes)
        hidden = (~known).to(shares.dtype)
        return -((shares * hidden).sum(1) / hidden.sum(1).clamp(min=1)).mean()


def refiner_of(networks: Networks) -> MaskedConditional:
    """The refiner among the networks of a game."""
    refiner = networks[NAME]
    assert isinstance(refiner, MaskedConditional)
    return refiner


def learn(networks: Networks, draw: Draw) -> Move:
    """The refiner's move."""
    return learn_from(refiner_of(networks), draw.real, draw.randomness)


def learn_from(refiner: MaskedConditional, rows: Tensor, randomness: Randomness) -> Move:
    """A move on encoded rows (N, D + P): half with one column hidden, half with any."""
    refiner.follow_average()
    codes = refiner.spans.numbers(rows[:, : refiner.spans.size])
    known = known_by_lot(codes, randomness)
    loss = refiner.loss(codes, known)
    return Move(loss, {"refiner_loss": loss.detach()})


def known_by_lot(codes: Tensor, randomness: Randomness) -> Tensor:
    """(N, columns) bool: of about half of the rows one column is hidden, of the others any."""
    n, columns = codes.shape
    share = randomness.uniform(n, 1)
    order = randomness.uniform(n, columns)
    one = order == order.amax(1, keepdim=True)
    return torch.where(randomness.uniform(n, 1) < ONE_HIDDEN, ~one, order < share)


def _loss_on(networks: Networks, draw: Draw) -> Tensor:
    average = refiner_of(networks).with_average()
    codes = average.spans.numbers(draw.real[:, : average.spans.size])
    return average.loss(codes, known_by_lot(codes, draw.randomness))


EXAMINATION = Examination(
    loss=_loss_on,
    tell=lambda networks, loss: refiner_of(networks).keep_if_best(loss),
    passed=lambda networks: refiner_of(networks).learns_by_heart,
)


def restricted(spans: Spans, allowed: Tensor) -> list[int]:
    """Columns of which not all codes are allowed."""
    everywhere = allowed if allowed.ndim == 1 else allowed.all(0)
    columns: list[int] = torch.unique(spans.column[~everywhere]).tolist()
    return columns


@torch.no_grad()
def refine(
    refiner: MaskedConditional, x: Tensor, sweeps: int, randomness: Randomness,
    fixed: Tensor | None = None, allowed: Tensor | None = None, keep: float = KEEP,
) -> Tensor:  # fmt: skip
    """Draw each column anew, column after column, ``sweeps`` times.

    In the first sweep a few columns of each row are believed, by lot, and all others are drawn
    given these and those drawn before. If each were drawn given all others from the start, rows
    whose columns do not fit each other would be pulled to what is common. In further sweeps each
    column is drawn given all others (Gibbs sampling).

    Args:
        refiner: trained.
        x: (N, D + P) encoded rows.
        sweeps: rounds over all columns; 0 leaves the rows as they are.
        randomness: of the draws.
        fixed: (N, columns) bool, cells that stay; None for none.
        allowed: (D,) bool, codes that may be drawn, or (N, D) of each row; None for all. Columns of
            which some may not are drawn first, and no column is believed.
        keep: share of the columns that are believed at first.
    """
    bound = [] if allowed is None else restricted(refiner.spans, allowed)
    keep = keep if allowed is None else 0.0
    spans, n = refiner.spans, len(x)
    codes, weight = spans.numbers(x[:, : spans.size]), refiner.first.weight
    held = torch.zeros_like(codes, dtype=torch.bool) if fixed is None else fixed
    for sweep in range(sweeps):
        lot = randomness.uniform(n, spans.num_columns).to(x.device) < keep
        known = lot | held if sweep == 0 else torch.ones_like(held)
        stays = known if sweep == 0 else held
        entries = refiner.entries(codes, known)
        total = refiner.first(entries)
        order = randomness.uniform(spans.num_columns).argsort().tolist()
        for column in sorted(order, key=lambda column: column not in bound):
            first, last = spans.ends(column)
            # One column's part of the first layer changes, so the rest of it is not computed anew.
            rest = total - weight[entries[:, column]]
            h = refiner.hidden(nn.functional.silu(rest + weight[spans.size + column]))
            logits = h @ refiner.last.weight[first:last].T + refiner.last.bias[first:last]
            if allowed is not None:
                logits = logits.masked_fill(~allowed[..., first:last], -torch.inf)
            uniform = randomness.uniform(n, last - first).to(x.device).clamp(MARGIN, 1 - MARGIN)
            drawn = first + (logits - torch.log(-torch.log(uniform))).argmax(1)
            codes[:, column] = torch.where(stays[:, column], codes[:, column], drawn)
            total = rest + weight[codes[:, column]]
    new = torch.zeros_like(x[:, : spans.size]).scatter_(1, codes, 1.0)
    return torch.cat([new, x[:, spans.size :]], 1)
