"""What measures must say where the truth is known."""

from __future__ import annotations

import math
from dataclasses import astuple

import numpy as np
import numpy.typing as npt
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from gansmith.evaluation import kernel, neighbours
from gansmith.evaluation.estimate import jackknife, jackknifed, mean, share, student_quantile
from gansmith.evaluation.frechet import frechet, frechet_distance
from gansmith.evaluation.kernel import kernel_distance
from gansmith.evaluation.neighbours import neighbourhoods
from gansmith.evaluation.novelty import nearest, novelty
from gansmith.evaluation.two_sample import above, two_sample_test
from gansmith.evaluation.vendi import vendi_score
from gansmith.modalities.image.stacked import Modes
from gansmith.modalities.points.metrics import estimated_modes, modes
from gansmith.modalities.table.scores import pair_scores, shape_scores

Floats = npt.NDArray[np.float64]
# Of intervals that hold in 95 %, fewer than these hold in one family of trials in a thousand.
LEAST_OF_200 = 180


def normal(n: int, d: int, seed: int) -> Floats:
    return np.random.default_rng(seed).normal(size=(n, d))


# -- closed forms and limits ---------------------------------------------------------------------


@given(st.integers(1, 6), st.floats(0.2, 3), st.floats(-2, 2), st.integers(0, 10**6))
@settings(max_examples=30)
def test_frechet_distance_of_scaled_and_shifted_samples(
    d: int, scale: float, shift: float, seed: int
) -> None:
    """Of x and s x + c: |m - m'|^2 + (1 - s)^2 tr S, whatever x is."""
    x = normal(40, d, seed) @ normal(d, d, seed + 1)
    y = scale * x + shift
    between = np.square(x.mean(0) - y.mean(0)).sum()
    expected = between + (1 - scale) ** 2 * np.trace(np.atleast_2d(np.cov(x, rowvar=False)))
    assert frechet_distance(x, y) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(("n", "d"), [(30, 5), (5, 30), (30, 30), (2, 7), (1, 3)])
def test_equal_data_are_at_no_distance(n: int, d: int) -> None:
    x = normal(n, d, 0)
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(x, x[::-1]) == pytest.approx(0, abs=1e-9)


def test_constant_and_repeated_features_have_a_distance() -> None:
    x = normal(50, 3, 0)
    doubled = np.concatenate([x, x, np.ones_like(x)], 1)
    assert frechet_distance(doubled, doubled + 1) == pytest.approx(9, abs=1e-6)


def test_both_forms_of_the_frechet_distance_agree() -> None:
    """From covariances where samples are many, from the samples where they are few."""
    few, many = normal(20, 30, 0), normal(200, 30, 1)
    a, b = np.cov(few, rowvar=False), np.cov(many, rowvar=False)
    eigenvalues = np.linalg.eigvals(a @ b).astype(complex)
    between = np.square(few.mean(0) - many.mean(0)).sum()
    expected = between + np.trace(a + b) - 2 * np.sqrt(eigenvalues).real.sum()
    assert frechet_distance(few, many) == pytest.approx(expected, rel=1e-6)
    assert frechet_distance(many, few) == pytest.approx(expected, rel=1e-6)


def test_the_limit_of_the_frechet_distance_is_that_of_the_distributions() -> None:
    """Gaussians N(0, 1) and N(c, s^2) in 32 dimensions; the plain distance is far above."""
    d, shift, scale = 32, 0.2, 0.8
    truth = d * (shift**2 + (1 - scale) ** 2)
    found = [
        frechet(normal(150, d, 2 * i), scale * normal(150, d, 2 * i + 1) + shift) for i in range(30)
    ]
    limits = np.array([each.limit.value for each in found])
    assert np.mean([each.plain for each in found]) > 2 * truth
    assert abs(limits.mean() - truth) < 3 * limits.std() / math.sqrt(len(limits))


def test_the_kernel_distance_has_no_bias() -> None:
    """E k(x, x') = E (x.x'/d + 1)^3 = 1 + 3/d for standard normals, and so on; here it is 0."""
    values = [kernel_distance(normal(40, 3, 2 * i), normal(30, 3, 2 * i + 1)).value
              for i in range(300)]  # fmt: skip
    assert abs(np.mean(values)) < 3 * np.std(values) / math.sqrt(len(values))


