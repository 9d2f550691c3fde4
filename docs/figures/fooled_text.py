"""Lines that fool measures of text, and what is measured of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from fooled_drawing import panels, save

from gansmith.evaluation.estimate import Estimate
from gansmith.modalities.text.byte_pairs import BytePairs
from gansmith.modalities.text.measures.bleu import bleu_table
from gansmith.modalities.text.measures.copies import copies
from gansmith.modalities.text.measures.perplexity import reverse_perplexity

NUM_LINES, NUM_TRAIN, NUM_SHOWN = 1_000, 2_000, 5
TOKENS = 120_000
SIZES = ("small", "large", "thin", "round", "quiet", "quick", "shy", "calm", "old", "young")
COLOURS = ("black", "white", "grey", "brown", "red", "pale", "dark", "gold", "blue", "striped")
SOUNDS = {"cat": "meow", "dog": "woof", "cow": "moo", "duck": "quack", "sheep": "baa",
          "frog": "croak", "owl": "hoot", "pig": "oink"}  # fmt: skip
DOES = ("sits", "stands", "waits", "sleeps", "eats", "plays")
KINDS = ("warm", "green", "narrow", "wet", "empty", "broken", "high", "dusty", "new", "flat")
PLACES = ("roof", "stone", "hill", "bridge", "bench", "road", "wall", "field", "boat", "cart")


def lines_of(random: np.random.Generator, count: int, *, right: bool = True) -> list[str]:
    """Animals of all sorts, each with its own sound, eight words later; or with that of any."""
    parts = (SIZES, COLOURS, list(SOUNDS), DOES, KINDS, PLACES, list(SOUNDS.values()))
    found = []
    for _ in range(count):
        size, colour, animal, does, kind, place, sound = (
            part[random.integers(len(part))] for part in parts
        )
        said = SOUNDS[animal] if right else sound
        found.append(f"a {size} {colour} {animal} {does} on the {kind} {place} and says {said} .")
    return found


def measured(lines: list[str], train: list[str], reference: list[str]) -> dict[str, float]:
    """Four numbers of lines."""
    (scores,) = bleu_table(reference, {"": lines})
    pairs = BytePairs.fit(train, 400)
    perplexity = reverse_perplexity(lines, reference, tokens=TOKENS, pairs=pairs)
    values = {
        "bleu": scores.bleu,
        "self-bleu": scores.self_bleu,
        "reverse-perplexity": perplexity,
        "copied-lines": copies(train, [], lines).copies,
    }
    return {name: v.value if isinstance(v, Estimate) else v for name, v in values.items()}


def draw_text() -> dict[str, Any]:
    """A few lines again and again, lines that were learnt from, and lines whose ends do not fit."""
    random = np.random.default_rng(0)
    train, reference = lines_of(random, NUM_TRAIN), lines_of(random, NUM_LINES)
    fakes = {
        "other real lines": lines_of(random, NUM_LINES),
        "fifty lines": reference[:50] * (NUM_LINES // 50),
        "training lines": train[:NUM_LINES],
        "any animal's sound": lines_of(random, NUM_LINES, right=False),
    }
    rows = {label: measured(fake, train, reference) for label, fake in fakes.items()}
    for axis, fake in zip(panels(list(rows), rows, (12, 3.6)), fakes.values(), strict=True):
        text = "\n\n".join(line.replace(" on ", "\non ") for line in fake[:NUM_SHOWN])
        axis.text(0.04, 0.5, text, va="center", fontsize=7.5, transform=axis.transAxes)
    save("text")
    return {"rows": rows, "also": {"lines": NUM_LINES, "train": NUM_TRAIN}}


FIGURES = {"text": draw_text}
