"""Tables from end to end: trained on, sampled, written, measured."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from people import HEADER, write
from sklearn.base import clone

import gansmith
from gansmith.cli.main import main
from gansmith.config import DataConfig
from gansmith.data import open_source
from gansmith.errors import RunError
from gansmith.evaluation.comparison import Comparison
from gansmith.game.randomness import Randomness
from gansmith.modalities.table.game import REFINER_MOVES, PairMarginals
from gansmith.modalities.table.refiner import EXAMINATION, MaskedConditional, refine
from gansmith.modalities.table.schema import Column
from gansmith.modalities.table.scores import column_scores
from gansmith.modalities.table.spans import Spans
from gansmith.modalities.table.writing import texts
from gansmith.protocols import Spec

# Looked at twice in a run, and not ten times.
SMALL = {
    "generator.width": 16, "discriminator.width": 16, "train.batch_size": 32,
    "train.measure_samples": 320,
}  # fmt: skip


def call(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    return int(stop.value.code or 0)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> gansmith.Run:
    folder = tmp_path_factory.mktemp("tables")
    source = write(folder / "people.csv")
    return gansmith.train(source, folder / "run", samples=640, settings=SMALL)


def test_samples_are_a_data_frame(run: gansmith.Run) -> None:
    frame = run.sample(500)
    assert list(frame.columns) == list(HEADER)
    assert frame["age"].dtype == np.int64
    assert frame["age"].between(18, 89).all()
    assert set(frame["city"]) <= {"Bern", "Oslo", "Lima", "Quito", "Turin"}
    assert frame["id"].is_unique
    assert frame["id"].str.fullmatch(r"[A-Z]-\d{5}").all()
    assert frame["joined"].dtype.kind == "M"
    assert frame["joined"].isna().any()
    assert (frame["country"] == "Utopia").all()
    assert set(frame["zip"].str.len()) == {5}


def test_a_row_depends_on_its_number_alone(run: gansmith.Run) -> None:
    """Also across chunks of 2,000 rows, in which rows are refined."""
    many, few = run.sample(2_010), run.sample(3)
    assert many.head(3).equals(few)
    assert run.sample(2_005).tail(5).equals(many.iloc[2_000:2_005])
    assert not run.sample(3, seed=1).equals(few)


@pytest.mark.parametrize("name", ["rows.csv", "rows.csv.gz", "rows.tsv", "rows.parquet",
                                  "rows.feather"])  # fmt: skip
def test_rows_are_written_and_read_back(
    name: str, run: gansmith.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / name
    assert call("sample", str(run.folder.path), "-n", "300", "--out", str(out)) == 0
    real = open_source(run.config.data)
    again = open_source(DataConfig(source=str(out)))
    assert [column.name for column in again.columns] == list(HEADER)
    from gansmith.modalities.table.data import align

    ((expected, _),) = run.stream(300)
    found = align(real, again).samples
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_where_nothing_is_said_a_csv_is_written(
    run: gansmith.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert call("sample", str(run.folder.path), "-n", "20") == 0
    assert (tmp_path / "run-seed0.csv").read_text("utf-8").startswith("id,age,income")


def test_one_file_each_is_refused(
    run: gansmith.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("sample", str(run.folder.path), "--out", str(tmp_path / "folder")) == 2
    assert "Name one file (.csv" in " ".join(capsys.readouterr().err.split())


def test_a_report_of_a_run_and_of_files(run: gansmith.Run, tmp_path: Path) -> None:
    report = run.evaluate(150, out=tmp_path)
    assert report.about["features"]["name"] == "table"
    assert 0 < report["pairs"].value < report["shapes"].value <= 1
    assert report["shapes"].floor > 0.8
    source = run.config.data.source
    other = write(tmp_path / "other.csv", 300, seed=1)
    alike = gansmith.evaluate(source, other)
    assert abs(alike["shapes"].value - alike["shapes"].floor) < 0.05
    text = other.read_text("utf-8").replace("Bern", "Lima")
    other.write_text(text, "utf-8")
    worse = gansmith.evaluate(source, other)
    assert worse["shapes"].reads.startswith("columns as in the data; least city")
    assert worse["pairs"].value < alike["pairs"].value


def test_scores_of_equal_tables_are_one_and_of_shuffled_ones_are_not(tmp_path: Path) -> None:
    data = open_source(DataConfig(source=str(write(tmp_path / "people.csv"))))
    cells, every = data.samples, np.arange(len(data))
    shapes, pairs = column_scores(Comparison(data, every, every, cells))
    assert shapes.value == pairs.value == 1.0
    random = np.random.default_rng(0)
    shuffled = np.stack([random.permutation(column) for column in cells.T], 1)
    shapes, pairs = column_scores(Comparison(data, every, every, shuffled))
    assert shapes.value == 1.0
    assert pairs.value < 0.97


def test_judging_tells_rows_apart(run: gansmith.Run) -> None:
    real = open_source(run.config.data).samples[:5]
    assert [set(row) for row in run.judge(real)] == [{"file", "p_real", "p_fake", "logit"}] * 5


def test_it_plans(
    run: gansmith.Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gansmith.prepare.CALIBRATION_SECONDS", 0.1)
    settings = [f"{k}={v}" for k, v in SMALL.items()]
    assert call("plan", run.config.data.source, "--samples", "1000", "--json", *settings) == 0
    plan = json.loads(capsys.readouterr().out)
    assert set(plan["parameters"]) == {"generator", "discriminator", "refiner"}


def test_a_schema_is_shown_edited_and_obeyed(
    run: gansmith.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = run.config.data.source
    assert call("schema", source) == 0
    assert "age\tnumber\twhole numbers from 18 to 89" in capsys.readouterr().out
    assert call("schema", source, "--json") == 0
    columns = json.loads(capsys.readouterr().out)["columns"]
    columns[1] = {"name": "age", "kind": "category", "levels": [str(a) for a in range(18, 90)]}
    (tmp_path / "schema.json").write_text(json.dumps(columns))
    out = str(tmp_path / "run")
    given = ["--schema", str(tmp_path / "schema.json"), "--samples", "64", "--out", out]
    assert call("train", source, *given, *(f"{k}={v}" for k, v in SMALL.items())) == 0
    assert isinstance(gansmith.load(out).sample(5)["age"].iloc[0], str)
    assert call("schema", "ring") == 2
    assert "Only a table has a schema" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("patterns", [("A-999",), ("9", "9-9"), ("aA9", "word"), ("99999999",)])
def test_ids_that_are_made_anew_are_all_different(patterns: tuple[str, ...]) -> None:
    """Also where there are more rows than texts of their pattern."""
    column = Column("id", "id", levels=patterns)
    made = [*texts(column, np.zeros(2_000)), *texts(column, np.zeros(1_000), first=2_000)]
    assert len(set(made)) == 3_000
    assert made[0] != made[1]


# -- the parts -------------------------------------------------------------------------------------

SPEC = Spec((8,), spans=(("a", 0, 3), ("b", 3, 6), ("c", 6, 8)))


def agreeing(n: int) -> torch.Tensor:
    """Columns a and b are equal; c is a coin."""
    random = torch.Generator().manual_seed(0)
    a, c = (torch.randint(k, (n,), generator=random) for k in (3, 2))
    one_hot = torch.nn.functional.one_hot
    return torch.cat([one_hot(a, 3), one_hot(a, 3), one_hot(c, 2)], 1).float()


def trained_refiner() -> MaskedConditional:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        refiner = MaskedConditional(SPEC, width=32, depth=1)
        optimizer = torch.optim.Adam(refiner.parameters(), 5e-3)
        codes = refiner.spans.numbers(agreeing(512))
        for _ in range(300):
            loss = refiner.loss(codes, torch.rand(512, 3) < 0.6)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return refiner.eval()


def agree(x: torch.Tensor) -> float:
    return float((x[:, :3] == x[:, 3:6]).all(1).float().mean())


def test_the_refiner_restores_what_belongs_together_and_keeps_what_is_fixed() -> None:
    refiner = trained_refiner()
    mixed = torch.cat([agreeing(900)[:, :3], agreeing(1_800)[900:, 3:]], 1)
    assert agree(mixed) < 0.5
    refined = refine(refiner, mixed, 2, Randomness(0, 0, 0))
    assert agree(refined) > 0.97
    assert (refined[:, :3].mean(0) - 1 / 3).abs().max() < 0.07
    fixed = torch.zeros(900, 3, dtype=torch.bool)
    fixed[:, 0] = True
    held = refine(refiner, mixed, 2, Randomness(0, 0, 0), fixed)
    assert torch.equal(held[:, :3], mixed[:, :3])
    assert agree(held) > 0.97
    assert torch.equal(refine(refiner, mixed, 0, Randomness(0, 0, 0)), mixed)


def test_refining_column_by_column_is_asking_the_whole_network() -> None:
    """Sums of the first layer are kept up, not made anew for each column."""
    refiner, x = trained_refiner(), agreeing(400)
    codes = refiner.spans.numbers(x)
    known = torch.ones(400, 3, dtype=torch.bool)
    known[:, 1] = False
    shares = refiner.spans.softmax(refiner(codes, known))[:, 3:6].mean(0)
    fixed = torch.tensor([True, False, True]).expand(400, 3)
    drawn = torch.stack([
        refine(refiner, x, 1, Randomness(0, k, 0), fixed)[:, 3:6].mean(0) for k in range(20)
    ]).mean(0)  # fmt: skip
    torch.testing.assert_close(drawn, shares, atol=0.02, rtol=0)
    one_by_one = torch.stack([
        refiner(codes[i : i + 1], known[i : i + 1])[0] for i in range(5)
    ])  # fmt: skip
    torch.testing.assert_close(one_by_one, refiner(codes, known)[:5], atol=1e-5, rtol=1e-5)


def test_pairs_of_shares_are_compared_as_they_are_counted() -> None:
    x = agreeing(2_000)
    marginals = PairMarginals(Spans(SPEC.spans), x.mean(0), x.T @ x / len(x))
    assert float(marginals(x)) == pytest.approx(0.0, abs=1e-9)
    apart = torch.cat([x[:, :3], x.roll(1, 0)[:, 3:]], 1)  # same columns, other pairs
    assert float(marginals(apart)) > 0.05
    other_c = torch.cat([x[:, :6], torch.eye(2)[[0]].expand(2_000, -1)], 1)
    assert float(marginals(other_c)) > 0.05


# -- from Python ---------------------------------------------------------------------------------


def frame(n: int, seed: int = 0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    x = random.normal(size=n)
    return pd.DataFrame({"x": x, "sign": np.where(x > 0, "plus", "minus"), "k": x.round() + 0.5})


@pytest.fixture(scope="module")
def fitted() -> gansmith.TableGAN:
    return gansmith.TableGAN(samples=640, settings=SMALL).fit(frame(300))


def test_a_data_frame_is_learnt_from_and_comes_out(fitted: gansmith.TableGAN) -> None:
    rows = fitted.sample(50, seed=3)
    assert list(rows.columns) == ["x", "sign", "k"] == list(fitted.feature_names_in_)
    assert set(rows["sign"]) <= {"plus", "minus"}
    assert rows.equals(fitted.sample(50, seed=3))
    assert not rows.equals(fitted.sample(50, seed=4))
    assert len(fitted.history) > 0


def test_the_same_seed_learns_the_same(fitted: gansmith.TableGAN) -> None:
    again = gansmith.TableGAN(samples=640, settings=SMALL).fit(frame(300))
    assert again.sample(20).equals(fitted.sample(20))


def test_it_is_measured_against_rows_it_has_not_seen(fitted: gansmith.TableGAN) -> None:
    report = fitted.evaluate(frame(200, seed=1))
    assert report["shapes"].num_fake == 100  # the other half of the rows sets the floor
    assert report["shapes"].floor > 0.8


def test_it_is_saved_and_loaded(fitted: gansmith.TableGAN, tmp_path: Path) -> None:
    fitted.save(tmp_path / "kept")
    loaded = gansmith.TableGAN.load(tmp_path / "kept")
    assert loaded.sample(20).equals(fitted.sample(20))
    assert loaded.n_features_in_ == 3
    with pytest.raises(RunError, match="already"):
        fitted.save(tmp_path / "kept")
    points = gansmith.train("ring", tmp_path / "points", samples=128)
    with pytest.raises(RunError, match="from a table"):
        gansmith.TableGAN.load(points.folder.path)


def test_it_keeps_to_the_manners_of_scikit_learn() -> None:
    made = clone(gansmith.TableGAN(samples=100, seed=7))
    assert made.get_params()["samples"] == 100
    assert repr(made.set_params(seed=8)) == "TableGAN(samples=100, seed=8)"
    with pytest.raises(ValueError, match="Invalid parameter 'sample'"):
        made.set_params(sample=3)
    with pytest.raises(gansmith.UserError, match="not learnt anything"):
        made.sample(3)


@pytest.mark.parametrize("table", [np.zeros(5), frame(5), pd.DataFrame({"x": [{1}] * 30})])
def test_what_is_no_table_is_refused(table: object) -> None:
    with pytest.raises(gansmith.UserError):
        gansmith.TableGAN(samples=64).fit(table)


def test_missing_cells_are_filled_and_others_stay() -> None:
    """The refiner is trained long enough to know that the sign is that of x."""
    settings = {**SMALL, "train.batch_size": 200, "train.measure_samples": 7_500}
    learnt = gansmith.TableGAN(samples=15_000, settings=settings).fit(frame(1_000))
    gaps = frame(400, seed=5)
    holes = np.random.default_rng(0).random(400) < 0.5
    gaps.loc[holes, "sign"] = None
    gaps.loc[~holes, "k"] = np.nan
    filled = learnt.impute(gaps)
    assert not filled.isna().any().any()
    assert filled["x"].equals(gaps["x"])
    assert filled.loc[~holes, "sign"].equals(gaps.loc[~holes, "sign"])
    right = filled.loc[holes, "sign"] == np.where(filled.loc[holes, "x"] > 0, "plus", "minus")
    assert right.mean() > 0.95
    near = (filled.loc[~holes, "k"] - filled.loc[~holes, "x"]).abs()
    assert (near < 1.5).mean() > 0.95
    assert learnt.impute(gaps).equals(filled)
    assert not learnt.impute(gaps, seed=1).equals(filled)
    odd = gaps.head(3).assign(sign=["plus", "never seen", None])
    assert list(learnt.impute(odd)["sign"][:2]) == ["plus", "never seen"]
    with pytest.raises(gansmith.UserError, match="a column 'k'"):
        learnt.impute(gaps.drop(columns="k"))


def test_a_refiner_that_would_learn_rows_by_heart_rests_and_what_was_best_is_taken(
    tmp_path: Path,
) -> None:
    """Nothing is to be learnt from columns that are independent, but for the rows themselves."""
    random = np.random.default_rng(0)
    frame = pd.DataFrame(random.integers(0, 9, (80, 6)).astype(str), columns=list("abcdef"))
    frame.to_csv(tmp_path / "noise.csv", index=False)
    run = gansmith.train(tmp_path / "noise.csv", tmp_path / "run", samples=3_200, settings=SMALL)
    losses = [x["refiner_holdout_loss"] for x in run.folder.read_metrics()
              if "refiner_holdout_loss" in x]  # fmt: skip
    networks = run.sampler().game.networks
    refiner = networks["refiner"]
    assert isinstance(refiner, MaskedConditional)
    assert EXAMINATION.passed(networks)
    assert float(refiner.best_loss) == pytest.approx(min(losses), rel=1e-6)
    assert len(losses) < 50  # of the looks that there would have been
    assert refiner.learns_by_heart
    assert float(refiner.num_moves) < 0.8 * REFINER_MOVES * 3_200 / 32
    pairs = zip(refiner.finished().parameters(), refiner.with_average().parameters(), strict=True)
    assert any(not torch.equal(best, last) for best, last in pairs)


def test_without_held_out_rows_the_last_average_is_taken(tmp_path: Path) -> None:
    source = write(tmp_path / "people.csv", 100)
    run = gansmith.train(
        source, tmp_path / "run", samples=64, settings={**SMALL, "data.holdout": 0.0}
    )
    refiner = run.sampler().game.networks["refiner"]
    assert isinstance(refiner, MaskedConditional)
    for own, average in zip(
        refiner.finished().parameters(), refiner.with_average().parameters(), strict=True
    ):
        assert torch.equal(own, average)
