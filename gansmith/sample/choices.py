"""Numbers that are asked for, looked at before anything is made."""

from __future__ import annotations

import math

from gansmith.errors import UserError


def require_choices(n: int, seed: int, truncation: float) -> None:
    """Raise a UserError for a number that nothing can be sampled with."""
    if n < 1:
        raise UserError(f"{n} samples cannot be made.", where="n", fix="Ask for at least 1.")
    if not 0 <= seed < 2**63:
        raise UserError(
            f"The seed {seed} is out of range.",
            where="seed",
            fix="Take a whole number from 0 to 2^63 - 1.",
        )
    if not 0 <= truncation < math.inf:  # also false for nan
        raise UserError(
            f"A truncation of {truncation} has no meaning.",
            where="truncation",
            fix="Take a number from 0 (all alike) to 1 (as trained), or a little above.",
        )
