"""What rows of tables are measured by, on tables whose values are known."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp

from benchmarks import environments, row_scores
from benchmarks.cases import ROOT, Options, Places
from benchmarks.environments import PeerError, python_of
from benchmarks.memory import peak_rss_bytes
from benchmarks.peers import program, table_rows
from benchmarks.peers.ctgan_rows import filled, opened
from benchmarks.record import command
from benchmarks.row_scores import Encoder, alpha_precision, beta_recall
from benchmarks.row_sections import of_rows
from benchmarks.row_table import Split, open_split, read, shuffled, write_toy
from benchmarks.rows import cases
from benchmarks.runner import measure
from gansmith.errors import DivergedError, SourceError, UserError

rng = np.random.default_rng


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rows") / "toy.csv"
    write_toy(path)
    return path


@pytest.fixture(scope="module")
def split(toy: Path) -> Split:
    return open_split(str(toy), "", "bought")


@pytest.fixture(scope="module")
def encoder(split: Split) -> Encoder:
    return Encoder(split)


def test_columns_are_what_their_cells_say(tmp_path: Path):
    lines = ["id,size,code,gap,y"]
    lines += [f"n{i},{i}.50,{i % 3},{' ' if i == 5 else i},{'ab'[i % 2]}" for i in range(60)]
    path = tmp_path / "table.csv"
    path.write_text("\n".join(lines), "utf-8")
    found = open_split(str(path), "", "y")
    assert list(found.train.columns) == ["size", "code", "gap", "y"]  # ids are left out
    assert found.numbers == ("size", "gap")
    assert 30 <= len(found.train) < 60 == len(found.train) + len(found.test)
    both = pd.concat([found.train, found.test])
    assert sorted(both["gap"])[0] == ""  # a blank cell is empty
    assert "7.50" in set(both["size"])  # and all others stay as they are written
    typed = found.typed(both)
    assert typed["size"].dtype == typed["gap"].dtype == np.float64
    assert typed["gap"].isna().sum() == 1
    assert set(typed["code"]) == {"0", "1", "2"}


def test_the_parts_are_the_same_wherever_the_file_lies(toy: Path, split: Split, tmp_path: Path):
    (tmp_path / "other.csv").write_bytes(toy.read_bytes())
    again = open_split(str(tmp_path / "other.csv"), "", "bought")
    assert again.train.equals(split.train)
    assert again.test.equals(split.test)


def test_test_rows_of_their_own(toy: Path, tmp_path: Path):
    whole = read(toy)
    whole[:50].to_csv(tmp_path / "test.csv", index=False)
    found = open_split(str(toy), str(tmp_path / "test.csv"), "bought")
    assert (len(found.train), len(found.test)) == (400, 50)
    whole[:50].drop(columns="age").to_csv(tmp_path / "test.csv", index=False)
    with pytest.raises(SourceError, match="other columns"):
        open_split(str(toy), str(tmp_path / "test.csv"), "bought")


def test_refusals(toy: Path, tmp_path: Path):
    with pytest.raises(UserError, match="no column 'bougth'") as error:
        open_split(str(toy), "", "bougth")
    assert error.value.fix == "Did you mean bought?"
    with pytest.raises(UserError, match="has 3 classes"):
        open_split(str(toy), "", "city")
    (tmp_path / "broken.csv.gz").write_bytes(b"nothing")
    with pytest.raises(SourceError, match="cannot be read"):
        open_split(str(tmp_path / "broken.csv.gz"), "", "bought")
    with pytest.raises(UserError, match="No table, or no target"):
        cases(Options("rows", data=str(toy)))
    with pytest.raises(UserError, match="no method 'ctgna'"):
        cases(Options("rows", data=str(toy), target="bought", methods=("ctgna",)))
    with pytest.raises(SourceError, match="no such file"):
        cases(Options("rows", data=str(tmp_path / "x.csv"), target="bought"))


def test_cases_are_told_apart_by_content(toy: Path, tmp_path: Path):
    places = Places.below(tmp_path)
    found = cases(Options("rows", seeds=2, data=str(toy), test=str(toy), target="bought",
                          places=places))  # fmt: skip
    assert [case.key["method"] for case in found[:2]] == ["table", "table, half"]
    assert sum(case.key["method"] == "real" for case in found) == 1  # no seed changes it
    assert found[0].key["test"] == "toy.csv"
    assert found[0].key["test_sha256"] == found[0].key["data_sha256"]
    assert str(toy.parent) not in str([dict(case.key) for case in found])
    alone = cases(Options("rows", data=str(toy), target="bought", methods=("tvae",)))
    assert [(case.key["method"], case.key["seed"]) for case in alone] == [
        ("tvae", 0), ("tvae", 1), ("tvae", 2)
    ]  # fmt: skip


def test_the_command_to_give_again_names_no_place():
    options = Options("rows", data="/mine/a.csv", test="/mine/b.csv", target="y",
                      methods=("shuffled columns",))  # fmt: skip
    wanted = "rows --data a.csv --test b.csv --target y --method 'shuffled columns'"
    assert command(options) == f"python -m benchmarks {wanted}"


def test_shuffled_columns_are_the_same_columns(split: Split):
    made = shuffled(split.train, 0)
    assert not made.equals(split.train)
    for name in split.train.columns:
        assert sorted(made[name]) == sorted(split.train[name])
    assert not made.equals(shuffled(split.train, 1))


def test_alpha_precision():
    x = rng(0).normal(size=(2_000, 3))
    assert alpha_precision(x, x) == pytest.approx(1, abs=2e-3)
    assert alpha_precision(x, rng(1).normal(size=(2_000, 3))) > 0.95
    # All in the middle: P(alpha) = 1, and the integral is one half; far away P is 0.
    assert alpha_precision(x, np.repeat(x.mean(0)[None], 9, 0)) == pytest.approx(0, abs=2e-3)
    assert alpha_precision(x, x + 100) == pytest.approx(0, abs=2e-3)
    # The inner half of the real rows: P(alpha) = min(2 alpha, 1).
    order = np.argsort(np.linalg.norm(x - x.mean(0), axis=1))
    assert alpha_precision(x, x[order[:1_000]]) == pytest.approx(0.5, abs=2e-3)


def _beta_recall_by_the_book(real: Any, fake: Any) -> float:
    spread = np.linalg.norm(fake - fake.mean(0), axis=1)
    between = np.linalg.norm(real[:, None] - real, axis=-1) + np.diag([np.inf] * len(real))
    betas = (np.arange(1_000) + 0.5) / 1_000
    found = []
    for beta in betas:
        typical = fake[spread <= np.quantile(spread, beta, method="inverted_cdf")]
        nearest = np.linalg.norm(real[:, None] - typical, axis=-1).min(1)
        found.append(np.mean(nearest <= between.min(1)))
    return float(1 - 2 * np.abs(np.array(found) - betas).mean())


def test_beta_recall():
    x = rng(0).normal(size=(60, 2))
    y = rng(1).normal(size=(70, 2)) * 1.3
    assert beta_recall(x, y) == pytest.approx(_beta_recall_by_the_book(x, y), abs=1e-12)
    large, other = (rng(seed).normal(size=(1_500, 4)) for seed in (2, 3))
    assert beta_recall(large, large) > 0.85
    assert beta_recall(large, other) == pytest.approx(0.5, abs=0.05)
    assert beta_recall(large, other + 100) == pytest.approx(0, abs=2e-3)


def test_rows_that_occur_twice_are_only_covered_by_their_like():
    x = np.repeat(rng(4).normal(size=(50, 3)) * 1e3, 2, axis=0)  # so that rounding matters
    assert beta_recall(x, x) > 0.9
    assert beta_recall(x, x + 1e-2) == pytest.approx(0, abs=1e-2)


def test_features(encoder: Encoder, split: Split):
    x = encoder.features(encoder.train)
    assert x.shape == (len(split.train), 1 + 3 + 2 + 4 + 2)  # one more for the gaps of income
    np.testing.assert_allclose((x[:, 0].mean(), x[:, 0].std()), (0, 1), atol=1e-9)
    assert set(x[:, 1:4].sum(1)) == {1.0}
    unknown = encoder.train[:1].assign(city="Lima", income=np.nan)
    made = encoder.features(unknown)[0]
    assert made[1:6].tolist() == [0, 0, 0, 0, 1]
    assert encoder.codes(unknown)["city"].item() == 3


def test_gradient_boosting(encoder: Encoder, split: Split):
    train, test = encoder.train, split.typed(split.test)
    mixed = split.typed(shuffled(split.train, 0))
    of_real = row_scores.target_auc(encoder, train, test)
    assert of_real > 0.6 > row_scores.target_auc(encoder, mixed, test)
    assert row_scores.target_auc(encoder, train.assign(bought="no"), test) == 0.5
    assert row_scores.two_sample_auc(encoder, train.assign(age=90.0)) > 0.99


def test_gradient_boosting_tells_nothing_from_rows_of_the_same_kind():
    x = pd.DataFrame(rng(5).normal(size=(3_000, 2)).round(3), columns=["a", "b"]).astype(str)
    x["y"] = rng(6).choice(["no", "yes"], len(x))
    split = Split(x[:2_000], x[2_000:], ("a", "b"), "y")
    encoder = Encoder(split)
    assert row_scores.two_sample_auc(encoder, split.typed(split.test)) == pytest.approx(
        0.5, abs=0.06
    )


def test_nearer_and_equal_rows(encoder: Encoder, split: Split):
    train, test = encoder.train[:80], split.typed(split.test)
    assert row_scores.duplicates(train, encoder.train) == 1
    assert row_scores.duplicates(test, encoder.train) < 0.1
    assert row_scores.duplicates(train[:4].assign(age=[1, 2, 3, 4]), encoder.train) == 0
    # Test rows that are the training rows: all are ties.
    assert row_scores.nearer_to_training(encoder, test, encoder.train) == 0.5
    assert row_scores.nearer_to_training(encoder, test, test) == 0
    assert row_scores.nearer_to_training(encoder, test[::2], test[1::2]) == pytest.approx(
        0.5, abs=0.2
    )


def test_copies_are_nearer_to_training_rows(split: Split):
    whole = Split(split.train[: len(split.test)], split.test, split.numbers, split.target)
    encoder = Encoder(whole)
    assert row_scores.nearer_to_training(encoder, encoder.train, split.typed(split.test)) > 0.97


def test_gaps_on_the_way_to_a_method_that_takes_none():
    table = pd.DataFrame({"x": [1.0, np.nan, 3.0], "y": [1.0, 2.0, 3.0], "z": ["a", "", "c"]})
    full, gaps = filled(table, ["x", "y"])
    assert not full.isna().any().any()
    assert full["x"].tolist() == [1, 2, 3]
    assert gaps == {"x": "x is missing"}
    pd.testing.assert_frame_equal(opened(full, gaps)[["x", "y", "z"]], table)


WORK = """
import subprocess, sys
from benchmarks.peers.program import run

