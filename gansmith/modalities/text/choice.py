"""Which of the likely tokens comes: a normal number says so, and any token has one that says it.

Tokens lie in the order of how likely they are, the likeliest in the middle of the normal
distribution and the others ever further out. So each comes as often as it is likely; numbers that
are pulled towards 0 choose likelier tokens; and since float32 is finest for what is left of a
normal distribution far out, a token of 1e-30 is told from others as well as one of 0.1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from gansmith.errors import ConfigError

# Shares above which tokens are put in order for a choice, the second where that does not decide it;
# then all are. To order a whole vocabulary takes longer than to find out how likely its tokens are.
LIKELY = (1e-3, 1e-5)
# How much rarer tokens below the cutoff are made. Not 0: any token must have a number.
RARER = 1e-3
# Shares that are made at once. On a CPU no more than its cache holds: memory for more is asked for
# and given back at each pass over them, which takes several times as long as the pass.
MOST_ON_CPU, MOST_SHARES = 2**18, 2**25


@dataclass(frozen=True)
class Chances:
    """How likely each token is made, by what a network says of it.

    A network is least to be trusted where it holds a token for all but impossible; of the many such
    tokens together one comes every few lines. This is epsilon sampling (Hewitt et al. 2022,
    arXiv:2210.15191), but that such tokens are kept where they are, far out.

    Args:
        temperature: that logits are divided by, above 0; below 1 likely tokens come more often than
            the network says.
        cutoff: share of a token, in [0, 1), below which it comes a thousand times more rarely.

    Raises:
        ConfigError: for other numbers.
    """

    temperature: float
    cutoff: float

    def __post_init__(self) -> None:
        if not self.temperature > 0:
            raise ConfigError(f"A temperature must be above 0, and is {self.temperature:g}.",
                              where="temperature")  # fmt: skip
        if not 0 <= self.cutoff < 1:
            raise ConfigError(f"A share lies in [0, 1), and is {self.cutoff:g}.",
                              where="cutoff")  # fmt: skip

    def __call__(self, logits: Tensor) -> Tensor:
        """(N, V) -> (N, V) shares that add up to 1."""
        shares = (logits / self.temperature).softmax(1)
        if not self.cutoff:
            return shares
        # What is left of it below the cutoff, and all of it above: as few passes as there can be.
        shares = F.threshold(shares, self.cutoff, 0.0).lerp_(shares, RARER)
        return shares.div_(shares.sum(1, keepdim=True))


def by_parts(of: Callable[..., Tensor], vocabulary: int, *rows: Tensor) -> Tensor:
    """``of(*rows)``, by as many rows at a time as shares of a vocabulary are made fast for.

    Args:
        of: makes (M, ...) of each M rows, whatever the others are.
        vocabulary: V, number of the shares of a row.
        rows: (N, ...) each.
    """
    most = MOST_ON_CPU if rows[0].device.type == "cpu" else MOST_SHARES
    parts = (torch.split(each, max(most // vocabulary, 1)) for each in rows)
    return torch.cat([of(*part) for part in zip(*parts, strict=True)])


def chosen(shares: Tensor, word: Tensor) -> Tensor:
    """The tokens that normal numbers choose, each as often as its share says.

    Args:
        shares: (N, V), by :class:`Chances`.
        word: (N,) standard normal; 0 chooses the likeliest token.

    Returns:
        (N,) tokens.
    """
    left, found = torch.erfc(word.abs() * 0.5**0.5)[:, None], torch.zeros_like(word).long()
    rows = torch.arange(len(word), device=word.device)
    for least in LIKELY:
        rest, top, tokens = in_order(shares, least)
        places = place(torch.cat([rest, top], 1), left)
        inside = places > 0
        found[rows[inside]] = tokens[inside].gather(1, places[inside, None] - 1)[:, 0]
        further = (~inside).nonzero()[:, 0]
        if not len(further):
            return found
        rows, shares, left = rows[further], shares[further], left[further]
    top, tokens = shares.sort(1)
    # Numbers so far out that nothing is left choose the least likely token of all.
    found[rows] = tokens.gather(1, place(top, left)[:, None])[:, 0]
    return found


def in_order(shares: Tensor, least: float) -> tuple[Tensor, Tensor, Tensor]:
    """What is likely, smallest first.

    Args:
        shares: (N, V).
        least: that a likely token has more than.

    Returns:
        (N, 1) sums of what is not likely; (N, M) shares that are, zeros before them; and (N, M)
        their tokens.
    """
    likely = F.threshold(shares, least, 0.0)
    # Not 1 minus the likely ones: what is left far out has to be as exact as it is small.
    rest = (shares - likely).sum(1, keepdim=True)
    flat = _places(likely > 0)
    rows = flat // shares.shape[1]
    counts = torch.bincount(rows, minlength=len(shares))
    at = torch.arange(len(flat), device=flat.device) - (counts.cumsum(0) - counts)[rows]
    size = (len(shares), max(int(counts.max()), 1))
    top, tokens = likely.new_zeros(size), flat.new_zeros(size)
    top[rows, at], tokens[rows, at] = likely.view(-1)[flat], flat % shares.shape[1]
    top, order = top.sort(1)
    return rest, top, tokens.gather(1, order)


def _places(where: Tensor) -> Tensor:
    """(M,) places of what is True, in one row."""
    if where.device.type != "cpu":
        return where.view(-1).nonzero()[:, 0]
    # Six times as fast as torch's own.
    return torch.from_numpy(np.flatnonzero(where.numpy()))


def place(ordered: Tensor, left: Tensor) -> Tensor:
    """(N,) the first of (N, V) shares, smallest first, that add up to (N, 1) ``left`` or more."""
    # Never the last end, which rounding may put below 1.
    return (ordered[:, :-1].cumsum(1) < left).sum(1)


def choosing(shares: Tensor, token: Tensor) -> Tensor:
    """Numbers that choose given tokens, the way back of :func:`chosen`.

    Args:
        shares: (N, V), by :class:`Chances`.
        token: (N,) tokens.

    Returns:
        (N,), 0 for the likeliest token, else in the middle of what chooses it.
    """
    own = shares.gather(1, token[:, None])
    left = (shares * (shares < own)).sum(1) + own[:, 0] / 2
    likeliest = own[:, 0] == shares.amax(1)
    # The smallest number is for tokens of no share at all, which nothing chooses.
    word = -torch.special.ndtri(left.clamp(min=torch.finfo(left.dtype).tiny) / 2)
    return torch.where(likeliest, 0.0, word)
