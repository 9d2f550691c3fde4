"""What a run of texts is compared with: a language model, and Gaussian latents."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sentences import SMALL, write
from torch import nn

import gansmith
from gansmith.cli.main import main
from gansmith.config import DataConfig
from gansmith.data import open_source
from gansmith.evaluation.baselines import Trained, unlike_here
from gansmith.evaluation.comparison import Comparison
from gansmith.evaluation.division import divide
from gansmith.evaluation.estimate import Estimate
from gansmith.evaluation.report import Report
from gansmith.modalities.text import baselines
from gansmith.modalities.text.language_model import LanguageModel
from gansmith.modalities.text.measures import report
from gansmith.modalities.text.measures.judge import Judgement
from gansmith.modalities.text.measures.sentences import SentenceDistance
from gansmith.runs.folder import RunFolder

# Enough for intervals, and no more.
N = 60
WARM = ["language model, T = 0.5", "language model, T = 1"]


def call(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    return int(stop.value.code or 0)


@pytest.fixture(scope="module", autouse=True)
def _fast() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(report, "TOKENS", 800)
        patch.setattr(baselines, "sweep", partial(baselines.sweep, temperatures=(0.5, 1.0)))
        yield


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("texts") / "sentences.txt")


@pytest.fixture(scope="module")
def run(source: Path, tmp_path_factory: pytest.TempPathFactory) -> gansmith.Run:
    out = tmp_path_factory.mktemp("runs") / "run"
    return gansmith.train(source, out, samples=320, settings=SMALL)


@pytest.fixture(scope="module")
def found(run: gansmith.Run) -> Report:
    assert run.baseline_seconds() > 0
    return run.evaluate(N, features="lsa")


def names(found: Report) -> list[str]:
    assert found.baselines is not None
    return [row.name for row in found.baselines.rows]


def never_fits(*_: object, **__: object) -> LanguageModel:
    raise KeyboardInterrupt


def test_a_report_always_has_its_baselines(run: gansmith.Run, found: Report) -> None:
    assert names(found) == ["GAN", "Gaussian latents", *WARM, "real lines"]
    assert found.baselines is not None
    for row in found.baselines.rows:
        assert {v.name for v in row.values} == {"reverse-perplexity", "bleu", "self-bleu"}
        assert all(v.low is not None and v.num_fake == N for v in row.values)
    assert "T = " in found.baselines.verdict
    stored = json.loads((run.folder.path / "report.json").read_text("utf-8"))
    assert stored["baselines"]["verdict"] == found.baselines.verdict
    page = (run.folder.path / "report.html").read_text("utf-8")
    assert page.count(found.baselines.verdict) == 1
    for shown in (">T = 0.5</text>", ">Gaussian latents</text>", "<h3>Gaussian latents</h3>"):
        assert shown in page


def test_the_model_has_the_size_and_the_time_of_the_run(
    run: gansmith.Run, found: Report, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: dict[str, object] = {}

    def fit(lines: list[str], **options: object) -> LanguageModel:
        asked.update(options, num_lines=len(lines))
        raise KeyboardInterrupt

    monkeypatch.setattr(LanguageModel, "fit", fit)
    monkeypatch.setattr(baselines, "_kept", lambda trained: None)
    with pytest.raises(KeyboardInterrupt):
        run.evaluate(N, features="lsa", out=tmp_path)
    sampler = run.sampler()
    networks = (sampler.generator, sampler.codec.network.decoder)  # type: ignore[attr-defined]
    assert asked["parameters"] == sum(p.numel() for net in networks for p in net.parameters())
    assert asked["seconds"] == run._trained(sampler).seconds
    assert asked["num_lines"] == run.folder.read_json("env.json")["data"]["num_train"]


def test_a_fitted_model_is_kept_and_one_of_another_training_is_not_taken(
    run: gansmith.Run, found: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = run.folder.path / "baselines"
    weights = folder / "language-model.safetensors"
    assert set(folder.iterdir()) == {weights, folder / "language-model.json"}
    assert run.baseline_seconds() == 0
    monkeypatch.setattr(baselines, "_keep", lambda *_: pytest.fail("fitted anew"))
    again = run.evaluate(N, features="lsa", out=tmp_path)
    assert again.baselines == found.baselines
    trained = run._trained(run.sampler())
    for changed in ("seed", "position", "fingerprint", "seconds", "holdout"):
        value = "x" if changed == "fingerprint" else getattr(trained, changed) + 1
        other = Trained(**{**vars(trained), changed: value})
        assert baselines.fitting_seconds(trained, N) == 0 < baselines.fitting_seconds(other, N)
    # Where it learned stays with it, whatever machine it is read on.
    kept = baselines._kept(Trained(**{**vars(trained), "machine": "elsewhere"}))
    assert kept is not None
    assert kept[1] == ""
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-4] + b"abcd")
    assert run.baseline_seconds() == trained.seconds
    weights.write_bytes(whole)
    assert run.baseline_seconds() == 0


def test_what_is_left_out_is_said_to_be(
    run: gansmith.Run, source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("-n", str(N), "--no-baselines", "--features", "lsa", "--out", str(tmp_path))
    assert call("evaluate", str(run.folder.path), *options) == 0
    printed = capsys.readouterr()
    sentence = "NOT COMPARED with a language model: that was left out."
    assert sentence in printed.out
    assert "Fitting" not in printed.err
    assert sentence in (tmp_path / "report.html").read_text("utf-8")
    few = run.evaluate(40, out=tmp_path, features="lsa").baselines
    assert few is not None
    assert few.verdict.endswith("that needs 50 lines of each side, and has 40.")
    elsewhere = gansmith.evaluate(source, source, 40, features="lsa").baselines
    assert elsewhere is not None
    assert elsewhere.verdict.startswith("NOT COMPARED")


def test_how_long_it_takes_is_said_before(
    run: gansmith.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(LanguageModel, "fit", never_fits)
    monkeypatch.setattr(baselines, "_kept", lambda trained: None)
    assert call("evaluate", str(run.folder.path), "-n", str(N), "--out", str(tmp_path)) != 0
    told = capsys.readouterr().err
    assert "second" in told.partition("--no-baselines")[0]
    assert not list(tmp_path.iterdir())


def test_a_run_that_does_not_say_how_long_it_took_is_not_compared(
    run: gansmith.Run, tmp_path: Path
) -> None:
    path = RunFolder(run.folder.path / "codec").metrics
    kept = path.read_text("utf-8")
    records = [{**json.loads(line), "seconds": None} for line in kept.splitlines()]
    path.write_text("\n".join(map(json.dumps, records)) + "\n", "utf-8")
    assert run.baseline_seconds() == 0
    old = run.evaluate(N, out=tmp_path, features="lsa")
    path.write_text(kept, "utf-8")
    assert names(old) == ["GAN", "Gaussian latents", "real lines"]
    assert old.baselines is not None
    assert old.baselines.verdict.startswith("NOT COMPARED")
    assert "no language model" in (tmp_path / "report.html").read_text("utf-8")


def test_without_a_learned_codec_there_are_no_gaussian_latents(
    source: Path, tmp_path: Path
) -> None:
    data = open_source(DataConfig(source=str(source)))
    parts = divide(data, 0.1, N, 0)
    compared = Comparison(
        data, parts.reference, parts.control, np.asarray(data.samples[parts.control]),
        train_indices=parts.train, held_out_indices=parts.held_out,
    )  # fmt: skip
    trained = Trained(tmp_path, nn.Linear(9, 9), object(), 0.2, 0, 0, 0.1, "")  # type: ignore[arg-type]
    rows = baselines.measure(compared, trained).rows
    assert [row.name for row in rows] == ["GAN", *WARM, "real lines"]
    assert baselines.num_parameters(trained) == 90


def test_gaussian_latents_have_the_moments_of_others() -> None:
    random = np.random.default_rng(0)
    x = torch.from_numpy(random.exponential(size=(5_000, 3)) @ random.normal(size=(3, 3)) + 1)
    made = baselines.gaussian_latents(x, 200_000, 0)
    assert torch.allclose(made.mean(0), x.mean(0), atol=0.03)
    assert torch.allclose(made.T.cov(), x.T.cov(), atol=0.05)


distances = st.tuples(st.floats(0.0, 1.0), st.floats(0.0, 0.3)).map(
    lambda pair: SentenceDistance(
        pair[0], 0.05, Estimate(pair[0], pair[0] - pair[1], pair[0] + pair[1])
    )
)


@given(distances, st.lists(distances, min_size=1, max_size=4))
def test_nothing_is_called_nearer_within_the_intervals(
    own: SentenceDistance, others: list[SentenceDistance]
) -> None:
    curve = {0.5 + i: Judgement("", N, each) for i, each in enumerate(others)}
    says = baselines.verdict(Judgement("", N, own), curve)
    beats = all(own.limit.high < other.limit.low for other in others)
    beaten = min(others, key=lambda other: other.at_n).limit.high < own.limit.low
    assert says.startswith("The GAN is nearer") == beats
    assert says.startswith("The language model") == beaten
    assert says.startswith("Whether") == (not beats and not beaten)


def test_the_verdict_is_one_sentence() -> None:
    def at(number: float) -> Judgement:
        return Judgement("", N, SentenceDistance(number, 0.04, Estimate(number, number, number)))

    assert baselines.verdict(at(0.105), {0.9: at(0.06), 1.0: at(0.0501)}) == (
        "The language model at T = 1 is nearer to real lines (0.0501 against 0.105)."
    )
    by_perplexity = Judgement("", N, reverse_perplexity=Estimate(7, 6, 8))
    says = baselines.verdict(by_perplexity, {1.0: by_perplexity})
    assert "cannot be told (reverse perplexity 7 against 7)" in says


def test_other_machines_are_told() -> None:
    threads = torch.get_num_threads()
    assert not unlike_here(None, threads, 1)
    assert "threads" in unlike_here(None, threads + 1, 1)
    assert "processes" in unlike_here(None, threads, 2)
    assert "a GPU that nobody has" in unlike_here("a GPU that nobody has", threads, 1)
