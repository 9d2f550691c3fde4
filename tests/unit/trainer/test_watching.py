"""Samples are measured while training, and the best weights are kept."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

import gansmith
from gansmith import watching
from gansmith.cli.main import main
from gansmith.errors import RunError, UserError
from gansmith.evaluation.watch import Watch
from gansmith.runs import best, checkpoints

SMALL = {"generator.width": 4, "discriminator.width": 4, "train.batch_size": 16}
NAMES = (
    "precision", "recall", "coverage", "coverage_real", "variety", "unsettled",
    "kernel_distance", "kernel_distance_unaveraged",
    "critic_right", "critic_right_low", "critic_right_high",
    "discriminator_right", "discriminator_right_low", "discriminator_right_high",
    "closer_to_training", "closer_to_training_low", "closer_to_training_high",
    "near_copies", "near_copies_low", "near_copies_high",
)  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> gansmith.Run:
    out = tmp_path_factory.mktemp("watched") / "digits"
    return gansmith.train("digits", out, samples=640, settings=SMALL)


def test_ten_times_in_a_run(run: gansmith.Run) -> None:
    measured = [r for r in run.folder.read_metrics() if "coverage" in r]
    assert [r["samples"] for r in measured] == [64 * i for i in range(1, 11)]
    for record in measured:
        assert all(math.isfinite(record[name]) for name in NAMES)
        assert record["critic_right_low"] <= record["critic_right"] <= record["critic_right_high"]
        assert record["coverage_real"] > 0.9
    assert measured[-1]["critic_right"] > 0.9  # fog after 640 samples: a fresh critic sees it


def test_the_best_weights_are_those_that_measured_best(run: gansmith.Run) -> None:
    measured = [r for r in run.folder.read_metrics() if "kernel_distance" in r]
    least = min(measured, key=lambda r: r["kernel_distance"])
    kept = best.read_best(run.folder.checkpoints)
    assert kept == best.Best(least["samples"], least["kernel_distance"])
    assert f"measured best at {least['samples']:,} samples" in run.folder.card.read_text()


def test_samples_come_from_the_best_or_the_last(run: gansmith.Run) -> None:
    kept = best.read_best(run.folder.checkpoints)
    assert kept is not None
    chosen, last = run.sample(4, best=True), run.sample(4)
    assert np.array_equal(chosen, last) == (kept.position == 640)
    with pytest.raises(UserError, match="one length"):
        run.sample(4, best=True, ema=0.1)


def test_without_best_weights(run: gansmith.Run, tmp_path: Path) -> None:
    run.folder.checkpoints.joinpath(best.NAME).rename(tmp_path / "away")
    try:
        with pytest.raises(RunError, match="kept no best weights"):
            run.sample(4, best=True)
    finally:
        (tmp_path / "away").rename(run.folder.checkpoints / best.NAME)


def test_a_broken_file_is_not_believed(tmp_path: Path) -> None:
    assert best.read_best(tmp_path) is None
    (tmp_path / best.NAME).write_bytes(b"half of it")
    assert best.read_best(tmp_path) is None
    with pytest.raises(RunError):
        best.best_weights(tmp_path)


def test_the_report_says_which_weights(run: gansmith.Run, tmp_path: Path) -> None:
    kept = best.read_best(run.folder.checkpoints)
    assert kept is not None
    report = run.evaluate(60, out=tmp_path, best=True, features="pca")  # fits no classifier
    assert report.about["fake"]["best"]
    assert report.about["fake"]["samples_trained"] == kept.position
    with pytest.raises(SystemExit) as stop:
        main(["sample", str(run.folder.path), "-n", "3", "--best", "--out", str(tmp_path / "s")])
    assert not stop.value.code
    assert len(list((tmp_path / "s").glob("*.png"))) == 3


def test_too_few_to_measure_against(tmp_path: Path) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (50, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "few.npz", x=pictures)
    run = gansmith.train(tmp_path / "few.npz", tmp_path / "run", samples=128, settings=SMALL)
    assert not any("coverage" in r for r in run.folder.read_metrics())
    assert best.read_best(run.folder.checkpoints) is None


def test_copies_are_seen_and_what_is_new_is_as_new_as_held_out_samples() -> None:
    random = np.random.default_rng(0)
    train, held, control, fresh = (random.normal(size=(300, 4)) for _ in range(4))
    watch = Watch.over(held, control, train)
    copied, new = (watch.look(fake, None, 0) for fake in (train[::-1], fresh))
    assert copied["closer_to_training"] == copied["near_copies"] == 1
    assert new["closer_to_training"] == pytest.approx(0.5, abs=0.1)  # four deviations at 300
    assert new["near_copies"] < 0.05
    # No other number of a look tells: copies of training samples are like real ones.
    assert copied["critic_right_low"] < 0.5 < copied["critic_right_high"]
    assert "near_copies" not in Watch.over(held, control).look(fresh, None, 0)


def test_novelty_is_left_out_where_the_training_samples_are_too_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "MOST_LEARNT", 1_000)
    few = {**SMALL, "train.measure_samples": 64}
    run = gansmith.train("digits", tmp_path / "run", samples=64, settings=few)
    (record,) = (r for r in run.folder.read_metrics() if "coverage" in r)
    assert "closer_to_training" not in record
    assert "near_copies" not in record


def test_a_run_ends_when_its_samples_get_no_better(tmp_path: Path) -> None:
    """A learning rate of nothing: what measured best is the first, and stays it."""
    still = {
        **SMALL,
        "players.generator.lr": "0",
        "train.patience_samples": 128,
        "ema.name": "none",
    }

    def train() -> gansmith.Run:
        return gansmith.train("digits", tmp_path / "run", samples=1280, settings=still)

    run = train()
    kept = best.read_best(run.folder.checkpoints)
    newest, _ = checkpoints.newest(run.folder.checkpoints)
    assert kept is not None
    assert newest is not None
    assert kept.position == 128
    assert newest.position == 256
    assert "Ended at 256 samples" in run.folder.card.read_text()
    lines = run.folder.metrics.read_text()
    assert train().folder.metrics.read_text() == lines  # the same command: it has ended
