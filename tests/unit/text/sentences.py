"""Sentences that a small network can learn in a second."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path

from gansmith.progress import Advance
from gansmith.trainer.trainer import Trainer
from gansmith.training import Reporter

WHO = ("a dog", "two cats", "the man", "a größe 文")
DOES = ("sits on", "looks at", "runs past")
WHAT = ("a red chair", "the table", "an old bus", "my house", "the sea")
SENTENCES = [f"{who} {does} {what}." for who, does, what in product(WHO, DOES, WHAT)]

# Small enough for a test.
SMALL = {
    "codec.width": 24, "codec.state": 32,
    "codec.vocabulary": 320, "codec.latents": 3, "codec.latent_size": 8,
    "codec.batch_size": 16, "generator.width": 16, "discriminator.width": 16,
    "latent.size": 64, "train.batch_size": 16,
    "train.measure_samples": 320, "train.snapshot_samples": 320, "train.checkpoint_samples": 160,
}  # fmt: skip


def write(path: Path, times: int = 5) -> Path:
    """A file of these sentences, each several times."""
    path.write_text("\n".join(SENTENCES * times) + "\n", "utf-8")
    return path


class Killer(Reporter):
    """Sends a signal at a sample of a stage, or of the game where ``title`` is ``rounds``."""

    def __init__(self, title: str, at: int) -> None:
        self.title, self.at = title, at

    def advanced(self, trainer: Trainer) -> None:
        """Counts."""
        if self.title == "rounds" and trainer.position >= self.at:
            signal.raise_signal(signal.SIGTERM)

    @contextmanager
    def stage(self, title: str, total: int) -> Iterator[Advance]:
        """Counts."""
        done = 0

        def advance(items: int = 1) -> None:
            nonlocal done
            done += items
            if title == self.title and done >= self.at:
                signal.raise_signal(signal.SIGTERM)

        yield advance
