"""Tables of databases: read whole, in an order of their own, and never changed."""

from __future__ import annotations

import json
import random
import socket
import sqlite3
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from postgres import Server, server

import gansmith
from gansmith.api import default_out
from gansmith.cli.main import main
from gansmith.config import DataConfig
from gansmith.data import address, open_source
from gansmith.data.address import name_of, split, without_secrets
from gansmith.data.dataset import Dataset
from gansmith.errors import ConfigError, MissingExtraError, SourceError
from gansmith.modalities.table import database, sql
from gansmith.modalities.table.fetched import Pieces, in_order

SMALL = {"generator.width": 16, "discriminator.width": 16, "train.batch_size": 32}
SMALL_FLAGS = [f"{name}={value}" for name, value in SMALL.items()]
# As hard to take out of an address as any.
SECRET = "pässword/1@x::y"  # noqa: S105
CITIES = ("Bern", "Oslo", "Lima")


def opened(source: str, **options: Any) -> Dataset:
    return open_source(DataConfig(source=source, **options))


def kinds(data: Dataset) -> dict[str, str]:
    return {column.name: column.kind for column in data.columns}


def refused(source: str) -> str:
    with pytest.raises(SourceError) as caught:
        opened(source)
    return str(caught.value)


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


CELLS = st.one_of(
    st.none(), st.integers(-3, 3), st.floats(), st.sampled_from(["", "a", "1"]), st.booleans(),
    st.integers(2**52, 2**64), st.decimals(allow_nan=False), st.dates(), st.lists(st.just(1)),
)  # fmt: skip


@given(
    st.lists(CELLS, max_size=4, min_size=1).flatmap(
        lambda few: st.lists(
            st.tuples(st.sampled_from(few), st.sampled_from(few)), min_size=1, max_size=9
        )
    ),
    st.randoms(),
    st.integers(1, 5),
)
def test_pieces_make_one_table_whatever_their_order_and_size(
    rows: list[tuple[Any, Any]], chance: random.Random, size: int
) -> None:
    def table(rows: list[tuple[Any, Any]], size: int) -> str:
        columns = [Pieces("a"), Pieces("b")]
        for first in range(0, len(rows), size):
            piece = zip(*rows[first : first + size], strict=True)
            for column, values in zip(columns, piece, strict=True):
                column.add(values)
        whole = in_order(["a", "b"], [column.whole(truths=False) for column in columns])
        return f"{whole.schema} {whole.to_pylist()}"  # NaN is not equal to itself, its text is

    shuffled = chance.sample(rows, len(rows))
    assert table(rows, size) == table(shuffled, len(rows))


@pytest.mark.parametrize("size", [1, 7])
def test_rows_come_in_pieces(size: int, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = opened(f"{place}::people").fingerprint
    monkeypatch.setitem(sql.STREAMED, "yield_per", size)
    assert opened(f"{place}::people").fingerprint == whole


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


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "MySQLdb", None)
    said = refused(f"mysql://ann:{SECRET}@host/shop::orders")
    assert "no module 'MySQLdb'" in said
    assert "pip install mysqlclient" in said
    assert SECRET not in said
    assert "no kind of database called 'nosuch'" in refused("nosuch://host/shop::orders")
    assert "called 'postgresql+nosuch'" in refused("postgresql+nosuch://host/shop::orders")
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingExtraError, match="'psycopg'") as missing:
        opened("postgresql://host/shop::orders")
    assert missing.value.fix == "pip install 'gansmith[sql]'"
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    with pytest.raises(MissingExtraError, match="'sqlalchemy'"):
        opened("sqlite:///people.db::people")


# -- from the command line -------------------------------------------------------------------------


