"""``gansmith plan``: what would be trained, how large it is, and how long it would take here."""

from __future__ import annotations

import resource
import sys
from typing import Any

import torch
from torch import nn

from gansmith.cli.commands import Settings, TrainingFlags
from gansmith.cli.console import bar, print_json, print_result, say
from gansmith.cli.flags import settings_from
from gansmith.convert import to_json
from gansmith.game.build import build_game
from gansmith.prepare import (
    SHARE_FOR_ROUNDS,
    Prepared,
    device_of,
    prepare,
    seconds_per_codec_step,
    seconds_per_round,
    with_samples,
)
from gansmith.protocols import Learned


def parameters(network: nn.Module) -> int:
    """Number of trained parameters."""
    return sum(p.numel() for p in network.parameters())


def peak_memory_bytes() -> int:
    """The largest amount of memory this process has held; on the GPU where there is one."""
    if torch.cuda.is_available() and torch.cuda.max_memory_allocated():
        return torch.cuda.max_memory_allocated()
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def measure(prepared: Prepared) -> dict[str, Any]:
    """The plan as numbers; plays some rounds on networks that are thrown away."""
    experiment, learned = prepared.experiment, isinstance(prepared.codec, Learned)
    game = build_game(experiment, prepared.codec.spec)
    num_train = max(len(prepared.loaders()[0]), 1)
    # First, so that its peak is its own: the game's may be higher, and is measured with it.
    codec_cost = seconds_per_codec_step(prepared) if learned else 0.0
    codec_memory = peak_memory_bytes()
    cost = seconds_per_round(prepared)
    fixed = with_samples(experiment, experiment.train.minutes * 60, cost, codec_cost)
    batch, samples = fixed.train.batch_size, fixed.train.samples
    codec_seconds = fixed.codec.samples / fixed.codec.batch_size * codec_cost
    codec: dict[str, Any] = {}
    if isinstance(prepared.codec, Learned):
        codec["codec"] = {
            "parameters": parameters(prepared.codec.network),
            "peak_memory_bytes": codec_memory,
            "samples_per_second": fixed.codec.batch_size / codec_cost,
            "samples": fixed.codec.samples,
            "epochs": fixed.codec.samples / num_train,
            "seconds": codec_seconds,
        }
    return {
        "source": experiment.data.source,
        "num_samples": len(prepared.dataset),
        "recipe": experiment.recipe,
        "device": device_of(experiment),
        "parameters": {name: parameters(net) for name, net in game.networks.items()},
        "peak_memory_bytes": peak_memory_bytes(),
        "samples_per_second": batch / cost,
        "samples": samples,
        "epochs": samples / num_train,
        "seconds": samples / batch * cost / SHARE_FOR_ROUNDS + codec_seconds,
        **codec,
        "config": to_json(experiment),
    }


def plan(source: str, flags: TrainingFlags, settings: Settings, as_json: bool) -> int:
    """Measure and print."""
    prepared = prepare(
        source, recipe=flags.recipe, settings=settings_from(flags, settings), progress=bar
    )
    say("Measuring ...")
    numbers = measure(prepared)
    if as_json:
        print_json(numbers)
    else:
        print_result("\n".join(_lines(numbers)))
    return 0


def _lines(numbers: dict[str, Any]) -> list[str]:
    sizes = ", ".join(f"{name} {count:,}" for name, count in numbers["parameters"].items())
    lines = [
        *_leaves(numbers["config"]),
        "",
        f"source      {numbers['source']}: {numbers['num_samples']:,} samples",
        f"recipe      {numbers['recipe']} on {numbers['device']}",
    ]
    if codec := numbers.get("codec"):
        lines += [
            "the codec learns first:",
            f"  parameters  {codec['parameters']:,}",
            *(f"  {line}" for line in _stage(codec)),
            f"  time        {codec['seconds'] / 60:,.1f} minutes",
            "then the game:",
        ]
    lines += [f"parameters  {sizes}", *_stage(numbers)]
    both = ", the codec's among them" if codec else ""
    return [*lines, f"time        {numbers['seconds'] / 60:,.1f} minutes{both}"]


def _stage(numbers: dict[str, Any]) -> list[str]:
    """Of the game, or of the stage in which a codec learns."""
    return [
        f"memory      {numbers['peak_memory_bytes'] / 2**20:,.0f} MiB at most, measured",
        f"speed       {numbers['samples_per_second']:,.0f} samples/s, measured",
        f"length      {numbers['samples']:,} samples, {numbers['epochs']:.1f} epochs",
    ]


def _leaves(tree: Any, path: str = "") -> list[str]:
    """Each field as the setting that would set it."""
    if isinstance(tree, dict) and set(tree) == {"start", "end", "until", "log"}:
        same = tree["start"] == tree["end"]
        return [f"{path}={tree['start']:g}" + ("" if same else f"..{tree['end']:g}")]
    if isinstance(tree, dict):
        return [
            line
            for key, value in tree.items()
            for line in _leaves(value, path if key == "options" else f"{path}.{key}".lstrip("."))
        ]
    if isinstance(tree, list) and tree and isinstance(tree[0], dict):
        return [line for item in tree for line in _leaves(item, f"{path}.{item['name']}")]
    if isinstance(tree, list):
        mark = "; " if path == "data.constraints" else ","
        return [f"{path}={mark.join(str(v) for v in tree)}"]
    return [f"{path}={tree}"]
