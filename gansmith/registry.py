"""Names for the parts that can be swapped: register, build, list.

A part is a function or class. Its keyword-only parameters with defaults are its options: they are
what ``generator.width=64`` sets, what ``gansmith list`` shows and what the docs describe::

    @register("objective", "logistic-with-margin")
    def margin(*, margin: float = 0.1) -> Objective: ...

Other packages add theirs by an entry point in the group ``gansmith.plugins`` that names a module
whose import registers them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from typing import Any, TypeVar

from gansmith.config import Component, Scalar
from gansmith.errors import ConfigError, did_you_mean

T = TypeVar("T", bound=Callable[..., Any])

KINDS = (
    "modality", "source", "recipe", "generator", "discriminator", "objective", "regularizer",
    "game", "latent", "transform", "metric", "extractor", "codec",
)  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One registered part: its kind, its name, what builds it, and one line about it."""

    kind: str
    name: str
    build: Callable[..., Any]
    summary: str

    @property
    def options(self) -> Mapping[str, Scalar]:
        """Names and defaults of the options."""
        parameters = inspect.signature(self.build).parameters.values()
        return {
            p.name: p.default
            for p in parameters
            if p.kind is p.KEYWORD_ONLY and p.default is not p.empty
        }


_entries: dict[str, dict[str, Entry]] = {kind: {} for kind in KINDS}


def register(kind: str, name: str) -> Callable[[T], T]:
    """Decorator: make a part known under ``name``.

    Raises:
        ConfigError: if another part of that kind has the name already.
    """

    def add(build: T) -> T:
        known = _entries[kind].get(name)
        if known is not None and known.build is not build:
            raise ConfigError(
                f"Two parts are called {name!r}.",
                where=f"{kind}: {known.build.__module__} and {build.__module__}",
                fix="Give one of them another name.",
            )
        summary = (inspect.getdoc(build) or "").partition("\n")[0]
        _entries[kind][name] = Entry(kind, name, build, summary)
        return build

    return add


@cache
def load_plugins() -> None:
    """Import the modules that other packages name in the entry point group ``gansmith.plugins``."""
    for point in metadata.entry_points(group="gansmith.plugins"):
        point.load()


def names(kind: str) -> list[str]:
    """The names known for a kind, sorted."""
    load_plugins()
    return sorted(_entries[kind])


def get(kind: str, name: str) -> Entry:
    """The entry of that name.

    Raises:
        ConfigError: where there is none, with the closest names.
    """
    load_plugins()
    if name not in _entries[kind]:
        raise ConfigError(
            f"There is no {kind} called {name!r}.", fix=did_you_mean(name, _entries[kind])
        )
    return _entries[kind][name]


def check(kind: str, component: Component) -> None:
    """Raise a ConfigError if the name or an option is unknown, or an option has the wrong type."""
    known = get(kind, component.name).options
    for option, value in component.options.items():
        where = f"{kind} {component.name!r}"
        if option not in known:
            raise ConfigError(
                f"There is no option {option!r}.", where=where, fix=did_you_mean(option, known)
            )
        default = known[option]
        fits = isinstance(value, type(default)) and (
            isinstance(value, bool) == isinstance(default, bool)
        )
        if default is not None and not fits and not (type(default), type(value)) == (float, int):
            raise ConfigError(
                f"{option} must be of type {type(default).__name__}, not {value!r}.", where=where
            )


def build(kind: str, component: Component, *context: Any) -> Any:
    """Build a part: ``context`` goes to its positional parameters, the options to the rest."""
    check(kind, component)
    return get(kind, component.name).build(*context, **component.options)
