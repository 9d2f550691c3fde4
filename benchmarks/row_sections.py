"""The section of the page about rows of tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.cases import Json
from benchmarks.rows import METHODS
from benchmarks.tables import by_data, num_diverged, results_of, spread, table

# What results hold, by the words of the page; each with the way it is written.
COST = {
    "CPU s": ("cpu_seconds", "{:.0f}"),
    "wall s": ("wall_seconds", "{:.0f}"),
    "peak MiB": ("peak_rss_bytes", "{:.0f}"),
}
LIKENESS = {
    "quality": ("quality", "{:.3f}"),
    "shapes": ("shapes", "{:.3f}"),
    "trends": ("trends", "{:.3f}"),
    "quality, all pairs": ("all_quality", "{:.3f}"),
    "trends, all pairs": ("all_trends", "{:.3f}"),
}
WHOLE_ROWS = {
    "AUC of a classifier": ("auc", "{:.3f}"),
    "C2ST": ("two_sample_auc", "{:.3f}"),
    "alpha-precision": ("alpha_precision", "{:.3f}"),
    "beta-recall": ("beta_recall", "{:.3f}"),
    "nearer to training rows": ("nearer_to_training", "{:.1%}"),
    "duplicates": ("duplicates", "{:.2%}"),
}


def of_rows(all_runs: Sequence[Json], figures: Path) -> list[str]:
    """Two tables for each table."""
    del figures
    lines = []
    for title, runs in (_by_table(all_runs) or {"": []}).items():
        lines += [f"{title}{_sizes(results_of(runs))}", ""]
        for columns in ({**COST, **LIKENESS}, WHOLE_ROWS):
            rows = [_row(runs, method, columns) for method in METHODS]
            lines += table(["method", "runs", *columns], rows)
        lines += _about(results_of(runs))
    return lines


def _by_table(all_runs: Sequence[Json]) -> dict[str, list[Json]]:
    """Runs that compare: of the same data, test rows and target."""
    found: dict[str, list[Json]] = {}
    for data, runs in by_data(all_runs).items():
        for run in runs:
            key = run["key"]
            test = f"`{key['test']}` ({key['test_sha256'][:12]})" if "test" in key else "a fifth"
            title = f"{data}, test rows: {test}, target `{key['target']}`"
            found.setdefault(title, []).append(run)
    return found


def _row(runs: Sequence[Json], method: str, columns: dict[str, tuple[str, str]]) -> list[str]:
    found, lost = results_of(runs, method=method), num_diverged(runs, method=method)
    cells = []
    for name, form in columns.values():
        if not METHODS[method].program and (name, form) in COST.values():
            cells.append("")  # nothing is trained
            continue
        scale = 2**20 if name.endswith("_bytes") else 1
        cells.append(spread((r[name] / scale for r in found if name in r), form))
    return [method + (f" ({lost} diverged)" if lost else ""), str(len(found) + lost), *cells]


def _sizes(found: Sequence[Json]) -> str:
    if not found:
        return ""
    first = found[0]
    sizes = f"{first['num_train']:,} rows of {first['num_columns']} columns"
    return f": {sizes}, {first['num_test']:,} test rows"


def _about(found: Sequence[Json]) -> list[str]:
    """What real rows reach, and what was measured with what."""
    if not found:
        return []
    packages = {f"{name} {v}" for r in found for name, v in r.get("packages", {}).items()}
    packages |= {f"SDMetrics {r['sdmetrics']}" for r in found if "sdmetrics" in r}
    return [
        f"The classifier that learnt from the training rows themselves: "
        f"{spread({r['auc_of_real'] for r in found}, '{:.3f}')}. Test rows that are duplicates of "
        f"training rows: {spread({r['duplicates_of_real'] for r in found}, '{:.2%}')}. "
        f"Packages: {', '.join(sorted(packages)) or 'none'}.",
        "",
    ]
