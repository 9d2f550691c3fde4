"""A training that blows up stops, says what and where, and leaves a good checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from invariance.small_runs import SMALL, newest, tensors, train, write_points

from gansmith import api
from gansmith.errors import DivergedError
from gansmith.game.game import AdversarialRules, Move
from gansmith.runs.folder import RunFolder
from gansmith.training import Reporter

ROUNDS = 30


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_points(tmp_path / "points.npy")


def positions(out: Path) -> list[int]:
    return sorted(int(p.name) for p in (out / "checkpoints").glob("0*"))


@pytest.mark.parametrize("player", ["discriminator", "generator"])
def test_an_absurd_learning_rate(player: str, source: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    settings = {**SMALL, f"players.{player}.lr": "1e25", "train.checkpoint_samples": 16}
    with pytest.raises(DivergedError, match="not a finite number") as failure:
        train(source, out, ROUNDS, settings)
    assert "smaller learning" in str(failure.value)
    assert failure.value.exit_code == 1
    for position in positions(out):
        assert position < ROUNDS * 16
    if positions(out):
        assert all(bool(v.isfinite().all()) for v in tensors(out).values())
        assert str(newest(out).path) in str(failure.value)
    else:
        assert "last good checkpoint" not in str(failure.value)


class Sabotage(Reporter):
    """Makes a weight infinite after a round whose loss and gradient were finite."""

    def __init__(self, position: int) -> None:
        self.position = position

    def advanced(self, trainer: Any) -> None:
        if trainer.position == self.position:
            next(trainer.game.networks["generator"].parameters()).data.view(-1)[3] = torch.inf


def test_weights_that_are_not_finite_are_never_saved(source: Path, tmp_path: Path) -> None:
    """160 is where a checkpoint is due, so that no later loss can show it before."""
    out = tmp_path / "run"
    with pytest.raises(DivergedError, match=r"networks\.generator") as failure:
        train(source, out, ROUNDS, SMALL, lambda: Sabotage(160))
    assert "by sample 160" in str(failure.value)
    assert positions(out) == [80]
    assert str(newest(out).path) in str(failure.value)


@pytest.mark.parametrize("what", ["loss", "gradient", "penalty"])
def test_what_is_not_finite_is_named(
    what: str, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one round between two records, of one player; the means before it are shown."""
    plain = AdversarialRules.discriminator

    def spoilt(rules: AdversarialRules, networks: Any, draw: Any) -> Move:
        move = plain(rules, networks, draw)
        if draw.step != 7:
            return move
        if what == "gradient":
            first = next(networks["discriminator"].parameters())
            # Its value is 0, and the gradient of the root there is not.
            return Move(move.loss + (first - first.detach()).square().sum().sqrt(), move.scalars)
        name = "discriminator_loss" if what == "loss" else "fd-r1"
        return Move(move.loss, {**move.scalars, name: torch.tensor(torch.nan)})

    monkeypatch.setattr(AdversarialRules, "discriminator", spoilt)
    out = tmp_path / "run"
    with pytest.raises(DivergedError) as failure:
        train(source, out, ROUNDS, SMALL)
    named = {"loss": "discriminator_loss", "gradient": "discriminator_gradient_norm"}
    assert named.get(what, "fd-r1") in failure.value.what
    assert "by sample 144" in str(failure.value)
    assert "real_above_fake 0." in str(failure.value)
    assert positions(out) == [80]


def test_after_a_divergence_the_last_good_checkpoint_makes_samples(
    source: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    with pytest.raises(DivergedError):
        train(source, out, ROUNDS, SMALL, lambda: Sabotage(100 - 100 % 16))
    samples = api.load(out).sample(7)
    assert samples.shape == (7, 2)
    assert bool(torch.from_numpy(samples).isfinite().all())
    assert all(line["samples"] <= 96 for line in RunFolder(out).read_metrics())
