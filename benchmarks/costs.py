"""The section of the page about what training and sampling cost."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.cases import Json
from benchmarks.cost import NUM_PICTURES, PENALTIES
from benchmarks.tables import NOT_RUN, results_of, spread, table

# In the order of a round; the first column of the table.
PIECES = {
    "data": "draw a batch from the data",
    "encode": "encode it",
    "latent": "draw latents",
    "generator forward": "generator forward",
    "discriminator forward and backward": "discriminator forward and backward",
    "penalties": "penalties, averaged over rounds",
    "generator's move": "generator's loss and backward",
    "optimizers": "both optimizers",
    "average": "average of the weights",
    "monitoring": "monitoring",
    "round": "**a whole round**",
}


def costs(runs: Sequence[Json], figures: Path) -> list[str]:
    """A table of each part."""
    del figures
    data = list(dict.fromkeys(run["key"]["data"] for run in runs if "data" in run["key"]))
    data = data or ["ring", "digits"]
    return [
        *_pieces(runs, data),
        *_choices(runs, data),
        *_speeds(runs, data),
        *_memory(runs),
        *_start_up(runs),
    ]


def _milliseconds(values: Sequence[float]) -> str:
    return spread((1e3 * v for v in values), "{:.3g}")


def _pieces(runs: Sequence[Json], data: Sequence[str]) -> list[str]:
    rows = []
    for name, label in PIECES.items():
        found = (results_of(runs, part="step", data=each) for each in data)
        rows.append([label, *(_milliseconds([r["seconds"][name] for r in own]) for own in found)])
    return ["**A round in pieces**, milliseconds", "", *table(["piece", *data], rows)]


def _choices(runs: Sequence[Json], data: Sequence[str]) -> list[str]:
    """A whole round under each penalty, and compiled or not."""
    rows = []
    for name in PENALTIES:
        found = (results_of(runs, part="penalties", data=each) for each in data)
        cells = (_milliseconds([r["seconds"][name] for r in own]) for own in found)
        rows.append([f"R1 and R2 {name}" if name != "none" else "no penalty", *cells])
    for choice in ("off", "on"):
        compiled = [results_of(runs, part="compile", data=each) for each in data]
        known = [[r["seconds"][choice] for r in own if choice in r["seconds"]] for own in compiled]
        rows.append([f"torch.compile {choice}", *(_milliseconds(own) for own in known)])
        first = [
            [r["building_seconds"][choice] for r in own if choice in r["building_seconds"]]
            for own in compiled
        ]
        rows.append([f"its first two rounds, {choice}", *(_milliseconds(own) for own in first)])
    return ["**A whole round**, milliseconds", "", *table(["with", *data], rows)]


def _speeds(runs: Sequence[Json], data: Sequence[str]) -> list[str]:
    rows = [
        [label, *(_per_second(results_of(runs, part=part, data=each)) for each in data)]
        for part, label in (("step", "training"), ("sampling", "sampling"))
    ]
    return ["**Samples per second**", "", *table(["", *data], rows)]


def _per_second(found: Sequence[Json]) -> str:
    return spread((r["samples_per_second"] for r in found), "{:,.0f}")


def _memory(runs: Sequence[Json]) -> list[str]:
    sizes = sorted({r["key"]["num_pictures"] for r in runs if r["key"]["part"] == "memory"})
    rows = []
    for num in sizes or NUM_PICTURES:
        found = results_of(runs, part="memory", num_pictures=num)
        cells = (
            spread((None if r[name] is None else r[name] / 2**20 for r in found), "{:.0f}")
            for name in ("data_bytes", "peak_anonymous_bytes", "peak_rss_bytes",
                         "decoding_peak_rss_bytes")
        )  # fmt: skip
        rows.append([f"{num:,}", *cells])
    header = ["pictures of 28x28", "data", "anonymous", "resident", "resident while decoding"]
    return ["**Peak memory**, MiB", "", *table(header, rows)]


def _start_up(runs: Sequence[Json]) -> list[str]:
    found = results_of(runs, part="start-up")
    if not found:
        return [f"`gansmith --help`: {NOT_RUN}.", ""]
    seconds = [spread((r["seconds"][name] for r in found), "{:.2f}") for name in ("help", "python")]
    ratio = spread((r["ratio"] for r in found), "{:.1f}")
    return [
        f"`gansmith --help` takes {seconds[0]} s, Python alone {seconds[1]} s: {ratio} times.",
        "",
    ]