def ready(task):
    def work():
        held = bytearray(80 * 2**20)
        subprocess.run([sys.executable, "-c", "sum(i * i for i in range(3_000_000))"], check=True)
    return work

run(ready, ("numpy",))
"""


def test_what_a_process_costs(tmp_path: Path):
    task = program.Task("x", "", [], "", 0, 0, True)
    (tmp_path / "task.json").write_text(json.dumps(vars(task)), "utf-8")
    arguments = [str(tmp_path / name) for name in ("task.json", "cost.json")]
    subprocess.run([sys.executable, "-c", WORK, *arguments], cwd=ROOT, check=True)
    cost = json.loads((tmp_path / "cost.json").read_text("utf-8"))
    assert cost["cpu_seconds"] > 0.1  # of the process that it started
    # What it held itself, and not what this process holds, which started it.
    assert 80 * 2**20 < cost["peak_rss_bytes"] < min(200 * 2**20, peak_rss_bytes())
    assert cost["packages"]["numpy"] == np.__version__


def test_a_training_that_diverges_is_a_result(toy: Path, monkeypatch: pytest.MonkeyPatch):
    def diverges(*given: Any, **options: Any) -> None:
        raise DivergedError("not a finite number")

    def in_this_process(name: str, python: str, task: Path, cost: Path) -> None:
        monkeypatch.setattr(sys, "argv", [name, str(task), str(cost)])
        program.run(table_rows.ready, ("torch",))

    monkeypatch.setattr("gansmith.api.train", diverges)
    monkeypatch.setattr("benchmarks.rows.program", in_this_process)
    case = cases(Options("rows", data=str(toy), target="bought", toy=True))[0]
    assert measure(case) == {"diverged": "not a finite number"}


def test_an_environment_that_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(environments, "PROGRAMS", tmp_path)
    monkeypatch.setattr(environments, "ENVIRONMENTS", tmp_path / "peers")
    (tmp_path / "nobody.txt").write_text("--no-index\nno-such-package==1.0\n", "utf-8")
    with pytest.raises(PeerError, match=r"nobody cannot be made: .*no-such-package==1\.0"):
        python_of("nobody")
    (tmp_path / "nobody.txt").write_text("--no-index\n", "utf-8")
    assert Path(python_of("nobody")).exists()
    made = (tmp_path / "peers" / "nobody").stat().st_ino
    python_of("nobody")
    assert (tmp_path / "peers" / "nobody").stat().st_ino == made  # and not made again


def test_a_program_that_fails_says_why():
    with pytest.raises(PeerError, match=r"It failed: .*nowhere\.json"):
        environments.program("table_rows", sys.executable, Path("nowhere.json"))


def _scores_by_the_book(real: Any, fake: Any, numbers: set[str]) -> tuple[float, float]:
    """Shapes and trends of all pairs."""

    def total_variation(a: Any, b: Any) -> float:
        shares = [pd.Series(list(x)).value_counts(normalize=True) for x in (a, b)]
        return float(shares[0].sub(shares[1], fill_value=0).abs().sum() / 2)

    def binned(x: Any) -> Any:
        return np.digitize(x, np.histogram_bin_edges(x.dropna()))

    shapes = [
        1 - (ks_2samp(real[c], fake[c]).statistic if c in numbers
             else total_variation(real[c], fake[c]))
        for c in real.columns
    ]  # fmt: skip
    trends = []
    for pair in combinations(real.columns, 2):
        if set(pair) <= numbers:
            difference = real[pair[0]].corr(real[pair[1]]) - fake[pair[0]].corr(fake[pair[1]])
            trends.append(1 - abs(difference) / 2)
        else:
            sides = [[binned(t[c]) if c in numbers else t[c] for c in pair] for t in (real, fake)]
            trends.append(1 - total_variation(*(zip(*side, strict=True) for side in sides)))
    return float(np.mean(shapes)), float(np.mean(trends))


def _made(name: str) -> bool:
    return (environments.ENVIRONMENTS / name / ".ready").exists()


@pytest.mark.skipif(not _made("sdmetrics"), reason="the environment of sdmetrics is not made")
def test_quality_is_what_the_docs_say(toy: Path, tmp_path: Path):
    table = open_split(str(toy), "", "bought").typed(read(toy)).fillna({"income": 0.0})
    real, fake = table[:250], table[250:].assign(age=lambda t: t["age"] + 3)
    for name, each in (("real", real), ("fake", fake)):
        each.to_csv(tmp_path / name, index=False)
    task = {"real": str(tmp_path / "real"), "fake": str(tmp_path / "fake"),
            "numbers": ["age", "income"]}  # fmt: skip
    (tmp_path / "task").write_text(json.dumps(task), "utf-8")
    environments.program("quality", python_of("sdmetrics"), tmp_path / "task", tmp_path / "out")
    found = json.loads((tmp_path / "out").read_text("utf-8"))
    shapes, trends = _scores_by_the_book(real, fake, {"age", "income"})
    assert found["shapes"] == pytest.approx(shapes)
    assert found["all_trends"] == pytest.approx(trends)
    assert found["all_quality"] == pytest.approx((shapes + trends) / 2)
    assert found["quality"] == pytest.approx((shapes + found["trends"]) / 2)


def test_the_page_has_a_row_for_each_method():
    key = {"seed": 0, "target": "y", "data": "a.csv", "data_sha256": "0" * 64}
    result = {
        "num_train": 1_200, "num_test": 300, "num_columns": 5, "auc": 0.9, "auc_of_real": 0.95,
        "two_sample_auc": 0.6, "alpha_precision": 0.9, "beta_recall": 0.4,
        "nearer_to_training": 0.51, "duplicates": 0.002, "duplicates_of_real": 0.001,
    }  # fmt: skip
    cost = {"cpu_seconds": 90.4, "wall_seconds": 95.0, "peak_rss_bytes": 700 * 2**20,
            "packages": {"torch": "2"}}  # fmt: skip
    runs = [
        {"key": {**key, "method": "table"}, "result": {**result, **cost}},
        {"key": {**key, "method": "real"}, "result": result},
        {"key": {**key, "method": "table", "target": "z"}, "result": {**result, "auc": 0.1}},
    ]
    text = "\n".join(of_rows(runs, Path()))
    assert "`a.csv` (000000000000), test rows: a fifth, target `y`: 1,200 rows of 5 columns" in text
    assert "| table | 1 | 90 | 95 | 700 | not run |" in text
    assert "| real | 1 |  |  |  | not run |" in text
    assert "| table | 1 | 0.900 | 0.600 | 0.900 | 0.400 | 51.0% | 0.20% |" in text
    assert "| table | 1 | 0.100 |" in text  # another target is another table
    assert "| ctgan | 0 | not run |" in text
    assert "learnt from the training rows themselves: 0.950." in text
