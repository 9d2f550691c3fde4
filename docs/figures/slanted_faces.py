"""Draw the figures of the page about the slanted faces: ``python docs/figures/slanted_faces.py``.

Everything drawn comes from one run of the recipe ``slanted-faces``, twice as long as the textbook's
so that what comes after is seen too; its first half is the textbook's run, number by number. Takes
about a minute.
"""

from __future__ import annotations

import json
import math
import tempfile
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from gansmith.api import train
from gansmith.modalities.image.data import SlantedFaces
from gansmith.trainer.trainer import Trainer
from gansmith.training import Reporter

mpl.use("Agg")
import matplotlib.pyplot as plt

Floats = npt.NDArray[np.float64]

HERE = Path(__file__).parent
FACES = np.array(SlantedFaces.FACES)
TEXTBOOK_MOVES, ALL_MOVES = 5_000, 10_000
LN2 = math.log(2)
FAKES_SEED, NUM_FIT, NUM_TEST = 0, 1_000, 10_000
PIXELS = ("top left", "top right", "bottom left", "bottom right")


def sigmoid(t: Floats) -> Floats:
    """1 / (1 + e^-t)."""
    out: Floats = 1 / (1 + np.exp(-t))
    return out


class Recorder(Reporter):
    """Notes all weights after each move: G's w and b, D's w and b."""

    weights: list[Floats]

    def __init__(self) -> None:
        self.weights = []

    def advanced(self, trainer: Trainer) -> None:
        """Copy the 13 numbers; the trainer goes on changing its own."""
        parts = [p.detach().numpy().ravel() for p in trainer.game.networks.parameters()]
        self.weights.append(np.concatenate(parts).copy())


def play() -> tuple[list[dict[str, Any]], Floats]:
    """The metrics of each move, and (moves, 13) weights: G w, G b, D w, D b."""
    recorder = Recorder()
    with tempfile.TemporaryDirectory() as folder:
        run = train(
            "slanted-faces",
            Path(folder) / "run",
            device="cpu",
            samples=ALL_MOVES,
            settings={"train.snapshot_samples": ALL_MOVES},
            reporter=lambda: recorder,
        )
        return list(run.folder.read_metrics()), np.array(recorder.weights)


def fakes(weights: Floats, latents: Floats) -> Floats:
    """(N, 4) of the generator with these weights, for (N,) latents."""
    return sigmoid(latents[:, None] * weights[:4] + weights[4:8])


def smooth(values: Floats, width: int = 50) -> Floats:
    """Means of ``width`` neighbours."""
    return np.convolve(values, np.ones(width) / width, mode="valid")


def draw_faces(weights: Floats) -> None:
    """The five faces, noise, and what the generator makes before and after."""
    rng = np.random.default_rng(FAKES_SEED)
    middle = np.array([0.5])
    shown = [*FACES, rng.random(4), *(fakes(weights[at], middle)[0] for at in (0, -1))]
    titles = [*(f"face {i + 1}" for i in range(5)), "noise", "first fake", "last fake"]
    figure, axes = plt.subplots(1, len(shown), figsize=(10, 1.7))
    for axis, pixels, title in zip(axes, shown, titles, strict=True):
        axis.imshow(1 - pixels.reshape(2, 2), cmap="gray", vmin=0, vmax=1)
        axis.set(xticks=[], yticks=[])
        axis.set_title(title, fontsize=9)
    save(figure, "slanted-faces")


def draw_errors(records: list[dict[str, Any]]) -> None:
    """Both players' errors at each move of the textbook run."""
    figure, axis = plt.subplots(figsize=(8, 3.6))
    for name, color, level in (
        ("discriminator", "tab:blue", 2 * LN2),
        ("generator", "tab:orange", LN2),
    ):
        values = np.array([r[f"{name}_loss"] for r in records[:TEXTBOOK_MOVES]])
        axis.plot(values, color=color, alpha=0.25, linewidth=0.5)
        middle = np.arange(len(values) - 49) + 25
        axis.plot(middle, smooth(values), color=color, label=f"{name}, mean of 50 moves")
        axis.axhline(level, color=color, linestyle=":", linewidth=1)
    axis.text(TEXTBOOK_MOVES, 2 * LN2, " 2 ln 2", va="center")
    axis.text(TEXTBOOK_MOVES, LN2, " ln 2", va="center")
    axis.set(xlabel="move", ylabel="error", xlim=(0, TEXTBOOK_MOVES))
    axis.legend(loc="center right")
    save(figure, "slanted-faces-errors")


