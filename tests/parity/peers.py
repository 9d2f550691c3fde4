"""Peers imported without torchvision: they name it at their top, for reading pictures."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

# Where `make setup` puts them: no other test, and no process of ours, finds them.
PEERS = str(Path(sys.prefix) / "peers")


class _Class(type):
    """A class that has every class inside."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Class(name, (), {})


class _Anything(ModuleType):
    """A module that has every name."""

    __path__: list[str] = []  # noqa: RUF012

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Class(name, (), {})


class _Finder:
    def find_spec(self, name: str, path: object = None, target: object = None) -> Any:
        return ModuleSpec(name, self) if name.split(".")[0] == "torchvision" else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Anything(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        del module


@contextmanager
def _stand_in() -> Iterator[None]:
    finder = _Finder()
    sys.meta_path.insert(0, finder)
    sys.path.append(PEERS)
    try:
        yield
    finally:
        sys.path.remove(PEERS)
        sys.meta_path.remove(finder)
        for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
            del sys.modules[name]


def peer(name: str) -> Any:
    """A module of a peer."""
    with _stand_in():
        return import_module(name)
