"""From flags to settings."""

from __future__ import annotations

from typing import Any

from gansmith.api import settings_of
from gansmith.cli.commands import Settings, TrainingFlags


def settings_from(flags: TrainingFlags, settings: Settings) -> list[tuple[str, Any]]:
    """The settings that flags stand for, then those given as ``a.b=value``."""
    named = settings_of(
        seed=flags.seed,
        minutes=flags.minutes,
        samples=flags.samples,
        device=flags.device,
        precision=flags.precision,
        processes=flags.processes,
    )
    strict = [("data.strict", True)] if flags.strict else []
    schema = [("data.schema", str(flags.schema))] if flags.schema else []
    constraints = [("data.constraints", list(flags.constraint))] if flags.constraint else []
    return [*named, *strict, *schema, *constraints, *settings]
