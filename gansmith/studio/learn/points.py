"""The game on points in the plane, with networks, losses and penalties of the package."""

from __future__ import annotations

import base64
import math
import threading
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gansmith import registry
from gansmith.config import (
    Component,
    DataConfig,
    Experiment,
    GameConfig,
    LatentConfig,
    OptimizerConfig,
    RegularizerConfig,
    constant,
)
from gansmith.evaluation.two_sample import above, two_sample_test
from gansmith.game.build import build_game
from gansmith.game.game import Draw
from gansmith.game.objectives import Objective
from gansmith.game.randomness import Randomness
from gansmith.modalities.points.data import GENERATOR_SEED, Points, mixture
from gansmith.modalities.points.metrics import modes
from gansmith.protocols import Condition, Spec
from gansmith.studio.learn.play import Play, rounded
from gansmith.studio.learn.settings import Settings

# Of what is drawn: fakes of the same latents, frame by frame, and D's answer on so many places.
NUM_SHOWN, NUM_COUNTED, NUM_ARROWS, HEAT, LATTICE = 300, 1_000, 60, 44, 17
NUM_HELD_OUT = 1_000
# With constant learning rates fakes tremble about a mode; nearer than this they are at it, and far
# from all others (those of the ring stand 77 sigma apart, those of the grid 40).
NEAR_SIGMAS = 10.0
PENALTIES: dict[str, tuple[str, ...]] = {
    "none": (), "r1": ("r1",), "r1-r2": ("r1", "r2"), "fd-r1-r2": ("fd-r1", "fd-r2"),
    "gradient-penalty": ("gradient-penalty",),
}  # fmt: skip
# A drawing is on 64 x 64 places over this square; each place is a Gaussian about it.
DRAWN_HALF, DRAWN_SIGMA = 3.0, 0.06
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
# Fresh critics draw from torch's global generator: one after the other.
_ASKING = threading.Lock()
# Draws of the players, and of what is shown, counted and asked about.
DISCRIMINATOR, GENERATOR, SHOWN, COUNTED, ASKED = 0, 1, 100, 101, 102


@cache
def _built_in(name: str) -> tuple[Points, dict[str, Any]]:
    points, truth = registry.get("source", name).build().draw(np.random.default_rng(GENERATOR_SEED))
    return points, truth


def points_of(settings: Settings) -> tuple[Points, Points, dict[str, Any]]:
    """(N, 2) points to train with, (M, 2) held out, and what is known of their distribution."""
    if settings.source == "drawn":
        places = [LETTERS.index(letter) for letter in settings.drawing] or [32, 32]
        centres = (np.array(places, np.float64).reshape(-1, 2) + 0.5) / 32 - 1
        rng = np.random.default_rng(GENERATOR_SEED)
        points, truth = mixture(rng, centres * [DRAWN_HALF, -DRAWN_HALF], DRAWN_SIGMA)
    else:
        points, truth = _built_in(settings.source)
    held = points[: 2 * NUM_HELD_OUT]
    train = points[len(held) :]
    return train[: settings.samples or None], held, truth


