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
from benchmarks.pictures import NUM_SAMPLES, distances, keep_sheet, training_speed
from gansmith.api import train
from gansmith.errors import UserError

MINUTES = 15.0
SHORT_MINUTES = 1.0
RECIPE = "pictures-gpu"
VARIANTS = [(compiled, precision) for compiled in ("on", "off") for precision in
            ("bf16-mixed", "32-true")]  # fmt: skip


def cases(options: Options) -> list[Case]:
    """One long training for each seed, then short ones of all variants.

    Raises:
        UserError: without a GPU or data.
    """
    if not torch.cuda.is_available() and not options.toy:
        raise UserError("no CUDA device: not run")
    data = options.data or ("digits" if options.toy else "")
    if not data:
        raise UserError("No pictures were named.", fix="--data cifar10.parquet")
    minutes = options.minutes or (0.01 if options.toy else MINUTES)
    recipe = options.recipe or ("pictures" if options.toy else RECIPE)
    seeds = range(options.seeds or (1 if options.toy else 3))
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
    if case.toy:
        settings |= {"generator.width": 8, "discriminator.width": 8}
    device = "cpu" if case.toy else "cuda"
    # Kept until it is measured, so that a stopped training goes on.
    name = hashlib.sha256(case.label.encode()).hexdigest()[:16]
    folder = case.places.build / "gpu" / name
    run = train(
        case.data,
        folder,
        recipe=str(case.key["recipe"]),
        minutes=case.minutes,
        seed=case.seed,
        device=device,
        settings=settings,
    )
    result = {**training_speed(run), "peak_memory_bytes": _peak_memory_bytes(device)}
    result |= {"compile": run.config.machine.compile, "precision": run.config.train.precision}
    if not short:
        split = open_split(case.data)
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
    return torch.cuda.max_memory_allocated() if device == "cuda" else None
