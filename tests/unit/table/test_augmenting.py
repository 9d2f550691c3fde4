"""Synthetic rows are found to help where they do, and refused where they cannot."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from people import write

import gansmith
from gansmith.augmenting import Study
from gansmith.cli.augment import told
from gansmith.cli.main import main
from gansmith.errors import StoppedError
from gansmith.modalities.table.additions import lacking, scored, shown, stratified
from gansmith.modalities.table.boosting import Target
from gansmith.modalities.table.schema import Column, special_cells
from gansmith.rowmakers import open_table

SMALL = {"generator.width": 16, "discriminator.width": 16, "train.batch_size": 32}


def call(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    return int(stop.value.code or 0)


def truth(n: int, seed: int, share: float = 0.5) -> pd.DataFrame:
    """A class that goes by a product of signs, which few rows do not show; "yes" in that share."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(n, 4))
    positive = x[:, 0] * x[:, 1] * x[:, 2] > 0
    y = np.where(positive & (random.random(n) < 2 * share), "yes", "no")
    frame = pd.DataFrame(x, columns=list("abcd"))
    return frame.assign(y=y, row=[f"R-{seed}-{i:05d}" for i in range(n)])


class Oracle:
    """Knows the true distribution, whatever it was shown."""

    def sample(self, n: int, *, where: str | None = None, seed: int = 0) -> pd.DataFrame:
        rows = truth(20 * n + 50, 1_000 + seed)
        if where is not None:
            rows = rows[rows["y"] == where.split("'")[1]]
        return rows.head(n)


class Noise:
    """Knows each column, and nothing of how they hang together."""

    def __init__(self, rows: pd.DataFrame) -> None:
        self.rows = rows

    def sample(self, n: int, *, where: str | None = None, seed: int = 0) -> pd.DataFrame:
        random = np.random.default_rng(seed)
        return pd.DataFrame({c: random.choice(self.rows[c], n) for c in self.rows})


class Parrot(Noise):
    """Says what it was shown."""

    def sample(self, n: int, *, where: str | None = None, seed: int = 0) -> pd.DataFrame:
        rows = self.rows if where is None else self.rows[self.rows["y"] == where.split("'")[1]]
        return rows.sample(n, replace=True, random_state=seed)


def test_rows_of_the_true_distribution_help_where_rows_are_few(tmp_path: Path) -> None:
    out = tmp_path / "more.csv"
    rows = truth(120, 0)
    found = gansmith.augment(rows, "y", make=lambda *_: Oracle(), folds=5, out=out)
    assert found.helps
    assert found.over_nothing.low > 0
    assert found.over_plain.low > 0
    assert found.rows is not None
    assert list(found.rows.columns) == list(rows.columns)
    assert len(pd.read_csv(out)) == len(found.rows) == 240  # most of the true rows are best
    assert found.addition == "synthetic x 2"
    assert found.to_json()["rows"] == 240
    assert told(found).startswith("They help here")


def test_rows_of_noise_are_refused_and_nothing_is_written(tmp_path: Path) -> None:
    out = tmp_path / "more.csv"
    found = gansmith.augment(truth(100, 0), "y", make=lambda r, _: Noise(r), folds=4, out=out)
    assert not found.helps
    assert found.over_nothing.value < 0
    assert found.rows is None
    assert not out.exists()
    assert told(found).startswith("They do not help here")


def test_rows_that_are_there_already_are_refused() -> None:
    assert not gansmith.augment(truth(80, 1), "y", make=lambda r, _: Parrot(r), folds=3).helps


def test_numbers_are_predicted_too() -> None:
    def rows(n: int, seed: int) -> pd.DataFrame:
        frame = truth(n, seed)
        signs = np.sign(frame[list("abc")]).prod(axis=1)
        return frame.assign(y=signs * 10 + frame["d"]).drop(columns="row")

    class OfNumbers:
        def sample(self, n: int, *, where: str | None = None, seed: int = 0) -> pd.DataFrame:
            return rows(n, 1_000 + seed)

    found = gansmith.augment(rows(120, 0), "y", make=lambda *_: OfNumbers(), folds=4)
    assert found.plan.score == "R^2"
    assert found.helps


