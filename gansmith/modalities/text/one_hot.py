"""Tokens as one-hot numbers, so that gradients pass through what was drawn."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable


def one_hot(ids: Tensor, vocabulary: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """(...) tokens -> (..., vocabulary)."""
    zeros = torch.zeros(*ids.shape, vocabulary, dtype=dtype, device=ids.device)
    return zeros.scatter_(-1, ids[..., None], 1.0)


class _StraightThrough(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, ids: Tensor, logits: Tensor, temperature: float) -> Tensor:
        ctx.save_for_backward((logits / temperature).softmax(-1))
        ctx.temperature = temperature
        return one_hot(ids, logits.shape[-1], logits.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, Tensor, None]:
        (shares,) = ctx.saved_tensors
        weighted = shares * gradients[0]
        total = weighted.sum(-1, keepdim=True)
        return None, (weighted - shares * total) / ctx.temperature, None


def straight_through(ids: Tensor, logits: Tensor, temperature: float) -> Tensor:
    """Exactly one-hot in what comes out, and softmax(logits / temperature) in the gradient.

    Bengio et al. 2013 (arXiv:1308.3432), section 4; exact to the last bit, unlike
    ``hard + soft - soft.detach()``, and with less memory.

    Args:
        ids: (N,) tokens that were drawn.
        logits: (N, V).
        temperature: above 0.

    Returns:
        (N, V).
    """
    found: Tensor = _StraightThrough.apply(ids, logits, temperature)  # type: ignore[no-untyped-call]
    return found


class _LookUp(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor) -> Tensor:
        ids = x.argmax(-1)
        ctx.save_for_backward(ids, weight)
        return F.embedding(ids, weight)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None]:
        (ids, weight), gradient = ctx.saved_tensors, gradients[0]
        to_x = gradient @ weight.T if ctx.needs_input_grad[0] else None
        to_weight = None
        if ctx.needs_input_grad[1]:
            rows = gradient.reshape(-1, weight.shape[1])
            to_weight = torch.zeros_like(weight).index_add_(0, ids.flatten(), rows)
        return to_x, to_weight


def look_up(x: Tensor, weight: Tensor) -> Tensor:
    """``x @ weight`` for one-hot x, (..., V) and (V, d) -> (..., d), with the gradients of that.

    No product in the forward pass, and none in the backward pass either where x needs no gradient.
    """
    found: Tensor = _LookUp.apply(x, weight)  # type: ignore[no-untyped-call]
    return found
