"""``gansmith schema``."""

from __future__ import annotations

from gansmith import modalities  # noqa: F401  (registers the sources)
from gansmith.cli.console import bar, print_json, print_table, say
from gansmith.config import DataConfig
from gansmith.data import open_source
from gansmith.errors import SourceError
from gansmith.modalities.table.schema import to_dict


def schema(source: str, as_json: bool) -> int:
    """Print what the columns hold."""
    dataset = open_source(DataConfig(source=source), progress=bar)
    if not dataset.columns:
        raise SourceError(
            f"Only a table has a schema, and this source holds {dataset.schema.label}.",
            where=dataset.name,
        )
    if as_json:
        print_json({"columns": to_dict(dataset.columns), "constraints": []})
        return 0
    rows = [
        {"column": column.name, "kind": column.kind, "holds": column.describe()}
        for column in dataset.columns
    ]
    print_table(rows, as_json=False)
    say(f"\n{len(dataset):,} rows.")
    return 0
