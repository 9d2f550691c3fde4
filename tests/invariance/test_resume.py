"""A run that was stopped or killed and goes on is bit for bit the run that never was."""

from __future__ import annotations

import multiprocessing
import random
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch.nn.functional as F
from invariance.small_runs import (
    PICTURES,
    SMALL,
    StopAt,
    assert_same_run,
    metrics,
    newest,
    train,
    write_points,
    write_table,
)
from torch import Tensor

from gansmith.errors import GansmithError, StoppedError
from gansmith.modalities.points.generator import MlpGenerator
from gansmith.protocols import Condition
from gansmith.registry import register

# Weights whose order in memory (channels last) is not the order in a file.
CONVOLUTIONS = {"data.size": "16x16", "discriminator.smallest": 4, "generator.smallest": 4}
EVERYTHING = {
    **PICTURES,
    "game.regularizers": "r1,r2,lecam",
    "game.regularizers.r1.every": 3,
    "game.regularizers.r2.every": 2,
    "ema.name": "power",
    "augment.ramp_samples": 300,
    "augment.target": 0.0,  # so that it rises
    "latent.name": "uniform",
    **CONVOLUTIONS,
}
STATEFUL_LAYERS = {
    **PICTURES,
    "game.discriminator_steps": 2,
    "game.objective": "hinge",
    "game.regularizers": "",
    "ema.name": "none",
    "generator": "convolutional",
    "discriminator": "convolutional",
    "generator.normalization": "batch",
    "discriminator.spectral_norm": True,
    **CONVOLUTIONS,
}


@register("generator", "noisy-for-a-test")
class Noisy(MlpGenerator):
    """A network of somebody else, that draws from torch's global generator."""

    def forward(self, latent: Tensor, condition: Condition) -> Tensor:
        return super().forward(F.dropout(latent, 0.5, self.training), condition)


RUNS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "points": ("points", SMALL, {}),
    "points-double-sgd": (
        "points",
        {**SMALL, "train.precision": "64-true", "players.generator.name": "sgd"},
        {},
    ),
    "points-with-dropout": ("points", {**SMALL, "generator": "noisy-for-a-test"}, {}),
    "classes-adaptive-lazy-lecam-power": ("digits", EVERYTHING, {"recipe": "few-pictures"}),
    "batch-and-spectral-normalization": ("digits", STATEFUL_LAYERS, {"recipe": "pictures"}),
    "table-with-a-refiner": ("table", SMALL, {}),
}


@pytest.mark.parametrize("name", RUNS)
def test_a_stopped_run_goes_on_bit_for_bit(name: str, tmp_path: Path) -> None:
    """Stopped in the round after a start, beside a checkpoint, at a log, and twice in a row."""
    source, settings, arguments = RUNS[name]
    if source == "points":
        source = str(write_points(tmp_path / "points.npy"))
    if source == "table":
        source = str(write_table(tmp_path / "table.csv"))
    rounds, batch = 24, settings["train.batch_size"]
    train(source, tmp_path / "whole", rounds, settings, **arguments)
    for stop in (1, 6, 7, 20):
        with pytest.raises(StoppedError) as stopped:
            train(
                source,
                tmp_path / "parts",
                rounds,
                settings,
                lambda at=stop: StopAt(at * batch),
                **arguments,
            )
        assert stopped.value.exit_code == 143
        assert newest(tmp_path / "parts").position == stop * batch
    train(source, tmp_path / "parts", rounds, settings, **arguments)
    assert_same_run(tmp_path / "parts", tmp_path / "whole")


def test_the_adaptive_strength_moves_in_what_is_compared(tmp_path: Path) -> None:
    """Else the run above would prove nothing about the state of the augmentation."""
    run = train("digits", tmp_path / "run", 24, EVERYTHING, recipe="few-pictures")
    strengths = [line["augment_strength"] for line in run.folder.read_metrics()]
    assert len(set(strengths)) >= 3
    assert {"r1", "r2", "lecam", "overfitting"} <= {
        k for line in metrics(run.folder.path) for k in line
    }


# -- processes that are killed ---------------------------------------------------------------------

SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(["gansmith.api", "gansmith.cli.main", "sklearn.datasets"])
# Checkpoints are what is interrupted here; measurements take longer, so there are few.
FREQUENT = {**SMALL, "train.checkpoint_samples": 64, "train.measure_samples": 480}


def train_alone(source: Path, out: Path, rounds: int) -> None:
    """What a process of its own does; exits as the command line does."""
    import torch

    torch.set_num_threads(1)
    try:
        train(source, out, rounds, FREQUENT)
    except GansmithError as error:
        sys.exit(error.exit_code)


def num_checkpoints(out: Path) -> int:
    """Positions of the checkpoints that are there, whole or not."""
    return max((int(p.name) for p in out.glob("checkpoints/0*")), default=0)


def wait_for_progress(process: Any, out: Path) -> None:
    """Until a checkpoint is there that was not, or the process has ended."""
    before, end = num_checkpoints(out), time.monotonic() + 60
    while num_checkpoints(out) == before and process.is_alive() and time.monotonic() < end:
        time.sleep(0.002)


@pytest.mark.slow
def test_a_killed_run_goes_on_bit_for_bit(tmp_path: Path) -> None:
    """SIGKILL at random moments after new checkpoints, so that some hit while one is written."""
    source, rounds = write_points(tmp_path / "points.npy"), 100
    train(source, tmp_path / "whole", rounds, FREQUENT)
    rng, kills, out = random.Random(0), 0, tmp_path / "parts"
    for attempt in range(12):
        process = SERVER.Process(target=train_alone, args=(source, out, rounds))
        process.start()
        if attempt < 6:
            wait_for_progress(process, out)
            time.sleep(rng.uniform(0, 0.15))
            process.kill()
        process.join(120)
        kills += process.exitcode == -9
        if process.exitcode == 0:
            break
    assert kills >= 3
    assert process.exitcode == 0
    assert_same_run(out, tmp_path / "whole")


def command(arguments: list[str]) -> None:
    """``gansmith ARGUMENTS`` in this process."""
    import torch

    from gansmith.cli.main import main

    torch.set_num_threads(1)
    main(arguments)


def test_sigterm_to_the_command_saves_and_exits_143(tmp_path: Path) -> None:
    source, out, rounds = write_points(tmp_path / "points.npy"), tmp_path / "parts", 100
    settings = [f"{k}={v}" for k, v in FREQUENT.items()]
    arguments = [
        *("train", str(source), "--out", str(out), "--device", "cpu"),
        *("--samples", str(rounds * 16), *settings),
    ]
    process = SERVER.Process(target=command, args=(arguments,))
    process.start()
    wait_for_progress(process, out)
    process.terminate()
    process.join(60)
    assert process.exitcode == 143
    stopped_at = newest(out).position
    assert 0 < stopped_at < rounds * 16
    train(source, tmp_path / "whole", rounds, FREQUENT)
    train(source, out, rounds, FREQUENT)
    assert_same_run(out, tmp_path / "whole")