class PointsPlay(Play):
    """Networks and players of the package, on points; see :class:`Settings` for the rules."""

    letters = "rdg"

    def _build(self) -> None:
        chosen = self.settings
        self.train, self.held, self.truth = points_of(chosen)
        player = {
            name: OptimizerConfig(chosen.optimizer, constant(lr), chosen.beta1,
                                  constant(chosen.beta2))
            for name, lr in (("discriminator", chosen.d_lr), ("generator", chosen.g_lr))
        }  # fmt: skip
        penalties = tuple(
            RegularizerConfig(name, constant(chosen.weight), options=(
                {"epsilon": 1e-3} if name.startswith("fd-") else {}))
            for name in PENALTIES[chosen.penalty]
        )  # fmt: skip
        experiment = Experiment(
            recipe="points", modality="points", data=DataConfig(chosen.source),
            generator=Component("mlp", {
                "width": chosen.g_width, "depth": chosen.g_depth,
                "activation": chosen.g_activation}),
            discriminator=Component("mlp", {
                "width": chosen.d_width, "depth": chosen.d_depth, "fourier": chosen.fourier,
                "activation": chosen.d_activation}),
            latent=LatentConfig(chosen.latent, chosen.latent_size),
            game=GameConfig("adversarial", Component(chosen.objective), penalties),
            players=player,
        )  # fmt: skip
        self.game = build_game(experiment, Spec((2,)))
        self.optimize_with(player)
        self.objective: Objective = registry.build("objective", Component(chosen.objective))
        self._latent = registry.get("latent", chosen.latent).build
        # Standardised as the package's codec does it; the page is told raw units.
        self.mean = torch.tensor(self.train.mean(0, dtype=np.float64).tolist())
        self.scale = float(self.train.std(0).max()) or 1.0
        self.real = (torch.from_numpy(self.train.copy()) - self.mean) / self.scale
        self.shown = self._latents(NUM_SHOWN, SHOWN)
        self.counted = self._latents(NUM_COUNTED, COUNTED)

    def _latents(self, n: int, stream: int) -> Tensor:
        random = Randomness(self.settings.seed, 0, stream)
        drawn: Tensor = self._latent(n, self.settings.latent_size, random)
        return drawn

    @property
    def equilibrium(self) -> tuple[float, float]:
        """Of the objective; penalties are zero there."""
        return self.objective.equilibrium

    def _draw(self, stream: int, number: int) -> Draw:
        """The ``number``-th draw of a player: a function of that and the seed alone."""
        random = Randomness(self.settings.seed, number, stream)
        rows = random.integers(len(self.real), self.settings.batch)
        latent = self._latent(self.settings.batch, self.settings.latent_size, random)
        return Draw(self.real[rows], latent, Condition(), random, step=number)

    def _move(self, letter: str) -> None:
        discriminator, generator = self.game.players
        if letter == "d":
            draw = self._draw(DISCRIMINATOR, self.tallies["discriminator"].moves)
            scalars = self.step(discriminator, draw)
            self.note("discriminator", scalars["discriminator_loss"])
        else:
            draw = self._draw(GENERATOR, self.tallies["generator"].moves)
            self.note("generator", self.step(generator, draw)["generator_loss"])

    # -- what can be seen --------------------------------------------------------------------------

    def _raw(self, x: Tensor) -> Tensor:
        return x * self.scale + self.mean

    def _fakes(self, latent: Tensor) -> Tensor:
        with torch.no_grad():
            fake: Tensor = self.game.networks["generator"](latent, Condition())
        return fake

    def _logits(self, x: Tensor) -> Tensor:
        with torch.no_grad():
            logits: Tensor = self.game.networks["discriminator"](x, Condition())
        return logits

    @property
    def half(self) -> float:
        """Half the side of the square that is shown, in raw units."""
        if self.settings.source == "drawn":
            return DRAWN_HALF * 1.15
        return 1.25 * float(np.abs(self.held).max())

    def scene(self) -> dict[str, Any]:
        """What stays as it is while the game goes on."""
        few = 0 < self.settings.samples <= NUM_SHOWN
        real = self.train[:NUM_SHOWN] if few else self.held[:NUM_SHOWN]
        return {
            "half": self.half,
            "real": rounded(torch.from_numpy(real)),
            "modes": self.truth.get("centres"),
            "lattice": LATTICE if self.settings.latent_size > 1 else 0,
        }

    def frame(self) -> dict[str, Any]:
        """Heat, fakes, arrows, the latent grid, and counts."""
        fake = self._fakes(self.shown)
        return {
            "heat": self._heat(fake),
            "fake": rounded(self._raw(fake)),
            "arrows": self._arrows(self.shown[:NUM_ARROWS]),
            "lattice": rounded(self._raw(self._fakes(self._lattice()))),
            "counts": self._counts(),
        }

    def _heat(self, fake: Tensor) -> dict[str, Any]:
        """D's answer on a square of places, rows from the top, each a byte from low to high."""
        ticks = (torch.arange(HEAT) + 0.5) / HEAT * 2 - 1
        places = torch.stack(torch.meshgrid(-ticks, ticks, indexing="ij")[::-1], -1)
        logits = self._logits((places.reshape(-1, 2) * self.half - self.mean) / self.scale)
        sides = [self._logits(x) for x in (self.real[:NUM_SHOWN], fake)]
        low, high = self._ends(torch.cat(sides))
        share = (logits - low) / max(high - low, 1e-9)
        if self.is_probability:
            share, low, high = logits.sigmoid(), 0.0, 1.0
            sides = [side.sigmoid() for side in sides]
        content = (share.clamp(0, 1) * 255).nan_to_num().byte().numpy().tobytes()
        real, fakes = (float(side.mean()) for side in sides)
        return {
            "size": HEAT, "low": low, "high": high, "bytes": base64.b64encode(content).decode(),
            "is_probability": self.is_probability, "real": real, "fake": fakes,
        }  # fmt: skip

    @property
    def is_probability(self) -> bool:
        """Whether the sigmoid of a logit is the probability that a sample is real."""
        return self.settings.objective in ("minimax", "non-saturating")

    def _ends(self, logits: Tensor) -> tuple[float, float]:
        """The logits that the ends of the colours stand for."""
        fixed = {"least-squares": (0.0, 1.0), "hinge": (-1.0, 1.0)}
        if self.settings.objective in fixed:
            return fixed[self.settings.objective]
        # Only differences count: the colours go from the lowest to the highest that is answered.
        return float(logits.min()), float(logits.max())

    def _arrows(self, latent: Tensor) -> list[float]:
        """(N, 4) flat: fakes, and the way in which each would lower the generator's loss."""
        fake = self._fakes(latent).requires_grad_(True)
        with self.game.networks.only(()):
            network = self.game.networks["discriminator"]
            partners = self.real[torch.arange(len(fake)) % len(self.real)]
            real = network(partners, Condition()).detach()
            loss = self.objective.generator(real, network(fake, Condition()))
            (gradient,) = torch.autograd.grad(loss.sum(), fake)
        return rounded(torch.cat([self._raw(fake), -gradient], 1), 5)

    def _lattice(self) -> Tensor:
        """Latents on a grid over their first two numbers, the others 0; on a line for one."""
        size = self.settings.latent_size
        count = LATTICE if size > 1 else LATTICE**2
        if self.settings.latent == "uniform":
            ticks = torch.linspace(-math.sqrt(3), math.sqrt(3), count)
        else:  # as many latents between two lines as between any other two
            shares = (torch.arange(count, dtype=torch.float64) + 0.5) / count
            ticks = torch.special.ndtri(shares).float()
        if size == 1:
            return ticks[:, None]
        grid = torch.stack(torch.meshgrid(ticks, ticks, indexing="ij"), -1).reshape(-1, 2)
        return torch.cat([grid, torch.zeros(len(grid), size - 2)], 1)

    def _counts(self) -> dict[str, Any]:
        """Modes that fakes hit; and where training points are few, how many lie on one."""
        fake = self._raw(self._fakes(self.counted)).numpy()
        found: dict[str, Any] = {"samples": NUM_COUNTED}
        if "centres" in self.truth:
            hit = modes(fake, self.truth, num_sigmas=NEAR_SIGMAS)
            found |= {"hit": int(hit["modes_hit"]), "modes": int(hit["num_modes"]),
                      "captured": hit["captured"]}  # fmt: skip
        if 0 < self.settings.samples <= NUM_SHOWN:
            found["copied"] = self._copied(fake)
            found["copied_real"] = self._copied(self.held[:NUM_COUNTED])
        return found

    def _copied(self, points: npt.NDArray[np.float32]) -> float:
        """Share of points within 2 % of the width of the square of a training point."""
        away = np.linalg.norm(points[:, None] - self.train[None], axis=-1).min(1)
        return float((away < 0.02 * 2 * self.half).mean())

    def critic(self) -> dict[str, Any]:
        """Fresh critics of the package on held-out points and new fakes; D on the same ones.

        Both are asked which is the real one of a real point and a fake, which has an answer under
        every objective.
        """
        fake = self._fakes(self._latents(NUM_HELD_OUT, ASKED))
        held = self.held[NUM_HELD_OUT:]
        real = (torch.from_numpy(held.copy()) - self.mean) / self.scale
        points = self._raw(fake).nan_to_num().numpy()
        with _ASKING:
            test = two_sample_test(held, points, self.settings.seed)
        sides = (self._logits(x).double().nan_to_num().numpy() for x in (real, fake))
        own = above(*sides)
        return {
            "count": len(self.singles),
            "num_test": test.num_test,
            "fresh": [test.auc.value, test.auc.low, test.auc.high],
            "own": [own.value, own.low, own.high],
            "accuracy": test.accuracy.value,
            "critic": test.critic,
        }
