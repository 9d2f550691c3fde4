"""What is measured of rows: alpha-precision, beta-recall, and that intervals hold."""

from __future__ import annotations

import numpy as np
import pytest

from gansmith.evaluation.alpha_beta import alpha_beta, alpha_beta_values
from gansmith.evaluation.estimate import Estimate, over_folds
from gansmith.modalities.table.boosting import Rows, Target
from gansmith.modalities.table.measures import told_apart
from gansmith.modalities.table.schema import Column

# Of 200 intervals of 95 %, fewer hold the truth in 1 of 400 cases.
LEAST_OF_200 = 181


def normal(n: int, d: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, d))


def held(truth: float, estimates: list[Estimate]) -> int:
    return sum(each.low <= truth <= each.high for each in estimates)


# -- alpha-precision and beta-recall ---------------------------------------------------------------


def test_alpha_precision_is_the_integral_that_the_paper_has() -> None:
    """Over a grid of levels, ball by ball."""
    real, fake = normal(400, 3, 0), 0.7 * normal(300, 3, 1) + 0.2
    centre = real.mean(0)
    inner, outer = (np.linalg.norm(x - centre, axis=1) for x in (real, fake))
    levels = (np.arange(2_000) + 0.5) / 2_000
    inside = [(outer <= np.quantile(inner, level)).mean() for level in levels]
    expected = 1 - 2 * np.abs(inside - levels).mean()
    assert alpha_beta_values(real, fake)[0] == pytest.approx(expected, abs=0.003)


def test_beta_recall_is_the_integral_over_nearest_fakes() -> None:
    real, fake = normal(400, 3, 0), 0.7 * normal(300, 3, 1) + 0.2
    to_real = np.sort(np.linalg.norm(real[:, None] - real[None], axis=-1), 1)[:, 5]
    to_fake = np.linalg.norm(real[:, None] - fake[None], axis=-1)
    radii = np.linalg.norm(fake - fake.mean(0), axis=1)
    nearest, near = radii[to_fake.argmin(1)], to_fake.min(1) <= to_real
    levels = (np.arange(2_000) + 0.5) / 2_000
    inside = [(near & (nearest <= np.quantile(radii, level))).mean() for level in levels]
    expected = 1 - 2 * np.abs(inside - levels).mean()
    assert alpha_beta_values(real, fake)[1] == pytest.approx(expected, abs=0.004)


@pytest.mark.parametrize("d", [2, 5])
def test_narrow_wide_and_collapsed_fakes_score_less_than_real_ones(d: int) -> None:
    real = normal(600, d, 0)
    precision, recall = alpha_beta_values(real, normal(600, d, 1))
    assert min(precision, recall) > 0.85
    for fake in (0.6 * normal(600, d, 2), 1.5 * normal(600, d, 2)):
        worse = alpha_beta_values(real, fake)
        assert worse[0] < precision - 0.2
        assert worse[1] < recall - 0.1
    assert alpha_beta_values(real, np.tile(real[:1], (600, 1)))[1] < 0.1


def test_a_jackknife_leaves_out_what_it_says() -> None:
    """By hand: without a tenth of both sides, for each tenth."""
    real, fake = normal(100, 3, 0), 0.8 * normal(100, 3, 1)
    groups = np.arange(100) // 10
    without = np.array([
        alpha_beta_values(real[groups != g], fake[groups != g]) for g in range(10)
    ])  # fmt: skip
    found = alpha_beta(real, fake)
    for each, values, whole in zip(
        (found.precision, found.recall), without.T, alpha_beta_values(real, fake), strict=True
    ):
        spread = (10 * whole - 9 * values).std(ddof=1) / np.sqrt(10)
        assert each.value == pytest.approx(whole)
        assert each.value - each.low == pytest.approx(2.262 * spread, rel=1e-3)


@pytest.mark.parametrize("scale", [1.0, 0.7])
def test_the_intervals_of_alpha_precision_and_beta_recall_hold(scale: float) -> None:
    """Of the expectation at these counts, by many more draws."""
    draws = [(normal(100, 3, 2 * i), scale * normal(100, 3, 2 * i + 1)) for i in range(600)]
    values = np.array([alpha_beta_values(*sides) for sides in draws]).mean(0)
    found = [alpha_beta(*sides) for sides in draws[:200]]
    assert held(values[0], [each.precision for each in found]) >= LEAST_OF_200
    assert held(values[1], [each.recall for each in found]) >= LEAST_OF_200


# -- models ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["macro-AUC", "R^2"])
def test_the_intervals_of_a_models_score_hold(kind: str) -> None:
    """For other test rows, with predictions as good."""
    random = np.random.default_rng(0)
    target = Target("y", 0, (0.0, 1.0, 2.0) if kind == "macro-AUC" else ())

    def drawn(n: int) -> tuple[np.ndarray, np.ndarray]:
        if kind == "R^2":
            signal = random.exponential(size=n)
            return signal, signal + random.normal(size=n)
        y = random.choice(3, n, p=[0.6, 0.3, 0.1])
        return np.eye(3)[y] + random.normal(size=(n, 3)), y.astype(float)

    truth = target.score(*drawn(100_000))
    found = [target.estimate(*drawn(200)) for _ in range(200)]
    assert held(truth, found) >= LEAST_OF_200  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.parametrize("shift", [0.0, 0.7])
def test_the_interval_of_the_boosted_auc_holds(shift: float) -> None:
    """Of one half for equal rows; else of the expectation over other rows and other critics."""
    columns = tuple(Column(name, "number") for name in "abcd")

    def found(i: int) -> Estimate:
        real, fake = normal(150, 4, 2 * i), normal(150, 4, 2 * i + 1) + shift
        return told_apart(Rows(columns, np.concatenate([real, fake])), real, fake, i)

    every = [found(i) for i in range(400 if shift else 200)]
    truth = float(np.mean([each.value for each in every])) if shift else 0.5
    assert held(truth, every[:200]) >= LEAST_OF_200


# -- cross-validation ------------------------------------------------------------------------------


def test_the_corrected_interval_of_a_cross_validation_holds_and_the_usual_one_does_not() -> None:
    """Squared errors of the mean of 40 rows, and of half of it: which is better, and by how much?

    The truth is known: of numbers with mean m and variance 1, and n training rows, the first errs
    by 1/n and the second by 1/(4 n) + m^2 / 4, beside the variance of the row itself.
    """
    random, n, folds, m = np.random.default_rng(0), 50, 5, 0.3
    train = n - n // folds
    truth = (1 / (4 * train) + m**2 / 4) - 1 / train
    corrected, usual = [], []
    for _ in range(1_000):
        x = m + random.normal(size=n)
        fold = random.permutation(n) % folds
        found = []
        for k in range(folds):
            mean, test = x[fold != k].mean(), x[fold == k]
            found.append(np.mean((test - mean / 2) ** 2 - (test - mean) ** 2))
        corrected.append(over_folds(np.array(found), 1 / (folds - 1)))
        usual.append(over_folds(np.array(found), 0.0))
    assert held(truth, corrected) >= 940
    assert held(truth, usual) < held(truth, corrected)
