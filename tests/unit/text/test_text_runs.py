"""Texts from end to end: trained on, killed, gone on with, sampled, judged, measured."""

from __future__ import annotations

import csv
import json
import re
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from sentences import SENTENCES, SMALL, Killer, write

import gansmith
from gansmith.cli.main import main
from gansmith.config import DataConfig
from gansmith.data import open_source
from gansmith.errors import ResumeError, RunError, StoppedError, UserError
from gansmith.modalities.text.data import align
from gansmith.modalities.text.extractor import lsa
from gansmith.modalities.text.measures.minilm import installed
from gansmith.modalities.text.store import to_rows
from gansmith.prepare import fix_budget, prepare
from gansmith.runs.checkpoints import require_newest
from gansmith.runs.folder import RunFolder
from gansmith.stages import training_seconds
from gansmith.training import train_into


def call(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    return int(stop.value.code or 0)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("texts") / "sentences.txt")


@pytest.fixture(scope="module")
def run(source: Path, tmp_path_factory: pytest.TempPathFactory) -> gansmith.Run:
    out = tmp_path_factory.mktemp("runs") / "run"
    return gansmith.train(source, out, samples=320, settings=SMALL)


def test_samples_are_texts(run: gansmith.Run) -> None:
    made = run.sample(300)
    assert len(made) == 300
    assert all(isinstance(text, str) and text == text.strip() for text in made)
    assert run.sample(5) == made[:5]
    assert run.sample(5, seed=1) != made[:5]


def test_the_run_folder_says_how_the_codec_did(run: gansmith.Run) -> None:
    folder = run.folder.path
    score = json.loads((folder / "codec" / "score.json").read_text("utf-8"))
    assert 0 < score["token_accuracy"] < 1
    assert score["held_out"]
    assert score["reads"] in (folder / "README.md").read_text("utf-8")
    records = [json.loads(line) for line in (folder / "codec" / "metrics.jsonl").open()]
    assert records[-1]["samples"] == 320
    assert records[-1]["codec_loss"] < records[0]["codec_loss"]
    assert not (folder / "codec" / "checkpoints").exists()
    sheets = sorted((folder / "samples").glob("*.txt"))
    assert len(sheets[-1].read_text("utf-8").splitlines()) == 40


