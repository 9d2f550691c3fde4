"""One round of training in pieces, each timed alone."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import torch

from gansmith import registry
from gansmith.game.game import Draw
from gansmith.game.randomness import Randomness
from gansmith.prepare import prepare
from gansmith.protocols import Condition
from gansmith.trainer.distributed import make_fabric
from gansmith.trainer.monitors import Overfitting, RunningMeans
from gansmith.trainer.trainer import Trainer

WARM_UP = 3

Work = Callable[[], object]


def seconds_of(work: Work, times: int) -> float:
    """Median over so many calls, after a few that do not count."""
    for _ in range(WARM_UP):
        work()
    spent = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        spent.append(time.perf_counter() - start)
    return statistics.median(spent)


def trainer_of(source: str, seed: int, settings: Mapping[str, Any] | None = None) -> Trainer:
    """A trainer of the default recipe on this CPU, that nothing is saved of."""
    # So long that schedules stay where they start.
    given = {"machine.device": "cpu", "train.seed": seed, "train.samples": 10**12}
    prepared = prepare(source, settings=list({**given, **(settings or {})}.items()))
    experiment = prepared.experiment
    return prepared.trainer(make_fabric(experiment.machine, experiment.train.precision))


def draw_of(trainer: Trainer, step: int = 0) -> Draw:
    """What a move of the first round sees."""
    real, labels = trainer.train_loader.gather(trainer.train_loader.indices_at(0, trainer.batch, 0))
    randomness = Randomness(trainer.experiment.train.seed, 0, 0, dtype=trainer.dtype)
    return Draw(
        real=trainer.codec.encode(torch.from_numpy(real)).to(trainer.dtype),
        latent=trainer.draw_latent(trainer.batch, randomness),
        condition=Condition(None if labels is None else torch.from_numpy(labels)),
        randomness=randomness,
        step=step,
        strength=trainer.overfitting.strength,
    )


def pieces(trainer: Trainer, times: int) -> dict[str, float]:
    """Median seconds of each piece; ``round`` is the whole. See the table for what they are."""
    found = {name: seconds_of(work, times) for name, work in _data(trainer).items()}
    moves = {**_networks(trainer), **_moves(trainer)}
    found |= {name: seconds_of(work, times) for name, work in moves.items()}
    found["penalties"] = _penalties(trainer, times)
    found |= {name: seconds_of(work, times) for name, work in _after(trainer).items()}
    found["monitoring"] = (
        found.pop("monitoring of all rounds between two looks") / Overfitting.rounds
    )
    period = _period(trainer)

    def rounds() -> None:
        for _ in range(period):
            trainer.round()

    found["round"] = seconds_of(rounds, max(2, times // period)) / period
    return found


def _period(trainer: Trainer) -> int:
    return math.lcm(*(r.every for r in trainer.experiment.game.regularizers), 1)


def _data(trainer: Trainer) -> dict[str, Work]:
    loader, batch = trainer.train_loader, trainer.batch
    raw, _ = loader.gather(loader.indices_at(0, batch, 0))
    position = 0

    def gather() -> None:
        nonlocal position
        loader.gather(loader.indices_at(position, batch, 0))
        position += batch

    return {
        "data": gather,
        "encode": lambda: trainer.codec.encode(torch.from_numpy(raw)),
        "latent": lambda: trainer.draw_latent(batch, Randomness(0, 0, 0, dtype=trainer.dtype)),
    }


def _networks(trainer: Trainer) -> dict[str, Work]:
    """The generator forward without a graph; the discriminator forward and backward, no penalty."""
    networks, draw = trainer.game.networks, draw_of(trainer)
    generator, discriminator = networks.use("generator"), networks.use("discriminator")
    objective = registry.build("objective", trainer.experiment.game.objective)

    def generate() -> torch.Tensor:
        with torch.no_grad():
            return generator(draw.latent, draw.condition)

    fake = generate()

    def discriminate() -> None:
        with networks.only(("discriminator",)):
            logits = discriminator(torch.cat([draw.real, fake]), draw.condition.repeat(2))
            loss = objective.discriminator(*logits.chunk(2)).mean()
            torch.autograd.backward(loss)

    return {"generator forward": generate, "discriminator forward and backward": discriminate}


def _play(trainer: Trainer, name: str, step: int) -> Work:
    """One player's loss and backward, in the round of that number."""
    player = next(p for p in trainer.game.players if p.name == name)
    draw = replace(draw_of(trainer), step=step)

    def play() -> None:
        with trainer.game.networks.only(player.moves):
            torch.autograd.backward(player.play(trainer.game.networks, draw).loss)

    return play


def _moves(trainer: Trainer) -> dict[str, Work]:
    return {"generator's move": _play(trainer, "generator", 1)}


def _penalties(trainer: Trainer, times: int) -> float:
    """What penalties add to the discriminator's move, averaged over lazy rounds.

    The draws are those of the same trainer, so the difference is the penalties'.
    """
    configs = trainer.experiment.game.regularizers
    due = [frozenset(r.name for r in configs if s % r.every == 0) for s in range(_period(trainer))]
    plain = _without_penalties(trainer)
    base = seconds_of(_play(plain, "discriminator", 0), times)
    spent = {
        each: seconds_of(_play(trainer, "discriminator", due.index(each)), times) - base
        for each in set(due)
        if each
    }
    return sum(spent.get(each, 0.0) for each in due) / len(due)


def _without_penalties(trainer: Trainer) -> Trainer:
    experiment = trainer.experiment
    seed, source = experiment.train.seed, experiment.data.source
    return trainer_of(source, seed, {"game.regularizers": []})


def _after(trainer: Trainer) -> dict[str, Work]:
    """Optimizers, average and monitoring; every gradient is there from the moves timed before."""
    for name in trainer.optimizers:
        _play(trainer, name, 1)()
    groups = [group for o in trainer.optimizers.values() for group in o.param_groups]
    parameters = [p for group in groups for p in group["params"]]
    means = RunningMeans()
    scalars = {f"scalar {i}": torch.zeros(()) for i in range(5)}
    draw = draw_of(trainer)
    count = 0

    def optimize() -> None:
        for optimizer in trainer.optimizers.values():
            optimizer.step()

    def monitor() -> None:
        nonlocal count
        torch.nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])
        means.add(scalars)
        count += 1
        # As in training: held-out samples are asked about every few rounds.
        if trainer.holdout_loader is not None and count % Overfitting.rounds == 0:
            with torch.no_grad():
                trainer.game.judge(draw.real, draw.condition, draw.strength, draw.randomness)

    def block() -> None:
        for _ in range(Overfitting.rounds):
            monitor()

    return {
        "optimizers": optimize,
        "average": lambda: trainer.average.update(10**6, trainer.batch, 0.5),
        "monitoring of all rounds between two looks": block,
    }
