"""Watch over HTTP: records come whole, odd folders get a clear word, and trainings obey."""

from __future__ import annotations

import json
import math
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from invariance.small_runs import SMALL, train, write_points

from gansmith.api import Run
from gansmith.runs.folder import RunFolder
from gansmith.studio.app import create_app
from gansmith.studio.studio import Runs
from gansmith.studio.watch import files, history
from gansmith.studio.watch.series import MOST_BUCKETS, Series
from gansmith.studio.watch.trainings import MOST_TRAININGS, Trainings


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Run:
    root = tmp_path_factory.mktemp("trained")
    few = {**SMALL, "train.measure_samples": 240}
    return train(write_points(root / "points.npy"), root / "points", 30, few)


@pytest.fixture
def home(tmp_path: Path, trained: Run) -> Path:
    made = tmp_path / "runs"
    shutil.copytree(trained.folder.path, made / "points")
    return made


@pytest.fixture
def client(home: Path) -> Iterator[TestClient]:
    with opened(home) as made:
        yield made


def opened(home: Path, *sources: str) -> TestClient:
    app = create_app(Runs((home,)), sources=sources)
    return TestClient(app, base_url="http://localhost")


def get(client: TestClient, path: str, code: int = 200) -> Any:
    answer = client.get(f"/api/watch/{path}")
    assert answer.status_code == code, answer.text
    return answer.json()


def listed(client: TestClient, name: str) -> dict[str, Any]:
    return next(run for run in get(client, "runs")["runs"] if run["name"] == name)


def await_state(client: TestClient, name: str, *states: str) -> dict[str, Any]:
    until = time.monotonic() + 300
    while (run := listed(client, name))["state"] not in states:
        assert time.monotonic() < until, run
        time.sleep(0.1)
    return run


def test_an_ended_run_is_shown_as_it_was_recorded(client: TestClient, home: Path) -> None:
    run = get(client, "runs/points")
    records = list(RunFolder(home / "points").read_metrics())
    assert (run["state"], run["samples"], run["total"]) == ("ended", 480, 480)
    curves = run["history"]["curves"]
    for name in ("generator_loss", "coverage"):
        expected = [(r["samples"], r[name]) for r in records if name in r]
        assert curves[name]["samples"] == [samples for samples, _ in expected]
        assert curves[name]["mean"] == pytest.approx([v for _, v in expected], rel=1e-5)
        assert "low" not in curves[name]
    assert run["sheets"] == [0, 160, 320, 480]
    assert [f["name"] for f in run["history"]["findings"]] == [
        f.name for f in Run(RunFolder(home / "points")).diagnose()
    ]
    sheet = client.get("/api/watch/runs/points/sheets/160")
    assert sheet.headers["content-type"] == "image/png"
    assert sheet.content == (home / "points/samples/000000000160.png").read_bytes()


def test_only_what_is_new_is_sent(client: TestClient, home: Path) -> None:
    version = get(client, "runs/points")["history"]["version"]
    assert get(client, f"runs/points?seen={version}")["history"] == {"version": version}
    RunFolder(home / "points").append_metrics({"samples": 496, "generator_loss": 1.0})
    again = get(client, f"runs/points?seen={version}")["history"]
    assert again["curves"]["generator_loss"]["mean"][-1] == 1.0
    RunFolder(home / "points").truncate_metrics(0)
    assert get(client, f"runs/points?seen={again['version']}")["history"]["curves"] == {}


