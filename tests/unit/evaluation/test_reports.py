"""Evaluations as a user asks for them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gansmith
from gansmith.cli.main import main
from gansmith.config import DataConfig
from gansmith.data import open_source
from gansmith.errors import RunError, UserError
from gansmith.evaluation.division import divide
from gansmith.evaluation.features import pca
from gansmith.evaluation.report import shown

# Looked at twice in a run, and not ten times.
SMALL = {
    "generator.width": 4, "discriminator.width": 4, "train.batch_size": 16,
    "train.measure_samples": 160,
}  # fmt: skip
ONCE = {"train.measure_samples": 512}


def call(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    return int(stop.value.code or 0)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> gansmith.Run:
    out = tmp_path_factory.mktemp("evaluated") / "digits"
    return gansmith.train("digits", out, samples=320, settings=SMALL)


@pytest.fixture(scope="module")
def report(run: gansmith.Run) -> gansmith.Report:
    return run.evaluate(200, features="pca")


@pytest.fixture
def pictures(tmp_path: Path) -> Any:
    """Makes a file of so many pictures of noise, around some brightness."""

    def make(name: str, n: int, brightness: int = 128, side: int = 6, seed: int = 0) -> str:
        random = np.random.default_rng(seed)
        x = np.clip(random.normal(brightness, 30, (n, side, side)), 0, 255).astype(np.uint8)
        np.savez(tmp_path / name, x=x)
        return str(tmp_path / name)

    return make


def test_a_run_is_measured(run: gansmith.Run, report: gansmith.Report) -> None:
    names = [value.name for value in report.values]
    assert names == [
        "frechet", "frechet-at-n", "kernel", "precision", "recall", "density", "coverage",
        "critic-accuracy", "critic-auc", "divergence", "closer-to-training", "near-copies",
        "copies", "vendi",
    ]  # fmt: skip
    for value in report.values:
        assert value.num_real > 0
        assert value.num_fake > 0
        if value.low is not None and value.high is not None:
            assert value.low <= value.value <= value.high, value
    stored = json.loads((run.folder.path / "report.json").read_text())
    assert stored["values"][0]["value"] == report["frechet"].value
    assert stored["about"]["features"]["hash"]
    assert stored["about"]["fake"]["samples_trained"] == 320
    assert report["critic-accuracy"].low > 0.9  # after 320 samples it makes grey fog
    assert report["coverage"].high < report["coverage"].floor


def test_the_page_needs_nothing_else(run: gansmith.Run, report: gansmith.Report) -> None:
    text = (run.folder.path / "report.html").read_text()
    for outside in ("http://", "https://", "<script", "<link", "@import", "src='/"):
        assert outside not in text
    assert text.count("data:image/png;base64,") == 3
    assert "polyline" in text
    for value in report.values:
        assert f"<td>{value.name}<td" in text


def test_the_same_seed_gives_the_same_report(
    run: gansmith.Run, report: gansmith.Report, tmp_path: Path
) -> None:
    again = run.evaluate(200, out=tmp_path, features="pca")
    other = run.evaluate(200, out=tmp_path, features="pca", seed=1)
    assert again.values == report.values
    assert other["kernel"].value != report["kernel"].value
    assert (tmp_path / "report.html").exists()


def test_classes_are_sampled_as_often_as_they_are_real(run: gansmith.Run, tmp_path: Path) -> None:
    report = run.evaluate(600, out=tmp_path)
    assert report.about["features"]["name"] == "classifier"
    assert report["class-agreement"].floor > 0.9
    assert report["class-agreement"].high < 0.5  # after 320 samples it makes grey fog
    assert set(report.classes) == set("0123456789")
    for values in report.classes.values():
        assert [v.name for v in values] == ["kernel", "precision", "coverage", "class-agreement"]
        for value in values[:3]:
            assert value.num_real == value.num_fake
            assert value.floor is not None


def test_what_the_best_weights_were_chosen_by_is_contaminated(
    run: gansmith.Run, tmp_path: Path
) -> None:
    chosen = run.evaluate(200, out=tmp_path, features="pca", best=True)
    assert all(value.contaminated for value in chosen.values)
    assert "best weights" in chosen.about["features"]["used_in_training"]
    assert "CONTAMINATED" in (tmp_path / "report.html").read_text()
    other = run.evaluate(200, out=tmp_path, features="classifier", best=True)
    novelty = {"closer-to-training", "near-copies", "copies"}  # in principal components
    assert {value.name for value in other.values if value.contaminated} == novelty
    assert not any(value.contaminated for value in run.evaluate(200, out=tmp_path).values)


def test_samples_from_elsewhere(pictures: Any, tmp_path: Path) -> None:
    real, bright = pictures("real.npz", 400), pictures("bright.npz", 150, 160, seed=1)
    alike = pictures("alike.npz", 150, seed=2)
    good = gansmith.evaluate(real, alike)
    bad = gansmith.evaluate(real, bright, out=tmp_path / "report")
    assert good["critic-auc"].low < 0.5 < bad["critic-auc"].low
    assert good["kernel"].low < 0 < bad["kernel"].low
    assert good["coverage"].value > bad["coverage"].value
    assert good["precision"].num_fake == 150
    assert (tmp_path / "report" / "report.json").exists()


def test_fakes_of_another_size_are_resized_and_the_report_says_so(pictures: Any) -> None:
    report = gansmith.evaluate(pictures("real.npz", 200), pictures("large.npz", 60, side=12))
    assert report.about["fake"]["resized"] == "to 6x6 by the rule crop"


def test_too_few_for_a_metric_gives_none(pictures: Any) -> None:
    report = gansmith.evaluate(pictures("real.npz", 90), pictures("fake.npz", 45, seed=1))
    missing = {each.name: each.why for each in report.missing}
    assert {"frechet", "kernel", "precision", "vendi", "copies"} <= set(missing)
    assert "and has 45" in missing["kernel"]
    assert report["critic-accuracy"].num_fake > 0
    with pytest.raises(KeyError, match="needs 50 samples"):
        report["kernel"]


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        ([], "Nothing was named"),
        (["--fake", "digits"], "Nothing was named"),
        (["RUN", "--fake", "digits", "--real", "digits"], "Both a run and samples"),
        (["RUN", "-n", "5"], "too few to measure"),
        (["RUN", "--features", "pcaa"], "Did you mean pca?"),
        (["RUN", "--features", "pca", "--weights", "x"], "There is no option 'weights'"),
        (["--fake", "ring", "--real", "digits"], "The real samples are pictures of 8x8x1"),
        (["--fake", "nothing.npz", "--real", "digits"], "neither a file"),
        (["nowhere"], "There is no such run"),
        (["RUN", "train.seed=3"], "setting for training"),
    ],
)
def test_mistakes(
    arguments: list[str],
    hint: str,
    run: gansmith.Run,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    given = [str(run.folder.path) if a == "RUN" else a for a in arguments]
    assert call("evaluate", *given) == 2
    assert hint in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "reports").exists()


def test_the_command_prints_a_table_or_json(
    run: gansmith.Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    given = ["evaluate", str(run.folder.path), "-n", "100", "--out", str(tmp_path / "out")]
    assert call(*given) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("metric\tvalue\t95 % interval\treal data")
    assert call(*given, "--json") == 0
    assert json.loads(capsys.readouterr().out)["about"]["seed"] == 0


def test_points_know_the_truth(tmp_path: Path) -> None:
    run = gansmith.train("ring", tmp_path / "ring", samples=512, settings=ONCE)
    report = run.evaluate(300)
    assert report["modes-hit"].floor == 8
    assert report["captured"].floor > 0.95
    assert report.about["features"]["name"] == "raw"


def test_without_held_out_samples_there_is_no_novelty(pictures: Any, tmp_path: Path) -> None:
    settings = {**SMALL, "data.holdout": 0}
    run = gansmith.train(pictures("d.npz", 150), tmp_path / "run", samples=64, settings=settings)
    report = run.evaluate(60)
    assert {"copies", "near-copies"} <= {missing.name for missing in report.missing}
    assert report["kernel"].num_fake == 60


def test_changed_data_are_refused(pictures: Any, tmp_path: Path) -> None:
    source = pictures("data.npz", 60)
    run = gansmith.train(source, tmp_path / "run", samples=64, settings=SMALL)
    pictures("data.npz", 60, seed=5)
    with pytest.raises(RunError, match="have changed"):
        run.evaluate(30)
    assert not (tmp_path / "run" / "report.json").exists()


def test_a_report_that_cannot_be_written_is_an_error(run: gansmith.Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="could not be written"):
        run.evaluate(60, out=tmp_path / "file")


@pytest.mark.parametrize(("n", "most"), [(60, 100), (2500, 10_000), (2500, 200)])
def test_reference_and_control_never_share_a_sample(n: int, most: int, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.random.default_rng(0).normal(size=(n, 2)).astype(np.float32))
    dataset = open_source(DataConfig(source=str(tmp_path / "x.npy")))
    for holdout in (0.0, 0.1, 0.5):
        division = divide(dataset, holdout, most, seed=0)
        assert len(division.reference) == len(division.control) <= most
        assert not set(division.reference) & set(division.control)
        assert not set(division.train) & set(division.held_out)
        if "held-out" in division.about.split(";")[0] and "fewer" not in division.about:
            assert set(division.reference) <= set(division.held_out)


def test_principal_components_keep_distances_where_they_keep_all(tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(size=(50, 5)).astype(np.float32)
    np.save(tmp_path / "x.npy", x)
    dataset = open_source(DataConfig(source=str(tmp_path / "x.npy")))
    extractor = pca(dataset, divide(dataset, 0.0, 100, 0).train)
    features = extractor(x)
    ours, theirs = (np.linalg.norm(f[:, None] - f[None], axis=-1) for f in (features, x))
    np.testing.assert_allclose(ours, theirs, atol=1e-5)
    assert "100.0%" in extractor.about


def test_numbers_are_shown_with_four_digits() -> None:
    assert [shown(n) for n in (0.5, 1e-7, 123456.0, -2.34567)] == [
        "0.5", "1e-07", "123,456", "-2.346",
    ]  # fmt: skip
