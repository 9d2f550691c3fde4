"""A codec that is learned: taught before the game, kept in the run folder, and loaded from it.

``codec.json`` says how its networks are built, ``codec.safetensors`` what they have learned, and
``codec/`` how that went; ``codec/score.json`` says how well held-out samples come back.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch

from gansmith.data.dataset import Array
from gansmith.errors import RunError
from gansmith.modalities.modality import Modality
from gansmith.prepare import Prepared, codec_stage, modality_of
from gansmith.progress import Advance
from gansmith.protocols import Codec, Learned, encodes_by_network
from gansmith.runs import checkpoints
from gansmith.runs.checkpoints import Checkpoint
from gansmith.runs.folder import CODEC, CODEC_SCORE, CODEC_WEIGHTS, RunFolder, write_atomic
from gansmith.trainer.schedule import is_due
from gansmith.trainer.signals import StopRequest, stopped
from gansmith.trainer.stage import NUM_CHECKPOINTS, NUM_RECORDS, CodecStage

# Samples that a score is of, at most: its error is then below one in a hundred.
MOST_SCORED, LEAST_HELD_OUT = 2_000, 20
CHUNK = 250


class StageReporter(Protocol):
    """Is told how a stage goes."""

    def stage(self, title: str, total: int) -> AbstractContextManager[Advance]:
        """Opens a bar."""
        ...

    def noted(self, text: str) -> None:
        """Something worth a line."""

    def stopping(self) -> None:
        """A signal asked for an end."""


@dataclass(frozen=True)
class Chunks:
    """Samples of a data set, a chunk at a time, as often as they are walked through."""

    samples: Array
    indices: npt.NDArray[np.int64]

    def __iter__(self) -> Iterator[Array]:
        for first in range(0, len(self.indices), CHUNK):
            yield np.array(self.samples[self.indices[first : first + CHUNK]])


def load_codec(modality: Modality, state: dict[str, Any], folder: RunFolder) -> Codec:
    """The codec of a run, with what it has learned where it is one that learns.

    Raises:
        RunError: if it has not learned to the end, or what it learned does not fit.
    """
    codec = modality.load_codec(state)
    if not isinstance(codec, Learned):
        return codec
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    path = folder.path / CODEC_WEIGHTS
    if not path.exists():
        raise RunError(
            "The run is still learning its codec.",
            where=str(folder.path),
            fix="Give the train command again: it goes on where it stopped.",
        )
    try:
        codec.network.load_state_dict(load_file(path))
    except (SafetensorError, RuntimeError, OSError) as error:
        raise RunError(
            f"What the codec has learned cannot be read: {error}.",
            where=str(path),
            fix="Bring the file back as it was, or train again into another folder.",
        ) from error
    codec.network.eval().requires_grad_(False)
    return codec


def training_seconds(folder: RunFolder, checkpoint: Checkpoint) -> float | None:
    """Wall clock of the rounds that a run's weights came from, those of its codec among them.

    What was played and lost in a kill is not in the weights, and not in these seconds.

    Args:
        folder: of the run.
        checkpoint: to which the game was played.

    Returns:
        The seconds; None where a codec was learned by a version that did not count them.
    """
    seconds = float(checkpoint.state()["seconds"])
    if not (folder.path / CODEC_WEIGHTS).exists():
        return seconds
    of_codec = None
    for record in RunFolder(folder.path / CODEC).read_metrics():
        of_codec = record.get("seconds")
    return None if of_codec is None else seconds + float(of_codec)


def run_codec(folder: RunFolder) -> Codec:
    """:func:`load_codec`, as the run folder says."""
    stored = folder.read_json("codec.json")
    return load_codec(modality_of(stored["modality"]), stored["state"], folder)


def with_learned_codec(prepared: Prepared, folder: RunFolder, shown: StageReporter) -> Prepared:
    """What was prepared, with the run's own codec where it is learned, and all samples encoded
    where it wants that."""
    if not isinstance(prepared.codec, Learned):
        return prepared
    codec, dataset = run_codec(folder), prepared.dataset
    if not encodes_by_network(codec):
        return replace(prepared, codec=codec)
    x = np.empty((len(dataset), *codec.spec.shape), np.float32)
    first = 0
    with shown.stage("Encoding", len(dataset)) as advance:
        for raw in Chunks(dataset.samples, np.arange(len(dataset))):
            x[first : first + len(raw)] = codec.encode(torch.from_numpy(raw)).numpy()
            first += len(raw)
            advance(len(raw))
    return replace(prepared, codec=codec, encoded=x)


def learn_codec(prepared: Prepared, folder: RunFolder, shown: StageReporter) -> None:
    """Teach the codec, going on from what the folder holds; nothing where there is nothing to do.

    Raises:
        StoppedError: after a signal or a request in the folder, when all is saved.
        DivergedError: when the loss is no longer finite.
    """
    if not isinstance(prepared.codec, Learned) or (folder.path / CODEC_WEIGHTS).exists():
        return
    stored = folder.read_json("codec.json")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(prepared.experiment.train.seed)
        codec = modality_of(stored["modality"]).load_codec(stored["state"])
    stage = codec_stage(replace(prepared, codec=codec))
    own = RunFolder(folder.path / CODEC)
    own.path.mkdir(exist_ok=True)
    checkpoint, broken = checkpoints.newest(own.checkpoints)
    checkpoints.require_some_whole(own.checkpoints, checkpoint, broken)
    if checkpoint is None:
        own.truncate_metrics(0)
    else:
        stage.restore(own, checkpoint)
        shown.noted(f"Going on with the codec from sample {stage.position:,}.")
    request = StopRequest(shown.stopping, folder.is_asked_to_stop)
    with request.listening() as stop, torch.random.fork_rng(devices=[]):
        _run(stage, own, shown, stop)
    _finish(prepared, stage, folder, own, shown)


def _run(stage: CodecStage, own: RunFolder, shown: StageReporter, stop: StopRequest) -> None:
    total, batch = stage.config.samples, stage.config.batch_size
    save_every, log_every = (
        max(batch, -(-total // pieces)) for pieces in (NUM_CHECKPOINTS, NUM_RECORDS)
    )
    with shown.stage("Codec", total) as advance:
        advance(stage.position)
        while not stage.done:
            stage.round()
            advance(batch)
            if stage.done or is_due(log_every, stage.position, batch):
                loss = stage.mean_loss()
                seconds = None if stage.seconds is None else round(stage.seconds, 3)
                own.append_metrics(
                    {"samples": stage.position, "seconds": seconds, "codec_loss": loss}
                )
            asked = stop.look()
            if asked or is_due(save_every, stage.position, batch):
                stage.save(own)
            if asked and not stage.done:
                raise stopped(asked, str(own.path.parent))


def _finish(
    prepared: Prepared, stage: CodecStage, folder: RunFolder, own: RunFolder, shown: StageReporter
) -> None:
    """Measure and keep what was learned; its checkpoints have done their work."""
    from safetensors.torch import save as to_bytes

    codec, dataset = stage.codec, prepared.dataset
    codec.network.eval().requires_grad_(False)
    holdout = prepared.experiment.data.holdout
    train, held = (dataset.split(part, holdout) for part in ("train", "holdout"))
    codec.settle(Chunks(dataset.samples, train))
    held_out = len(held) >= LEAST_HELD_OUT
    scored = held if held_out else train
    spread = np.linspace(0, len(scored) - 1, min(len(scored), MOST_SCORED)).round().astype(np.int64)
    score = codec.score(Chunks(dataset.samples, scored[spread]), held_out)
    folder.write_json(CODEC_SCORE, score)
    shown.noted(str(score["reads"]))
    tensors = {k: v.detach().cpu().contiguous() for k, v in codec.network.state_dict().items()}
    write_atomic(folder.path / CODEC_WEIGHTS, to_bytes(tensors))
    shutil.rmtree(own.checkpoints, ignore_errors=True)
