"""Each row that a run makes holds what was asked, wherever rows are made, written or filled."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from orders import CONSTRAINTS, PATTERN, broken, write

import gansmith
from gansmith.cli.main import main
from gansmith.errors import ResumeError, UserError
from gansmith.modalities.table import game
from gansmith.sample import sieve
from gansmith.sample.sieve import Filter, Sieve

# Looked at twice in a run, and not ten times.
SMALL = {
    "generator.width": 16, "discriminator.width": 16, "train.batch_size": 32,
    "train.measure_samples": 320,
}  # fmt: skip
IDS = {"columns": [{"name": "order", "kind": "id", "pattern": PATTERN}]}


def call(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    return int(stop.value.code or 0)


@pytest.fixture(scope="module", autouse=True)
def small_chunks() -> Iterator[None]:
    """Rows are made by 100, so that few cost little and there are several chunks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(game, "CHUNK_SAMPLES", 100)
        yield


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> gansmith.Run:
    """Trained by the command; half of the constraints in the schema, half beside it."""
    folder = tmp_path_factory.mktemp("orders")
    (folder / "s.json").write_text(json.dumps({**IDS, "constraints": CONSTRAINTS[:4]}))
    given = [flag for text in CONSTRAINTS[4:] for flag in ("--constraint", text)]
    assert call(
        "train", str(write(folder / "orders.csv")), "--schema", str(folder / "s.json"), *given,
        "--samples", "640", "--out", str(folder / "run"), *(f"{k}={v}" for k, v in SMALL.items()),
    ) == 0  # fmt: skip
    return gansmith.load(folder / "run")


def holds(frame: pd.DataFrame) -> bool:
    found = broken(frame)
    assert not any(found.values()), found
    return True


@pytest.mark.parametrize(
    ("where", "meets"),
    [
        (None, lambda f: f["age"] > 0),
        ("age > 60", lambda f: f["age"] > 60),
        ("country = NO and city != Bergen", lambda f: f["city"] == "Oslo"),
        ("country is missing", lambda f: f["city"] == "Quito"),
        ("courier = 1", lambda f: f["courier"] == 1),
        ("total > 150 and net < 400", lambda f: (f["total"] > 150) & (f["net"] < 400)),
        ("most in (3, 4) and least = 2", lambda f: (f["least"] == 2) & f["most"].isin([3, 4])),
        ("delivered >= 2024-06-01", lambda f: f["delivered"] >= pd.Timestamp("2024-06-01")),
        ("delivered is missing and fee is not missing", lambda f: f["delivered"].isna()),
    ],
)
def test_each_row_holds_all(where: str | None, meets: object, run: gansmith.Run) -> None:
    frame = run.sample(250, where=where)
    assert len(frame) == 250
    assert holds(frame)
    assert meets(frame).all()  # type: ignore[operator]
    assert frame["ordered"].nunique() > 20  # the rest is still drawn
    assert run.sample(30, where=where).equals(frame.head(30))


@pytest.mark.parametrize("name", ["rows.csv", "rows.parquet"])
def test_rows_that_were_written_and_read_back_hold_all(
    name: str, run: gansmith.Run, tmp_path: Path
) -> None:
    out = tmp_path / name
    given = ["--where", "age < 40", "--seed", "3"]
    assert call("sample", str(run.folder.path), "-n", "1500", "--out", str(out), *given) == 0
    read = pd.read_csv(out) if name.endswith("csv") else pd.read_parquet(out)
    assert holds(read)
    real = Path(run.config.data.source).read_text("utf-8")
    assert not any(order in real for order in read["order"])


def test_ids_depend_on_the_seed_and_not_on_how_many(run: gansmith.Run) -> None:
    first = run.sample(3, seed=1)["order"]
    assert first.equals(run.sample(210, seed=1)["order"].head(3))
    assert not first.equals(run.sample(3, seed=2)["order"])


