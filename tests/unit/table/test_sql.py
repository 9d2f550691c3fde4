"""Tables of SQLite: read whole, in an order of their own, and never changed."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from databases import SMALL_FLAGS, call, kinds, opened, refused

import gansmith
from gansmith.config import DataConfig
from gansmith.data import open_source
from gansmith.errors import ConfigError
from gansmith.modalities.table import sql
from gansmith.progress import Advance

CITIES = ("Bern", "Oslo", "Lima")


def people(n: int = 300) -> pd.DataFrame:
    random = np.random.default_rng(0)
    age = random.integers(18, 90, n)
    income = (age * 1000 + random.normal(0, 500, n)).round(2)
    joined = pd.Timestamp("2020-01-01") + pd.to_timedelta(random.integers(0, 900, n), "D")
    return pd.DataFrame({
        "no": 7 + 3 * np.arange(n),
        "age": age,
        "income": np.where(random.random(n) < 0.2, np.nan, income),
        "city": [CITIES[i] if i < 3 else None for i in random.integers(0, 4, n)],
        "joined": joined.strftime("%Y-%m-%d"),
        "member": random.random(n) < 0.7,
    })  # fmt: skip


TABLE = (
    "create table {} (no integer primary key, age int, income real, city text, joined date, "
    "member boolean)"
)


def write(path: Path, frame: pd.DataFrame, name: str = "people") -> str:
    """The address of the file, which also has an empty table and one of bytes."""
    with sqlite3.connect(path) as file:
        file.execute(TABLE.format(name))
        frame.to_sql(name, file, if_exists="append", index=False)
        file.execute("create table empty (a, b)")
        file.execute("create table pictures as select no, age, x'00ff' as raw from people")
        file.execute("create view old as select * from people where age > 50")
    file.close()
    return f"sqlite:///{path}"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write(tmp_path_factory.mktemp("sql") / "people.db", people())


# -- SQLite ----------------------------------------------------------------------------------------


def test_a_table_is_what_the_same_parquet_is(place: str, tmp_path: Path) -> None:
    data = opened(f"{place}::people")
    people().to_parquet(tmp_path / "people.parquet")
    same = opened(str(tmp_path / "people.parquet"))
    assert kinds(data) == {**kinds(same), "no": "id"}
    assert kinds(data) == {
        "no": "id", "age": "number", "income": "number", "city": "category",
        "joined": "datetime", "member": "boolean",
    }  # fmt: skip
    # By their keys, rows are in the order that the frame has.
    np.testing.assert_array_equal(data.samples[:, 1:], same.samples[:, 1:])
    assert data.name == f"{place}::people"


def test_the_order_of_rows_changes_nothing(place: str, tmp_path: Path) -> None:
    mixed = people().sample(frac=1, random_state=3).drop(columns="no")
    frames = mixed, mixed.sample(frac=1, random_state=4)
    first, second = (
        opened(write_plain(tmp_path / f"{i}.db", frame)) for i, frame in enumerate(frames)
    )
    assert first.fingerprint == second.fingerprint
    assert (first.split("holdout", 0.1) == second.split("holdout", 0.1)).all()
    fewer = opened(write_plain(tmp_path / "fewer.db", mixed[1:]))
    assert fewer.fingerprint != first.fingerprint


def write_plain(path: Path, frame: pd.DataFrame) -> str:
    with sqlite3.connect(path) as file:
        frame.to_sql("t", file, index=False)
    file.close()
    return f"sqlite:///{path}::t"


@pytest.mark.parametrize("wanted", ["people", "select * from people"])
def test_rows_come_in_pieces(wanted: str, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[tuple[str, int]] = []

    @contextmanager
    def noting(title: str, total: int) -> Iterator[Advance]:
        shown.append((title, total))
        yield lambda items=1: shown.append(("", items))

    whole = opened(f"{place}::{wanted}").fingerprint
    monkeypatch.setattr(sql, "CHUNK_ROWS", 120)
    data = open_source(DataConfig(source=f"{place}::{wanted}"), progress=noting)
    assert data.fingerprint == whole
    total = 300 if wanted == "people" else 0  # how many a query gives is not known before
    assert shown[:4] == [("Reading rows", total), ("", 120), ("", 120), ("", 60)]


def test_loosely_typed_columns_are_read_as_a_csv_would_be(tmp_path: Path) -> None:
    n = 60
    frame = pd.DataFrame({
        "mixed": [(int, float, str)[i % 3](i - i % 2) for i in range(n - 2)] + [None, "unknown"],
        "whole": [1, 2.0, None] * 20,
        "flag": [0, 1, None] * 20,
        "never": [None] * n,
        "large": [2**60 + i for i in range(n)],
    }, dtype=object)  # fmt: skip
    with sqlite3.connect(tmp_path / "loose.db") as file:
        file.execute("create table t (mixed, whole numeric, flag boolean, never text, large int)")
        frame.to_sql("t", file, if_exists="append", index=False)
    file.close()
    mixed, whole, flag, never, large = opened(f"sqlite:///{tmp_path}/loose.db::t").columns
    assert (mixed.kind, mixed.integer, mixed.specials) == ("number", True, ("unknown",))
    assert (whole.kind, whole.integer, whole.missing) == ("number", True, True)
    assert (flag.kind, flag.levels, flag.missing) == ("boolean", ("False", "True"), True)
    assert never.kind == "empty"
    assert large.kind == "id"


def test_keys_that_the_database_declares_are_ids(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "keys.db") as file:
        file.execute(
            "create table t (part int, number int unique, code text, day date unique, weight real "
            "unique, other int, primary key (part, other))"
        )
        file.execute("create unique index codes on t (code)")
        for i in range(40):
            day = str(date(2020, 1, 1 + i % 28).replace(year=2000 + i))
            row = (i // 10, i * i, f"{i * 7 + 100}", day, i / 7, i * 3)
            file.execute("insert into t values (?, ?, ?, ?, ?, ?)", row)
    file.close()
    assert kinds(opened(f"sqlite:///{tmp_path}/keys.db::t")) == {
        "part": "number", "number": "id", "code": "id", "day": "datetime", "weight": "number",
        "other": "number",
    }  # fmt: skip
    assert kinds(opened(f"sqlite:///{tmp_path}/keys.db::select * from t"))["number"] == "number"


def test_a_query_is_a_table_of_its_own(place: str) -> None:
    query = "select age, city as town, ':x' c from people where city like 'B%' and age > 30;"
    data = opened(f"{place}::{query}")
    frame = people()
    assert len(data) == ((frame["city"] == "Bern") & (frame["age"] > 30)).sum()
    assert kinds(data) == {"age": "number", "town": "constant", "c": "constant"}
    for other in (
        "-- all\nwith p as (select * from people) select * from p",
        "/* (x */ SELECT\n* from people",
        "values (1), (2), (3) union all select age from people",
    ):
        assert len(opened(f"{place}::{other}")) >= 300
    long = f"select age from people where {' and '.join(['age < 1000'] * 500)}"
    assert len(opened(f"{place}::{long}")) == 300


def test_paths_are_relative_absolute_or_of_home(
    place: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = Path(place.removeprefix("sqlite:///")).parent
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(folder))
    odd = tmp_path / "a b#c?d%20.db"
    odd.write_bytes((folder / "people.db").read_bytes())
    found = [
        opened(f"sqlite:///{path}::people").fingerprint
        for path in ("people.db", "./people.db", "~/people.db", folder / "people.db")
    ]
    assert len({*found}) == 1
    monkeypatch.chdir(tmp_path)
    odd.rename(tmp_path / "a b#c%20.db")
    assert opened("sqlite:///a b#c%20.db::people").fingerprint == found[0]


def test_a_file_that_is_not_there_is_not_made(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(place.removeprefix("sqlite:///")).parent
    assert "Did you mean sqlite:///" in refused(f"sqlite:///{folder}/peple.db::people")
    monkeypatch.chdir(tmp_path)
    assert "There is no such file" in refused("sqlite:///new.db::people")
    fourth = refused(f"sqlite:///{str(folder).lstrip('/')}/people.db::people")
    assert f"Did you mean sqlite:///{folder}/people.db?" in fourth
    assert "sqlite:///people.db" in refused("sqlite://people.db::people")
    for memory in ("sqlite://::t", "sqlite:///:memory:::t"):
        assert "no such file" in refused(memory) or "names no file" in refused(memory)
    assert not list(tmp_path.iterdir())


def test_what_is_no_database_is_refused(tmp_path: Path, place: str) -> None:
    (tmp_path / "no.db").write_text("age,sex\n1,F\n")
    assert "no database of SQLite" in refused(f"sqlite:///{tmp_path}/no.db::t")
    (tmp_path / "cut.db").write_bytes(Path(place.removeprefix("sqlite:///")).read_bytes()[:3000])
    assert "The database says: database disk image is malformed." in refused(
        f"sqlite:///{tmp_path}/cut.db::people"
    )
    (tmp_path / "zero.db").touch()
    assert "It has no tables." in refused(f"sqlite:///{tmp_path}/zero.db::t")
    path = place.removeprefix("sqlite:///")
    assert f"sqlite:///{path}::TABLE" in refused(path)
    assert "not fetched from web addresses" in refused("s3://bucket/people.db")


def test_tables_are_listed_and_the_one_meant_is_named(place: str) -> None:
    tables = "Tables: empty, old, people, pictures."
    assert tables in refused(place)
    assert f"Did you mean people? {tables}" in refused(f"{place}::peopel")
    assert f"Did you mean people? {tables}" in refused(f"{place}::PEOPLES")
    assert refused(f"{place}::customers").endswith(f"fix:   {tables}")
    assert "has no table 'other.people'" in refused(f"{place}::other.people")
    assert "The table has no rows." in refused(f"{place}::empty")
    assert "nothing can be learned from so few" in refused(f"{place}::select * from people limit 5")
    assert len(opened(f"{place}::old")) == (people()["age"] > 50).sum()
    assert opened(f"{place}::main.people").fingerprint == opened(f"{place}::people").fingerprint


@pytest.mark.parametrize(
    "query",
    [
        "delete from people", "insert into people (age) values (3)", "drop table people",
        "pragma user_version = 3", "attach 'other.db' as other", "vacuum into 'other.db'",
        "with p as (select 1) delete from people", "select 1; drop table people",
        "select * from people; delete from people", "create table t as select * from people",
        "with p as (select 1) insert into people (age) select * from p", "begin", "replace people",
    ],
)  # fmt: skip
def test_nothing_is_ever_changed(
    query: str, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path(place.removeprefix("sqlite:///"))
    before = path.read_bytes(), sorted(path.parent.iterdir())
    refused(f"{place}::{query}")
    assert (path.read_bytes(), sorted(path.parent.iterdir())) == before
    assert not list(tmp_path.iterdir())


def test_a_file_that_may_only_be_read_is_read(place: str, tmp_path: Path) -> None:
    copy = tmp_path / "still.db"
    copy.write_bytes(Path(place.removeprefix("sqlite:///")).read_bytes())
    copy.chmod(0o400)
    tmp_path.chmod(0o500)
    try:
        assert len(opened(f"sqlite:///{copy}::people")) == 300
    finally:
        tmp_path.chmod(0o700)


def test_a_bad_query_is_answered_in_the_words_of_the_database(place: str) -> None:
    lines = refused(f"{place}::select agee from people").splitlines()
    assert lines[0] == "The database says: no such column: agee."
    assert len(lines) == 3
    assert "syntax error" in refused(f"{place}::select * form people")
    assert "the same name: 'age'" in refused(f"{place}::select age, age from people")


def test_bytes_are_refused_with_a_query_that_leaves_them_out(place: str) -> None:
    said = refused(f"{place}::pictures")
    assert "The column 'raw' holds bytes" in said
    instead = said.partition("Leave it out: '")[2].rstrip("'")
    assert instead == f"{place}::select no, age from pictures"
    assert kinds(opened(instead)) == {"no": "number", "age": "number"}
    assert "turn it into a text" in refused(f"{place}::select raw from pictures")


# -- from the command line -------------------------------------------------------------------------


def test_it_is_trained_on_resumed_sampled_and_measured(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    source, short = f"{place}::people", ["--samples", "128", *SMALL_FLAGS]
    assert call("train", source, *short) == 0
    assert "Reading rows: 300" in capsys.readouterr().err
    run = gansmith.load("runs/people")
    assert run.config.data.source == source
    assert run.folder.card.read_text("utf-8").count("# people, recipe table") == 1
    assert run.sample(50)["no"].is_unique
    assert call("train", source, *short) == 0  # goes on where it has ended
    query = f"{place}::select * from people where age > 0"
    assert call("train", query, *short, "--out", "runs/people") == 2  # the key is none in a query
    assert "settings" in capsys.readouterr().err
    assert call("sample", "runs/people", "-n", "200", "--out", "new.csv") == 0
    assert call("evaluate", "--real", source, "--fake", "new.csv", "-n", "50") == 0
    assert call("evaluate", "--real", "new.csv", "--fake", source, "-n", "50") == 0
    assert (tmp_path / "reports" / "people" / "report.html").exists()


def test_its_schema_is_shown_edited_and_obeyed(
    place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = f"{place}::people"
    assert call("schema", source, "--json") == 0
    columns = json.loads(capsys.readouterr().out)["columns"]
    assert [column["kind"] for column in columns][:2] == ["id", "number"]
    columns[0] = {"name": "no", "kind": "number", "integer": True, "decimals": 0}
    (tmp_path / "schema.json").write_text(json.dumps(columns))
    assert kinds(opened(source, schema=str(tmp_path / "schema.json")))["no"] == "number"
    (tmp_path / "schema.json").write_text('[{"name": "nr", "kind": "number"}]')
    with pytest.raises(ConfigError, match="the table has none"):
        opened(source, schema=str(tmp_path / "schema.json"))


def test_it_is_planned_and_listed(
    place: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("gansmith.cli.plan.seconds_per_round", lambda prepared: 0.1)
    assert call("plan", f"{place}::select age, city from people", "--samples", "64", "--json") == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out)["num_samples"] == 300
    assert "Reading rows ..." in shown.err  # how many a query has is not known before
    assert call("list", "sources") == 0
    assert "sql\tA table or a query of a database" in capsys.readouterr().out
