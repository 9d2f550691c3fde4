"""The model card of an export: what is known of the generator, with floors, and what is not."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gansmith.card import sections
from gansmith.convert import from_json
from gansmith.errors import ConfigError, RunError
from gansmith.evaluation.report import Value, interval, shown, told
from gansmith.runs.folder import RunFolder

# As the Hub calls what can be done.
PIPELINES = {"image": "unconditional-image-generation"}


SHEET = "samples.png"


@dataclass(frozen=True)
class About:
    """What the card says of the export itself.

    Attributes:
        position: sample count at which the weights were taken.
        best: whether they are those that measured best while training.
        license: its name on the Hub; empty where it is left to the user.
        name: ``owner/name`` on the Hub.
        sheet: whether there is a picture of samples.
    """

    position: int
    best: bool
    license: str
    name: str
    sheet: bool


def card(folder: RunFolder, config: dict[str, Any], env: dict[str, Any], about: About) -> str:
    """README.md of an export.

    Args:
        folder: of the run.
        config, env: as they are exported.
        about: the export.
    """
    name = f"{Path(config['data']['source']).name}, recipe {config['recipe']}"
    lines = [
        *_front(config, about.license),
        f"# {name}",
        "",
        f"A generator, trained with gansmith {env['versions']['gansmith']}. What it makes is made "
        "up, and looks more or less like its training data.",
        "",
        *_use(env["data"], about),
        *_measured(folder, about),
        *sections(folder, config, env, exported=True),
        *_limits(env["data"]),
    ]
    return "\n".join(lines)


def _front(config: dict[str, Any], license_: str) -> list[str]:
    tags = ["gan", "gansmith", "synthetic-data", config["modality"]]
    pipeline = PIPELINES.get(config["modality"])
    return [
        "---",
        f"license: {json.dumps(license_)}" if license_ else "# license: yours to say, and to know",
        "library_name: gansmith",
        *([f"pipeline_tag: {pipeline}"] if pipeline else []),
        f"tags: {json.dumps(tags)}",
        "---",
        "",
    ]


def _use(data: dict[str, Any], about: About) -> list[str]:
    place = f"hf:{about.name}"
    lines = ["## Use", "", "```sh", f"gansmith sample {place} -n 100"]
    if data["classes"]:
        chosen = shlex.quote(data["classes"][0])
        lines.append(f"gansmith sample {place} -n 100 --class {chosen}")
    return [
        *lines,
        "```",
        "",
        f'or `gansmith.load("{place}")` in Python; a copy of this folder is opened by its path. '
        "Only JSON and safetensors are read; nothing here can execute.",
        "",
        *([f"![Samples at the end of training]({SHEET})", ""] if about.sheet else []),
    ]


def _measured(folder: RunFolder, about: About) -> list[str]:
    lines = ["## Measured", ""]
    path = folder.path / "report.json"
    if not path.exists():
        return [*lines, "Not measured: `gansmith evaluate` was not run before the export.", ""]
    try:
        report = folder.read_json("report.json")
        fake, features = report["about"]["fake"], report["about"]["features"]["name"]
        same = (fake["samples_trained"], fake["best"]) == (about.position, about.best)
        values = [from_json(Value, value) for value in report["values"]]
    except (RunError, ConfigError, KeyError, TypeError):
        return [*lines, "Not measured: report.json of the run is not as gansmith writes it.", ""]
    if not same:
        return [*lines, "Not measured: the report of the run is about other weights.", ""]
    rows = [_row(value) for value in values]
    return [
        *lines,
        "| Metric | Value | 95 % interval | Real data in its place | Better | n | |",
        "|---|---|---|---|---|---|---|",
        *rows,
        *[f"| {missing['name']} | not measured | | | | | {missing['why']} |"
          for missing in report["missing"]],
        "",
        f"Distances are measured in the features `{features}`, against "
        f"{report['about']['real']['reference']}; seed {report['about']['seed']}. The floor of a "
        "value is what real samples reach in the place of the generator's.",
        "",
    ]  # fmt: skip


def _row(value: Value) -> str:
    floor = "" if value.floor is None else shown(value.floor)
    better = {"floor": "as real"}.get(value.better, value.better)
    cells = [value.name, shown(value.value), interval(value), floor, better,
             f"{value.num_fake:,}", told(value)]  # fmt: skip
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def _limits(data: dict[str, Any]) -> list[str]:
    lines = ["## What is not known", ""]
    if not data.get("guarantee"):
        lines.append(
            f"- Whether some samples repeat one of the {data['num_train']:,} training samples. No "
            "claim about privacy is made."
        )
    lines.append("- Gaps and biases of the training data are those of the samples.")
    lines.append(
        "- The codec says what the data were like: of a table the names of columns, their ranges "
        "and levels; of texts the pieces of words."
    )
    return [*lines, ""]
