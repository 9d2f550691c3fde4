"""One game as it is played here: single moves, and a frame of what can be seen.

The trainer plays whole rounds into a run folder. Here a visitor moves one player at a time and
looks, so this module is the other place that calls ``backward`` and ``step``. The players, their
losses, penalties, networks and optimizers are the package's own.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections import deque
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from gansmith.config import OptimizerConfig
from gansmith.game.game import Draw, Game, Player
from gansmith.studio.learn.draws import OwnDraws
from gansmith.studio.learn.settings import Settings, write_moves
from gansmith.trainer.schedule import make_optimizer

# Errors of so many moves are kept for the curves.
KEPT = 2_000


@dataclass
class Tally:
    """What a player has done.

    Attributes:
        moves: how many.
        loss: of the last one, its penalties not counted.
        gradient: its norm, penalties counted.
    """

    moves: int = 0
    loss: float | None = None
    gradient: float | None = None


class Play(ABC):
    """A game between two players, from its settings.

    Attributes:
        letters: of a sequence of moves.
        singles: moves that were made, a letter each.
        diverged: whether a loss is no number any more; then nothing moves.
    """

    letters: ClassVar[str]
    game: Game
    optimizers: dict[str, torch.optim.Optimizer]

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.singles = ""
        self.tallies = {"discriminator": Tally(), "generator": Tally()}
        self.errors: deque[tuple[int, str, float]] = deque(maxlen=KEPT)
        self.diverged = False
        with OwnDraws(settings.seed):
            self._build()

    @abstractmethod
    def _build(self) -> None:
        """Make the game and its optimizers; first weights come from the seed."""

    @abstractmethod
    def _move(self, letter: str) -> None:
        """Make one move."""

    @abstractmethod
    def scene(self) -> dict[str, Any]:
        """What stays as it is while the game goes on."""

    @abstractmethod
    def frame(self) -> dict[str, Any]:
        """What can be seen now, but for what all games have."""

    @property
    @abstractmethod
    def equilibrium(self) -> tuple[float, float]:
        """Loss of discriminator and generator where fake equals real."""

    @abstractmethod
    def critic(self) -> dict[str, Any]:
        """What a fresh critic and the game's discriminator make of held-out samples."""

    def move(self, letter: str) -> None:
        """Make one move, unless the game has diverged."""
        if not self.diverged:
            self._move(letter)
        self.singles += letter

    def step(self, player: Player, draw: Draw) -> dict[str, float]:
        """One player moves on a draw; what is worth a record."""
        name = player.moves[0]
        parameters = list(self.game.networks[name].parameters())
        with self.game.networks.only(player.moves):
            move = player.play(self.game.networks, draw)
            self.optimizers[name].zero_grad(set_to_none=True)
            torch.autograd.backward(move.loss)
        gradients = [p.grad for p in parameters if p.grad is not None]
        norm, loss = float(torch.nn.utils.get_total_norm(gradients)), float(move.loss.detach())
        scalars = {key: float(value) for key, value in move.scalars.items()}
        if not (math.isfinite(norm) and math.isfinite(loss)):
            self.diverged = True
            return scalars
        self.optimizers[name].step()
        tally = self.tallies[name]
        tally.moves, tally.gradient = tally.moves + 1, norm
        tally.loss = scalars.get(f"{name}_loss", loss)
        return scalars

    def note(self, name: str, error: float) -> None:
        """Keep an error for the curves, beside the number of moves of both players."""
        if self.diverged:
            return
        number = sum(tally.moves for tally in self.tallies.values())
        self.errors.append((number, name, error))

    def optimize_with(self, configs: dict[str, OptimizerConfig]) -> None:
        """An optimizer for the networks of each player."""
        self.optimizers = {
            name: make_optimizer(config, self.game.networks[name].parameters())
            for name, config in configs.items()
        }

    def weights(self, name: str) -> float:
        """Euclidean norm of all weights of a player: as long as it does not move, this stays."""
        parameters = self.game.networks[name].parameters()
        return float(torch.nn.utils.get_total_norm([p.detach() for p in parameters]))

    def whole_frame(self, known: int) -> dict[str, Any]:
        """What can be seen now.

        Args:
            known: number of the last error that the visitor has.
        """
        seen: dict[str, Any] = told({
            "moves": write_moves(self.singles, self.settings.round),
            "count": len(self.singles),
            "diverged": self.diverged,
            "equilibrium": self.equilibrium,
            "errors": [error for error in self.errors if error[0] > known],
            "players": {
                name: {"moves": t.moves, "loss": t.loss, "gradient": t.gradient,
                       "weights": self.weights(name)}
                for name, t in self.tallies.items()
            },
            **self.frame(),
        })  # fmt: skip
        return seen


def told(value: Any) -> Any:
    """What can be sent: None for a number that is not finite. Lists are fit to be sent already.

    >>> told({"a": (1.0, float("nan"))})
    {'a': [1.0, None]}
    """
    if isinstance(value, dict):
        return {name: told(each) for name, each in value.items()}
    if isinstance(value, tuple):
        return [told(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def rounded(values: Tensor, digits: int = 3) -> list[float]:
    """All numbers of a tensor, flat; 0 for one that is not finite, of a game that has diverged.

    >>> rounded(torch.tensor([[0.12345, 1.0]]))
    [0.123, 1.0]
    """
    flat = [round(v, digits) for v in values.detach().flatten().tolist()]
    return [v if math.isfinite(v) else 0.0 for v in flat]