def test_rows_that_test_are_never_learnt_from() -> None:
    """Not by the generators of the outer folds, nor by those of the inner ones."""
    table, seen = open_table(truth(60, 0), None), []

    class Spy(Noise):
        def __init__(self, rows: pd.DataFrame) -> None:
            super().__init__(rows)
            seen.append(frozenset(rows["a"]))

    study = Study(table, "y", folds=4, make=lambda rows, _: Spy(rows))
    every = frozenset(table.samples[:, 0])
    parts = [frozenset(table.samples[study.fold == fold, 0]) for fold in range(4)]
    study.run()
    inner, outer = seen[:6], seen[6:]
    assert inner == [every - parts[i] - parts[j] for i in range(4) for j in range(i + 1, 4)]
    assert outer == [every - part for part in parts]
    assert study.plan.trainings == len(seen) == 10


def test_levels_that_only_other_rows_hold_are_not_told() -> None:
    columns = (
        Column("c", "category", ("a", "b", "c")),
        Column("n", "number", specials=("off", "inf"), missing=True),
        Column("late", "number"),
    )
    off = special_cells(np.array([1]))[0]
    part = np.array([[0.0, 1.0, np.nan], [2.0, off, np.nan]])
    c, n, late = shown(columns, part)
    assert c.levels == ("a", "c")
    assert n.specials == ("inf",)
    assert not n.missing
    assert late.kind == "empty"


