"""What the guided cases say is what happens in them."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
import pytest

from gansmith.studio.learn.cases import CASES, Case
from gansmith.studio.learn.dirac import DiracPlay
from gansmith.studio.learn.play import Play
from gansmith.studio.learn.points import PointsPlay
from gansmith.studio.learn.settings import Settings, read_moves
from gansmith.studio.learn.table import PLAYS

BY_NAME = {case.name: case for case in CASES}


def begun(name: str, **changes: Any) -> Any:
    settings = Settings(**{**BY_NAME[name].settings, **changes})
    return PLAYS[settings.game](settings)


def advance(play: Play, rounds: int) -> None:
    for letter in read_moves(f"r{rounds}", play.letters, play.settings.round):
        play.move(letter)


@cache
def at_its_end(name: str) -> Any:
    """The game of a case, where it shows."""
    play = begun(name)
    advance(play, int(BY_NAME[name].moves[1:]))
    return play


def gradient(play: Play) -> float:
    found = play.tallies["generator"].gradient
    assert found is not None
    return found


def counts(play: PointsPlay) -> dict[str, Any]:
    found: dict[str, Any] = play.frame()["counts"]
    return found


def shares(play: PointsPlay, points: Any) -> list[float]:
    """Of points, for each mode which it is the nearest of; the largest first."""
    centres = np.array(play.truth["centres"])
    nearest = np.linalg.norm(points[:, None] - centres, axis=-1).argmin(1)
    return sorted(np.bincount(nearest, minlength=len(centres)) / len(points), reverse=True)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_text_names_the_moves(case: Case) -> None:
    letter, count = case.moves[0], int(case.moves[1:])
    said = {"r": f"{count} rounds", "s": f"{count // 3:,} moves"}[letter]
    assert said in case.text


@pytest.mark.slow
def test_a_game_that_goes_well() -> None:
    play = at_its_end("whole")
    assert counts(play)["hit"] == 8
    assert [t.loss for t in play.tallies.values()] == pytest.approx([math.log(2)] * 2, abs=0.12)
    assert play.critic()["fresh"][0] > 0.9


def test_mode_collapse() -> None:
    play, most = begun("collapse"), 0
    for _ in range(7):
        advance(play, 50)
        most = max(most, counts(play)["hit"])
    assert most <= 3
    assert counts(play)["hit"] == 1
    fakes = shares(play, play._raw(play._fakes(play.counted)).numpy())
    assert sum(fakes[:2]) > 0.9 > 0.3 > sum(shares(play, play.held)[:2])
    advance(play, 50)
    assert counts(play)["captured"] < 0.02


@pytest.mark.slow
def test_vanishing_gradient() -> None:
    play = begun("vanishing")
    advance(play, 10)
    early = gradient(play)
    advance(play, 290)
    assert play.tallies["discriminator"].loss < 0.05
    assert gradient(play) < early / 50
    assert counts(play)["hit"] == 0
    arrows = np.array(play.frame()["arrows"]).reshape(-1, 4)[:, 2:]
    assert np.median(np.linalg.norm(arrows, axis=1)) < 0.01
    other = begun("vanishing", objective="non-saturating")
    advance(other, 300)
    assert other.tallies["discriminator"].loss < 0.2
    assert gradient(other) > 100 * gradient(play)


def test_circling_and_the_same_with_r1() -> None:
    circling, damped = at_its_end("circling"), at_its_end("damped")
    assert isinstance(circling, DiracPlay)
    assert math.hypot(*circling.at) == pytest.approx(math.sqrt(2), rel=0.1)
    assert math.hypot(*damped.at) < 0.02
    same = {"penalty": "none"}
    assert {**BY_NAME["damped"].settings, **same} == {**BY_NAME["circling"].settings, **same}


def test_even_odds_that_mean_nothing() -> None:
    play = at_its_end("guessing")
    frame = play.frame()
    assert frame["heat"]["real"] == pytest.approx(0.5, abs=0.02)
    assert frame["heat"]["fake"] == pytest.approx(0.5, abs=0.02)
    losses = [tally.loss for tally in play.tallies.values()]
    assert losses == pytest.approx(play.equilibrium, abs=0.05)
    assert counts(play)["captured"] < 0.05
    found = play.critic()
    assert found["own"][0] < 0.6
    assert found["fresh"][0] > 0.99


@pytest.mark.slow
def test_the_textbooks_end() -> None:
    """docs/slanted-faces.md, with other latents; tests/theory holds the weights to eight digits."""
    play = begun("faces")
    for _ in range(int(BY_NAME["faces"].moves[1:])):
        play.move("s")
    assert [w > 0 for w in play.frame()["weights"]["w"]] == [True, False, False, True]
    fakes = np.array(play.frame()["fakes"])
    assert ((fakes > 0.5) == [True, False, False, True]).all()
    assert (abs(play.faces.flatten(1).sum(1).numpy() - 2) < 1e-6).all()
    assert (abs(fakes.sum(1) - 2) > 1e-4).all()
    found = play.critic()
    assert found["own"]["faces"] == 0.2
    assert found["fresh"]["faces"] == 1.0
    assert found["fresh"]["fakes"] == pytest.approx(0.9, abs=0.03)


@pytest.mark.slow
def test_memorising() -> None:
    play = at_its_end("memorising")
    found = counts(play)
    assert found["copied"] > 0.6
    assert found["copied_real"] < 0.1
    losses = [tally.loss for tally in play.tallies.values()]
    assert losses == pytest.approx(play.equilibrium, abs=0.1)
