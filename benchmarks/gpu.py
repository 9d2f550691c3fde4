"""Pictures on a GPU: throughput, memory and Fréchet distance; compiling and bfloat16 on and off.

Written for CIFAR-10; takes any source of pictures with classes. A training that is stopped by a
signal goes on with the same command, since time on a GPU often comes in pieces.
"""

from __future__ import annotations

import hashlib
import shutil

import numpy as np
import torch

from benchmarks.cases import Case, Json, Options, data_key
from benchmarks.classifier import judge, open_split
from benchmarks.pictures import NUM_SAMPLES, distances, keep_sheet, trained
from gansmith.errors import UserError

MINUTES = 15.0
SHORT_MINUTES = 1.0
RECIPE = "pictures-gpu"
VARIANTS = [(compiled, precision) for compiled in ("on", "off") for precision in
            ("bf16-mixed", "32-true")]  # fmt: skip


def cases(options: Options) -> list[Case]:
    """One long training for each seed, then short ones of all variants.

    Raises:
        UserError: without a GPU or data, or where the recipe is a file.
    """
    if not torch.cuda.is_available() and not options.toy:
        raise UserError("no CUDA device: not run")
    data = options.data or ("digits" if options.toy else "")
    if not data:
        raise UserError("No pictures were named.", fix="--data cifar10.parquet")
    minutes = options.minutes or (0.01 if options.toy else MINUTES)
    recipe = options.recipe or ("pictures" if options.toy else RECIPE)
    seeds = range(options.seeds or (1 if options.toy else 3))
    if recipe.endswith(".json"):
        raise UserError("A benchmark's recipe needs a name.", where=recipe)
    about = {"recipe": recipe, **data_key(data)}
    keys = [{"part": "long", "seed": seed, "minutes": minutes, **about} for seed in seeds]
    # On a toy's CPU nothing is compiled: that takes longer than all the rest.
    variants = VARIANTS[2:] if options.toy else VARIANTS
    short = min(minutes, SHORT_MINUTES)
    keys += [
        {"part": "short", "compile": compiled, "precision": precision, "seed": seed,
         "minutes": short, **about}
        for seed in seeds
        for compiled, precision in variants
    ]  # fmt: skip
    return [Case("gpu", key, data=data, toy=options.toy, places=options.places) for key in keys]


def measure(case: Case) -> Json:
    """Train; throughput and memory of all runs, the distance of the long ones."""
    short = case.key["part"] == "short"
    settings: dict[str, object] = {}
    if short:
        settings = {
            "machine.compile": case.key["compile"],
            "train.precision": case.key["precision"],
        }
    device = "cpu" if case.toy else "cuda"
    # Kept until it is measured, so that a stopped training goes on.
    name = hashlib.sha256(case.label.encode()).hexdigest()[:16]
    folder = case.places.build / "gpu" / name
    run, speed = trained(case, folder, str(case.key["recipe"]), settings, device)
    result = {**speed, "peak_memory_bytes": _peak_memory_bytes(device)}
    result |= {"compile": run.config.machine.compile, "precision": run.config.train.precision}
    if not short:
        split = open_split(case.data, 500 if case.toy else None)
        n = min(NUM_SAMPLES, len(split.test))
        chunks = run.sampler(device=device).stream(n, seed=case.seed)
        fakes = np.concatenate([samples for samples, _ in chunks])
        critic = judge(split, case.places.build, epochs=1 if case.toy else 20, device=device)
        result |= {**distances(critic, split, fakes), "classifier": critic.record}
        keep_sheet(case, run, "gpu")
    shutil.rmtree(folder)
    return result


def _peak_memory_bytes(device: str) -> int | None:
    """What torch held at most on the GPU, in this process; None on a CPU."""
    if device != "cuda":
        return None
    # Nothing, where the training had ended before and was only opened.
    return torch.cuda.max_memory_allocated() or None