def test_trainings_of_our_own_are_told_what_their_rows_show(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The columns without levels that other rows hold; the constraints; and no row is held out."""
    rows = truth(60, 0).assign(high=np.arange(60) % 7 + 1, city=["Oslo", *59 * ["Bern"]])
    rows["a"] = rows["a"].clip(upper=1.0)
    schema = tmp_path / "schema.json"
    columns = [{"name": "city", "kind": "category", "levels": ["Bern", "Oslo"]}]
    schema.write_text(json.dumps({"columns": columns, "constraints": ["a <= high"]}))
    told_cities, asked = [], []

    class Fake(Noise):
        def __init__(self, **given: Any) -> None:
            asked.append(given)

        def fit(self, rows: pd.DataFrame) -> Noise:
            columns = json.loads(Path(asked[-1]["settings"]["data.schema"]).read_text())
            told_cities.append(next(c for c in columns if c["name"] == "city")["levels"])
            assert told_cities[-1] == sorted(set(rows["city"]))
            return Noise(rows)

    monkeypatch.setattr("gansmith.rowmakers.TableGAN", Fake)
    given = {"generator.width": 16, "discriminator.width": 16, "train.batch_size": 16}
    gansmith.augment(rows, "y", samples=160, folds=3, schema=schema, settings=given)
    assert {len(cities) for cities in told_cities} == {1, 2}
    assert {each["samples"] for each in asked} == {160}
    for settings in (each["settings"] for each in asked):
        assert settings["data.constraints"] == ["a <= high"]
        assert settings["data.holdout"] == 0.0
        assert settings["generator.width"] == 16


def test_rare_classes_are_asked_for_by_a_condition() -> None:
    asked: list[tuple[int, str | None]] = []

    class Listening(Parrot):
        def sample(self, n: int, *, where: str | None = None, seed: int = 0) -> pd.DataFrame:
            asked.append((n, where))
            return super().sample(n, where=where, seed=seed)

    rows = truth(120, 0, share=0.2)
    found = gansmith.augment(rows, "y", make=lambda r, _: Listening(r), folds=3)
    assert {"rare classes repeated", "rare classes synthetic"} <= set(found.inner)
    conditions = {where for _, where in asked}
    assert conditions == {None, "\"y\" = 'yes'"}
    balanced = next(n for n, where in asked if where)
    counts = rows["y"].value_counts()
    assert balanced == pytest.approx((counts["no"] - counts["yes"]) / 3, abs=3)


def test_folds_have_their_part_of_each_class_and_of_all_numbers() -> None:
    random = np.random.default_rng(0)
    cells = np.repeat([0.0, 1.0, 2.0], [60, 11, 5])[random.permutation(76), None]
    target = Target("y", 0, (0.0, 1.0, 2.0))
    folds = stratified(target, cells, 5, 0)
    counts = np.array([np.bincount(folds[cells[:, 0] == k], minlength=5) for k in range(3)])
    assert (counts.max(1) - counts.min(1)).max() <= 1
    numbers = random.normal(size=(100, 1))
    folds = stratified(Target("y", 0, ()), numbers, 4, 0)
    means = [numbers[folds == fold].mean() for fold in range(4)]
    assert np.ptp(means) < 0.15
    assert (np.bincount(folds) == 25).all()
    assert lacking(target, cells) == {1.0: 49, 2.0: 55}
    assert scored(target, cells, 8) == Target("y", 0, (0.0, 1.0), rest=True)


@pytest.mark.parametrize(
    ("change", "hint"),
    [
        ({"target": "yy"}, "Did you mean y?"),
        ({"target": "row"}, "nothing to predict"),
        ({"folds": 2}, "too few"),
        ({"minutes": 1.0, "samples": 10}, "Give one of them"),
        ({"minutes": -1.0}, "no time"),
        ({"seed": -1}, "out of range"),
        ({"data": truth(49, 0)}, "at least 50"),
        ({"data": truth(60, 0).assign(y=["once"] + 59 * ["often"])}, "has 1 rows"),
        ({"data": "ring"}, "Only the rows of a table"),
    ],
)
def test_mistakes_are_found_before_anything_is_trained(change: dict[str, Any], hint: str) -> None:
    given: dict[str, Any] = {"data": truth(60, 0), "target": "y", "make": None, **change}
    with pytest.raises(gansmith.UserError) as error:
        gansmith.augment(**given)
    assert hint in str(error.value)


@pytest.mark.parametrize("stop", [StoppedError(15, "run"), KeyboardInterrupt()])
def test_what_is_stopped_leaves_nothing(stop: BaseException, tmp_path: Path) -> None:
    trained = []

    def make(rows: pd.DataFrame, seed: int) -> Oracle:
        trained.append(seed)
        if len(trained) == 6:
            raise stop
        return Oracle()

    with pytest.raises(type(stop)) as raised:
        gansmith.augment(truth(120, 0), "y", make=make, folds=3, out=tmp_path / "more.csv")
    assert not list(tmp_path.iterdir())
    assert isinstance(stop, KeyboardInterrupt) or "nothing is written" in str(raised.value)


def test_the_command_from_end_to_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With real trainings, too short to learn anything: so they do not help."""
    source, out = tmp_path / "few.csv", tmp_path / "more.csv"
    truth(90, 0).drop(columns=["c", "d"]).assign(b=["p", None, "q"] * 30).to_csv(
        source, index=False
    )
    given = ["augment", str(source), "--target", "y", "--samples", "64", "--folds", "3",
             "--out", str(out), *(f"{k}={v}" for k, v in SMALL.items())]  # fmt: skip
    assert call(*given, "--json") == 0
    captured = capsys.readouterr()
    found = json.loads(captured.out)
    assert found["helps"] is False
    assert (found["out"], found["rows"]) == (None, 0)
    assert found["plan"]["trainings"] == 6
    assert set(found["scores"]) == {"nothing", "plain", "synthetic"}
    assert "6 trainings of 64 samples each" in " ".join(captured.err.split())
    assert [path.name for path in tmp_path.iterdir()] == ["few.csv"]


def test_a_place_that_is_taken_is_said_before_the_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = str(write(tmp_path / "people.csv", 90))
    assert call("augment", source, "--target", "sex", "--out", source) == 2
    assert "something at the output already" in capsys.readouterr().err
    assert call("augment", source, "--target", "sex", "--out", str(tmp_path / "more.png")) == 2
    assert ".parquet" in capsys.readouterr().err
