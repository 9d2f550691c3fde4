"""Sentences that a small network can learn in a second."""

from __future__ import annotations

from itertools import product
from pathlib import Path

WHO = ("a dog", "two cats", "the man", "a größe 文")
DOES = ("sits on", "looks at", "runs past")
WHAT = ("a red chair", "the table", "an old bus", "my house", "the sea")
SENTENCES = [f"{who} {does} {what}." for who, does, what in product(WHO, DOES, WHAT)]

# Small enough for a test.
SMALL = {
    "codec.width": 24, "codec.vocabulary": 320, "codec.latents": 3, "codec.latent_size": 8,
    "codec.batch_size": 16, "generator.width": 16, "discriminator.width": 16,
    "latent.size": 8, "train.batch_size": 16,
    "train.measure_samples": 320, "train.snapshot_samples": 320, "train.checkpoint_samples": 160,
}  # fmt: skip


def write(path: Path, times: int = 5) -> Path:
    """A file of these sentences, each several times."""
    path.write_text("\n".join(SENTENCES * times) + "\n", "utf-8")
    return path