def call(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    return int(stop.value.code or 0)


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
    columns = json.loads(capsys.readouterr().out)
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


@pytest.mark.parametrize(
    "given",
    [
        ["ADDRESS"], ["schema", "postgresql:/ann:wrong-s3cret@host/shop::orders"],
        ["train", "ADDRESS", "--data.source=ADDRESS"], ["train", "ADDRESS", "--out"],
        ["sample", "ADDRESS"], ["schema", "stacked:ADDRESS"], ["train", "ADDRESS", "more"],
    ],
)  # fmt: skip
def test_a_slip_of_the_keyboard_shows_no_password(
    given: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    source = "postgresql://ann:wrong-s3cret@127.0.0.1:1/shop::orders"
    assert call(*(argument.replace("ADDRESS", source) for argument in given)) == 2
    shown = capsys.readouterr()
    assert "s3cret" not in shown.out + shown.err


# -- addresses -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "bare", "parts"),
    [
        ("sqlite:///people.db::people", None, ("sqlite:///people.db", "people")),
        ("sqlite:///people.db", None, ("sqlite:///people.db", "")),
        ("sqlite:///p.db:: select '@:@' ", None, ("sqlite:///p.db", "select '@:@'")),
        ("pg://u@h:1/d::select a::int, 'x@y'", None, ("pg://u@h:1/d", "select a::int, 'x@y'")),
        ("pg://h:5432/d::select '@'", None, ("pg://h:5432/d", "select '@'")),
        ("pg://[::1]:5432/d::t", None, ("pg://[::1]:5432/d", "t")),
        ("pg://[fe80::1%eth0]/d::select '@'", None, ("pg://[fe80::1%eth0]/d", "select '@'")),
        ("pg://u:p@[fe80::1]:1/d::t", "pg://u@[fe80::1]:1/d::t", ("pg://u@[fe80::1]:1/d", "t")),
        (f"pg://u:{SECRET}@h:1/d::t", "pg://u@h:1/d::t", ("pg://u@h:1/d", "t")),
        ("pg://u:12/3@4@h/d::t", "pg://u@h/d::t", ("pg://u@h/d", "t")),
        ("pg://u@corp:p@h/d::t", "pg://u@corp@h/d::t", ("pg://u@corp@h/d", "t")),
        ("pg://u:@h/d::t", "pg://u@h/d::t", ("pg://u@h/d", "t")),
        ("pg:///d?user=u&password=p&host=/x::t", "pg:///d?user=u&host=/x::t",
         ("pg:///d?user=u&host=/x", "t")),
        ("pg://h/d?sslpassword=p::t", "pg://h/d::t", ("pg://h/d", "t")),
        ("duckdb:///md:d?motherduck_token=p::t", "duckdb:///md:d::t", ("duckdb:///md:d", "t")),
    ],
)  # fmt: skip
def test_addresses_have_parts_and_no_secrets(
    source: str, bare: str | None, parts: tuple[str, str]
) -> None:
    assert without_secrets(source) == (bare or source)
    assert without_secrets(without_secrets(source)) == without_secrets(source)
    assert split(without_secrets(source)) == parts


def test_what_was_taken_out_is_kept_in_memory() -> None:
    place, _ = split(without_secrets("pg://ann:a%40b%2Fc@host/kept?token=t%20t&x=1::orders"))
    assert place == "pg://ann@host/kept?x=1"
    secrets = address.secrets_of(place)
    assert (secrets.password, secrets.parameters) == ("a@b/c", {"token": "t t"})
    address.forget(place)
    assert address.secrets_of(place).password is None
    address.remember({place: secrets})
    assert address.all_known()[place] == secrets


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("sqlite:///data/people.db::visits", "visits"),
        ("sqlite:///data/people.db::select * from a/b", "people"),
        ("pg://u:p@h/shop?x=/y::sales.Odd-Name", "Odd-Name"),
        ("pg://u:p@h::select 1", "database"),
        ("pg://u:p@h/shop::sales.Odd % Name", "Odd-Name"),
        ("sqlite:///a.db::../../x", "x"),
        ("photos/", ""),
    ],
)
def test_runs_are_called_by_the_table(source: str, name: str) -> None:
    assert name_of(source) == name
    if name:
        assert default_out(source) == Path("runs") / name


# -- PostgreSQL ------------------------------------------------------------------------------------

