"""Cases in processes of their own."""

from __future__ import annotations

from pathlib import Path

from benchmarks.cases import Case, Options, Places, data_key
from benchmarks.record import Results
from benchmarks.runner import from_file, run, to_file


def _case(places: Places, part: str, data: str = "") -> Case:
    key = {"part": part, "seed": 0}
    return Case("cost", key, data=data, threads=1, toy=True, places=places)


def test_a_case_survives_the_way_to_another_process(tmp_path: Path):
    case = _case(Places.below(tmp_path), "start-up")
    to_file(case, tmp_path / "case.json")
    assert from_file(tmp_path / "case.json") == case


def test_one_that_fails_stays_missing_and_the_others_are_kept(tmp_path: Path):
    places = Places.below(tmp_path)
    options = Options("cost", places=places)
    lines: list[str] = []
    cases = [_case(places, "step", data="ring"), _case(places, "unknown")]
    assert run(cases, options, 2, lines.append) == 1
    results = Results(tmp_path / "results" / "cost.json")
    assert [results.has(case) for case in cases] == [True, False]
    assert results.runs[0]["wall_seconds"] > 0
    assert any("part=unknown" in line and "failed" in line for line in lines)


def test_data_are_known_by_content_and_not_by_place(tmp_path: Path):
    keys = []
    for folder in ("a", "b"):
        path = tmp_path / folder / "x.npz"
        path.parent.mkdir()
        path.write_bytes(b"same")
        keys.append(data_key(str(path)))
    assert keys[0] == keys[1]
    assert keys[0]["data"] == "x.npz"
    assert data_key("digits") == {"data": "digits"}
