"""The duality gap, measured beside a training."""

from __future__ import annotations

from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

import gansmith
from gansmith import watching

# Samples between two looks: as few as the gap is measured at.
APART = 51_200


def gaps(run: gansmith.Run) -> list[dict[str, Any]]:
    return [record for record in run.folder.read_metrics() if "duality_gap" in record]


@pytest.mark.slow
def test_it_is_small_where_a_game_settles_and_large_where_one_is_lost(tmp_path: Path) -> None:
    """Without penalties the minimax discriminator is soon sure, and the generator learns nothing.

    The game could go better for that generator: the loss that it has does not tell it how.
    """
    few = {"train.measure_samples": APART}
    lost_settings = {**few, "game.objective": "minimax", "game.regularizers": ""}
    runs = [
        gansmith.train("ring", tmp_path / name, samples=3 * APART, settings=settings)
        for name, settings in (("good", few), ("lost", lost_settings))
    ]
    good, lost = (gaps(run) for run in runs)
    assert len(good) == len(lost) == 3
    assert fmean(record["duality_gap"] for record in good) < 0.05
    assert fmean(record["duality_gap"] for record in lost) > 0.1
    for record in good + lost:
        parts = (record["discriminator_could_gain"], record["generator_could_gain"])
        assert min(parts) >= 0
        assert abs(sum(parts) - record["duality_gap"]) < 1e-9


def test_measuring_it_does_not_touch_the_training(tmp_path: Path, monkeypatch: Any) -> None:
    """LeCam's penalty remembers means of logits: even these are left as they are."""
    settings = {"game.regularizers": "lecam", "train.measure_samples": 640,
                "generator.width": 8, "discriminator.width": 8}  # fmt: skip
    monkeypatch.setattr(watching, "LEAST_APART", 0)  # at any cost, in a short run
    with_gap = gansmith.train("ring", tmp_path / "with", samples=1_280, settings=settings)
    monkeypatch.setattr(watching, "duality_gap", lambda *given: {})
    without = gansmith.train("ring", tmp_path / "without", samples=1_280, settings=settings)
    assert len(gaps(with_gap)) == 2
    assert not gaps(without)
    files = [sorted((run.folder.checkpoints).rglob("*.safetensors")) for run in (with_gap, without)]
    assert files[0]
    for ours, theirs in zip(*files, strict=True):
        assert ours.name == theirs.name
        expected = load_file(theirs)
        assert all(torch.equal(value, expected[key]) for key, value in load_file(ours).items())


def test_it_is_left_out_where_it_would_cost_much_of_a_run(tmp_path: Path) -> None:
    settings = {"train.measure_samples": APART - 128}
    run = gansmith.train("ring", tmp_path / "run", samples=1_280, settings=settings)
    assert not gaps(run)
    assert any("coverage" in record for record in run.folder.read_metrics())
