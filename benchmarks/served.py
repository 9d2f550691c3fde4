"""The section of the page about a server under load."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.cases import Json
from benchmarks.serve import ASKED
from benchmarks.tables import results_of, spread, table


def served(runs: Sequence[Json], figures: Path) -> list[str]:
    """A row for each kind of request."""
    del figures
    rows = []
    for n, seeded in ASKED:
        found = results_of(runs, n=n, seeded=seeded)
        rows.append([
            f"{n}, {'a seed each' if seeded else 'no seed'}",
            spread((r["requests_per_second"] for r in found), "{:,.0f}"),
            spread((r["samples_per_second"] for r in found), "{:,.0f}"),
            spread((1000 * r["median_seconds"] for r in found), "{:,.0f}"),
            spread((1000 * r["p95_seconds"] for r in found), "{:,.0f}"),
            spread((1000 * r["server_cpu_seconds"] / r["requests"] for r in found), "{:,.0f}"),
            spread((r["merged_requests"] / r["requests"] for r in found), "{:.0%}"),
            spread((r["codes"].get("503", 0) for r in found), "{:,.0f}"),
        ])  # fmt: skip
    header = ["pictures in a request", "requests/s", "pictures/s", "median, ms", "95 %, ms",
              "server's CPU, ms a request", "answered together", "told to wait"]  # fmt: skip
    return table(header, rows)
