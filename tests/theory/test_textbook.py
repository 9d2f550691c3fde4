"""The slanted faces: the golden numbers, and an independent game in NumPy that agrees.

The numbers that ``docs/slanted-faces.md`` shows are held here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from gansmith.api import Run, train
from gansmith.game.latent import textbook
from gansmith.game.randomness import Randomness
from gansmith.protocols import Condition

FACES = np.array(
    [
        [1.0, 0.0, 0.0, 1.0],
        [0.9, 0.1, 0.2, 0.8],
        [0.9, 0.2, 0.1, 0.8],
        [0.8, 0.1, 0.2, 0.9],
        [0.8, 0.2, 0.1, 0.9],
    ]
)
MOVES, RATE = 5_000, 0.01
PRINTED = 1e-8  # the golden numbers have eight decimals
GOLDEN = {
    "generator.linear.weight": [0.70702123, 0.03720449, -0.45703394, 0.79375751],
    "generator.linear.bias": [2.48490157, -3.36725912, -2.90139211, 2.8172726],
    "discriminator.head.linear.weight": [0.60175083, -0.29127513, -0.40093314, 0.37759987],
    "discriminator.head.linear.bias": [-0.89551030],
}


def sigmoid(t: Any) -> Any:
    return 1 / (1 + np.exp(-t))


@dataclass
class Game:
    """The textbook in NumPy, written from the formulas of the page and nothing else."""

    w: Any
    b: Any
    v: Any
    c: Any
    stream: np.random.RandomState

    @classmethod
    def begin(cls) -> Game:
        stream = np.random.RandomState(42)
        draw = stream.standard_normal
        return cls(w=draw(4), b=draw(), v=draw(4), c=draw(4), stream=stream)

    def fakes(self, z: Any) -> Any:
        return sigmoid(np.multiply.outer(z, self.v) + self.c)

    def answer(self, x: Any) -> Any:
        return sigmoid(x @ self.w + self.b)

    def move(self, face: Any) -> tuple[float, float]:
        """One move; the errors of generator and discriminator."""
        error = self.answer(face) - 1
        self.w, self.b = self.w - RATE * error * face, self.b - RATE * error
        z = self.stream.random_sample()
        fake = self.fakes(z)
        says = self.answer(fake)
        errors = -np.log(says), -np.log(self.answer(face)) - np.log(1 - says)
        self.w, self.b = self.w - RATE * says * fake, self.b - RATE * says
        slope = (self.answer(fake) - 1) * self.w * fake * (1 - fake)
        self.v, self.c = self.v - RATE * slope * z, self.c - RATE * slope
        return errors

    def play(self, moves: int) -> Any:
        """(moves, 2) errors of generator and discriminator."""
        return np.array([self.move(FACES[i % 5]) for i in range(moves)])


def weights_of(run: Run) -> dict[str, Any]:
    tensors = run.sampler().game.networks.state_dict()
    return {name: tensor.numpy().ravel() for name, tensor in tensors.items()}


def check_final_weights(run: Run) -> None:
    """The golden weights."""
    weights = weights_of(run)
    assert set(weights) == set(GOLDEN)
    for name, golden in GOLDEN.items():
        np.testing.assert_allclose(weights[name], golden, rtol=0, atol=PRINTED)


def check_next_sample(run: Run) -> None:
    """The golden fake of the next uniform number after those of the 5000 moves."""
    sampler = run.sampler()
    latent = textbook(1, 1, Randomness(0, MOVES, stream=0, dtype=torch.float64))
    fake = sampler.generate(latent, Condition()).numpy().ravel()
    golden = [0.94688171, 0.03401213, 0.04080795, 0.96308679]
    np.testing.assert_allclose(fake, golden, rtol=0, atol=PRINTED)


def check_last_errors(run: Run) -> None:
    """The golden means of the last 50 errors."""
    last = list(run.folder.read_metrics())[-50:]
    mean = {n: np.mean([r[f"{n}_loss"] for r in last]) for n in ("generator", "discriminator")}
    assert mean["generator"] == pytest.approx(0.68189428, abs=PRINTED)
    assert mean["discriminator"] == pytest.approx(1.45287101, abs=PRINTED)


def check_every_move(run: Run) -> None:
    """The independent game has the same errors at each move, and ends at the same weights."""
    game = Game.begin()
    errors = game.play(MOVES)
    records = list(run.folder.read_metrics())
    assert len(records) == MOVES
    ours = [(r["generator_loss"], r["discriminator_loss"]) for r in records]
    np.testing.assert_allclose(ours, errors, rtol=0, atol=1e-12)
    for mine, theirs in zip((game.v, game.c, game.w, [game.b]), GOLDEN, strict=True):
        np.testing.assert_allclose(weights_of(run)[theirs], mine, rtol=0, atol=1e-12)


def test_the_recipe_plays_the_textbooks_game(tmp_path: Path) -> None:
    # One test, because the run takes seconds and workers do not share it. Sheets of samples are no
    # part of the game; fewer of them save some.
    settings = {"train.snapshot_samples": MOVES}
    run = train("slanted-faces", tmp_path / "run", device="cpu", settings=settings)
    check_final_weights(run)
    check_next_sample(run)
    check_last_errors(run)
    check_every_move(run)


def test_the_first_move_has_the_numbers_of_the_page() -> None:
    game = Game.begin()
    game.move(FACES[0])
    shown = {
        "w": [0.49361511, -0.14239607, 0.64421232, 1.52066710],
        "b": -0.24016909,
        "v": [-0.23400598, 1.57917363, 0.76761332, -0.46905109],
        "c": [0.54286326, -0.46350841, -0.46531630, 0.24294226],
    }
    for name, values in shown.items():
        np.testing.assert_allclose(getattr(game, name), values, rtol=0, atol=PRINTED)


def test_the_formulas_of_the_page_are_the_gradients_that_autograd_finds() -> None:
    game = Game.begin()
    w, b, v, c = (
        torch.tensor(value, dtype=torch.float64, requires_grad=True)
        for value in (game.w, game.b, game.v, game.c)
    )
    face, z = torch.tensor(FACES[0]), 0.43194501864211576
    real = torch.sigmoid(face @ w + b)
    on_real = torch.autograd.grad(-real.log(), [w, b])
    torch.testing.assert_close(on_real[0], (real - 1) * face, rtol=0, atol=1e-15)
    torch.testing.assert_close(on_real[1], real - 1, rtol=0, atol=1e-15)
    fake = torch.sigmoid(v * z + c)
    says = torch.sigmoid(fake @ w + b)
    on_fake = torch.autograd.grad(-(1 - says).log(), [w, b], retain_graph=True)
    torch.testing.assert_close(on_fake[0], says * fake, rtol=0, atol=1e-15)
    torch.testing.assert_close(on_fake[1], says, rtol=0, atol=1e-15)
    slope = (says - 1) * w * fake * (1 - fake)
    on_latent = torch.autograd.grad(-says.log(), [v, c])
    torch.testing.assert_close(on_latent[0], slope * z, rtol=0, atol=1e-15)
    torch.testing.assert_close(on_latent[1], slope, rtol=0, atol=1e-15)


def test_the_fixed_filter_knows_faces_from_noise() -> None:
    rule = np.array([1, -1, -1, 1])
    assert FACES @ rule == pytest.approx([2.0, 1.4, 1.4, 1.4, 1.4])
    noise = np.random.default_rng(0).random((100_000, 4))
    passed = (noise @ rule > 1).mean()
    # The sum of four uniform numbers exceeds 3 with probability 1/24.
    assert passed == pytest.approx(1 / 24, abs=4 * math.sqrt(1 / 24 / len(noise)))


@pytest.mark.parametrize(("moves", "trained", "fresh"), [(MOVES, 0.243, 0.94), (10_000, 0.9, 1.0)])
def test_a_fresh_linear_discriminator_separates_what_the_trained_one_cannot(
    moves: int, trained: float, fresh: float
) -> None:
    game = Game.begin()
    game.play(moves)
    rng = np.random.default_rng(0)
    fit, ask = game.fakes(rng.random(1_000)), game.fakes(rng.random(10_000))
    x, is_face = np.concatenate([np.repeat(FACES, 200, 0), fit]), np.arange(2_000) < 1_000
    model = make_pipeline(StandardScaler(), LogisticRegression(C=1e3, max_iter=10_000))
    model.fit(x, is_face)
    right = (model.predict(FACES).mean() + (~model.predict(ask)).mean()) / 2
    assert right >= fresh
    faces, fakes = game.answer(FACES), game.answer(ask)
    error = -np.log(faces).mean() - np.log(1 - fakes).mean()
    assert error == pytest.approx(2 * math.log(2), rel=0.05)
    assert ((faces > 0.5).mean() + (fakes < 0.5).mean()) / 2 == pytest.approx(trained, abs=0.01)
