"""``gansmith list``."""

from __future__ import annotations

from gansmith import modalities, registry  # noqa: F401  (registers what it holds)
from gansmith.cli.console import print_table
from gansmith.evaluation import features  # noqa: F401  (registers what it holds)
from gansmith.game import build  # noqa: F401  (registers what it holds)


def list_kind(kind: str, as_json: bool) -> int:
    """Print name, options and one line about each part of a kind (plural)."""
    entries = [registry.get(kind[:-1], name) for name in registry.names(kind[:-1])]
    rows = [
        {
            "name": entry.name,
            "about": entry.summary.replace("``", "`"),
            "options": " ".join(f"{k}={v}" for k, v in entry.options.items()),
        }
        for entry in entries
    ]
    if not as_json and not any(row["options"] for row in rows):
        rows = [{"name": row["name"], "about": row["about"]} for row in rows]
    print_table(rows, as_json)
    return 0
