"""Places, directions, searches and gradients: each where the right answer is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from invariance.small_runs import PICTURES, SMALL, train, write_table
from torch import Tensor, nn

from gansmith import api
from gansmith.errors import RunError, SourceError, UserError
from gansmith.evaluation.novelty import nearest_few
from gansmith.exploring import Explorer, Inspector
from gansmith.protocols import Condition
from gansmith.sample.gradient_map import logit_gradients, strengths
from gansmith.sample.places import find_directions
from gansmith.sample.projection import WEIGHT, Projection

SIZE = 5
# Directions of 5 latent numbers into 6 numbers of a sample, with known stretches.
STRETCHES = np.array([4.0, 2.0, 1.0, 0.5, 0.1])


def of_six(path: Path) -> Path:
    """Points of 6 dimensions."""
    np.save(path, np.random.default_rng(1).normal(size=(400, 6)).astype(np.float32))
    return path


@pytest.fixture(scope="module")
def points(tmp_path_factory: pytest.TempPathFactory) -> api.Run:
    root = tmp_path_factory.mktemp("points")
    chosen = {**SMALL, "latent.size": SIZE, "latent.name": "normal"}
    return train(of_six(root / "six.npy"), root / "run", 6, chosen)


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> api.Run:
    return train("digits", tmp_path_factory.mktemp("digits") / "run", 3, PICTURES)


class Linear(nn.Module):
    """x = A z."""

    def __init__(self, matrix: Tensor) -> None:
        super().__init__()
        self.matrix = matrix

    def forward(self, latent: Tensor, condition: Condition) -> Tensor:
        del condition
        return latent @ self.matrix.T


def with_linear(run: api.Run, seed: int) -> tuple[Explorer, Tensor, Tensor]:
    """An explorer whose generator is linear; its matrix, and the directions as columns."""
    random = torch.Generator().manual_seed(seed)
    left, _ = torch.linalg.qr(torch.randn(6, SIZE, generator=random, dtype=torch.float64))
    right, _ = torch.linalg.qr(torch.randn(SIZE, SIZE, generator=random, dtype=torch.float64))
    matrix = left @ torch.diag(torch.from_numpy(STRETCHES)) @ right.T
    explorer = run.explorer()
    explorer.sampler.generator = Linear(matrix.float())
    return explorer, matrix, right


@given(seed=st.integers(0, 1000))
@settings(max_examples=10)
def test_directions_of_a_linear_generator_are_its_singular_vectors(
    seed: int, points: api.Run
) -> None:
    explorer, _, right = with_linear(points, seed)
    found = explorer.directions(SIZE)
    agreement = (found.vectors.double() @ right).abs()
    assert torch.allclose(agreement, torch.eye(SIZE, dtype=torch.float64), atol=2e-3)
    np.testing.assert_allclose(found.strengths, STRETCHES, rtol=1e-3)
    np.testing.assert_allclose(found.shares, STRETCHES**2 / np.square(STRETCHES).sum(), rtol=2e-3)
    assert (found.vectors.gather(1, found.vectors.abs().argmax(1)[:, None]) > 0).all()


def test_a_direction_moves_real_samples_more_than_the_next_one(digits: api.Run) -> None:
    explorer = digits.explorer()
    found, start = explorer.directions(6), explorer.places(24, seed=3)

    def moved(vector: Tensor) -> float:
        up, down = (
            explorer.sampler.generate(start.latents + s * 0.05 * vector, start.condition)
            for s in (1, -1)
        )
        return float((up - down).square().sum())

    first, last = moved(found.vectors[0]), moved(found.vectors[5])
    assert first > last
    assert found.shares.sum() <= 1 + 1e-6
    again = find_directions(explorer.sampler, 6)
    assert torch.equal(again.vectors, found.vectors)


@given(seed=st.integers(0, 1000))
@settings(max_examples=3)
def test_a_search_in_a_linear_generator_ends_where_the_equation_says(
    seed: int, points: api.Run
) -> None:
    explorer, matrix, _ = with_linear(points, seed)
    target = np.random.default_rng(seed).normal(size=6).astype(np.float32)
    search = explorer.project(target, steps=300)
    search.advance()
    assert search.done
    x = explorer.sampler.codec.encode(torch.from_numpy(target[None])).double()[0]
    ridge = matrix.T @ matrix + WEIGHT * torch.eye(SIZE, dtype=torch.float64)
    best = torch.linalg.solve(ridge, matrix.T @ x)

    def loss(z: Tensor) -> float:
        return float((matrix @ z - x).square().sum() + WEIGHT * z.square().sum())

    reached = loss(search.found.latents[0].double())
    assert loss(best) <= reached <= 1.02 * loss(best) + 0.005


def test_a_search_finds_what_the_generator_made_itself(digits: api.Run) -> None:
    explorer = digits.explorer()
    own = explorer.samples(explorer.places(1, condition="3", seed=11))[0]
    search = explorer.project(own, steps=120)
    before = search.left
    assert before.nearest < before.usual
    for _ in range(4):
        search.advance(50)
    after = search.left
    assert search.taken == 120  # and no step more
    assert after.now < 0.5 * after.nearest


def test_a_search_can_be_cut_into_pieces(digits: api.Run) -> None:
    picture = digits.sample(1, seed=5)[0]
    whole, pieces = (digits.explorer().project(picture, condition="1", steps=20) for _ in "ab")
    whole.advance()
    for _ in range(20):
        pieces.advance(1)
    assert torch.equal(whole.found.latents, pieces.found.latents)
    assert whole.found.classes is not None
    assert whole.found.classes.tolist() == [1]


def test_found_latents_stay_where_they_can_be_drawn(tmp_path: Path) -> None:
    chosen = {**SMALL, "latent.name": "uniform"}
    run = train(of_six(tmp_path / "six.npy"), tmp_path / "run", 2, chosen)
    search = run.explorer().project(np.full(6, 50.0, np.float32), steps=150)
    search.advance()
    assert search.found.latents.abs().max() <= 3**0.5


def test_ends_of_a_way_are_the_two_places(digits: api.Run) -> None:
    explorer = digits.explorer()
    two = explorer.places(2, seed=2, condition="4")
    way = explorer.between(two[0:1], two[1:2], 5)
    made = explorer.samples(way)
    np.testing.assert_array_equal(made[[0, -1]], explorer.samples(two))
    assert len(np.unique(made.reshape(5, -1), axis=0)) == 5
    still = explorer.along(two[0:1], explorer.directions(1).vectors[0], [0.0, 2.0])
    np.testing.assert_array_equal(explorer.samples(still)[0], made[0])


def test_around_a_place_lie_others_that_are_as_usual(points: api.Run) -> None:
    explorer = points.explorer()
    start = explorer.places(1, seed=4)
    assert torch.equal(explorer.around(start, 3, spread=0.0).latents, start.latents.expand(3, -1))
    near, far = (explorer.around(start, 4000, spread=s).latents for s in (0.3, 1.0))
    assert (near - start.latents).norm(dim=1).mean() < (far - start.latents).norm(dim=1).mean()
    np.testing.assert_allclose(near.mean(0), 0.91**0.5 * start.latents[0], atol=0.05)
    np.testing.assert_allclose(near.var(0), np.full(SIZE, 0.09), rtol=0.1)
    assert torch.equal(far, explorer.places(4000).latents)
    with pytest.raises(UserError, match="spread"):
        explorer.around(start, 1, spread=float("nan"))


def test_places_of_a_seed_are_its_samples(digits: api.Run) -> None:
    explorer = digits.explorer()
    found = explorer.samples(explorer.places(12, seed=9, truncation=0.7))
    np.testing.assert_array_equal(found, digits.sample(12, seed=9, truncation=0.7))


def test_gradients_are_those_of_a_linear_discriminator(points: api.Run) -> None:
    sampler = points.sampler()
    weight = torch.linspace(-1, 1, 6)

    class Scores(nn.Module):
        def forward(self, x: Tensor, condition: Condition) -> Tensor:
            del condition
            return x @ weight

    sampler.game.networks[sampler.game.critic] = Scores()
    found = logit_gradients(sampler, points.sample(3, seed=1))
    np.testing.assert_allclose(found, np.tile(weight.numpy(), (3, 1)), rtol=1e-6)


def test_gradients_say_how_the_answer_changes(digits: api.Run) -> None:
    sampler, raw = digits.sampler(), digits.sample(4, seed=1)
    gradients = Inspector(digits).gradients(raw)
    assert gradients.shape == (4, 1, 8, 8)
    assert strengths(gradients).shape == (4, 8, 8)
    x, uphill = sampler.codec.encode(torch.from_numpy(raw)), torch.from_numpy(gradients).float()
    lengths = uphill.flatten(1).norm(dim=1)
    step = 1e-3 * uphill / lengths[:, None, None, None]
    with torch.no_grad():
        change = (sampler.answers(x + step) - sampler.answers(x - step)) / 2e-3
    np.testing.assert_allclose(change, lengths, rtol=0.1)


@given(n=st.integers(1, 5), m=st.integers(1, 40), k=st.integers(1, 6), seed=st.integers(0, 99))
def test_nearest_are_those_of_a_full_search(n: int, m: int, k: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    x, among = random.normal(size=(n, 3)), random.normal(size=(m, 3))
    indices, distances = nearest_few(x, among, k)
    every = np.linalg.norm(x[:, None] - among, axis=-1)
    assert indices.shape == (n, min(k, m))
    np.testing.assert_allclose(distances, np.sort(every, 1)[:, :k])
    np.testing.assert_allclose(np.take_along_axis(every, indices, 1), distances)


def test_a_training_sample_is_nearest_to_itself(digits: api.Run) -> None:
    inspector = digits.inspector()
    data = inspector.training_samples
    known = np.asarray(data.dataset.samples[data.indices[[5, 99]]])
    found = inspector.nearest(known, k=4)
    np.testing.assert_array_equal(found.samples[:, 0], known)
    assert (found.distances[:, 0] == 0).all()
    assert (np.diff(found.distances, axis=1) >= 0).all()
    assert data.near is not None
    assert 0 < data.near < (data.usual or 0)


def test_data_that_changed_or_went_are_said_to(tmp_path: Path) -> None:
    run = train(of_six(tmp_path / "six.npy"), tmp_path / "run", 2)
    np.save(tmp_path / "six.npy", np.zeros((50, 6), np.float32) + np.arange(50)[:, None])
    with pytest.raises(RunError, match="changed since"):
        run.inspector().nearest(np.zeros((1, 6), np.float32))
    (tmp_path / "six.npy").unlink()
    with pytest.raises(SourceError):
        run.inspector().nearest(np.zeros((1, 6), np.float32))


def test_rows_of_a_table_have_no_place(tmp_path: Path) -> None:
    run = train(write_table(tmp_path / "table.csv"), tmp_path / "run", 5)
    with pytest.raises(UserError, match="no place in a latent space"):
        run.explorer()


@pytest.mark.parametrize(
    ("latents", "classes", "message"),
    [
        ([[0.0]], [], "list of 5 numbers"),
        ([[0.0] * 4 + ["x"]], [], "list of 5 numbers"),
        ([], [], "list of 5 numbers|between"),
        ([[float("nan")] * 5], [], "between"),
        ([[1e9] * 5], [], "between"),
        ([[0.0] * 5], ["a"], "one class"),
    ],
)
def test_what_is_no_latent_is_refused(
    latents: list[list[float]], classes: list[str], message: str, points: api.Run
) -> None:
    with pytest.raises(UserError, match=message):
        points.explorer().place(latents, classes)


def test_a_search_takes_samples_of_the_run_alone(digits: api.Run) -> None:
    with pytest.raises(UserError, match="this run judges"):
        digits.explorer().project(np.zeros((9, 9, 1), np.uint8))
    with pytest.raises(UserError, match="steps cannot be taken"):
        Projection(digits.sampler(), digits.sample(1), steps=0)
    with pytest.raises(UserError, match="neighbours cannot"):
        digits.inspector().nearest(digits.sample(1), k=0)