def test_what_there_is_too_little_of_is_named_before_anything_is_written(
    run: gansmith.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "many" / "rows.csv"
    assert call("sample", str(run.folder.path), "-n", "400000", "--out", str(out)) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "The pattern of 'order' has 360,000 texts" in said
    assert "400,000 rows need as many new ones" in said
    assert not out.parent.exists()


def test_it_is_measured_and_judged(run: gansmith.Run, tmp_path: Path) -> None:
    report = run.evaluate(150, out=tmp_path)
    assert 0 < report["pairs"].value <= 1
    assert len(run.judge(run.codec.decode(run.sampler().generate(  # type: ignore[arg-type]
        run.sampler().latents(0, 4, 0, 1.0), None)).numpy())) == 4  # type: ignore[arg-type]  # fmt: skip
    assert "Each row holds: combination(city, country)" in run.folder.card.read_text("utf-8")


def test_other_constraints_are_another_run(run: gansmith.Run, tmp_path: Path) -> None:
    source, schema = run.config.data.source, tmp_path / "s.json"
    settings = {**SMALL, "data.schema": run.config.data.schema}
    same = {"data.constraints": list(CONSTRAINTS[4:])}
    gansmith.train(source, run.folder.path, samples=640, settings=settings | same)  # goes on
    fewer = {"data.constraints": list(CONSTRAINTS[4:6])}
    with pytest.raises(ResumeError, match=r"net <= total then, .*age >= 18 now"):
        gansmith.train(source, run.folder.path, samples=640, settings=settings | fewer)
    kept = Path(run.config.data.schema).read_text("utf-8")
    try:
        Path(run.config.data.schema).write_text(json.dumps({**IDS, "constraints": []}))
        with pytest.raises(ResumeError, match="constraints have changed"):
            gansmith.train(source, run.folder.path, samples=640, settings=settings | same)
    finally:
        Path(run.config.data.schema).write_text(kept)
    assert not schema.exists()


def test_gaps_are_filled_so_that_rows_hold_all(run: gansmith.Run, tmp_path: Path) -> None:
    model = gansmith.TableGAN.load(run.folder.path)
    whole = pd.read_csv(write(tmp_path / "more.csv", 120, seed=5), dtype={"order": str})
    gaps = whole.copy()
    random = np.random.default_rng(0)
    gaps.loc[:9, "order"] = None
    named = ["city", "country", "delivered", "net", "total", "fee", "most", "post", "courier"]
    for name in named:
        gaps[name] = gaps[name].astype(object).mask(random.random(120) < 0.25)
    filled = model.impute(gaps)
    there = gaps.notna()
    assert filled[there].equals(gaps[there].astype(filled.dtypes)) or all(
        (filled[name][there[name]].astype(str) == gaps[name][there[name]].astype(str)).all()
        for name in ("city", "country")
    )
    assert (filled["net"][there["net"]] == gaps["net"][there["net"]]).all()
    assert filled["order"].is_unique
    assert filled["order"].str.fullmatch(PATTERN).all()
    full = filled[filled[named].drop(columns="country").notna().all(axis=1)]
    assert len(full) > 100
    found = broken(full)
    assert not {k: v for k, v in found.items() if v and k not in {"unique", "id", "net"}}, found


# -- from Python -----------------------------------------------------------------------------------


def frame(n: int = 300) -> pd.DataFrame:
    random = np.random.default_rng(0)
    a = random.integers(0, 40, n)
    return pd.DataFrame({"a": a, "b": a + random.integers(1, 9, n), "c": random.normal(size=n)})


def rising(df: pd.DataFrame) -> pd.Series:
    return df.a < df.b


def test_functions_are_held_and_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = gansmith.TableGAN(samples=640, settings=SMALL, constraints=[rising, "a <= 60"])
    rows = model.fit(frame()).sample(300, seed=4)
    assert len(rows) == 300
    assert rising(rows).all()
    assert rows.head(9).equals(model.sample(9, seed=4))
    assert (model.evaluate(frame(100))["shapes"].value) > 0
    gaps = frame(60).astype(float)
    gaps.loc[:30, "b"] = np.nan
    filled = model.impute(gaps)
    assert rising(filled[filled["b"].notna()]).all()
    with pytest.warns(UserWarning, match="holds no code, so rising is not saved"):
        model.save(tmp_path / "kept")
    with pytest.warns(UserWarning, match="rising is not in the run folder"):
        gansmith.TableGAN.load(tmp_path / "kept")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = gansmith.TableGAN.load(tmp_path / "kept", constraints=[rising])
    assert again.sample(300, seed=4).equals(rows)
    with pytest.raises(UserError, match="cannot be added"):
        gansmith.TableGAN.load(tmp_path / "kept", constraints=["a < b"])
    monkeypatch.setattr(sieve, "WINDOW", 500)
    never = gansmith.TableGAN.load(tmp_path / "kept", constraints=[lambda df: df.a > 1e9])
    with pytest.raises(UserError, match=r"Of the last 500 samples that were drawn 0 \(0.00%\)"):
        never.sample(3)


@pytest.mark.parametrize(
    ("constraint", "hint"),
    [
        (lambda df: df.a > df.b, "does not hold in 300 of 300 rows"),
        (lambda df: df.z > 0, "has no attribute 'z'"),
        (lambda df: True, "one truth value for each of 300 rows"),
        (lambda df: df.a, "one truth value for each of 300 rows"),
        (7, "a text or a function"),
        ("b < a", "300 of 300 rows do not hold it"),
    ],
)
def test_what_does_not_hold_in_the_data_is_named(constraint: object, hint: str) -> None:
    with pytest.raises(UserError) as caught:
        gansmith.TableGAN(samples=64, constraints=[constraint]).fit(frame())  # type: ignore[list-item]
    assert hint in str(caught.value)


def test_a_sieve_says_what_hardly_anything_meets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sieve, "WINDOW", 1_000)
    never = Filter("never", lambda raw: raw < -1)
    choose = Sieve([Filter("half", lambda raw: raw < 0.5), Filter("all", lambda raw: None), never])
    numbers = np.linspace(0, 1, 600)
    assert not choose(numbers).any()
    with pytest.raises(UserError, match=r"Of the last 1,200 samples that were drawn 0") as caught:
        choose(numbers)
    assert caught.value.where == "never"
    half = Sieve([Filter("half", lambda raw: raw < 0.5)])
    assert [int(half(numbers).sum()) for _ in range(5)] == [300] * 5


