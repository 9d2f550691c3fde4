"""First weights that depend on their seed alone, whatever other threads of the server draw."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

# All that constructors of networks draw with.
DRAWS = frozenset(
    {
        torch.rand, torch.randn, Tensor.normal_, Tensor.uniform_,
        nn.init.normal_, nn.init.uniform_, nn.init.kaiming_uniform_,
    }
)  # fmt: skip


class OwnDraws(TorchFunctionMode):
    """Within, what this thread draws comes from a generator of its own.

    Constructors of networks name no generator, and torch's global one belongs to all threads. The
    numbers are those that it would give after ``torch.manual_seed(seed)``.

    Args:
        seed: of the generator.

    >>> with OwnDraws(5):
    ...     own = nn.Linear(2, 2)
    >>> with torch.random.fork_rng(devices=[]):
    ...     _ = torch.manual_seed(5)
    ...     torch.equal(own.weight, nn.Linear(2, 2).weight)
    True
    """

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._generator = torch.Generator().manual_seed(seed)

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Called by torch for each of its functions; one that draws from no
        generator of its caller's is given ours."""
        named = dict(kwargs or {})
        if func in DRAWS and named.get("generator") is None:
            named["generator"] = self._generator
        return func(*args, **named)