def draw_pixels(weights: Floats) -> None:
    """The four pixels of the fake of z = 1/2, over the textbook run."""
    values = np.array([fakes(w, np.array([0.5]))[0] for w in weights[:TEXTBOOK_MOVES]])
    figure, axis = plt.subplots(figsize=(8, 3.2))
    for pixel, (name, color) in enumerate(
        zip(PIXELS, ("tab:blue", "tab:orange", "tab:red", "tab:green"), strict=True)
    ):
        axis.plot(values[:, pixel], color=color, label=name)
        axis.axhline(FACES[:, pixel].mean(), color=color, linestyle=":", linewidth=1)
    axis.set(xlabel="move", ylabel="pixel of G(1/2)", xlim=(0, TEXTBOOK_MOVES), ylim=(0, 1))
    axis.legend(loc="center right")
    save(figure, "slanted-faces-pixels")


def examine(weights: Floats) -> dict[str, Any]:
    """What the trained and a fresh linear discriminator make of the faces and of new fakes.

    The fresh one is a logistic regression without a penalty, fitted on the five faces and as much
    weight of fakes; both are asked about fakes that neither has seen.
    """
    rng = np.random.default_rng(FAKES_SEED)
    fit, test = fakes(weights, rng.random(NUM_FIT)), fakes(weights, rng.random(NUM_TEST))
    x = np.concatenate([np.repeat(FACES, NUM_FIT // 5, 0), fit])
    is_face = np.arange(len(x)) < NUM_FIT
    # A penalty this weak keeps the weights finite where the two can be told apart without fail.
    fresh = make_pipeline(StandardScaler(), LogisticRegression(C=1e3, max_iter=10_000))
    fresh.fit(x, is_face)
    answers = {
        "trained": [sigmoid(t @ weights[8:12] + weights[12]) for t in (FACES, test)],
        "fresh": [fresh.predict_proba(t)[:, 1] for t in (FACES, test)],
    }
    return {
        name: {
            "on_faces": on_faces,
            "on_fakes": on_fakes,
            "faces_right": float((on_faces > 0.5).mean()),
            "fakes_right": float((on_fakes < 0.5).mean()),
            "error": float(-np.log(on_faces).mean() - np.log(1 - on_fakes).mean()),
        }
        for name, (on_faces, on_fakes) in answers.items()
    }


def draw_answers(found: dict[int, dict[str, Any]]) -> None:
    """What both discriminators answer, as histograms."""
    figure, axes = plt.subplots(2, 2, figsize=(8, 4.4), sharex=True, sharey=True)
    bins = np.linspace(0, 1, 41)
    for row, (move, by_name) in zip(axes, found.items(), strict=True):
        for axis, (name, answer) in zip(row, by_name.items(), strict=True):
            for kind, color in (("fakes", "tab:orange"), ("faces", "tab:blue")):
                values = answer[f"on_{kind}"]
                share = np.full(len(values), 1 / len(values))
                axis.hist(values, bins, weights=share, color=color, alpha=0.7, label=kind)
            right = (answer["faces_right"] + answer["fakes_right"]) / 2
            axis.set_title(f"{name} D, move {move:,}: right {right:.1%}", fontsize=10)
    axes[0, 0].legend()
    for axis in axes[1]:
        axis.set_xlabel("D's probability of a face")
    save(figure, "slanted-faces-fresh")


def save(figure: plt.Figure, name: str) -> None:
    """Write one figure beside this script."""
    figure.savefig(HERE / f"{name}.png", dpi=110, bbox_inches="tight", metadata={"Software": None})
    plt.close(figure)


def main() -> None:
    """Play, draw, and write down the numbers that the page states."""
    records, weights = play()
    draw_faces(weights[:TEXTBOOK_MOVES])
    draw_errors(records)
    draw_pixels(weights)
    found = {move: examine(weights[move - 1]) for move in (TEXTBOOK_MOVES, ALL_MOVES)}
    draw_answers(found)
    numbers = {
        move: {
            name: {k: v for k, v in answer.items() if not k.startswith("on_")}
            for name, answer in by_name.items()
        }
        for move, by_name in found.items()
    }
    (HERE / "slanted-faces.json").write_text(json.dumps(numbers, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
