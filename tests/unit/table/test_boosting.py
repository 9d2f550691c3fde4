"""Gradient boosting takes every kind of cell, and says what it is asked."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from people import write
from sklearn.metrics import r2_score, roc_auc_score

import gansmith
from gansmith.cli.main import main
from gansmith.config import DataConfig
from gansmith.data import open_source
from gansmith.modalities.table.boosting import OWN_LEVELS, Rows, Target, probabilities
from gansmith.modalities.table.measures import told_apart
from gansmith.modalities.table.schema import Column, special_cells

NEW = {"boosted-auc", "train-on-synthetic", "alpha-precision", "beta-recall"}


def test_every_kind_of_column_becomes_features() -> None:
    columns = (
        Column("id", "id", ("9",)),
        Column("always", "constant", ("x",)),
        Column("nothing", "empty", missing=True),
        Column("n", "number", specials=("off",), missing=True),
        Column("day", "datetime", format="%Y-%m-%d"),
        Column("c", "category", ("a", "b")),
        Column("gap", "constant", ("x",), missing=True),
        Column("y", "boolean", ("False", "True")),
    )
    off = special_cells(np.array([0, 5]))
    cells = np.array([
        [0, 0, np.nan, 1.5, 8.64e10, 1, 0, 0],
        [0, 0, np.nan, off[0], 0.0, 1, np.nan, 1],
        [0, 0, np.nan, off[1], 0.0, 0, 0, 1],
        [0, 0, np.nan, np.nan, 0.0, 2, 0, 1],  # of a level that is not known
    ])  # fmt: skip
    rows = Rows(columns, cells[:3], leave_out=7)
    assert rows.categorical.tolist() == [True, False, True, False, True, True]
    nan = np.nan
    np.testing.assert_array_equal(rows(cells), [
        [nan, 1.5, 0, 8.64e10, 0, 0],
        [nan, nan, 1, 0, 0, nan],
        [nan, nan, 2, 0, 1, 0],
        [nan, nan, nan, 0, 2, 0],
    ])  # fmt: skip


def test_of_many_levels_the_commonest_are_categories_and_boosting_takes_them() -> None:
    column = Column("word", "text", tuple(f"w{i}" for i in range(600)))
    cells = np.repeat(np.arange(600.0), np.r_[np.full(300, 3), np.full(300, 1)])[:, None]
    rows = Rows((column,), cells)
    made = rows(np.append(cells, [[600.0]], 0))
    assert rows.categorical.tolist() == [True, False]
    assert made[:, 0].max() == OWN_LEVELS
    assert len(np.unique(made[:, 0])) == OWN_LEVELS + 1
    assert len(np.unique(made[:, 1])) == 601
    y = (cells[:, 0] >= 450).astype(np.int64)  # rare ones, which only the second column tells
    predict = probabilities(rows(cells), y, 2, rows.categorical, 0)
    assert roc_auc_score(y, predict(rows(cells))[:, 1]) > 0.99


def test_targets_are_classes_or_numbers(tmp_path: Path) -> None:
    data = open_source(DataConfig(source=str(write(tmp_path / "people.csv"))))

    def found(name: str) -> Target:
        return Target.find(data.columns, data.samples, name)

    assert [found(name).score_name for name in ("sex", "city", "age", "joined", "member")] == [
        "AUC", "macro-AUC", "R^2", "R^2", "AUC",
    ]  # fmt: skip
    assert found("score").known(data.samples).sum() < len(data)  # neither missing nor withdrawn
    for name, hint in (("agee", "Did you mean age?"), ("id", "made anew"), ("country", "Utopia")):
        with pytest.raises(gansmith.UserError, match=r"column|predict") as error:
            found(name)
        assert hint in str(error.value)
    bits = np.array([[0.0], [1.0], [1.0]])
    assert Target.find((Column("bit", "number"),), bits, "bit").classes == (1.0, 0.0)
    many = np.arange(200.0)[:, None] % 15
    target = Target.find((Column("c", "category", tuple("abcdefghijklmno")),), many, "c")
    assert (len(target.classes), target.num_classes) == (10, 11)
    assert (target.of(many) == 10).sum() > 50


def test_scores_are_those_of_scikit_learn() -> None:
    random = np.random.default_rng(0)
    truth = random.integers(0, 3, 200)
    predicted = random.dirichlet(np.ones(3), 200) + np.eye(3)[truth] / 4
    three = Target("y", 0, (0.0, 1.0, 2.0))
    expected = np.mean([roc_auc_score(truth == k, predicted[:, k]) for k in range(3)])
    assert three.score(predicted, truth.astype(float)) == pytest.approx(expected)
    two = Target("y", 0, (0.0, 1.0))
    own = truth.clip(max=1).astype(float)
    found = two.estimate(predicted[:, :2], own)
    assert not isinstance(found, float)
    assert found.value == pytest.approx(roc_auc_score(own == 0, predicted[:, 0]))
    assert found.low < found.value < found.high
    numbers = Target("y", 0, ())
    y = random.normal(size=200)
    assert numbers.score(y + 0.3, y) == pytest.approx(r2_score(y, y + 0.3))


def table(n: int, seed: int, *, noise: float = 0.3, shuffled: bool = False) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    x, z = random.normal(size=n), random.integers(0, 3, n)
    y = np.where(x + (z == 2) + noise * random.normal(size=n) > 0.5, "yes", "no")
    amount = np.exp(x / 2) + 0.2 * random.random(n)
    if shuffled:
        y, z, amount = random.permutation(y), random.permutation(z), random.permutation(amount)
    return pd.DataFrame({"x": x, "z": np.array(list("abc"))[z], "amount": amount, "y": y})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rows")
    table(800, 0).to_csv(folder / "real.csv", index=False)
    table(400, 1).to_csv(folder / "alike.csv", index=False)
    table(400, 1, shuffled=True).to_csv(folder / "shuffled.csv", index=False)
    return folder


def test_alike_rows_are_as_good_as_real_ones(folder: Path) -> None:
    report = gansmith.evaluate(folder / "real.csv", folder / "alike.csv", target="y")
    for name in NEW:
        value = report[name]
        assert value.low is not None
        assert value.high is not None
        assert value.low - 0.03 < value.floor < value.high + 0.03
    assert report["train-on-synthetic"].value > 0.9
    assert report["train-on-synthetic"].reads.startswith("AUC for y")
    assert report["boosted-auc"].reads.endswith("cannot tell them apart")


def test_shuffled_columns_are_told_from_real_rows_and_teach_nothing(folder: Path) -> None:
    report = gansmith.evaluate(folder / "real.csv", folder / "shuffled.csv", target="y")
    assert report["shapes"].value > report["shapes"].floor - 0.02
    assert report["boosted-auc"].low > 0.7
    assert report["boosted-auc"].reads.endswith("tells them apart")
    assert report["train-on-synthetic"].high < report["train-on-synthetic"].floor
    assert report["train-on-synthetic"].value < report["train-on-synthetic"].floor - 0.15
    assert report["beta-recall"].high < report["beta-recall"].floor


def test_a_target_of_numbers_has_its_share_of_variance(folder: Path) -> None:
    report = gansmith.evaluate(folder / "real.csv", folder / "alike.csv", target="amount")
    value = report["train-on-synthetic"]
    assert value.reads.startswith("R^2 for amount")
    assert 0.4 < value.value <= 1
    assert value.low < value.value < value.high


def test_without_a_target_the_report_names_the_flag(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["evaluate", "--real", str(folder / "real.csv"), "--fake", str(folder / "alike.csv")]
    with pytest.raises(SystemExit) as stop:
        main([*given, "--out", str(tmp_path)])
    assert not stop.value.code
    said = " ".join(capsys.readouterr().err.split())
    assert "train-on-synthetic: needs a column to predict: name it by --target" in said
    with pytest.raises(SystemExit) as stop:
        main([*given, "--target", "amuont"])
    assert stop.value.code == 2
    assert "Did you mean amount?" in capsys.readouterr().err
    with pytest.raises(gansmith.UserError, match="Only a table"):
        gansmith.evaluate("ring", "ring", 100, target="x")


def test_without_scikit_learn_the_rest_is_measured(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    report = gansmith.evaluate(folder / "real.csv", folder / "alike.csv", target="y")
    missing = {each.name: each.why for each in report.missing}
    assert {"boosted-auc", "train-on-synthetic"} <= set(missing)
    assert "pip install 'gansmith[tables]'" in missing["boosted-auc"]
    assert report["alpha-precision"].value > 0.8


def test_fakes_of_one_class_teach_nothing_and_break_nothing(folder: Path) -> None:
    only = table(400, 1).query("y == 'no'")
    only.to_csv(folder / "one.csv", index=False)
    report = gansmith.evaluate(folder / "real.csv", folder / "one.csv", target="y")
    assert report["train-on-synthetic"].value == 0.5


def test_equal_rows_are_not_told_apart() -> None:
    columns = (Column("x", "number"), Column("y", "number"))
    random = np.random.default_rng(0)
    held = 0
    for seed in range(30):
        real, fake = random.normal(size=(2, 60, 2))
        found = told_apart(Rows(columns, np.concatenate([real, fake])), real, fake, seed)
        held += found.low <= 0.5 <= found.high
    assert held >= 27
