"""The report of ``gansmith evaluate``: its numbers, and the page that it wrote."""

from __future__ import annotations

from typing import Any

from gansmith.evaluation.report import shown
from gansmith.reporting import REPORT_JSON, REPORT_PAGE
from gansmith.runs.folder import RunFolder
from gansmith.serving.limits import RefusedError
from gansmith.studio.watch.files import read, read_json, within

_NONE = "This run was not evaluated yet."
_TEXTS = ("name", "better", "reads")
_NUMBERS = ("value", "low", "high", "floor")


def report(folder: RunFolder) -> dict[str, Any]:
    """Numbers of a report, as the page shows them.

    Returns:
        ``values``, ``classes``, ``missing``, ``baselines`` and ``about`` as report.json has them,
        numbers of ``values`` also as text under ``shown``; ``page``, whether there is one.

    Raises:
        RefusedError: 404 if the run was not evaluated, 422 if report.json is no report.
    """
    content = read_json(folder, REPORT_JSON)
    if content is None:
        raise RefusedError(404, _NONE, fix="gansmith evaluate RUN")
    try:
        return {
            "values": [_value(value) for value in content["values"]],
            "classes": {
                str(name): [_value(value) for value in values]
                for name, values in (content.get("classes") or {}).items()
            },
            "missing": [
                {"name": str(m["name"]), "why": str(m["why"])} for m in content.get("missing") or []
            ],
            "baselines": _baselines(content.get("baselines")),
            "about": {str(k): v for k, v in content["about"].items()},
            "page": within(folder, folder.path / REPORT_PAGE) is not None,
        }
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise RefusedError(
            422, f"{REPORT_JSON} of this run is damaged.", fix="gansmith evaluate RUN"
        ) from error


def page(folder: RunFolder) -> bytes:
    """The page. Raises a RefusedError, 404, if there is none."""
    content = read(folder, folder.path / REPORT_PAGE)
    if content is None:
        raise RefusedError(404, _NONE, fix="gansmith evaluate RUN")
    return content


def _value(value: dict[str, Any]) -> dict[str, Any]:
    numbers = {name: _number(value[name]) for name in _NUMBERS}
    return {
        **{name: str(value[name]) for name in _TEXTS},
        **numbers,
        "num_fake": int(value["num_fake"]),
        "num_real": int(value["num_real"]),
        "contaminated": bool(value.get("contaminated")),
        "shown": {name: None if n is None else shown(n) for name, n in numbers.items()},
    }


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _baselines(baselines: dict[str, Any] | None) -> dict[str, Any] | None:
    if baselines is None:
        return None
    return {
        "verdict": str(baselines["verdict"]),
        "notes": [str(note) for note in baselines.get("notes") or []],
        "rows": [
            {"name": str(row["name"]), "values": [_value(value) for value in row["values"]]}
            for row in baselines.get("rows") or []
        ],
    }
