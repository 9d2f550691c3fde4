"""What decides a game, all of it in the address of the page: settings, seed and moves."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from gansmith.serving.limits import RefusedError

Objective = Literal[
    "relativistic", "non-saturating", "minimax", "least-squares", "hinge", "wasserstein"
]
Penalty = Literal["none", "r1", "r1-r2", "fd-r1-r2", "gradient-penalty"]
Activation = Literal["leaky-relu", "relu", "tanh", "silu"]
# Bounds of what one visitor can make the server compute.
MOST_MOVES, LONGEST = 60_000, 8_000
PIECE = re.compile(r"([a-z])([1-9][0-9]{0,5})")
MOST_PLACES = 200


class Settings(BaseModel):
    """The rules of one game; what a game has no use for is left alone.

    Attributes:
        game: points in the plane, the Dirac game of two numbers, or the slanted faces.
        source: of the points; ``drawn`` takes those of ``drawing``.
        drawing: places in the plane, two letters of base64url each, column and row of 64.
        samples: training points; 0 for endless ones.
        objective: what the players minimise.
        penalty: on the discriminator.
        weight: of the penalty.
        d_width, d_depth: of the discriminator's hidden layers.
        fourier: Fourier features beside the point, with which it sees fine scales; 0 for none.
        g_width, g_depth: of the generator's layers.
        d_activation, g_activation: between the layers of each.
        optimizer: of both players.
        d_lr, g_lr: learning rates, constant.
        beta1, beta2: of Adam.
        d_steps, g_steps: moves of each player in a round.
        batch: real points a move.
        latent: where the generator starts.
        latent_size: numbers a latent.
        seed: of weights, batches and latents.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    game: Literal["points", "dirac", "faces"] = "points"
    source: Literal["ring", "grid", "spiral", "drawn"] = "ring"
    drawing: str = ""
    samples: int = Field(0, ge=0, le=20_000)
    objective: Objective = "relativistic"
    penalty: Penalty = "fd-r1-r2"
    weight: float = Field(0.1, ge=0, le=1_000)
    d_width: int = Field(64, ge=2, le=128)
    d_depth: int = Field(2, ge=1, le=4)
    fourier: int = Field(64, ge=0, le=64)
    g_width: int = Field(64, ge=2, le=128)
    g_depth: int = Field(3, ge=1, le=4)
    d_activation: Activation = "leaky-relu"
    g_activation: Activation = "leaky-relu"
    optimizer: Literal["adam", "sgd"] = "adam"
    d_lr: float = Field(5e-3, gt=0, le=10)
    g_lr: float = Field(5e-3, gt=0, le=10)
    beta1: float = Field(0.0, ge=0, lt=1)
    beta2: float = Field(0.9, ge=0, lt=1)
    d_steps: int = Field(1, ge=1, le=10)
    g_steps: int = Field(1, ge=1, le=10)
    batch: int = Field(128, ge=2, le=256)
    latent: Literal["uniform", "normal"] = "uniform"
    latent_size: int = Field(2, ge=1, le=16)
    seed: int = Field(0, ge=0, lt=2**31)

    @field_validator("drawing")
    @classmethod
    def _require_places(cls, drawing: str) -> str:
        if len(drawing) > 2 * MOST_PLACES:
            raise RefusedError(
                422, f"A drawing of more than {MOST_PLACES} places is not played here.",
                fix="Draw anew, with fewer.",
            )  # fmt: skip
        if len(drawing) % 2 or not re.fullmatch(r"[A-Za-z0-9_-]*", drawing):
            raise RefusedError(
                422, "The drawing in this link is broken: a part of it is missing, or was changed.",
                fix="Copy the whole link again, or draw anew.",
            )  # fmt: skip
        return drawing

    @property
    def round(self) -> str:
        """The single moves of a round, a letter each."""
        return "d" * self.d_steps + "g" * self.g_steps


def read_moves(text: str, letters: str, whole: str = "dg") -> str:
    """Single moves of a sequence: ``d`` and ``g`` for the players, ``s`` where there is one kind.

    Args:
        text: pieces of a letter and a count; ``r`` is a round.
        letters: that there are.
        whole: single moves of a round.

    Raises:
        RefusedError: 422, if it is no sequence, or longer than a visitor may ask for.

    >>> read_moves("r2d1", "rdg")
    'dgdgd'
    """
    if len(text) > LONGEST or not re.fullmatch(rf"(?:{PIECE.pattern})*", text):
        raise RefusedError(422, f"{text[:40]!r} is no sequence of moves.", fix="Such as r100d2.")
    found: list[str] = []
    left = MOST_MOVES
    for letter, count in PIECE.findall(text):
        if letter not in letters:
            raise RefusedError(422, f"This game has no move {letter!r}.")
        single = whole if letter == "r" else letter
        left -= len(single) * int(count)
        if left < 0:
            raise RefusedError(
                422, f"A game of more than {MOST_MOVES:,} moves is not played here.",
                fix="Begin again.",
            )  # fmt: skip
        found.append(single * int(count))
    return "".join(found)


def write_moves(singles: str, whole: str = "dg") -> str:
    """The sequence as it stands in the address, where ``whole`` is a round.

    >>> write_moves("dgdgd"), write_moves("ddgd", "ddg"), write_moves("ssss")
    ('r2d1', 'r1d1', 's4')
    """
    # As many rounds as there are; else one letter, up to where a round or another letter begins.
    pieces = re.finditer(rf"(?P<r>(?:{whole})+)|(?P<same>(.)\3*?(?=(?!\3)|{whole}|$))", singles)
    return "".join(
        f"r{len(piece[0]) // len(whole)}" if piece["r"] else f"{piece[0][0]}{len(piece[0])}"
        for piece in pieces
    )