@pytest.mark.parametrize("name", ["new.txt", "new.txt.gz", "new.csv"])
def test_samples_are_written_and_read_back(
    name: str, run: gansmith.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / name
    assert call("sample", str(run.folder.path), "-n", "60", "--out", str(out)) == 0
    made = [text for text in run.sample(60) if text]
    address = f"{out}::text" if name.endswith("csv") else str(out)
    again = open_source(DataConfig(source=address))
    rows = [again.samples[i].tobytes().rstrip(b"\0").decode() for i in range(len(again))]
    assert rows == made
    if name.endswith("csv"):
        assert next(csv.reader(out.open(encoding="utf-8"))) == ["text"]


def test_where_nothing_is_said_a_text_is_written(
    run: gansmith.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert call("sample", str(run.folder.path), "-n", "20") == 0
    assert len((tmp_path / "run-seed0.txt").read_text("utf-8").split("\n")) == 21


def test_lines_are_judged_one_by_one(
    run: gansmith.Run, source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("judge", str(run.folder.path), str(source), "--json") == 0
    rows = json.loads(capsys.readouterr().out)["files"]
    assert len(rows) == 5 * len(SENTENCES)
    assert rows[2]["file"] == f"{source}:3"
    answers = run.judge(SENTENCES[:3])
    assert [a["logit"] for a in answers] == pytest.approx([r["logit"] for r in rows[:3]], abs=1e-4)
    with pytest.raises(UserError, match="Only texts"):
        run.judge([1, 2])  # type: ignore[list-item]


def test_a_report_shows_texts(run: gansmith.Run, tmp_path: Path) -> None:
    report = run.evaluate(40, out=tmp_path)
    assert report.about["features"]["name"] == ("minilm" if installed() else "lsa")
    assert report.about["features"]["of_novelty"].startswith("lsa")
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "Fakes, not chosen" in page
    assert "a größe 文" in page


def test_files_with_texts_of_other_lengths_are_compared(source: Path, tmp_path: Path) -> None:
    path = tmp_path / "other.txt"
    path.write_text("\n".join(f"{text} and more" for text in SENTENCES), "utf-8")
    real, fake = (open_source(DataConfig(source=str(place))) for place in (source, path))
    brought = align(real, fake)
    assert brought.schema == real.schema
    assert brought.samples.shape[1] == real.samples.shape[1] < fake.samples.shape[1]


def test_words_tell_texts_apart(source: Path) -> None:
    """Features of a sentence are those of the same words, and not those of others."""
    data = open_source(DataConfig(source=str(source)))
    texts = [
        b"a dog sits on the sea.",
        b"A DOG  sits on the sea .",
        b"two cats runs past my house.",
    ]
    rows = to_rows(texts, data.schema.shape[0])
    features = lsa(data, np.arange(len(data)))(rows)
    np.testing.assert_allclose(features[0], features[1], atol=1e-5)
    assert np.linalg.norm(features[0] - features[2]) > 0.5


def codec_records(folder: Path) -> list[dict[str, float]]:
    return list(RunFolder(folder / "codec").read_metrics())


def contents(folder: Path) -> dict[str, bytes]:
    """What training made, but for times."""
    names = ("codec.safetensors", "codec.json", "codec/score.json")
    found = {name: (folder / name).read_bytes() for name in names}
    found["codec/metrics.jsonl"] = json.dumps(
        [{**record, "seconds": 0} for record in codec_records(folder)]
    ).encode()
    newest = max((folder / "checkpoints").glob("0*"))
    for name in ("game", "ema", "optimizers"):
        found[name] = (newest / f"{name}.safetensors").read_bytes()
    return found


def test_a_killed_stage_goes_on_bit_for_bit(
    run: gansmith.Run, source: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    settings = [*SMALL.items(), ("train.samples", 320)]
    for at in (100, 150):  # twice, once beside a checkpoint's place
        prepared = prepare(str(source), settings=settings)
        with pytest.raises(StoppedError):
            train_into(prepared, out, reporter=partial(Killer, "Codec", at))
        with pytest.raises(RunError, match="still learning its codec"):
            gansmith.load(out).sample(1)
    assert list((out / "codec" / "checkpoints").iterdir())
    before = codec_records(out)[-1]["seconds"]
    again = gansmith.train(source, out, samples=320, settings=SMALL)
    assert contents(out) == contents(run.folder.path)
    # What the killed processes took is counted, too.
    newest = require_newest(out / "checkpoints")
    of_codec, of_game = codec_records(out)[-1]["seconds"], newest.state()["seconds"]
    assert 0 < before < of_codec
    assert training_seconds(again.folder, newest) == pytest.approx(of_codec + of_game)


def test_another_codec_is_another_run(run: gansmith.Run, source: Path) -> None:
    with pytest.raises(ResumeError, match=r"codec.options.noise"):
        gansmith.train(source, run.folder.path, samples=320, settings={**SMALL, "codec.noise": 0.5})


def test_a_time_budget_is_divided(source: Path) -> None:
    import time

    settings = [*SMALL.items(), ("train.minutes", 0.05), ("codec.share", 0.5)]
    prepared = prepare(str(source), settings=settings)
    fixed = fix_budget(prepared, time.monotonic()).experiment
    assert fixed.codec.samples >= 16
    assert fixed.train.samples >= 16
    again = fix_budget(prepare(str(source), settings=[*SMALL.items(), ("train.samples", 96)]), 0)
    assert again.experiment.codec.samples == 96


def test_paragraphs_from_start_to_end(tmp_path: Path) -> None:
    """Paragraphs have an empty line behind each."""
    path = tmp_path / "a.txt"
    path.write_text("\n\n".join(SENTENCES), "utf-8")
    settings = {**SMALL, "data.unit": "paragraph", "data.holdout": 0.5}
    run = gansmith.train(path, tmp_path / "run", samples=32, settings=settings)
    assert call("sample", str(run.folder.path), "-n", "25", "--out", str(tmp_path / "b.txt")) == 0
    made = (tmp_path / "b.txt").read_text("utf-8").split("\n\n")
    assert made[:-1] == run.sample(25)
    assert np.isfinite([row["p_real"] for row in run.judge_files(path)]).all()


def test_a_plan_counts_the_codec(
    source: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gansmith.prepare.CALIBRATION_SECONDS", 0.3)
    settings = [f"{name}={value}" for name, value in SMALL.items()]
    assert call("plan", str(source), "--minutes", "2", "--json", *settings, "codec.share=0.5") == 0
    plan = json.loads(capsys.readouterr().out)
    codec = plan["codec"]
    assert plan["seconds"] == pytest.approx(120, rel=0.05)
    assert codec["seconds"] == pytest.approx(0.95 * 60, rel=0.05)
    assert codec["samples"] / codec["samples_per_second"] == pytest.approx(codec["seconds"])
    assert codec["parameters"] > 1_000
    assert 0 < codec["peak_memory_bytes"] <= plan["peak_memory_bytes"]


def test_a_plan_shows_the_codec(
    source: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gansmith.prepare.CALIBRATION_SECONDS", 0.1)
    settings = [f"{name}={value}" for name, value in SMALL.items()]
    assert call("plan", str(source), "--samples", "320", *settings) == 0
    shown = capsys.readouterr().out
    # Speeds are measured, and may end in 320 as well.
    assert len(re.findall(r"(?<![\d,])320 samples(?!/s)", shown)) == 2
    assert "the codec learns first" in shown
