"""Where a run stands: training, ended, or stopped; since when, and how far."""

from __future__ import annotations

from typing import Any

from gansmith.reporting import REPORT_JSON
from gansmith.runs.exported import is_exported
from gansmith.runs.folder import RunFolder
from gansmith.runs.tail import MOST_SAMPLES, numbers
from gansmith.serving.limits import RefusedError
from gansmith.studio.watch.files import last_record, read_json, within


def state_of(folder: RunFolder) -> dict[str, Any]:
    """What the list says of a run.

    Returns:
        ``state`` (training, ended, stopped, export, broken), ``since`` (seconds of the epoch, or
        None), ``samples`` of ``total``, ``samples_per_second``, ``modality``, ``word`` (what is
        odd, or None) and ``report``, whether it was evaluated.
    """
    found: dict[str, Any] = {
        "state": "broken", "since": None, "samples": 0, "total": 0, "samples_per_second": None,
        "modality": None, "word": None,
        "report": within(folder, folder.path / REPORT_JSON) is not None,
    }  # fmt: skip
    try:
        config = read_json(folder, "config.json") or {}
    except RefusedError as error:
        return {**found, "word": error.what}
    train, record = config.get("train"), last_record(folder)
    found |= {
        "modality": _text(config.get("modality")),
        "total": _whole(train.get("samples")) if isinstance(train, dict) else 0,
        "samples": _whole(record.get("samples")),
        "samples_per_second": numbers(record).get("samples_per_second"),
    }
    if is_exported(folder):
        return {**found, "state": "export", "word": "An export has no records of its training."}
    if folder.is_training():
        return {**found, "state": "training", "since": _changed(folder.config)}
    if folder.card.is_file():
        return {**found, "state": "ended", "since": _changed(folder.card)}
    last = _changed(folder.metrics) or _changed(folder.config)
    return {**found, "state": "stopped", "since": last}


def _changed(path: Any) -> float | None:
    try:
        return float(path.stat().st_mtime)
    except OSError:
        return None


def _whole(value: Any) -> int:
    return value if type(value) is int and 0 <= value < MOST_SAMPLES else 0


def _text(value: Any) -> str | None:
    return value[:40] if isinstance(value, str) else None
