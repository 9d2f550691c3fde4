"""What is measured of tables besides: columns, what boosting makes of rows, and typical rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gansmith.data.dataset import Dataset
from gansmith.errors import MissingExtraError
from gansmith.evaluation.alpha_beta import alpha_beta, alpha_beta_values
from gansmith.evaluation.comparison import Comparison
from gansmith.evaluation.estimate import LEAST, Estimate
from gansmith.evaluation.report import Missing, Value
from gansmith.evaluation.two_sample import above
from gansmith.modalities.table.attacks import attack_values
from gansmith.modalities.table.boosting import Rows, Target, ensemble, probabilities
from gansmith.modalities.table.metrics import table
from gansmith.modalities.table.schema import Cells
from gansmith.modalities.table.scores import column_scores

Found = list[Value | Missing]


def own_metrics(comparison: Comparison) -> Found:
    """Columns and pairs; boosted critics; models of the target; typical rows; attacks."""
    steps = (column_scores, boosted_auc, train_on_synthetic, typical_rows, given_away)
    with comparison.progress("Measuring rows", len(steps)) as advance:
        found: Found = []
        for measure in steps:
            found += measure(comparison)
            advance()
    return found


def require_target(dataset: Dataset, name: str) -> None:
    """Raise a UserError for a column that is not there, or that nothing can be predicted about."""
    Target.find(dataset.columns, np.asarray(dataset.samples), name)


def _too_few(comparison: Comparison) -> str | None:
    n = min(len(comparison.reference_indices), len(comparison.fake))
    return f"needs {LEAST} rows of each side, and has {n}" if n < LEAST else None


# -- can boosting tell? ----------------------------------------------------------------------------


def boosted_auc(comparison: Comparison) -> Found:
    """The classifier two-sample test (Lopez-Paz and Oquab 2017, arXiv:1610.06545) with boosting."""
    name = "boosted-auc"
    if why := _too_few(comparison):
        return [Missing(name, why)]
    try:
        ensemble()
    except MissingExtraError as error:
        return [Missing(name, f"{error.what} {error.fix}")]
    columns, real, seed = comparison.dataset.columns, comparison.reference, comparison.seed
    both = np.concatenate([real, comparison.control, comparison.fake])
    rows = Rows(columns, both)
    found = told_apart(rows, real, comparison.fake, seed)
    floor = told_apart(rows, real, comparison.control, seed)
    verdict = "tells them apart" if found.low > 0.5 else "cannot tell them apart"
    return [comparison.value(name, found, floor.value, "lower", f"gradient boosting {verdict}")]


def told_apart(rows: Rows, real: Cells, fake: Cells, seed: int) -> Estimate:
    """How often boosting finds a real row more real than a fake one, on rows it did not learn from.

    Half of both sides trains a classifier, and the other half tests it, both ways round; the mean
    of both AUCs. Two critics that learn from each other's test rows may err alike, so the interval
    is as wide as if they always did: the mean of both half widths, after DeLong et al. 1988.

    Args:
        rows: into features.
        real: (n, columns) in random order.
        fake: (m, columns), likewise; as many are taken as of the fewer.
        seed: of the classifiers.
    """
    n = min(len(real), len(fake))
    sides = [rows(cells[:n]) for cells in (real, fake)]
    first, second = ([x[part] for x in sides] for part in (slice(n // 2), slice(n // 2, n)))
    found = []
    for train, test in ((first, second), (second, first)):
        y = np.repeat([1, 0], [len(x) for x in train])
        predict = probabilities(np.concatenate(train), y, 2, rows.categorical, seed)
        found.append(above(*(predict(x)[:, 1] for x in test)))
    ends = [float(np.mean(each)) for each in zip(*((e.value, e.low, e.high) for e in found))]  # noqa: B905
    return Estimate(*ends)


# -- do models of fakes serve? ---------------------------------------------------------------------


def train_on_synthetic(comparison: Comparison) -> Found:
    """How well a model of fakes predicts the target of real rows (Esteban et al. 2017, TSTR)."""
    name = "train-on-synthetic"
    if comparison.target is None:
        return [Missing(name, "needs a column to predict: name it by --target")]
    dataset = comparison.dataset
    target = Target.find(dataset.columns, np.asarray(dataset.samples), comparison.target)
    test, fake, control = (
        cells[target.known(cells)]
        for cells in (comparison.reference, comparison.fake, comparison.control)
    )
    few = min(len(test), len(fake), len(control))
    if few < LEAST:
        return [Missing(name, f"needs {LEAST} rows with {target.name} of each side, and has {few}")]
    try:
        ensemble()
    except MissingExtraError as error:
        return [Missing(name, f"{error.what} {error.fix}")]
    rows = Rows(dataset.columns, np.concatenate([test, control]), leave_out=target.place)
    truth = target.of(test)
    found, floor = (target.model(rows, train, comparison.seed)(test) for train in (fake, control))
    return [
        comparison.value(
            name, target.estimate(found, truth), target.score(floor, truth), "higher",
            f"{target.score_name} for {target.name} of a model of fakes, on real rows",
            (len(test), len(fake)),
        )
    ]  # fmt: skip


# -- are typical rows typical? ---------------------------------------------------------------------


def typical_rows(comparison: Comparison) -> Found:
    """Alpha-precision and beta-recall in the table's own features."""
    names = ("alpha-precision", "beta-recall")
    if why := _too_few(comparison):
        return [Missing(name, why) for name in names]
    # Neither side's ranks are taken of itself alone.
    fitted = np.concatenate([comparison.reference_indices, comparison.control_indices])
    extract = table(comparison.dataset, fitted)
    real, control, fake = (
        extract(cells) for cells in (comparison.reference, comparison.control, comparison.fake)
    )
    found, (precision, recall) = alpha_beta(real, fake), alpha_beta_values(real, control)
    values = [
        comparison.value(names[0], found.precision, precision, "higher",
                         "fakes are as typical as real rows, at all levels"),
        # Narrow fakes may lie above it where features are many.
        comparison.value(names[1], found.recall, recall, "floor",
                         "real rows have fakes nearby, at all levels"),
    ]  # fmt: skip
    used = extract.name in comparison.used_in_training
    return [replace(value, contaminated=used) for value in values]


# -- what do they give away? -----------------------------------------------------------------------


def given_away(comparison: Comparison) -> Found:
    """Attacks on rows that were trained on, against the same on rows that were held out."""
    cells = comparison.dataset.samples
    train, held_out = (
        np.asarray(cells[indices])
        for indices in (comparison.train_indices, comparison.held_out_indices)
    )
    values, missing = attack_values(comparison, train, held_out, comparison.seed)
    return [*values, *missing]