def test_a_long_file_comes_in_several_answers(
    client: TestClient, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "MOST_LINES", 4)
    records = len(list(RunFolder(home / "points").read_metrics()))
    looks = [get(client, "runs/points")["history"] for _ in range(records // 4 + 1)]
    assert [look["records"] for look in looks] == [*range(4, records + 1, 4), records]
    assert [look["more"] for look in looks] == [True] * (records // 4) + [False]


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=4 * MOST_BUCKETS))
def test_thinning_keeps_peaks_and_means(values: list[float]) -> None:
    series = Series()
    for i, value in enumerate(values):
        series.add({"samples": i, "loss": value, **({"rare": value} if i % 7 == 0 else {})})
    assert len(series.buckets) <= MOST_BUCKETS
    assert sum(bucket.records for bucket in series.buckets) == series.records == len(values)
    for name, kept in (("loss", values), ("rare", values[::7])):
        found = [bucket.values[name] for bucket in series.buckets if name in bucket.values]
        assert min(low for low, *_ in found) == min(kept)
        assert max(high for _, high, *_ in found) == max(kept)
        assert sum(count for *_, count in found) == len(kept)
        assert math.isclose(
            math.fsum(total for *_, total, _ in found), math.fsum(kept), abs_tol=1e-3
        )
    assert (series.thinned == 1) == (len(values) <= MOST_BUCKETS)
    curve = series.curves()["loss"]
    assert curve["samples"][-1] == len(values) - 1
    assert curve["samples"] == sorted(curve["samples"])


ODD = {
    "broken line": lambda run: run.metrics.open("ab").write(b"\xff{\n[]\n"),
    "endless line": lambda run: run.metrics.open("ab").write(b"x" * 2_500_000),
    "no metrics": lambda run: run.metrics.unlink(),
    "metrics are a folder": lambda run: (run.metrics.unlink(), run.metrics.mkdir()),
    "no samples": lambda run: shutil.rmtree(run.samples),
    "huge number": lambda run: run.append_metrics({"samples": 481, "loss": 10**400}),
    "huge count": lambda run: run.append_metrics({"samples": 10**40}),
    "deep line": lambda run: run.metrics.open("a").write("[" * 100_000 + "\n"),
    "lock is a pipe": lambda run: (
        run.path.joinpath(".lock").unlink(),
        os.mkfifo(run.path / ".lock"),
    ),
    "config of a list": lambda run: run.config.write_text("[]"),
    "config of nothing": lambda run: run.config.write_text("{}"),
    "deep config": lambda run: run.config.write_text("[" * 100_000),
    "config of bytes": lambda run: run.config.write_bytes(b"\xff\x00"),
}

BROKEN_LINES = {"broken line": 2, "endless line": 1, "huge count": 1, "deep line": 1}


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_run_is_shown_as_far_as_it_goes(odd: str, client: TestClient, home: Path) -> None:
    ODD[odd](RunFolder(home / "points"))
    run = get(client, "runs/points")
    assert run["state"] in ("ended", "broken")
    assert (run["word"] is not None) == (run["state"] == "broken")
    assert run["history"]["broken"] == BROKEN_LINES.get(odd, 0)
    assert listed(client, "points")["state"] == run["state"]


def test_a_sheet_that_is_none_is_refused(
    client: TestClient, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "points/samples/000000000160.png").write_bytes(b"<script>")
    assert "no picture" in get(client, "runs/points/sheets/160", 422)["error"]
    get(client, "runs/points/sheets/161", 404)
    get(client, "runs/points/sheets/-1", 422)
    monkeypatch.setattr(files, "MOST_BYTES", 100)
    assert "more than" in get(client, "runs/points/sheets/320", 422)["error"]


def test_sheets_of_texts_are_lines(client: TestClient, home: Path) -> None:
    (home / "points/samples/000000000640.txt").write_text("one\n<b>two</b>\n")
    assert get(client, "runs/points")["sheets"][-1] == 640
    assert get(client, "runs/points/sheets/640")[:2] == ["one", "<b>two</b>"]


NAMES = ["..", "../points", "%2e%2e", "..%2fsecret", "%2fetc", "points%2f..%2f..", "nothing"]


@pytest.mark.parametrize("name", NAMES)
def test_names_are_no_paths(name: str, client: TestClient, home: Path) -> None:
    run = home.parent / "secret"
    run.mkdir()
    (run / "config.json").write_text('{"secret": 1}')
    for method, path in (("GET", ""), ("GET", "/report"), ("GET", "/report/page"),
                         ("GET", "/sheets/0"), ("POST", "/stop"), ("POST", "/resume")):  # fmt: skip
        answer = client.request(method, f"/api/watch/runs/{name}{path}")
        assert answer.status_code in (404, 405)
        assert "secret" not in answer.text.replace(name, "")


def test_links_that_lead_out_of_a_run_are_not_followed(client: TestClient, home: Path) -> None:
    outside, run = home.parent / "outside", RunFolder(home / "points")
    shutil.copytree(run.path, outside)
    (outside / "metrics.jsonl").write_text('{"samples": 777, "secret": 1}\n')
    (outside / "report.html").write_text("secret")
    for name in ("metrics.jsonl", "samples", "report.html"):
        place = run.path / name
        if place.is_dir():
            shutil.rmtree(place)
        else:
            place.unlink(missing_ok=True)
        place.symlink_to(outside / name)
    seen = get(client, "runs/points")
    assert (seen["samples"], seen["sheets"], seen["history"]["curves"]) == (0, [], {})
    get(client, "runs/points/sheets/160", 404)
    get(client, "runs/points/report/page", 404)
    run.config.unlink()
    run.config.symlink_to(outside / "config.json")
    assert get(client, "runs/points")["total"] == 0


VALUE = {"name": "coverage", "value": 0.5, "low": 0.4, "high": 0.6, "floor": 0.95,
         "better": "higher", "num_real": 100, "num_fake": 100, "reads": "half",
         "contaminated": True}  # fmt: skip
REPORT = {"about": {"seed": 0}, "values": [VALUE], "missing": [{"name": "x", "why": "y"}],
          "classes": {"a": [VALUE]}, "pairs": []}  # fmt: skip


def test_a_report_is_shown_with_its_floors(client: TestClient, home: Path) -> None:
    assert "not evaluated" in get(client, "runs/points/report", 404)["error"]
    (home / "points/report.json").write_text(json.dumps(REPORT))
    (home / "points/report.html").write_text("<script>alert(1)</script>")
    assert listed(client, "points")["report"]
    report = get(client, "runs/points/report")
    assert report["values"][0]["floor"] == 0.95
    assert report["values"][0]["shown"]["value"] == "0.5"
    assert report["values"][0]["contaminated"]
    assert report["page"]
    page = client.get("/api/watch/runs/points/report/page")
    assert page.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(
    "broken",
    ["", "[]", "{}", '{"values": 3, "about": {}}', '{"values": [{}], "about": {}}',
     '{"values": [], "about": 1}', '{"values": [], "about": {}, "classes": [1]}'],
)  # fmt: skip
def test_a_damaged_report_is_said(broken: str, client: TestClient, home: Path) -> None:
    (home / "points/report.json").write_text(broken)
    assert "damaged" in get(client, "runs/points/report", 422)["error"]


def test_what_is_no_number_is_left_out_of_a_report(client: TestClient, home: Path) -> None:
    odd = json.dumps(REPORT).replace("0.95", "NaN").replace("0.4", "1e999")
    (home / "points/report.json").write_text(odd)
    value = get(client, "runs/points/report")["values"][0]
    assert (value["floor"], value["low"], value["shown"]["floor"]) == (None, None, None)


@pytest.mark.slow  # tests/browser does the same from the page
def test_a_training_begins_stops_and_goes_on(tmp_path: Path) -> None:
    home, source = tmp_path / "runs", write_points(tmp_path / "points.npy")
    home.mkdir()
    with opened(home, str(source)) as client:
        assert get(client, "runs")["sources"] == ["points"]
        begun = client.post("/api/watch/start", json={"source": "points", "minutes": 5})
        assert begun.json() == {"name": "points-1"}
        first = listed(client, "points-1")
        assert first["state"] in ("starting", "training")
        run = await_state(client, "points-1", "training")
        assert run["can_stop"]
        assert not run["can_resume"]
        while not listed(client, "points-1")["samples"]:
            time.sleep(0.1)
        assert client.post("/api/watch/runs/points-1/stop").status_code == 202
        run = await_state(client, "points-1", "stopped")
        assert run["can_resume"]
        assert run["word"] is None
        assert client.post("/api/watch/runs/points-1/stop").status_code == 409
        at = run["samples"]
        assert client.post("/api/watch/runs/points-1/resume").status_code == 202
        await_state(client, "points-1", "training")
        while listed(client, "points-1")["samples"] <= at:
            time.sleep(0.1)
        assert client.post("/api/watch/runs/points-1/resume").status_code == 409
    # With the studio, its trainings end: saved, and free to go on.
    with opened(home, str(source)) as client:
        run = listed(client, "points-1")
        assert (run["state"], run["can_resume"]) == ("stopped", True)
        assert run["samples"] > at


def test_a_training_that_cannot_begin_says_why_and_leaves_nothing(tmp_path: Path) -> None:
    home, source = tmp_path / "runs", tmp_path / "points.npy"
    home.mkdir()
    source.write_bytes(b"no array")
    with opened(home, str(source)) as client:
        client.post("/api/watch/start", json={"source": "points", "minutes": 1})
        run = await_state(client, "points-1", "failed")
        while not (run := listed(client, "points-1"))["word"]:
            time.sleep(0.05)
        assert str(tmp_path) not in run["word"]
        until = time.monotonic() + 10
        while any(home.iterdir()) and time.monotonic() < until:
            time.sleep(0.05)
        assert not any(home.iterdir())


def test_a_training_stopped_before_it_began_leaves_nothing(tmp_path: Path) -> None:
    home = tmp_path / "runs"
    home.mkdir()
    with opened(home, "ring") as client:
        client.post("/api/watch/start", json={"source": "ring", "minutes": 1})
        assert listed(client, "ring-1")["can_stop"]
        assert client.post("/api/watch/runs/ring-1/stop").status_code == 202
        until = time.monotonic() + 60
        while get(client, "runs")["runs"] and time.monotonic() < until:
            time.sleep(0.05)
        assert get(client, "runs")["runs"] == []


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"source": "/etc/passwd", "minutes": 1}, 404),
        ({"source": "../points", "minutes": 1}, 404),
        ({"source": "ring", "minutes": 0}, 422),
        ({"source": "ring", "minutes": 1e9}, 422),
        ({"source": "ring", "minutes": 1, "out": "elsewhere"}, 422),
        ({"source": "ring"}, 422),
    ],
)
def test_nothing_else_is_trained(wish: dict[str, Any], code: int, home: Path) -> None:
    before = sorted(os.walk(home.parent))
    with opened(home, "ring") as client:
        assert client.post("/api/watch/start", json=wish).status_code == code
    assert sorted(os.walk(home.parent)) == before


def test_a_run_of_another_source_does_not_go_on(home: Path) -> None:
    (home / "points" / "README.md").unlink()
    with opened(home, "ring") as client:
        run = listed(client, "points")
        assert (run["state"], run["can_resume"]) == ("stopped", False)
        answer = client.post("/api/watch/runs/points/resume")
        assert answer.status_code == 403
        assert "does not offer" in answer.json()["error"]


def test_there_are_never_more_trainings_than_two(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Trainings, "running", MOST_TRAININGS)
    with opened(home, "ring") as client:
        assert get(client, "runs")["room"] == 0
        answer = client.post("/api/watch/start", json={"source": "ring", "minutes": 1})
        assert answer.status_code == 409
    assert not (home / "ring-1").exists()