def test_rows_are_unique_in_a_long_stream() -> None:
    """As many as there are, and over many chunks."""
    from gansmith.modalities.table.ledger import Seen

    random, seen = np.random.default_rng(0), Seen()
    known: set[tuple[float, ...]] = set()
    for size in [1, 500, 7, 300] * 20:
        cells = random.integers(0, 60, (size, 2)).astype(float)
        cells[random.random(size) < 0.05, 1] = np.nan
        new = seen.are_new(cells, np.ones(size, bool))
        for row, is_new in zip(map(tuple, cells.tolist()), new.tolist(), strict=True):
            gap = bool(np.isnan(row).any())
            assert is_new == (gap or row not in known)
            if not gap:
                known.add(row)
        seen.add(cells[new])
    assert sum(len(kept) for kept in seen._runs) == len(known)


def test_more_unique_rows_than_there_are_values_are_refused(tmp_path: Path) -> None:
    table = pd.DataFrame({"k": np.random.default_rng(0).permutation(60) * 2, "x": range(60)})
    model = gansmith.TableGAN(samples=640, settings=SMALL, constraints=["unique(k)"]).fit(table)
    with pytest.raises(UserError, match=r"There are 5. different values of 'k' at most") as caught:
        model.sample(60)
    room = int(re.findall(r"at most (\d+) rows", str(caught.value.fix))[0])
    assert model.sample(room)["k"].is_unique


def test_the_command_shows_a_file_that_holds_both(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(write(tmp_path / "orders.csv"))
    assert call("schema", path, "--json") == 0
    schema = json.loads(capsys.readouterr().out)
    assert schema["constraints"] == []
    schema["constraints"] = ["ordered <= delivered", "least < most"]
    (tmp_path / "s.json").write_text(json.dumps(schema))
    given = ["--schema", str(tmp_path / "s.json"), "--constraint", "age >= 19", "--samples", "64"]
    assert call("train", path, *given, "--out", str(tmp_path / "r")) == 2
    said = capsys.readouterr().err
    assert re.search(r"'age >= 19' is asked for,\s+and \d+ of 400 rows do not hold", said)
    assert not (tmp_path / "r").exists()
