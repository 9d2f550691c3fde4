"""What Fabric says to those who train."""

from __future__ import annotations

import copy
import logging
from typing import Any

import pytest

from gansmith.config import MachineConfig
from gansmith.trainer.distributed import _Work, make_fabric


@pytest.fixture
def spoken(monkeypatch: pytest.MonkeyPatch) -> logging.Logger:
    """Fabric's logger, as importing Fabric leaves it."""
    import lightning_fabric  # noqa: F401

    logger = logging.getLogger("lightning_fabric")
    monkeypatch.setattr(logger, "level", logging.INFO)
    return logger


def test_fabric_is_quiet_where_a_training_begins(spoken: logging.Logger) -> None:
    make_fabric(MachineConfig(device="cpu"), "32-true")
    assert spoken.level == logging.WARNING


def test_fabric_is_quiet_in_another_process_before_its_work_begins(spoken: logging.Logger) -> None:
    errors: Any = None
    copy.copy(_Work(print, errors))  # made as unpickling makes it there
    assert spoken.level == logging.WARNING