def test_the_kernel_distance_is_the_same_in_one_matrix_and_group_by_group(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real, fake = 1 + normal(67, 5, 0), normal(45, 5, 1)
    at_once = kernel_distance(real, fake)
    monkeypatch.setattr(kernel, "MOST_AT_ONCE", 0)
    by_group = kernel_distance(real, fake)
    assert astuple(by_group) == pytest.approx(astuple(at_once), rel=1e-12)


def test_many_samples_are_measured_in_float32_to_the_same_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real, fake = 50 + normal(300, 16, 0), 50 + 1.1 * normal(250, 16, 1)
    exact, distance = neighbourhoods(real, fake), kernel_distance(real - 50, fake - 50)
    monkeypatch.setattr(neighbours, "MOST_DOUBLE", 10)
    monkeypatch.setattr(kernel, "MOST_AT_ONCE", 0)
    monkeypatch.setattr(kernel, "MOST_DOUBLE_PAIRS", 10)
    assert neighbourhoods(real, fake) == exact
    assert neighbourhoods(real, real).coverage.value == 1
    assert kernel_distance(real - 50, fake - 50).value == pytest.approx(distance.value, rel=1e-4)


@given(st.integers(12, 40), st.integers(1, 4), st.integers(1, 4), st.integers(0, 10**6))
@settings(max_examples=30)
def test_equal_data_are_covered_also_where_samples_repeat(
    n: int, d: int, repeats: int, seed: int
) -> None:
    x = np.repeat(np.round(normal(n, d, seed)), repeats, 0)
    found = neighbourhoods(x, x, num_neighbours=3)
    assert found.precision.value == found.recall.value == found.coverage.value == 1


def test_different_data_are_not_covered() -> None:
    x = normal(60, 2, 0)
    found = neighbourhoods(x, x + 100)
    assert found.precision.value == found.recall.value == 0
    assert found.density.value == found.coverage.value == 0


def test_vendi_counts_what_differs() -> None:
    """k equally frequent orthogonal samples count as k; noise counts as more, and is no better."""
    assert vendi_score(np.repeat(np.eye(7), 5, 0)) == pytest.approx(7)
    assert vendi_score(normal(100, 50, 0)) > vendi_score(np.repeat(normal(10, 50, 0), 10, 0))


@given(st.integers(0, 10**6))
@settings(max_examples=20)
def test_the_nearest_is_found_and_a_copy_lies_at_zero(seed: int) -> None:
    among = 100 + normal(50, 4, seed)
    x = np.concatenate([100 + normal(20, 4, seed + 1), among[[7, 3]]])
    indices, distances = nearest(x, among)
    every = np.linalg.norm(x[:, None].astype(np.float32) - among[None], axis=-1)
    np.testing.assert_allclose(distances, every.min(1), atol=1e-5)
    assert list(indices[-2:]) == [7, 3]


def test_the_divergence_of_a_critic_is_bounded_by_the_true_one() -> None:
    """N(0, 1) against N(1, 1): JSD by quadrature is 0.1116 / ... and the bound comes near it."""
    grid = np.linspace(-9, 10, 20_001)
    p, q = scipy.stats.norm.pdf(grid), scipy.stats.norm.pdf(grid - 1)
    middle = (p + q) / 2
    truth = np.trapezoid((p * np.log(p / middle) + q * np.log(q / middle)) / 2, grid)
    found = two_sample_test(normal(3000, 1, 0), normal(3000, 1, 1) + 1)
    assert found.divergence.low <= truth
    assert found.divergence.value > 0.7 * truth
    assert found.told_apart


# -- what fools one measure and not another ------------------------------------------------------


def test_a_memoriser_is_caught_by_novelty_and_not_by_the_frechet_distance() -> None:
    train, held_out, fresh = normal(500, 4, 0), normal(300, 4, 1), normal(300, 4, 2)
    copied = train[:300] + 1e-3 * normal(300, 4, 3)
    assert frechet(held_out, copied).limit.low < 0.05
    assert not two_sample_test(held_out, copied).told_apart
    caught, honest = (novelty(train, held_out, fake) for fake in (copied, fresh))
    assert caught.closer.low > 0.95
    assert caught.near_copies.low > 0.95
    assert honest.closer.low < 0.5 < honest.closer.high
    assert honest.near_copies.low < 0.02
    assert novelty(train, held_out, train[:300]).copies.value == 1


def test_a_collapsed_generator_is_caught_by_coverage_and_not_by_precision() -> None:
    real = normal(400, 2, 0)
    fake = 0.02 * normal(400, 2, 1)
    found = neighbourhoods(real, fake)
    assert found.precision.value > 0.95
    assert found.coverage.high < 0.3
    assert found.recall.high < 0.3


def test_equal_marginals_are_told_apart_by_the_joint() -> None:
    """Real: both coordinates the same sign; fake: opposite. A linear critic sees nothing."""
    x, y = normal(600, 2, 0), normal(600, 2, 1)
    x[:, 1] = np.abs(x[:, 1]) * np.sign(x[:, 0])
    y[:, 1] = -np.abs(y[:, 1]) * np.sign(y[:, 0])
    found = two_sample_test(x, y)
    assert found.critic != "linear"
    assert found.accuracy.low > 0.9


def test_detail_far_below_the_scale_of_the_data_is_seen() -> None:
    """Two points 4 apart, blurred by 0.02, against half that blur."""
    centres = np.array([[-2.0, 0.0], [2.0, 0.0]])
    x = np.tile(centres, (500, 1)) + 0.02 * normal(1000, 2, 0)
    y = np.tile(centres, (500, 1)) + 0.01 * normal(1000, 2, 1)
    assert two_sample_test(x, y).told_apart


# -- intervals -----------------------------------------------------------------------------------


def coverage_of(truth: float, intervals: list[tuple[float, float]]) -> int:
    return sum(low <= truth <= high for low, high in intervals)


@pytest.mark.parametrize(("shift", "scale"), [(0.3, 0.9), (0.0, 1.0)])
def test_the_interval_of_the_frechet_distance_holds(shift: float, scale: float) -> None:
    d, n = 4, 100
    truth = d * (shift**2 + (1 - scale) ** 2)
    found = [
        frechet(normal(n, d, 2 * i), scale * normal(n, d, 2 * i + 1) + shift).limit
        for i in range(200)
    ]
    assert coverage_of(truth, [(e.low, e.high) for e in found]) >= LEAST_OF_200


def test_a_plain_bootstrap_of_the_frechet_distance_does_not_hold() -> None:
    """Samples drawn twice look like a difference: the interval lies above the truth, of 0."""
    random, d, n = np.random.default_rng(0), 4, 60
    intervals = []
    for i in range(40):
        x, y = normal(n, d, 2 * i), normal(n, d, 2 * i + 1)
        again = [
            frechet_distance(x[random.integers(0, n, n)], y[random.integers(0, n, n)])
            for _ in range(60)
        ]
        intervals.append((np.quantile(again, 0.025), np.quantile(again, 0.975)))
    assert coverage_of(0.0, intervals) == 0


@pytest.mark.parametrize("shift", [0.0, 0.3])
def test_the_interval_of_the_kernel_distance_holds(shift: float) -> None:
    found = [kernel_distance(normal(80, 3, 2 * i), normal(80, 3, 2 * i + 1) + shift)
             for i in range(200)]  # fmt: skip
    # Its expectation by many times more samples, since there is no bias.
    truth = kernel_distance(normal(5000, 3, 10**6), normal(5000, 3, 10**6 + 1) + shift).value
    assert coverage_of(truth if shift else 0.0, [(e.low, e.high) for e in found]) >= LEAST_OF_200


@pytest.mark.parametrize("name", ["precision", "recall", "density", "coverage"])
def test_the_intervals_of_neighbourhoods_hold(name: str) -> None:
    """Of the expectation at these counts: another count has another one."""
    found = [
        getattr(neighbourhoods(normal(80, 3, 2 * i), 0.8 * normal(80, 3, 2 * i + 1)), name)
        for i in range(200)
    ]
    truth = float(np.mean([e.value for e in found]))
    assert coverage_of(truth, [(e.low, e.high) for e in found]) >= LEAST_OF_200


CENTRES = 2 * np.stack([f(np.arange(8) * np.pi / 4) for f in (np.cos, np.sin)], axis=1)
RING = {"centres": CENTRES, "sigma": 0.02}


def fakes_of_a_ring(rng: np.random.Generator, rare: float) -> Floats:
    """300 points: one mode is rare, all are a little narrow, a tenth lies in between."""
    shares = [rare, *[(1 - rare) / 7] * 7]
    points = CENTRES[rng.choice(8, 300, p=shares)] + 0.8 * RING["sigma"] * rng.normal(size=(300, 2))
    points[rng.random(300) < 0.1] = 0
    return points


@pytest.mark.parametrize("name", ["captured", "kl", "spread"])
def test_the_intervals_of_known_modes_hold(name: str) -> None:
    """Of the expectation at this count, by many more draws."""
    rng = np.random.default_rng(0)
    draws = [fakes_of_a_ring(rng, 0.05) for _ in range(1_000)]
    truth = float(np.mean([modes(points, RING)[name] for points in draws]))
    found = [estimated_modes(points, RING)[name] for points in draws[:200]]
    assert coverage_of(truth, [(each.low, each.high) for each in found]) >= LEAST_OF_200


@pytest.mark.parametrize(("factor", "truth"), [(0.99, 7), (1.01, 8)])
def test_the_interval_of_modes_hit_holds_at_the_threshold(factor: float, truth: int) -> None:
    """A mode that gets a fifth of its fair share of endless samples, or just not."""
    rng = np.random.default_rng(0)
    inside = 0.9 * (1 - math.exp(-((3 / 0.8) ** 2) / 2))
    draws = [fakes_of_a_ring(rng, factor * 0.2 / 8 / inside) for _ in range(200)]
    found = [estimated_modes(points, RING)["modes_hit"] for points in draws]
    assert coverage_of(truth, [(each.low, each.high) for each in found]) >= LEAST_OF_200
    assert {each.value for each in found} == {7, 8}


def test_the_intervals_of_many_modes_hold() -> None:
    """1,000 unequal modes and 2,000 samples: many are hit once, or not at all."""
    rng = np.random.default_rng(0)
    true = rng.dirichlet(np.ones(1_000))
    counter = Modes(None, np.full(1_000, 1e-3), 10)  # type: ignore[arg-type]
    draws = [rng.choice(1_000, 2_000, p=true) for _ in range(1_000)]
    found = [jackknifed(counter.counted, numbers) for numbers in draws[:200]]
    for name in ("modes_hit", "kl"):
        truth = float(np.mean([counter.counted(numbers)[name] for numbers in draws]))
        intervals = [(each[name].low, each[name].high) for each in found]
        assert coverage_of(truth, intervals) >= LEAST_OF_200


@pytest.mark.parametrize("same", [True, False])
def test_the_intervals_of_the_scores_of_tables_hold(same: bool) -> None:
    """Of the expectation at these counts, for equal tables and for different ones."""
    rng = np.random.default_rng(0)
    sizes = [2, 6, 12]
    real, fake = ([rng.dirichlet(np.full(n, 3.0)) for n in sizes] for _ in range(2))

    def rows(shares: list[np.ndarray]) -> np.ndarray:
        return np.stack([rng.choice(len(p), 300, p=p) for p in shares], axis=1)

    def means(a: np.ndarray, b: np.ndarray) -> dict[str, float]:
        return {"shapes": float(shape_scores(a, b, sizes).mean()),
                "pairs": float(pair_scores(a, b, sizes).mean())}  # fmt: skip

    draws = [(rows(real), rows(real if same else fake)) for _ in range(1_000)]
    found = [jackknifed(means, *sides) for sides in draws[:200]]
    for name in ("shapes", "pairs"):
        truth = float(np.mean([means(*sides)[name] for sides in draws]))
        intervals = [(each[name].low, each[name].high) for each in found]
        assert coverage_of(truth, intervals) >= LEAST_OF_200


@pytest.mark.slow
def test_interleaved_halves_are_not_told_apart() -> None:
    told = [
        two_sample_test(x[::2], x[1::2], seed=i).told_apart
        for i, x in ((i, normal(120, 3, i)) for i in range(200))
    ]
    assert sum(told) <= 10


@given(st.floats(0.6, 0.995), st.integers(8, 200))
def test_quantiles_of_student(probability: float, freedom: int) -> None:
    exact = scipy.stats.t.ppf(probability, freedom)
    assert student_quantile(probability, freedom) == pytest.approx(exact, abs=2e-3)


def test_shares_means_and_ranks_against_scipy() -> None:
    theirs = scipy.stats.binomtest(7, 40).proportion_ci(method="wilson")
    ours = share(7, 40)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)
    x, y = np.round(normal(50, 1, 0)[:, 0], 1), np.round(normal(40, 1, 1)[:, 0] + 0.5, 1)
    assert above(x, y).value == pytest.approx(scipy.stats.mannwhitneyu(x, y).statistic / 2000)
    interval = mean(x)
    assert interval.high - interval.value == pytest.approx(1.959964 * x.std(ddof=1) / 50**0.5)


def test_the_jackknife_of_a_mean_is_its_standard_error() -> None:
    x = normal(10, 1, 0)[:, 0]
    found = jackknife(x.mean(), [np.delete(x, i).mean() for i in range(10)], corrected=True)
    assert found.value == pytest.approx(x.mean())
    half = student_quantile(0.975, 9) * x.std(ddof=1) / math.sqrt(10)
    assert found.high - found.value == pytest.approx(half)
