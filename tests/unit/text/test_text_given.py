"""Samples between two texts, around one, and between those of the generator."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sentences import SENTENCES, SMALL, write

import gansmith
from gansmith.cli.main import main
from gansmith.errors import UserError
from gansmith.given import around, between
from gansmith.modalities.text.store import to_texts
from gansmith.protocols import Spec


def call(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    return int(stop.value.code or 0)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> gansmith.Run:
    folder = tmp_path_factory.mktemp("given")
    source = write(folder / "sentences.txt")
    return gansmith.train(source, folder / "run", samples=320, settings=SMALL)


def back(run: gansmith.Run, *texts: str) -> list[str]:
    """What the codec brings back of texts."""
    codec = run.codec
    return to_texts(codec.decode(codec.encode(torch.from_numpy(codec.rows(texts)))).numpy())  # type: ignore[attr-defined]


@given(st.sampled_from(SENTENCES), st.sampled_from(SENTENCES), st.integers(2, 6))
@settings(max_examples=15, deadline=None)
def test_a_way_begins_and_ends_where_the_codec_brings_both_back(
    run: gansmith.Run, first: str, second: str, steps: int
) -> None:
    made = run.between(first, second, steps)
    assert len(made) == steps
    assert [made[0], made[-1]] == back(run, first, second)


class Plain:
    """A codec that has learned to leave two numbers as they are."""

    network = torch.nn.Identity()
    loss = settle = score = state = print
    spec = Spec((2,))

    def encode(self, raw: torch.Tensor) -> torch.Tensor:
        return raw

    decode = encode


def test_noise_around_a_sample_has_the_spread() -> None:
    codec = Plain()
    made = around(codec, np.array([[3.0, -1.0]]), 20_000, 0.25, 1)  # type: ignore[arg-type]
    np.testing.assert_allclose(made.mean(0), [3, -1], atol=0.01)
    np.testing.assert_allclose(made.std(0), 0.25, atol=0.01)
    # Half the way between two directions at a right angle lies as far out as they do.
    way = between(codec, np.array([[2.0, 0.0]]), np.array([[0.0, 2.0]]), 3)  # type: ignore[arg-type]
    np.testing.assert_allclose(way, [[2, 0], [2**0.5, 2**0.5], [0, 2]], atol=1e-9)


def test_around_a_text(run: gansmith.Run) -> None:
    assert run.around(SENTENCES[0], 3, spread=0) == back(run, SENTENCES[0]) * 3
    far = run.around(SENTENCES[0], 30, spread=2, seed=1)
    assert far == run.around(SENTENCES[0], 30, spread=2, seed=1)
    assert len(set(far)) > 1


def test_given_texts_from_the_command_line(
    run: gansmith.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, pair = str(run.folder.path), SENTENCES[:2]
    assert call("sample", path, "--between", *pair) == 0
    assert capsys.readouterr().out.splitlines() == run.between(*pair)
    out = tmp_path / "way.txt"
    assert call("sample", path, "--between", *pair, "--interpolate", "3", "--out", str(out)) == 0
    assert out.read_text("utf-8").splitlines() == run.between(*pair, 3)
    assert call("sample", path, "--around", pair[0], "-n", "4", "--spread", "0.2") == 0
    assert capsys.readouterr().out.splitlines() == run.around(pair[0], 4, spread=0.2)


def test_an_interpolation_of_texts_is_a_file_of_them(
    run: gansmith.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = str(run.folder.path)
    assert call("sample", path, "-n", "2", "--interpolate", "5") == 0
    lines = Path("run-seed0-interpolation.txt").read_text("utf-8").split("\n")[:-1]
    ends = run.sample(4)
    assert len(lines) == 10
    assert [lines[0], lines[4], lines[5], lines[9]] == ends
    out = tmp_path / "way.csv"
    assert call("sample", path, "-n", "2", "--interpolate", "5", "--out", str(out)) == 0
    with out.open(encoding="utf-8", newline="") as file:
        assert [row["text"] for row in csv.DictReader(file)] == lines


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["--between", "a", "b", "--around", "c"], "Both --between and --around"),
        (["--between", "a", "b", "--interpolate", "1"], "1 steps"),
        (["--between", "a", ""], "nothing in the given"),
        (["--between", "a", "b", "--best"], "without the generator"),
        (["--around", "a", "--interpolate", "3"], "without the generator"),
        (["--around", "a", "--spread", "-1"], "spread of -1"),
        (["--spread", "0.5"], "A spread is around a text"),
    ],
)
def test_what_cannot_be_given_is_said(
    given: list[str], told: str, run: gansmith.Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("sample", str(run.folder.path), *given) == 2
    assert told in " ".join(capsys.readouterr().err.split())


def test_other_kinds_of_data_are_refused(tmp_path: Path) -> None:
    settings = {"generator.width": 4, "discriminator.width": 4, "train.batch_size": 16}
    points = gansmith.train("ring", tmp_path / "ring", samples=16, settings=settings)
    with pytest.raises(UserError, match="codec has learned"):
        points.around(points.sample(1)[0], 3)
    assert call("sample", str(points.folder.path), "--around", "a") == 2
