"""Guided cases: a game to begin with, and what is to be seen in it.

Each text says what happens under these settings and this seed, and a test plays it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Case:
    """A game that shows one thing.

    Attributes:
        name: in the address.
        title: what it shows.
        text: what to do, and what is seen.
        moves: after which it is seen.
        settings: that differ from the usual ones.
    """

    name: str
    title: str
    text: str
    moves: str
    settings: dict[str, Any]


_DIRAC = {
    "game": "dirac", "objective": "minimax", "penalty": "none", "weight": 1.0,
    "d_lr": 0.1, "g_lr": 0.1,
}  # fmt: skip
_VANISHING = {"penalty": "none", "d_steps": 5, "d_lr": 5e-3, "g_lr": 1e-3}

CASES = (
    Case(
        "whole",
        "It goes well",
        "Eight small clouds on a ring, the usual rules of gansmith: a relativistic objective, and "
        "penalties that keep D smooth. Play: after 800 rounds all 8 modes are hit. The losses come "
        "near the dashed line, and still the fakes are wider than the clouds; a fresh critic tells "
        "them easily. Play on: with constant learning rates fakes go on trembling, and some modes "
        "are lost and found again.",
        "r800",
        {},
    ),
    Case(
        "collapse",
        "Mode collapse",
        "Minimax, no penalty, and G takes longer steps than D. All fakes run to where D says real, "
        "D learns that, and they run on: never more than 3 of 8 modes are hit. After 350 rounds "
        "the fakes are a few clumps, and one mode is hit. Play on, and they fly off for good. The "
        "losses do not say how many modes there are: look at the plane.",
        "r350",
        {"objective": "minimax", "penalty": "none", "fourier": 32, "beta1": 0.5, "d_lr": 1e-3,
         "g_lr": 5e-3},
    ),
    Case(
        "vanishing",
        "Vanishing gradient",
        "Minimax, no penalty, and D moves five times a round. After 300 rounds D is sure of "
        "everything: its loss is near 0, and so is the gradient of G (compare it with round 10). "
        "The arrows are gone, the fakes stand still, and no mode is hit. Then choose the "
        "non-saturating objective and play as long: D is as sure, and G's gradient is large.",
        "r300",
        {"objective": "minimax", **_VANISHING},
    ),
    Case(
        "circling",
        "Circling",
        "The smallest game: one real number, 0, one fake, θ, and D(x) = ψx. Both would rest in the "
        "middle, and each step goes down its own loss. Yet they circle about the middle, and after "
        "300 rounds they are no nearer: what is good for one turns the other away.",
        "r300",
        _DIRAC,
    ),
    Case(
        "damped",
        "The same with R1",
        "The very same game, and D also pays for its slope at the real number. That pulls ψ "
        "towards 0, and the circle becomes a spiral that ends in the middle: after 200 rounds both "
        "are within 0.02 of it.",
        "r200",
        {**_DIRAC, "penalty": "r1"},
    ),
    Case(
        "guessing",
        "50/50 that means nothing",
        "A D of six neurons. After 400 rounds it says 50 % to everything, and both losses stand at "
        "their dashed lines, as if the game were over. Look at the plane: no fake is where it "
        "should be. Now train a fresh critic: it tells nearly every fake.",
        "r400",
        {"objective": "non-saturating", "d_width": 6, "d_depth": 1, "fourier": 0, "d_lr": 0.02,
         "g_lr": 1e-3},
    ),
    Case(
        "faces",
        "The textbook's end",
        "The slanted faces, after the textbook's 5,000 moves of three steps each. It takes some "
        "seconds; what was played stays if you stop on the way. The fakes are dark where faces "
        "are, and D's weights have the signs of the rule one would make by hand: plus, minus, "
        "minus, plus. Now train a fresh critic. D knows one face of five, while the very same form "
        "with other weights is right on all faces and on nine fakes of ten: the pixels of a face "
        "add up to 2, those of the fakes do not.",
        "s15000",
        {"game": "faces"},
    ),
    Case(
        "memorising",
        "Memorising",
        "Eight real points, and no more, from a spiral. D can only compare with those eight, so G "
        "does best by making them again: after 1200 rounds most fakes lie on one of them, where "
        "one in fifteen new points of the spiral does. The losses tell nothing of it.",
        "r1200",
        {"source": "spiral", "samples": 8, "objective": "non-saturating", "weight": 0.5,
         "d_lr": 5e-3, "g_lr": 2e-3},
    ),
)  # fmt: skip
