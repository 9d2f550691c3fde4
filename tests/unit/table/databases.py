"""What tests of databases share: sources that open, or are refused, and commands."""

from __future__ import annotations

from typing import Any

import pytest

from gansmith.cli.main import main
from gansmith.config import DataConfig
from gansmith.data import open_source
from gansmith.data.dataset import Dataset
from gansmith.errors import SourceError

# Looked at once in a run, and not ten times.
SMALL = {
    "generator.width": 16, "discriminator.width": 16, "train.batch_size": 32,
    "train.measure_samples": 128,
}  # fmt: skip
SMALL_FLAGS = [f"{name}={value}" for name, value in SMALL.items()]
# As hard to take out of an address as any.
SECRET = "pässword/1@x::y"  # noqa: S105


def opened(source: str, **options: Any) -> Dataset:
    return open_source(DataConfig(source=source, **options))


def kinds(data: Dataset) -> dict[str, str]:
    return {column.name: column.kind for column in data.columns}


def refused(source: str) -> str:
    with pytest.raises(SourceError) as caught:
        opened(source)
    return str(caught.value)


def call(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    return int(stop.value.code or 0)
