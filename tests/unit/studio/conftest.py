"""Three small runs and a client of the studio, for the tests of Create and Inspect."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from invariance.small_runs import PICTURES, SMALL, train, write_points, write_table

from gansmith.serving.limits import Limits
from gansmith.studio.app import create_app
from gansmith.studio.studio import Runs

# It has no doctests; one of another folder may have been imported under its name already.
collect_ignore = ["conftest.py"]


@pytest.fixture(scope="module")
def limits() -> Limits:
    """Small ones, which a test can exceed."""
    return Limits(samples=300, body_bytes=200_000, pixels=10_000, per_minute=0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the runs digits, points and table."""
    root = tmp_path_factory.mktemp("studio")
    train("digits", root / "runs" / "digits", 3, PICTURES)
    train(write_points(root / "points.npy"), root / "runs" / "points", 10)
    train(write_table(root / "table.csv"), root / "runs" / "table", 10, SMALL)
    return root / "runs"


@pytest.fixture(scope="module")
def client(folder: Path, limits: Limits) -> Iterator[TestClient]:
    """Of a studio that shows these runs."""
    app = create_app(Runs((folder,)), limits=limits)
    with TestClient(app, base_url="http://localhost") as opened:
        yield opened
