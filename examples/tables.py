"""Tables from Python: learn rows, make others, some of a kind, and fill gaps.

    python examples/tables.py                    # about a minute; keeps the run in runs/flowers

The rows are measures of 150 irises in three species (Fisher 1936), which come with scikit-learn.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.datasets import load_iris

import gansmith


def flowers() -> pd.DataFrame:
    """150 rows: four lengths in centimetres, and the species."""
    iris = load_iris(as_frame=True)
    names = np.asarray(iris.target_names)[iris.target]
    return pd.DataFrame(iris.data).assign(species=names)


def main() -> None:
    """Fit, sample, sample under a condition, fill in, measure, save."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--samples", type=int, default=150_000, help="rows shown in training")
    rows = flowers().sample(frac=1, random_state=0)
    learnt, held_out = rows.iloc[:100], rows.iloc[100:]

    settings = {"train.batch_size": 100}
    model = gansmith.TableGAN(samples=parser.parse_args().samples, settings=settings).fit(learnt)
    print(model.sample(5, seed=1).to_string(index=False))

    kind = "species = setosa"
    print(f"\n{kind}:\n{model.sample(3, where=kind).to_string(index=False)}")

    gaps = held_out.head(3).assign(species=None)
    print(f"\nfilled in:\n{model.impute(gaps).to_string(index=False)}")

    report = model.evaluate(held_out)
    for name in ("shapes", "pairs"):
        value = report[name]
        print(f"{name} {value.value:.3f}, of real rows {value.floor:.3f}")

    shutil.rmtree("runs/flowers", ignore_errors=True)
    model.save(Path("runs") / "flowers")


if __name__ == "__main__":
    main()
