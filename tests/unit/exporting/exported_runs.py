"""Small runs of every kind of data and of every recipe for pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from invariance.small_runs import PICTURES, train, write_points, write_table

from gansmith import api
from gansmith.exporting.export import Kind, export

ROOT = Path(__file__).parents[3]
NEVER = 10**9
TINY: dict[str, Any] = {
    "generator.width": 8, "discriminator.width": 8, "train.batch_size": 8,
    "train.measure_samples": NEVER, "train.precision": "32-true",
}  # fmt: skip
RESIDUAL = {
    f"{network}.{option}": value
    for network in ("generator", "discriminator")
    for option, value in (("max_width", 16), ("group_size", 4))
}
SENTENCES = [f"{who} {does} the {what}." for who in ("a dog", "the man") for does in
             ("sees", "passes", "likes") for what in ("table", "bus", "sea", "chair")]  # fmt: skip
TEXT = {
    "codec.width": 24, "codec.state": 32,
    "codec.vocabulary": 300, "codec.latents": 3, "codec.latent_size": 8,
    "codec.batch_size": 16, "generator.width": 16, "discriminator.width": 16, "latent.size": 64,
    "train.batch_size": 16, "train.measure_samples": NEVER,
}  # fmt: skip
TOKENS = {
    "codec.width": 16, "codec.vocabulary": 300, "codec.batch_size": 16, "train.batch_size": 16,
    "discriminator.width": 8, "discriminator.embedding": 8, "train.measure_samples": NEVER,
}  # fmt: skip


def make(kind: str, folder: Path) -> api.Run:
    """A run in a folder of this name, made once: a kind of data, or the name of a recipe."""
    out = folder / kind
    if (out / "calibration.json").exists():
        return api.load(out)
    if kind == "points":
        return train(write_points(folder / "points.npy"), out, 10)
    if kind == "digits":
        return train("digits", out, 3, PICTURES)
    if kind == "table":
        return train(write_table(folder / "people.csv"), out, 20)
    if kind in ("text", "text-tokens"):
        source = folder / "sentences.txt"
        source.write_text("\n".join(SENTENCES * 8) + "\n", "utf-8")
        chosen, recipe = (TEXT, None) if kind == "text" else (TOKENS, kind)
        return train(source, out, 12, chosen, recipe=recipe)
    if kind == "slanted-faces":
        return train(kind, out, 10, {"train.batch_size": 1})
    chosen = TINY | RESIDUAL if kind == "pictures-gpu" else TINY
    return train("digits", out, 3, chosen, recipe=kind)


def exported_to(to: Kind, kind: str, folder: Path) -> tuple[api.Run, Path]:
    """A small run, and its export; made once."""
    out = folder / f"{kind}-{to}"
    run = make(kind, folder)
    return run, out if out.exists() else export(run, to, out)
