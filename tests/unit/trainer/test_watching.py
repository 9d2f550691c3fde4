"""Samples are measured while training, and the best weights are kept."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

import gansmith
from gansmith.cli.main import main
from gansmith.errors import RunError, UserError
from gansmith.runs import best, checkpoints

SMALL = {"generator.width": 4, "discriminator.width": 4, "train.batch_size": 16}
NAMES = (
    "precision", "recall", "coverage", "coverage_real", "variety", "unsettled",
    "kernel_distance", "kernel_distance_unaveraged",
    "critic_right", "critic_right_low", "critic_right_high",
    "discriminator_right", "discriminator_right_low", "discriminator_right_high",
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
    report = run.evaluate(60, out=tmp_path, best=True)
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
