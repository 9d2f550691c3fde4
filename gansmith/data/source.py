"""The contract of a source: what opens the data that a user names."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, runtime_checkable

from gansmith.config import DataConfig
from gansmith.data.dataset import Dataset
from gansmith.progress import Progress


@runtime_checkable
class Source(Protocol):
    """Opens one sort of place that samples come from.

    Registered as ``@register("source", NAME)``; what is registered is called without arguments.
    No two sources match the same place: :func:`gansmith.data.open_source` takes the first.

    Attributes:
        built_in: the source makes its samples itself and is asked for by its own name. Built-in
            sources are asked before those that read paths.
    """

    built_in: bool

    def matches(self, uri: str) -> bool:
        """Whether this source opens ``uri``. Reads a few bytes at most, and never raises."""
        ...

    def open(self, config: DataConfig, *, progress: Progress, cache_dir: Path | None) -> Dataset:
        """The samples that ``config.source`` names, all of them, not yet split.

        Args:
            config: what to open and how; its ``source`` matches.
            progress: opens a bar for each long piece of work.
            cache_dir: where decoded samples are kept; None is the user's cache.

        Raises:
            SourceError: if nothing can be read there, or it is not safe to read.
        """
        ...
