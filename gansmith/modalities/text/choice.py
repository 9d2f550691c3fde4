"""Which of the likely tokens comes: a normal number says so, and any token has one that says it.

Tokens lie in the order of how likely they are, the likeliest in the middle of the normal
distribution and the others ever further out. So each comes as often as it is likely; numbers that
are pulled towards 0 choose likelier tokens; and since float32 is finest for what is left of a
normal distribution far out, a token of 1e-30 is told from others as well as one of 0.1.
"""

from __future__ import annotations

import torch
from torch import Tensor

# Tokens that are put in order for each choice; for the few that lie further out all of them are.
FIRST = 24


def chosen(logits: Tensor, word: Tensor) -> Tensor:
    """The tokens that normal numbers choose, each as often as it is likely.

    Args:
        logits: (N, V).
        word: (N,) standard normal; 0 chooses the likeliest token.

    Returns:
        (N,) tokens.
    """
    shares, left = logits.softmax(1), torch.erfc(word.abs() * 0.5**0.5)[:, None]
    top, tokens = shares.topk(min(FIRST, shares.shape[1]), 1)
    rest = shares.scatter(1, tokens, 0.0).sum(1, keepdim=True)
    places = place(torch.cat([rest, top.flip(1)], 1), left)
    found = tokens.flip(1).gather(1, (places - 1).clamp(min=0)[:, None])[:, 0]
    far = (places == 0).nonzero()[:, 0]
    if len(far):
        ordered, tokens = shares[far].sort(1)
        found[far] = tokens.gather(1, place(ordered, left[far])[:, None])[:, 0]
    return found


def place(ordered: Tensor, left: Tensor) -> Tensor:
    """(N,) the first of (N, V) shares, smallest first, that add up to (N, 1) ``left`` or more."""
    # Never the last end, which rounding may put below 1.
    return (ordered[:, :-1].cumsum(1) < left).sum(1)


def choosing(logits: Tensor, token: Tensor) -> Tensor:
    """Numbers that choose given tokens, the way back of :func:`chosen`.

    Args:
        logits: (N, V).
        token: (N,) tokens.

    Returns:
        (N,), 0 for the likeliest token, else in the middle of what chooses it.
    """
    shares = logits.softmax(1)
    own = shares.gather(1, token[:, None])
    left = (shares * (shares < own)).sum(1) + own[:, 0] / 2
    likeliest = own[:, 0] == shares.amax(1)
    # The smallest number is for tokens of no share at all, which nothing chooses.
    word = -torch.special.ndtri(left.clamp(min=torch.finfo(left.dtype).tiny) / 2)
    return torch.where(likeliest, 0.0, word)