TYPES = """
create type mood as enum ('calm', 'glad');
create table kinds (
    no int primary key, small smallint, flag boolean, price numeric(10, 2), exact numeric(30, 0),
    share real, size double precision, moment timestamp, instant timestamptz, day date, at time,
    named uuid, feels mood, note text, nothing int, facts jsonb, tags text[], took interval,
    host inet, span int4range);
insert into kinds select 3 * i, i % 9, i % 2 = 0, i * 1.25, i * 10::numeric ^ 10,
    nullif(i % 7, 0) / 4.0, case when i % 5 = 0 then 'NaN' else i / 3.0 end,
    timestamp '2020-01-01' + i * interval '1 hour', timestamptz '2020-01-01 00:00+00' + i * interval '1 hour',
    date '2020-01-01' + i, time '03:04' + i % 50 * interval '1 minute', gen_random_uuid(),
    (array['calm', 'glad'])[1 + i % 2]::mood, 'n' || i % 3, null, jsonb_build_object('a', i % 3, 'ü', null),
    array['x', 'y' || i % 2], interval '30 hours' * (i % 4), '10.0.0.1', int4range(1, 2 + i % 3)
from generate_series(1, 120) i;
"""  # noqa: E501
PEOPLE = """
create schema sales;
create table sales."Odd % Name" as select i as no, i % 9 as few, 100 * i % 31 as some
    from generate_series(1, 100) i;
create view odd as select * from sales."Odd % Name";
create materialized view kept as select * from odd;
create sequence counter;
create role ann login password '{}';
grant usage on schema sales to ann;
grant select on all tables in schema sales to ann;
"""


@pytest.fixture(scope="module")
def postgres() -> Iterator[Server]:
    with server() as running:
        running.run(TYPES, PEOPLE.format(SECRET))
        yield running


def test_every_type_of_postgresql_has_its_kind(postgres: Server) -> None:
    data = opened(f"{postgres.place}::kinds")
    assert {column.name: f"{column.kind} {column.dtype}" for column in data.columns} == {
        "no": "id int64",
        "small": "number int64",
        "flag": "boolean bool",
        "price": "number double",
        "exact": "number int64",
        "share": "number double",
        "size": "number double",
        "moment": "datetime timestamp[us]",
        "instant": "datetime timestamp[us, tz=UTC]",
        "day": "datetime date32[day]",
        "at": "datetime time64[us]",
        "named": "id string",
        "feels": "category string",
        "note": "category string",
        "nothing": "empty null",
        "facts": "category string",
        "tags": "category string",
        "took": "category string",
        "host": "constant string",
        "span": "category string",
    }
    of = {column.name: column for column in data.columns}
    assert (of["price"].decimals, of["price"].high) == (2, 150)
    assert of["exact"].high == 1.2e12
    assert of["share"].missing
    assert of["size"].missing
    assert of["facts"].levels == tuple(f'{{"a": {i}, "ü": null}}' for i in (0, 1, 2))
    assert of["tags"].levels == ('["x", "y0"]', '["x", "y1"]')
    assert of["span"].levels == ("[1, 2)", "[1, 3)", "[1, 4)")
    utc = np.datetime64("2020-01-01T01:00").astype("datetime64[us]").astype(float)
    assert of["instant"].low == of["moment"].low == utc  # whatever the zone of the session
    for words in ("facts holds JSON", "tags holds lists", "took holds durations"):
        assert f"{words}, taken as texts." in data.notes
    fields = ", ".join(column.name for column in data.columns)
    same = opened(f"{postgres.place}::select {fields} from kinds order by random()")
    np.testing.assert_array_equal(same.samples[:, 1:], data.samples[:, 1:])


def test_tables_of_schemas_and_views_are_found(postgres: Server) -> None:
    names = (
        "sales.Odd % Name",
        "odd",
        "kept",
        "public.kept",
        "select * from odd where few::int > -1",
    )
    found = {opened(f"{postgres.place}::{name}").fingerprint for name in names}
    assert len(found) == 1
    listed = "Tables: kept, kinds, odd, sales.Odd % Name."
    assert listed in refused(postgres.place)
    assert f"Did you mean odd? {listed}" in refused(f"{postgres.place}::ODD")
    said = refused(f"{postgres.place}::select '\\x00'::bytea as raw")
    assert "The column 'raw' holds bytes" in said
    infinite = refused(f"{postgres.place}::select date 'infinity'").splitlines()
    assert infinite[0].startswith("The database says: date too large")
    bad = refused(f"{postgres.place}::select * form odd").splitlines()
    assert bad[0] == 'The database says: syntax error at or near "form".'


