"""The trainer: lets the players move, saves, and watches. It is blind to the kind of data.

What happens in a round depends on (seed, rank, sample count) alone: every draw of data and noise is
a function of them, so nothing about randomness is saved, and a killed run goes on bit for bit.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import torch
from torch import Tensor

from gansmith import registry
from gansmith.config import Experiment
from gansmith.data.dataset import Array
from gansmith.data.loader import Indices, Loader
from gansmith.errors import ConfigError, DivergedError
from gansmith.game.game import Draw, Game, Player
from gansmith.game.randomness import Randomness, mix
from gansmith.protocols import Codec, Condition
from gansmith.runs import checkpoints
from gansmith.runs.checkpoints import Checkpoint
from gansmith.runs.folder import RunFolder
from gansmith.trainer import checkpoint as storage
from gansmith.trainer.compilation import compile_networks
from gansmith.trainer.distributed import average
from gansmith.trainer.ema import WeightAverage
from gansmith.trainer.monitors import Overfitting, RunningMeans, diverged_fix
from gansmith.trainer.schedule import interval, is_due, make_optimizer, set_schedule
from gansmith.trainer.signals import StopRequest, stopped

if TYPE_CHECKING:
    from lightning_fabric import Fabric

HOLDOUT_STREAM = 1_000
# How often in a run players are examined, and by how many held-out samples.
EXAMINATIONS, MOST_EXAMINING = 50, 1_000
_DTYPES = {"64-true": torch.float64}


class Watcher(Protocol):
    """Is told what happens; decides what of it is shown or written."""

    def advanced(self, trainer: Trainer) -> None:
        """A round was played."""

    def logged(self, record: dict[str, Any]) -> None:
        """A line of metrics was written."""

    def snapshot_due(self, trainer: Trainer) -> None:
        """It is time for a sheet of samples."""

    def measured(self, trainer: Trainer) -> dict[str, float]:
        """It is time to measure the samples: what was found, for the record."""
        ...

    def samples_since_best(self, trainer: Trainer) -> int:
        """How long ago samples measured best; 0 where that is not known."""
        ...

    def saved(self, checkpoint: Checkpoint) -> None:
        """A checkpoint was written."""


class Trainer:
    """Plays an experiment's game on encoded batches of its data.

    Args:
        experiment: with ``train.samples`` fixed.
        game: its networks are moved to the engine's device and precision.
        codec: encodes raw batches.
        train, holdout: where batches come from; the holdout may be None.
        fabric: launched.

    Raises:
        ConfigError: if the batch does not divide among the processes, a player has no
            configuration, or adaptive augmentation has no holdout to go by.
    """

    def __init__(
        self,
        experiment: Experiment,
        game: Game,
        codec: Codec,
        train: Loader,
        holdout: Loader | None,
        fabric: Fabric,
    ) -> None:
        self.experiment, self.codec, self.fabric = experiment, codec, fabric
        self.train_loader, self.holdout_loader = train, holdout
        self.device = fabric.device
        self.dtype = _DTYPES.get(experiment.train.precision, torch.float32)
        self.game = game.to(device=self.device, dtype=self.dtype).train()
        self._check()
        self.batch = experiment.train.batch_size
        self.local_batch = self.batch // fabric.world_size
        # Gathered once: walking through modules costs as much as a small network's step.
        self._moved = {
            player.name: [p for name in player.moves for p in game.networks[name].parameters()]
            for player in game.players
        }
        self.optimizers = {
            name: make_optimizer(experiment.players[name], parameters)
            for name, parameters in self._moved.items()
        }
        if experiment.machine.compile == "on":
            compile_networks(game)
        self.average = WeightAverage(game.networks[game.generator], experiment.ema)
        self.means, self.overfitting = RunningMeans(), Overfitting(experiment.augment)
        self._latent = registry.get("latent", experiment.latent.name).build
        self.position, self.seconds = 0, 0.0
        self.ended_early = False

    def _check(self) -> None:
        experiment, world = self.experiment, self.fabric.world_size
        if experiment.train.batch_size < 1:
            raise ConfigError("A batch needs at least one sample.", where="train.batch_size")
        if experiment.train.batch_size % world:
            raise ConfigError(
                f"A batch of {experiment.train.batch_size} does not divide by {world} processes.",
                where="train.batch_size",
                fix=f"Take a multiple of {world}.",
            )
        for player in self.game.players:
            if player.name not in experiment.players:
                raise ConfigError(f"The player {player.name!r} has no settings.", where="players")
        if experiment.augment.adaptive and self.holdout_loader is None:
            raise ConfigError(
                "Adaptive augmentation is driven by held-out samples, and there are none.",
                where="data.holdout, augment.adaptive",
                fix="Set data.holdout=0.1, or augment.adaptive=false.",
            )

    @property
    def progress(self) -> float:
        """Share of the run played, in [0, 1]."""
        return min(self.position / max(self.experiment.train.samples, 1), 1.0)

    @property
    def num_samples(self) -> int:
        """Length of the run in samples."""
        return self.experiment.train.samples

    # -- one round ---------------------------------------------------------------------------------

    def _randomness(self, stream: int) -> Randomness:
        return Randomness(
            self.experiment.train.seed,
            self.position,
            stream,
            device=self.device,
            dtype=self.dtype,
            rank=self.fabric.global_rank,
            world=self.fabric.world_size,
        )

    def _batch(self, loader: Loader, stream: int) -> tuple[Tensor, Condition]:
        """This process' part of the batch at the current position of a stream."""
        first = self.fabric.global_rank * self.local_batch
        indices = loader.indices_at(self.position, self.batch, stream)
        return self._encoded(loader, indices[first : first + self.local_batch])

    def _encoded(self, loader: Loader, indices: Indices) -> tuple[Tensor, Condition]:
        """Samples of a loader; as they were encoded before, where they were."""
        if loader.encoded is None:
            return self.encode(*loader.gather(indices))
        x = torch.from_numpy(loader.encoded[indices]).to(self.device, self.dtype)
        return x, self._condition(loader.labels(indices))

    def encode(self, raw: Array, labels: Indices | None = None) -> tuple[Tensor, Condition]:
        """Raw samples (N, ...) as the networks see them, and their classes where these count."""
        x = self.codec.encode(torch.from_numpy(raw).to(self.device)).to(self.dtype)
        return x, self._condition(labels)

    def _condition(self, labels: Indices | None) -> Condition:
        if labels is None or not self.codec.spec.num_classes:
            return Condition()
        return Condition(classes=torch.from_numpy(labels).to(self.device))

    def draw_latent(self, n: int, randomness: Randomness) -> Tensor:
        """(n, size) of the experiment's latent."""
        latent: Tensor = self._latent(n, self.experiment.latent.size, randomness)
        return latent

    def _draw(self, stream: int, with_latent: bool) -> Draw:
        real, condition = self._batch(self.train_loader, stream)
        randomness = self._randomness(stream)
        return Draw(
            real=real,
            latent=self.draw_latent(self.local_batch if with_latent else 0, randomness),
            condition=condition,
            randomness=randomness,
            step=self.position // self.batch,
            progress=self.progress,
            strength=self.overfitting.strength,
        )

    def _play(self, player: Player, draw: Draw) -> dict[str, Tensor]:
        """One player moves: the only place that calls backward and step.

        Returns:
            what is worth a record, over the whole batch.
        """
        optimizer, parameters = self.optimizers[player.name], self._moved[player.name]
        set_schedule(optimizer, self.experiment.players[player.name], draw.progress)
        with self.game.networks.only(player.moves):
            with self.fabric.autocast():
                move = player.play(self.game.networks, draw)
            optimizer.zero_grad(set_to_none=True)
            self.fabric.backward(move.loss)
            gradients = [p.grad for p in parameters if p.grad is not None]
            scalars = {name: value.detach().clone() for name, value in move.scalars.items()}
            average(self.fabric, [*gradients, *scalars.values(), *self._running_means()])
            norm = torch.nn.utils.get_total_norm(gradients)
            optimizer.step()
        self.means.add({**scalars, f"{player.name}_gradient_norm": norm})
        return scalars

    def _running_means(self) -> list[Tensor]:
        """What regularizers remember: means over the batch, of which a process sees a part."""
        return [b for b in self.game.regularizers.buffers() if b.is_floating_point()]

    def round(self) -> None:
        """Each player moves once, in order. Seeds torch's global generator."""
        draws: dict[int, Draw] = {}
        self._seed_global_generator()
        self.overfitting.follow(self.progress)
        self.game.networks.follow(self.progress)
        logits: dict[str, Tensor] = {}
        for player in self.game.players:
            if player.examination is not None and player.examination.passed(self.game.networks):
                continue
            if player.stream not in draws:
                draws[player.stream] = self._draw(player.stream, player.latent)
            scalars = self._play(player, draws[player.stream])
            logits.update({k: v for k, v in scalars.items() if k.endswith("_logit")})
        self._look_for_overfitting(logits)
        self._examine()
        self.position += self.batch
        self.average.update(self.position, self.batch, self.progress)

    def _seed_global_generator(self) -> None:
        """For networks of others that draw by themselves, as dropout does.

        ``torch.manual_seed`` would do the same at the cost of a small network's whole move.
        """
        seed = mix(self.experiment.train.seed, self.position, self.fabric.global_rank)
        torch.default_generator.manual_seed(seed)
        if self.device.type == "cuda":
            torch.cuda.manual_seed(seed)

    @torch.no_grad()
    def _look_for_overfitting(self, logits: dict[str, Tensor]) -> None:
        """Every few rounds, ask the discriminator about held-out samples too."""
        rounds = self.overfitting.rounds
        if self.holdout_loader is None or (self.position // self.batch) % rounds:
            return
        if self.game.critic not in self.game.networks or "real_logit" not in logits:
            return
        x, condition = self._batch(self.holdout_loader, HOLDOUT_STREAM)
        with self.fabric.autocast():
            randomness = self._randomness(HOLDOUT_STREAM)
            held = self.game.judge(x, condition, self.overfitting.strength, randomness)
        mean = held.mean()
        average(self.fabric, [mean])
        train, fake, holdout = torch.stack(
            [logits["real_logit"], logits["fake_logit"], mean]
        ).tolist()
        self.overfitting.look(train, fake, holdout, rounds * self.batch, self.progress)

    @torch.no_grad()
    def _examine(self) -> None:
        """Now and then, examine players; all processes by the same held-out samples."""
        number, every = self.position // self.batch, self.num_samples // self.batch // EXAMINATIONS
        if self.holdout_loader is None or number % max(every, 1):
            return
        networks = self.game.networks
        examined = {p.name: p.examination for p in self.game.players if p.examination is not None}
        for name, examination in examined.items():
            if not examination.passed(networks):
                loss = examination.loss(networks, self._held_out())
                examination.tell(networks, float(loss))
                self.means.add({f"{name}_holdout_loss": loss})

    def _held_out(self) -> Draw:
        """The same samples each time, and the same random numbers."""
        assert self.holdout_loader is not None
        n = min(len(self.holdout_loader), MOST_EXAMINING)
        indices = self.holdout_loader.indices_at(0, n, HOLDOUT_STREAM)
        real, condition = self._encoded(self.holdout_loader, indices)
        seed = self.experiment.train.seed
        randomness = Randomness(seed, 0, HOLDOUT_STREAM, device=self.device, dtype=self.dtype)
        return Draw(real, self.draw_latent(0, randomness), condition, randomness)

    # -- the whole run -----------------------------------------------------------------------------

    def run(self, folder: RunFolder, watcher: Watcher, stop: StopRequest) -> None:
        """Play to the end, writing metrics and checkpoints into ``folder``.

        Raises:
            StoppedError: after a signal or a request in the folder, when all is saved.
            DivergedError: when a loss or gradient is no longer finite.
        """
        config = self.experiment.train
        log_every = interval(config, config.log_samples, 200)
        snapshot_every = interval(config, config.snapshot_samples, 20)
        measure_every = interval(config, config.measure_samples, 10)
        save_every = interval(config, config.checkpoint_samples, 10)
        if self.position == 0:
            watcher.snapshot_due(self)
        while self.position < self.num_samples and not self.ended_early:
            start = time.perf_counter()
            self.round()
            self.seconds += time.perf_counter() - start
            watcher.advanced(self)
            last = self.position >= self.num_samples
            measure = last or is_due(measure_every, self.position, self.batch)
            if measure or is_due(log_every, self.position, self.batch):
                self._log(folder, watcher, watcher.measured(self) if measure else {})
            if measure and config.patience_samples:
                since = self.fabric.broadcast(watcher.samples_since_best(self))
                self.ended_early = last = since >= config.patience_samples or last
            if last or is_due(snapshot_every, self.position, self.batch):
                watcher.snapshot_due(self)
            asked = self._asked_to_stop(stop)
            due = last or is_due(save_every, self.position, self.batch)
            if due or asked:
                self._save(folder, watcher, due=due)
            if asked and not last:
                raise stopped(asked, str(folder.path))

    def _asked_to_stop(self, stop: StopRequest) -> int:
        """What asked any of the processes, so that all stop at the same round; or 0."""
        number = stop.look()
        if self.fabric.world_size == 1:
            return number
        largest = self.fabric.all_reduce(torch.tensor(number), reduce_op="max")
        return int(largest)  # type: ignore[arg-type]

    def _log(self, folder: RunFolder, watcher: Watcher, measured: dict[str, float]) -> None:
        self._require_finite(folder)
        record = {
            "samples": self.position,
            "seconds": round(self.seconds, 3),
            "samples_per_second": round(self.position / max(self.seconds, 1e-9), 1),
            **self.means.means(),
            "augment_strength": self.overfitting.strength,
            **measured,
        }
        if self.holdout_loader is not None:
            record["overfitting"] = self.overfitting.value
        self.means.clear()
        if self.fabric.is_global_zero:
            folder.append_metrics(record)
        watcher.logged(record)

    def _require_finite(self, folder: RunFolder) -> None:
        self.means.require_finite(self.position, partial(_last_good, folder))

    def _save(self, folder: RunFolder, watcher: Watcher, *, due: bool) -> None:
        self._require_finite(folder)
        if bad := storage.not_finite(self):
            raise DivergedError(
                f"Training diverged: {bad[0]} holds what is not a finite number.",
                where=f"by sample {self.position:,}; in all in {len(bad)} tensors",
                fix=diverged_fix(_last_good(folder)),
            )
        if self.fabric.is_global_zero:
            watcher.saved(storage.save(self, folder, keep_profiles=due))
        self.fabric.barrier()


def _last_good(folder: RunFolder) -> str:
    """Where the newest whole checkpoint is; empty where there is none."""
    checkpoint, _ = checkpoints.newest(folder.checkpoints)
    return str(checkpoint.path) if checkpoint else ""


def build_trainer(
    experiment: Experiment,
    make_game: Callable[[], Game],
    codec: Codec,
    loaders: tuple[Loader, Loader | None],
    fabric: Fabric,
) -> Trainer:
    """A trainer with freshly initialised networks, the same on every process.

    Torch's global generator is seeded for the initial weights and put back afterwards.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(experiment.train.seed)
        game = make_game()
    return Trainer(experiment, game, codec, *loaders, fabric)
