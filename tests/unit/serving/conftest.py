"""Three small runs, and a server of each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from invariance.small_runs import PICTURES, SMALL, train, write_points, write_table

from gansmith import api

pytest.importorskip("fastapi")
from servers import LIMITS, Client, running

from gansmith.serving.app import create_app

# It has no doctests; one of another folder may have been imported under its name already.
collect_ignore = ["conftest.py"]


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, api.Run]:
    root = tmp_path_factory.mktemp("runs")
    return {
        "digits": train("digits", root / "digits", 3, PICTURES),
        "points": train(write_points(root / "points.npy"), root / "points", 10),
        "table": train(write_table(root / "table.csv"), root / "table", 10, SMALL),
    }


@pytest.fixture(scope="module")
def clients(runs: dict[str, api.Run]) -> Iterator[dict[str, Client]]:
    with (
        running(create_app(runs["digits"].folder, limits=LIMITS)) as digits,
        running(create_app(runs["points"].folder, limits=LIMITS)) as points,
        running(create_app(runs["table"].folder, limits=LIMITS)) as table,
    ):
        yield {"digits": digits, "points": points, "table": table}
