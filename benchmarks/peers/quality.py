"""SDMetrics' quality of a synthetic table: ``python -m benchmarks.peers.quality TASK OUT``.

``shapes`` is the mean over columns of 1 less the Kolmogorov-Smirnov statistic (numbers) or the
total variation (categories). ``trends`` is the mean over pairs of columns: of 1 less half the
difference of Pearson correlations (two numbers), or of 1 less the total variation of both together
(any other pair; numbers in ten bins of equal width between the ends of *their own* table).
``quality`` is the mean of both.

Since 0.28.1, a report leaves out pairs that are little related in the real table. So there are two:
``trends`` and ``quality`` are those of the report as it comes, ``all_trends`` and ``all_quality``
of all pairs, which is what older publications have.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks.peers.program import read

Json = dict[str, Any]


def report(real: Any, fake: Any, numbers: Sequence[str], *, all_pairs: bool) -> Json:
    """Of two data frames with the same columns; of all their rows, so that nothing is drawn."""
    from sdmetrics.reports import QualityReport

    kinds = {name: "numerical" if name in numbers else "categorical" for name in real.columns}
    columns = {name: {"sdtype": kind} for name, kind in kinds.items()}
    made = QualityReport()
    made.num_rows_subsample = None
    if all_pairs:
        made.real_correlation_threshold = made.real_association_threshold = 0
    made.generate({"rows": real}, {"rows": fake}, {"tables": {"rows": {"columns": columns}}},
                  verbose=False)  # fmt: skip
    scores = made.get_properties().set_index("Property")["Score"]
    return {
        "quality": float(made.get_score()),
        "shapes": float(scores["Column Shapes"]),
        "trends": float(scores["Column Pair Trends"]),
    }


def main(task: Json) -> Json:
    """Both reports of the files of a task."""
    real, fake = (read(task[name], task["numbers"]) for name in ("real", "fake"))
    found = report(real, fake, task["numbers"], all_pairs=False)
    every = report(real, fake, task["numbers"], all_pairs=True)
    return {
        **found,
        "all_quality": every["quality"],
        "all_trends": every["trends"],
        "sdmetrics": metadata.version("sdmetrics"),
    }


if __name__ == "__main__":
    found = main(json.loads(Path(sys.argv[1]).read_text("utf-8")))
    Path(sys.argv[2]).write_text(json.dumps(found), "utf-8")
