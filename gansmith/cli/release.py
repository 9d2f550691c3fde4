"""``gansmith release``."""

from __future__ import annotations

import shlex
from pathlib import Path

from gansmith.api import release as make
from gansmith.cli.console import bar, say


def release(source: str, schema: Path, epsilon: float, delta: float, out: Path) -> int:
    """Count with noise, and say what that guarantees."""
    made = make(source, out, schema=schema, epsilon=epsilon, delta=delta, progress=bar)
    for line in made.guarantee():
        say(line)
    say(f"\nDone: {out}")
    say(f"  next        gansmith train {shlex.quote(str(out))}")
    return 0
