"""How the weights of picture networks lie in memory."""

from __future__ import annotations

import torch
from torch import nn


def channels_last(network: nn.Module) -> None:
    """Let a pixel's channels lie together: it nearly halves a step on a CPU, and helps GPUs."""
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
