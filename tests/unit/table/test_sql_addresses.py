"""Addresses of databases, their secrets, and what drivers hand over."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import Any

import pytest
from databases import SECRET, call, opened, refused
from hypothesis import given
from hypothesis import strategies as st

from gansmith.api import default_out
from gansmith.data import address
from gansmith.data.address import name_of, split, without_secrets
from gansmith.errors import MissingExtraError
from gansmith.modalities.table.fetched import Pieces, in_order


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
