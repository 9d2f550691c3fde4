"""Options that are one of a few names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from gansmith.errors import ConfigError, did_you_mean

T = TypeVar("T")


def choose(option: str, name: str, choices: Mapping[str, T]) -> T:
    """What ``name`` stands for.

    Raises:
        ConfigError: where it is none of the choices.

    >>> choose("color", "red", {"red": 1})
    1
    """
    if name not in choices:
        raise ConfigError(
            f"{option} cannot be {name!r}.", where=option, fix=did_you_mean(name, choices)
        )
    return choices[name]
