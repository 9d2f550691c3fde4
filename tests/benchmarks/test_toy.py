"""Each benchmark at toy size, and what is kept of it. The numbers mean nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.cases import Case, Json
from benchmarks.record import Results


def _runs(out: Path, name: str) -> list[Json]:
    return Results(out / "results" / f"{name}.json").runs


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("benchmarks")


def _toy(out: Path, *arguments: str) -> None:
    assert main([*arguments, "--toy", "--out", str(out)]) == 0


def test_points(out: Path):
    _toy(out, "points")
    runs = _runs(out, "points")
    assert {run["key"]["method"] for run in runs} == {"default", "wasserstein"}
    for run in runs:
        assert run["result"]["final"]["num_modes"] == 8
        assert run["result"]["curve"][-1]["samples"] == run["result"]["samples"]


def test_pictures(out: Path):
    _toy(out, "pictures")
    results = {run["key"]["method"]: run["result"] for run in _runs(out, "pictures")}
    assert set(results) == {"pictures", "pictures, by class", "dcgan", "wgan-gp", "sngan"}
    assert all(result["frechet"] > result["floor"] > 0 for result in results.values())
    assert [method for method, r in results.items() if "agreement" in r] == ["pictures, by class"]
    assert len({result["classifier"]["sha256"] for result in results.values()}) == 1


def test_few(out: Path):
    _toy(out, "few")
    results = {run["key"]["method"]: run["result"] for run in _runs(out, "few")}
    for result in results.values():
        assert len(result["curve"]["overfitting"]) == len(result["curve"]["seconds"]) > 0
    assert set(results["without augmentation"]["curve"]["augment_strength"]) == {0.0}


def test_rows(out: Path):
    _toy(out, "rows")
    results = {run["key"]["method"]: run["result"] for run in _runs(out, "rows")}
    assert set(results) == {"table", "table, half", "shuffled columns", "shuffled, refined", "real"}
    for result in results.values():
        assert result["num_train"] + result["num_test"] == 400
        assert (
            result["num_rows"] == result["num_test" if result is results["real"] else "num_train"]
        )
        assert 0 <= result["two_sample_auc"] <= 1
    assert results["table"]["cpu_seconds"] > 0
    assert results["table"]["peak_rss_bytes"] > 2**20
    assert results["real"]["auc"] == results["real"]["auc_of_real"] > 0.5
    assert str(out) not in (out / "results" / "rows.json").read_text("utf-8")


@pytest.mark.slow
def test_cost(out: Path):
    _toy(out, "cost")
    runs = _runs(out, "cost")
    found = {(run["key"]["part"], run["key"].get("data")): run["result"] for run in runs}
    assert all(seconds > 0 for seconds in found["penalties", "digits"]["seconds"].values())
    step = found["step", "digits"]["seconds"]
    assert step["round"] > step["generator forward"] > 0
    assert found["start-up", None]["ratio"] > 1


def test_measures(out: Path):
    _toy(out, "measures")
    found = {run["key"]["part"]: run["result"] for run in _runs(out, "measures")}
    assert found["many"]["relative_difference"] < 1e-6
    assert found["report"]["total_seconds"] > 0
    assert "novelty" in found["report"]["seconds"]


@pytest.mark.slow
def test_serve(out: Path):
    _toy(out, "serve")
    for run in _runs(out, "serve"):
        assert run["result"]["codes"] == {"200": 8}
        assert run["result"]["merged_requests"] <= (0 if run["key"]["seeded"] else 8)


@pytest.mark.slow
def test_gpu_on_a_cpu(out: Path):
    _toy(out, "gpu")
    parts = [run["key"]["part"] for run in _runs(out, "gpu")]
    assert parts == ["long", "short", "short"]


def test_gpu_without_a_gpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert main(["gpu", "--data", "x.parquet", "--out", str(tmp_path)]) == 2
    assert "no CUDA device: not run" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_rerun_only_does_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    measured: list[Case] = []

    def measure(case: Case) -> Json:
        measured.append(case)
        return {"value": 1 / 3}

    monkeypatch.setattr("benchmarks.points.measure", measure)
    for _ in range(2):
        _toy(tmp_path, "points")
    assert len(measured) == 2
    _toy(tmp_path, "points", "--fresh")
    assert len(measured) == 4
    assert "2 runs, 0 of them to do" in capsys.readouterr().err
    content = json.loads((tmp_path / "results" / "points.json").read_text("utf-8"))
    assert [run["result"] for run in content["runs"]] == [{"value": 0.333333}] * 2
    assert str(tmp_path) not in json.dumps(content)


def test_a_page_of_nothing_says_so(tmp_path: Path):
    _toy(tmp_path, "tables")
    page = (tmp_path / "benchmarks.md").read_text("utf-8")
    assert "| default | not run |" in page
    assert page.count("Not run.") == 9


def test_tables(out: Path):
    """Of what the tests before have measured, or of nothing where they ran elsewhere."""
    _toy(out, "tables")
    page = (out / "benchmarks.md").read_text("utf-8")
    for figure in [part.partition(")")[0] for part in page.split("](figures/")[1:]]:
        assert (out / "figures" / figure).stat().st_size > 0
