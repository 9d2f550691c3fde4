"""What each benchmark shows on the page, from its runs."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks import curves, few, measures, pictures, points
from benchmarks.cases import Json
from benchmarks.costs import costs
from benchmarks.row_sections import of_rows
from benchmarks.served import served
from benchmarks.tables import NOT_RUN, by_data, longest, num_diverged, results_of, spread, table
from benchmarks.text_sections import of_texts

CAPTURED_GOAL = 0.9


def _minutes(runs: Sequence[Json]) -> str:
    return f"{runs[0]['key']['minutes']:g} minutes" if runs else ""


def _picture(title: str, path: Path) -> list[str]:
    """A figure, where there is one; the page lies beside the folder of figures."""
    return [f"![{title}](figures/{path.name})", ""] if path.exists() else []


def _sheets(names: Mapping[str, str], figures: Path) -> list[str]:
    """Samples of the first seed side by side, of those that were kept."""
    files = {label: f"{pictures.slug(name)}.png" for label, name in names.items()}
    found = {label: file for label, file in files.items() if (figures / file).exists()}
    if not found:
        return []
    images = [f"![Samples: {label}](figures/{file})" for label, file in found.items()]
    return ["Samples of seed 0, not picked:", "", *table(list(found), [images])]


def point_sets(all_runs: Sequence[Json], figures: Path) -> list[str]:
    """A table for each source, and the curves."""
    runs, lines = longest(all_runs), list[str]()
    for source in points.SOURCES:
        lines += [f"**{source}**, {_minutes(runs) or NOT_RUN}", ""]
        rows = [[method, *_point_row(runs, source, method)] for method in points.METHODS]
        header = ["method", "goal met", "modes", "captured", "KL", "spread", "samples, millions"]
        lines += table(header, rows)
    path = figures / "benchmark-points.png"
    if runs:
        curves.point_sets(runs, path)
    return lines + _picture("Captured samples and modes hit over time, by method", path)


def _point_row(runs: Sequence[Json], source: str, method: str) -> list[str]:
    found = results_of(runs, source=source, method=method)
    lost = num_diverged(runs, source=source, method=method)
    if not found and not lost:
        return [NOT_RUN] * 6
    final = [result["final"] for result in found]
    met = sum(f["captured"] >= CAPTURED_GOAL and f["modes_hit"] == f["num_modes"] for f in final)
    return [
        f"{met} of {len(final) + lost}" + (f", {lost} diverged" if lost else ""),
        spread((f["modes_hit"] for f in final), "{:.0f}"),
        spread((f["captured"] for f in final), "{:.1%}"),
        spread((f["kl"] for f in final), "{:.3f}"),
        spread((f["spread"] for f in final), "{:.2f}"),
        spread((r["samples"] / 1e6 for r in found), "{:.1f}"),
    ]


def of_pictures(all_runs: Sequence[Json], figures: Path) -> list[str]:
    """A table for each data set, and sheets of samples."""
    lines: list[str] = []
    for data, own in (by_data(all_runs) or {"": []}).items():
        runs = longest(own)
        lines += [f"{data}, {_minutes(runs)}" if runs else "", ""]
        rows = []
        for method in pictures.METHODS:
            found = results_of(runs, method=method)
            lost = num_diverged(runs, method=method)
            rows.append([
                method + (f" ({lost} diverged)" if lost else ""),
                str(len(found) + lost),
                spread((r["frechet"] for r in found), "{:.2f}"),
                _agreement(found) if "class" in method else "",
                spread((r["samples_per_second"] for r in found), "{:.0f}"),
            ])  # fmt: skip
        header = ["method", "runs", "Fréchet distance", "classifier agrees", "samples/s"]
        lines += [*table(header, rows), *_measures(runs), *_advantage(runs)]
    names = {method: f"pictures-{method}" for method in pictures.METHODS}
    return lines + _sheets(names, figures)


def _agreement(found: Sequence[Json]) -> str:
    """How often the classifier agrees with the class that was asked for."""
    truncated = [r["truncated"] for r in found if "truncated" in r]
    least = "".join(f"; at truncation {t:g}: " for t in {t["truncation"] for t in truncated})
    more = spread((t["agreement"] for t in truncated), "{:.1%}") if truncated else ""
    return spread((r.get("agreement") for r in found), "{:.1%}") + least + more


def _measures(runs: Sequence[Json]) -> list[str]:
    """Floor, sample counts and classifier of the distances; a warning where they differ."""
    found = [r for r in results_of(runs) if "frechet" in r]
    if not found:
        return []
    hashes = sorted({r["classifier"]["sha256"] for r in found})
    accuracy = spread({r["classifier"]["accuracy"] for r in found}, "{:.2%}")
    features = found[0]["classifier"]["num_features"]
    lines = [
        f"Fréchet distance in {features} features of a small classifier, {found[0]['num_fakes']:,} "
        f"fakes against {found[0]['num_real']:,} test pictures; floor (training against test "
        f"pictures) {spread({r['floor'] for r in found}, '{:.3f}')}. The classifier is right on "
        f"{accuracy} of the test pictures; its weights are {', '.join(h[:12] for h in hashes)}.",
        "",
    ]
    if len(hashes) > 1:
        lines += ["**These runs were judged by different classifiers and do not compare.**", ""]
    return lines


def _advantage(runs: Sequence[Json]) -> list[str]:
    """The best baseline's distance over the default's, of medians."""
    medians = {
        method: statistics.median(values)
        for method in ("pictures", "dcgan", "wgan-gp", "sngan")
        if (values := [r["frechet"] for r in results_of(runs, method=method)])
    }
    if len(medians) < 4:
        return ["Default against the best of the three: not run.", ""]
    best = min((m for m in medians if m != "pictures"), key=lambda m: medians[m])
    ratio = medians[best] / medians["pictures"]
    return [f"The best of the three is {best}: {ratio:.2f} times the default's median.", ""]


def few_pictures(all_runs: Sequence[Json], figures: Path) -> list[str]:
    """A table for each data set, the curve of overfitting, and sheets of samples."""
    lines: list[str] = []
    for data, own in (by_data(all_runs) or {"": []}).items():
        runs = longest(own)
        lines += [f"{data}, {_minutes(runs)}" if runs else "", ""]
        rows = []
        for method in few.METHODS:
            found = results_of(runs, method=method)
            ends = [{name: r["curve"][name][-1] for name in few.CURVE} for r in found]
            rows.append([
                method,
                str(len(found)),
                spread((e["overfitting"] for e in ends), "{:.2f}"),
                spread((e["augment_strength"] for e in ends), "{:.2f}"),
                spread((r["novelty"] for r in found), "{:.2f}"),
                spread((r["samples_per_second"] for r in found), "{:.0f}"),
            ])  # fmt: skip
        header = ["method", "runs", "overfitting at the end", "strength at the end", "novelty",
                  "samples/s"]  # fmt: skip
        lines += table(header, rows)
    path = figures / "benchmark-few.png"
    if all_runs:
        curves.few_pictures(longest(all_runs), path)
    lines += _picture("Overfitting and strength of the augmentation over time", path)
    return lines + _sheets({method: f"few-{method}" for method in few.METHODS}, figures)


def on_gpu(all_runs: Sequence[Json], figures: Path) -> list[str]:
    """The long trainings, and the variants."""
    lines: list[str] = []
    for data, own in (by_data(all_runs) or {"": []}).items():
        runs = longest([run for run in own if run["key"]["part"] == "long"])
        lines += [f"{data}, {_minutes(runs)}" if runs else "", ""]
        found = results_of(runs)
        recipe = runs[0]["key"]["recipe"] if runs else "pictures-gpu"
        row = [recipe, str(len(runs)), spread((r["frechet"] for r in found), "{:.2f}"),
               *_speed_and_memory(found)]  # fmt: skip
        header = ["recipe", "runs", "Fréchet distance", "samples/s", "peak memory, GiB"]
        lines += [*table(header, [row]), *_measures(runs)]
        short = [run for run in own if run["key"]["part"] == "short"]
        rows = []
        for compiled in ("on", "off"):
            for precision in ("bf16-mixed", "32-true"):
                each = results_of(short, compile=compiled, precision=precision)
                rows.append([f"compile {compiled}, {precision}", *_speed_and_memory(each)])
        lines += table(
            [f"variant {_minutes(short)}".strip(), "samples/s", "peak memory, GiB"], rows
        )
    return lines + _sheets({"the long training": "gpu"}, figures)


def _speed_and_memory(found: Sequence[Json]) -> list[str]:
    memory = (r["peak_memory_bytes"] for r in found)
    return [
        spread((r["samples_per_second"] for r in found), "{:,.0f}"),
        spread((None if m is None else m / 2**30 for m in memory), "{:.2f}"),
    ]


def measuring(all_runs: Sequence[Json], figures: Path) -> list[str]:
    """The Fréchet distance beside the usual way, and a report in pieces."""
    del figures
    rows = []
    for part, (n, d) in (("many", measures.MANY), ("few", measures.FEW)):
        found = results_of(all_runs, part=part)
        rows.append([
            f"{n:,} samples, {d:,} features",
            str(len(found)),
            spread((r["seconds"] for r in found), "{:.2f}"),
            spread((r["usual_seconds"] for r in found), "{:.1f}"),
            spread((r["usual_seconds"] / r["seconds"] for r in found), "{:.1f}"),
            spread((r["relative_difference"] for r in found), "{:.0e}"),
        ])  # fmt: skip
    header = ["Fréchet distance", "runs", "seconds", "by a matrix root", "times as fast",
              "relative difference"]  # fmt: skip
    lines = table(header, rows)
    found = results_of(all_runs, part="report")
    names = list(found[0]["seconds"]) if found else []
    rows = [[name, spread((r["seconds"][name] for r in found), "{:.1f}")] for name in names]
    rows.append(["all", spread((r["total_seconds"] for r in found), "{:.1f}")])
    n, d, num_train = measures.REPORT
    title = f"report of {n:,} fakes, {d:,} features, {num_train:,} training samples"
    lines += table([title, "seconds"], rows)
    memory = spread((r["peak_rss_bytes"] / 2**30 for r in found), "{:.2f}")
    return [*lines, f"Peak memory of the report: {memory} GiB.", ""]


SECTIONS: Mapping[str, Callable[[Sequence[Json], Path], list[str]]] = {
    "points": point_sets,
    "pictures": of_pictures,
    "few": few_pictures,
    "rows": of_rows,
    "texts": of_texts,
    "cost": costs,
    "measures": measuring,
    "serve": served,
    "gpu": on_gpu,
}
