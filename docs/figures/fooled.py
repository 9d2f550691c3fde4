"""The figures of the pages under docs/metrics, and the numbers that these pages state.

Run ``python docs/figures/fooled.py``: about a minute on one core. Every number is measured by the
package's own functions, and written to fooled.json. Names of figures as arguments draw these alone.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from typing import Any

import torch
from fooled_attacks import FIGURES as OF_ATTACKS
from fooled_drawing import HERE
from fooled_pictures import FIGURES as OF_PICTURES
from fooled_points import FIGURES as OF_POINTS
from fooled_tables import FIGURES as OF_TABLES
from fooled_text import FIGURES as OF_TEXT

NUMBERS = HERE / "fooled.json"


def main(names: list[str]) -> None:
    """Draw, measure, and write down; numbers of figures that are not drawn stay as they are."""
    torch.set_num_threads(1)  # a sum in another order would give the classifier other weights
    figures = {**OF_POINTS, **OF_PICTURES, **OF_TABLES, **OF_ATTACKS, **OF_TEXT}
    numbers: dict[str, Any] = {}
    if names and NUMBERS.exists():
        numbers = json.loads(NUMBERS.read_text("utf-8"))
    with tempfile.TemporaryDirectory() as cache:
        os.environ["GANSMITH_CACHE"] = cache  # no classifier of another machine or version
        numbers |= {name: figures[name]() for name in names or figures}
    NUMBERS.write_text(json.dumps(numbers, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
