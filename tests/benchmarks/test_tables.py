"""Tables: what is shown, and what is said where something is missing or does not compare."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from benchmarks.cases import ROOT, Options
from benchmarks.record import environment
from benchmarks.sections import of_pictures, point_sets
from benchmarks.tables import about, replace_section
from gansmith.errors import RunError


def _points(seed: int, captured: float, minutes: float = 2.0) -> dict[str, Any]:
    final = {"modes_hit": 8.0, "num_modes": 8.0, "captured": captured, "kl": 0.0, "spread": 1.0}
    key = {"source": "ring", "method": "default", "seed": seed, "minutes": minutes}
    return {"key": key, "result": {"final": final, "samples": 10**6, "curve": []}}


def test_a_diverged_run_counts_against_the_goal(tmp_path: Path):
    lost = {**_points(2, 0), "result": {"diverged": "not a finite number", "curve": []}}
    lines = point_sets([_points(0, 0.95), _points(1, 0.5), lost], tmp_path)
    assert "| default | 1 of 3, 1 diverged | 8 (8 to 8) | 72.5% (50.0% to 95.0%) |" in (
        "\n".join(lines)
    )


def test_shorter_trainings_are_left_out(tmp_path: Path):
    lines = point_sets([_points(0, 0.95), _points(0, 0.1, minutes=1.0)], tmp_path)
    assert any(line.startswith("| default | 1 of 1 | 8 | 95.0% |") for line in lines)


def _picture_run(method: str, digest: str, frechet: float) -> dict[str, Any]:
    classifier = {"sha256": digest, "accuracy": 0.92, "num_features": 128}
    result = {
        "frechet": frechet, "floor": 0.05, "num_fakes": 10, "num_real": 10,
        "classifier": classifier, "samples_per_second": 1.0,
    }  # fmt: skip
    return {"key": {"method": method, "seed": 0, "minutes": 10, "data": "x"}, "result": result}


def test_distances_of_different_classifiers_do_not_compare(tmp_path: Path):
    runs = [_picture_run("pictures", "a" * 64, 5), _picture_run("dcgan", "b" * 64, 10)]
    text = "\n".join(of_pictures(runs, tmp_path))
    assert "do not compare" in text
    assert "Default against the best of the three: not run." in text


def test_the_default_against_the_best_of_three(tmp_path: Path):
    found = {"pictures": 5, "dcgan": 12, "wgan-gp": 20, "sngan": 15}
    runs = [_picture_run(method, "a" * 64, value) for method, value in found.items()]
    text = "\n".join(of_pictures(runs, tmp_path))
    assert "The best of the three is dcgan: 2.40 times the default's median." in text
    assert "do not compare" not in text


def test_a_page_without_markers_is_refused():
    page = "a\n<!-- begin: x -->\nold\n<!-- end: x -->\nb"
    assert replace_section(page, "x", ["new", ""]) == page.replace("old", "new")
    with pytest.raises(RunError, match="markers"):
        replace_section(page, "y", [])


def test_an_environment_names_neither_machine_nor_place():
    made = environment(Options("few", seeds=2, data="/somewhere/of/mine/olivetti_64.npz"))
    assert made["command"] == "python -m benchmarks few --seeds 2 --data olivetti_64.npz"
    text = str(made)
    assert "/somewhere" not in text
    assert str(ROOT) not in text
    assert socket.gethostname() not in text
    run = {"environment": 0, "date": "2026-01-02T03:04:05+00:00", "load_before": 0.5}
    lines = about({"environments": [made], "runs": [run]})
    assert "1 runs by `python -m benchmarks few --seeds 2" in lines[2]
