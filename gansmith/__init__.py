"""gansmith trains a generator against a discriminator on your own data.

>>> import gansmith
>>> run = gansmith.train("digits", "runs/digits", minutes=4)  # doctest: +SKIP
>>> run.sample(10, condition="7").shape  # doctest: +SKIP
(10, 8, 8, 1)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gansmith.api import Report, Run, evaluate, load, train
    from gansmith.augmenting import augment
    from gansmith.config import Component, Cosine, Experiment
    from gansmith.errors import GansmithError, UserError
    from gansmith.exporting.export import export
    from gansmith.protocols import Codec, Condition, Spec
    from gansmith.registry import register
    from gansmith.tables import TableGAN

__version__ = "0.1.0"

# Imported when they are first used, so that `gansmith --help` need not wait for torch.
_HOMES = {
    "Codec": "protocols",
    "Component": "config",
    "Condition": "protocols",
    "Cosine": "config",
    "Experiment": "config",
    "GansmithError": "errors",
    "Report": "api",
    "Run": "api",
    "Spec": "protocols",
    "TableGAN": "tables",
    "UserError": "errors",
    "augment": "augmenting",
    "evaluate": "api",
    "export": "exporting.export",
    "load": "api",
    "register": "registry",
    "release": "api",
    "train": "api",
}

__all__ = [
    "Codec",
    "Component",
    "Condition",
    "Cosine",
    "Experiment",
    "GansmithError",
    "Report",
    "Run",
    "Spec",
    "TableGAN",
    "UserError",
    "__version__",
    "augment",
    "evaluate",
    "export",
    "load",
    "register",
    "release",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'gansmith' has no attribute {name!r}")
    return getattr(import_module(f"gansmith.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
