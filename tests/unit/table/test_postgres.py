"""Tables of a real server of PostgreSQL, started for the tests."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from databases import SECRET, SMALL, SMALL_FLAGS, call, opened, refused
from postgres import Server, server

import gansmith
from gansmith.data import address
from gansmith.data.address import split
from gansmith.errors import SourceError
from gansmith.modalities.table import database

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
KINDS = {
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
    found = {column.name: f"{column.kind} {column.dtype}" for column in data.columns}
    assert found == KINDS
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


@pytest.fixture
def nothing_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of its own, which is home too, and no passwords in the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("PGPASSWORD", "PGPASSFILE", database.PASSWORD_VARIABLE):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("gansmith.cli.plan.seconds_per_round", lambda prepared: 0.1)


@pytest.mark.usefixtures("nothing_given")
def test_a_password_is_used_and_never_kept(
    postgres: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
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
