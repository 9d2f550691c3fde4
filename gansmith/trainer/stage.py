"""The stage before a game in which a codec learns: steps, checkpoints, and going on after a kill.

As in the game, all that is random in a step is a function of (seed, sample count), so a stage that
was killed goes on bit for bit.
"""

from __future__ import annotations

import time

import torch
from torch import Tensor

from gansmith.config import CodecConfig
from gansmith.data.loader import Loader
from gansmith.errors import DivergedError
from gansmith.game.randomness import Randomness
from gansmith.protocols import Learned
from gansmith.runs import checkpoints
from gansmith.runs.checkpoints import Checkpoint
from gansmith.runs.folder import RunFolder
from gansmith.trainer.checkpoint import load_optimizers, must_fit, optimizer_tensors
from gansmith.trainer.schedule import make_optimizer, set_schedule

_STREAM = 5_000
# Of gradients, summed over all parameters: the first steps of a language model are wild.
MOST_NORM = 2.0
NUM_CHECKPOINTS, NUM_RECORDS = 10, 100
KEEP = 2


class CodecStage:
    """Moves a codec's networks down its loss.

    Args:
        codec: with networks as they start; moved to ``device``.
        config: ``samples`` fixed.
        loader: of the training samples.
        seed: of the run.
        device: to learn on.

    Attributes:
        position: samples shown.
        seconds: that the rounds took, over all processes that went on; None where one of an older
            version began, which did not count.
    """

    def __init__(
        self, codec: Learned, config: CodecConfig, loader: Loader, seed: int, device: torch.device
    ) -> None:
        self.codec, self.config, self.loader, self.seed = codec, config, loader, seed
        self.device = device
        codec.network.to(device).train()
        self.parameters: list[Tensor] = list(codec.network.parameters())
        self.optimizer = make_optimizer(config.optimizer, self.parameters)
        self.position, self._losses = 0, torch.zeros((), device=device)
        self.seconds: float | None = 0.0
        self._num_losses = 0

    @property
    def done(self) -> bool:
        """Whether all samples were shown."""
        return self.position >= self.config.samples

    def round(self) -> None:
        """One step."""
        start = time.perf_counter()
        progress = min(self.position / max(self.config.samples, 1), 1.0)
        set_schedule(self.optimizer, self.config.optimizer, progress)
        indices = self.loader.indices_at(self.position, self.config.batch_size, _STREAM)
        raw = torch.from_numpy(self.loader.gather(indices)[0]).to(self.device)
        randomness = Randomness(self.seed, self.position, _STREAM, device=self.device)
        loss = self.codec.loss(raw, randomness, progress)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.parameters, MOST_NORM)
        self.optimizer.step()
        self._losses += loss.detach()
        self._num_losses += 1
        self.position += self.config.batch_size
        if self.seconds is not None:
            self.seconds += time.perf_counter() - start

    def mean_loss(self) -> float:
        """Since this was asked for last.

        Raises:
            DivergedError: where it is no longer finite.
        """
        mean = float(self._losses) / max(self._num_losses, 1)
        if mean != mean or mean in (float("inf"), float("-inf")):
            raise DivergedError(
                "Learning the codec diverged: its loss is no longer a finite number.",
                where=f"by sample {self.position:,}",
                fix="Take a lower codec.optimizer.lr.",
            )
        self._losses.zero_()
        self._num_losses = 0
        return mean

    def save(self, folder: RunFolder) -> None:
        """Write a checkpoint of all that a later process needs to go on as this one would."""
        folder.sync_metrics()
        tensors = {
            "network": self.codec.network.state_dict(),
            "optimizer": optimizer_tensors({"codec": self.optimizer}),
        }
        state = {
            "losses": float(self._losses), "num_losses": self._num_losses,
            "seconds": self.seconds,
            "metrics_size_bytes": folder.metrics_size_bytes(),
        }  # fmt: skip
        checkpoints.save(folder.checkpoints, self.position, tensors, state, KEEP)

    def restore(self, folder: RunFolder, checkpoint: Checkpoint) -> None:
        """Bring a fresh stage to where a checkpoint stands, and its metrics.

        Raises:
            RunError: if it holds other networks.
        """
        state = checkpoint.state()
        with must_fit("the codec's networks", checkpoint):
            self.codec.network.load_state_dict(checkpoint.tensors("network"))
            load_optimizers({"codec": self.optimizer}, checkpoint.tensors("optimizer"))
        self.position = checkpoint.position
        self._losses.fill_(state["losses"])
        self._num_losses = int(state["num_losses"])
        self.seconds = state.get("seconds")
        folder.truncate_metrics(int(state["metrics_size_bytes"]))