@pytest.mark.parametrize(
    "query",
    [
        "drop table kinds", "select 1; commit; drop table kinds", "select nextval('counter')",
        "with gone as (delete from kinds returning no) select * from gone",
        "select * into copied from kinds", "copy kinds to '/tmp/kinds'",
        "select set_config('transaction_read_only', 'off', false), nextval('counter')",
    ],
)  # fmt: skip
def test_nothing_is_changed_on_a_server(query: str, postgres: Server) -> None:
    state = (
        "select count(*) from kinds union all select last_value from counter union all "
        "select count(*) from pg_class"
    )
    before = postgres.run(state)
    refused(f"{postgres.place}::{query}")
    assert postgres.run(state) == before


def test_a_password_is_used_and_never_kept(
    postgres: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    for name in ("PGPASSWORD", "PGPASSFILE", database.PASSWORD_VARIABLE):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("gansmith.cli.plan.seconds_per_round", lambda prepared: 0.1)
    bare = f"{postgres.others('ann')}::sales.Odd % Name"
    source = bare.replace("ann", f"ann:{SECRET}")
    short = ["--samples", "128", *SMALL_FLAGS]
    assert call("train", source, *short) == 0
    assert call("evaluate", "runs/Odd-Name", "-n", "40") == 0  # the password is in memory still
    assert call("plan", source, *short) == 0
    assert call("evaluate", "--real", source, "--fake", source, "-n", "40", "--out", "page") == 0
    assert call("schema", source) == 0

    address.forget(split(bare)[0])
    assert call("train", bare, *short) == 2
    early = "".join(capsys.readouterr())
    assert "no password supplied" in early
    assert f"data.source={bare}" in early  # of the plan
    monkeypatch.setenv("PGPASSWORD", SECRET)
    assert call("train", bare, *short) == 0  # the same source: it goes on where it has ended
    assert call("evaluate", "runs/Odd-Name", "-n", "40") == 0
    monkeypatch.delenv("PGPASSWORD")
    assert gansmith.load("runs/Odd-Name").config.data.source == bare
    kept = Path(".pgpass")
    escaped = SECRET.replace(":", "\\:")
    kept.write_text(f"127.0.0.1:{postgres.port}:*:ann:{escaped}\n")
    kept.chmod(0o600)
    assert len(opened(bare)) == 100
    kept.unlink()
    monkeypatch.setenv(database.PASSWORD_VARIABLE, SECRET)
    assert len(opened(bare)) == 100

    shown = early + "".join(capsys.readouterr())
    for secret in (SECRET, "pässword"):
        assert secret not in shown
        for path in (each for each in tmp_path.rglob("*") if each.is_file()):
            assert secret.encode() not in path.read_bytes(), path


def test_a_login_that_fails_says_so_without_the_password(postgres: Server, tmp_path: Path) -> None:
    wrong = postgres.others(f"ann:no-{SECRET}")
    said = refused(f"{wrong}::t")
    assert 'password authentication failed for user "ann"' in said
    assert "PGPASSWORD, ~/.pgpass" in said
    assert SECRET not in said
    assert len(said.splitlines()) == 3
    other = refused(f"{postgres.others(f'ann:{SECRET}', 'nosuch')}::t")
    assert 'database "nosuch" does not exist' in other
    denied = refused(f"{postgres.others(f'ann:{SECRET}')}::kinds")
    assert denied.startswith("The database says: permission denied for table kinds.")
    with pytest.raises(SourceError) as caught:
        gansmith.train("ring", tmp_path / "run", settings={"data.source": f"{wrong}::t"})
    assert SECRET not in str(caught.value)


def test_a_server_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "CONNECT_SECONDS", 2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        started = time.monotonic()
        assert "timeout" in refused(f"postgresql://ann@127.0.0.1:{port}/shop::orders")
        assert time.monotonic() - started < 10
    assert "Connection refused" in refused(f"postgresql://ann@127.0.0.1:{port}/shop::orders")


@pytest.mark.slow
def test_several_processes_open_what_only_the_first_was_told(
    postgres: Server, tmp_path: Path
) -> None:
    source = f"{postgres.others(f'ann:{SECRET}')}::sales.Odd % Name"
    run = gansmith.train(source, tmp_path / "run", samples=128, settings=SMALL, processes=2)
    assert len(run.sample(10)) == 10
