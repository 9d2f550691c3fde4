"""The section of the page about sentences."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.cases import Json
from benchmarks.tables import by_data, longest, results_of, spread, table

FORMS = {
    "sentence-frechet": ("distance of sentences", "{:.4f}"),
    "for endless lines": ("for endless lines", "{:.4f}"),
    "reverse-perplexity": ("reverse perplexity", "{:.1f}"),
    "bleu": ("BLEU", "{:.3f}"),
    "self-bleu": ("self-BLEU", "{:.3f}"),
}


def of_texts(all_runs: Sequence[Json], figures: Path) -> list[str]:
    """A table of all sets of lines, copies, speed, and some lines."""
    del figures
    lines: list[str] = []
    for data, own in (by_data(all_runs) or {"": []}).items():
        runs = sorted(longest(own), key=lambda run: run["key"]["seed"])
        found = results_of(runs)
        if not found:
            continue
        minutes = runs[0]["key"]["minutes"]
        lines += [f"{data}, {minutes:g} minutes, runs: {len(found)}", ""]
        kinds = [
            kind for kind in FORMS if any(kind in s for r in found for s in r["sets"].values())
        ]
        rows = [[name, *(_cell(found, name, kind) for kind in kinds)] for name in _sets(found)]
        lines += table(["lines of", *(FORMS[kind][0] for kind in kinds)], rows)
        lines += [*_beside(found), *_told(runs), ""]
    return lines


def _sets(found: Sequence[Json]) -> list[str]:
    """All sets of lines, in the order of the run that has most: sweeps may differ."""
    most = max((r["sets"] for r in found), key=len)
    return [*most, *sorted({name for r in found for name in r["sets"]} - set(most))]


def _cell(found: Sequence[Json], name: str, kind: str) -> str:
    return spread((r["sets"].get(name, {}).get(kind) for r in found), FORMS[kind][1])


def _beside(found: Sequence[Json]) -> list[str]:
    """The best temperature of each run, copies and speed."""
    ratios = []
    for result in found:
        models = [s for name, s in result["sets"].items() if name.startswith("language model")]
        distances = [s["sentence-frechet"] for s in models if "sentence-frechet" in s]
        if distances:
            ratios.append(result["sets"]["GAN"]["sentence-frechet"] / min(distances))
    speeds = [r["lines_per_second"] for r in found]
    rows = [
        ["distance over that of the language model at its best temperature",
         spread(ratios, "{:.2f}")],
        *([name, spread((r[name]["value"] for r in found if name in r), "{:.2%}")]
          for name in sorted({name for r in found for name in r if "copies" in name})),
        ["repeats among the lines as they were gathered",
         spread((r["repeats"] for r in found if "repeats" in r), "{:.2%}")],
        *([f"lines a second, {name}", spread((s[name] for s in speeds), "{:,.0f}")]
          for name in speeds[0]),
        ["times as fast as the language model",
         spread((s["GAN"] / s["language model"] for s in speeds), "{:.2f}")],
        ["plans a second, one pass of the generator, not yet in words",
         spread((r["plans_per_second"] for r in found if "plans_per_second" in r), "{:,.0f}")],
    ]  # fmt: skip
    return table(["", "GAN"], rows)


def _told(runs: Sequence[Json]) -> list[str]:
    """The verdict of each run."""
    verdicts = {run["key"]["seed"]: run["result"].get("verdict") for run in runs}
    return [f"- seed {seed}: {verdict}" for seed, verdict in verdicts.items() if verdict]
