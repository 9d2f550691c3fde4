"""From raw results to the page of the docs: ``python -m benchmarks tables``.

Every number on the page comes from a file in benchmarks/results; what is missing there is shown as
``not run``.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence

from benchmarks.cases import PAGE, Json, Places
from benchmarks.record import Results
from gansmith.errors import RunError
from gansmith.runs.folder import write_atomic

NOT_RUN = "not run"
NAMES = ("points", "pictures", "few", "rows", "texts", "cost", "measures", "serve", "gpu")


def spread(values: Iterable[float | None], form: str = "{:.3g}") -> str:
    """The median, and the smallest and largest in brackets where there are several.

    >>> spread([1.0, 3.0, 2.0], "{:.1f}")
    '2.0 (1.0 to 3.0)'
    >>> spread([])
    'not run'
    """
    known = [value for value in values if value is not None]
    if not known:
        return NOT_RUN
    middle = form.format(statistics.median(known))
    if len(known) == 1:
        return middle
    return f"{middle} ({form.format(min(known))} to {form.format(max(known))})"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A table in Markdown; the first column is on the left, the others on the right.

    >>> table(["a", "b"], [["x", "1"]])
    ['| a | b |', '| --- | ---: |', '| x | 1 |', '']
    """
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return [f"| {' | '.join(line)} |" for line in lines] + [""]


def results_of(runs: Iterable[Json], **key: object) -> list[Json]:
    """The results of the runs whose key has these values, without those that diverged."""
    found = (run for run in runs if all(run["key"].get(k) == v for k, v in key.items()))
    return [run["result"] for run in found if "diverged" not in run["result"]]


def num_diverged(runs: Iterable[Json], **key: object) -> int:
    """How many of the runs whose key has these values diverged."""
    found = (run for run in runs if all(run["key"].get(k) == v for k, v in key.items()))
    return sum("diverged" in run["result"] for run in found)


def longest(runs: Sequence[Json]) -> list[Json]:
    """The runs of the longest trainings: shorter ones of the same kind do not compare."""
    most = max((run["key"].get("minutes", 0) for run in runs), default=0)
    return [run for run in runs if run["key"].get("minutes", 0) == most]


def by_data(runs: Sequence[Json]) -> dict[str, list[Json]]:
    """Runs by the name and content of their data."""
    found: dict[str, list[Json]] = {}
    for run in runs:
        name, digest = run["key"].get("data", ""), run["key"].get("data_sha256", "")
        found.setdefault(f"`{name}`" + (f" ({digest[:12]})" if digest else ""), []).append(run)
    return found


def about(content: Json) -> list[str]:
    """Where the numbers come from: machine, versions, commit, command, dates, load."""
    lines = []
    for number, environment in enumerate(content["environments"]):
        runs = [run for run in content["runs"] if run["environment"] == number]
        if not runs:
            continue
        machine, versions = environment["machine"], environment["versions"]
        revision = environment["revision"]
        commit = (revision["commit"] or "unknown")[:10]
        changed = " with changes" if revision["changed"] else ""
        days = sorted({run["date"][:10] for run in runs})
        gpu = f", {machine['gpu']}" if machine["gpu"] else ""
        lines.append(
            f"- {len(runs)} runs by `{environment['command']}`, {days[0]}"
            + (f" to {days[-1]}" if len(days) > 1 else "")
            + f": {machine['cpu']}, {machine['cores']} cores{gpu}, {machine['memory_gib']} GiB; "
            f"Python {versions['python']}, torch {versions['torch']}; commit {commit}{changed}; "
            f"load before a run {spread((run['load_before'] for run in runs), '{:.1f}')}."
        )
    return ["Measured:", "", *lines, ""] if lines else ["Not run.", ""]


def replace_section(page: str, name: str, lines: Sequence[str]) -> str:
    """The page with what stands between the markers of ``name`` replaced.

    Raises:
        RunError: if the markers are missing.
    """
    begin, end = f"<!-- begin: {name} -->", f"<!-- end: {name} -->"
    before, found, rest = page.partition(begin)
    _, ended, after = rest.partition(end)
    if not (found and ended):
        raise RunError("The page lacks a section's markers.", where=f"{begin} ... {end}")
    body = "\n".join(lines).rstrip("\n")
    return f"{before}{begin}\n{body}\n{end}{after}"


def write(places: Places) -> None:
    """Write the tables and curves of all benchmarks into the page."""
    # Here, because sections are made of what this module has.
    from benchmarks.sections import SECTIONS

    source = places.page if places.page.exists() else PAGE
    page = source.read_text("utf-8")
    for name in NAMES:
        content: Mapping[str, list[Json]] = Results(places.results / f"{name}.json").read()
        lines = [*SECTIONS[name](content["runs"], places.figures), *about(dict(content))]
        page = replace_section(page, name, lines)
    places.page.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(places.page, page)
