"""What columns of texts turn out to hold."""

from __future__ import annotations

import gzip
import json
import tempfile
from datetime import date as day
from datetime import time as clock
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from people import HEADER, write

from gansmith.config import DataConfig
from gansmith.data import Dataset, open_source
from gansmith.errors import ConfigError, SourceError, UserError
from gansmith.modalities.table.inference import infer_texts
from gansmith.modalities.table.reading import matrix
from gansmith.modalities.table.schema import Column, special_numbers
from gansmith.progress import silent


def inferred(texts: list[str], name: str = "column") -> tuple[Column, np.ndarray]:
    different, rows = np.unique(texts, return_inverse=True)
    return infer_texts(name, different.tolist(), rows.astype(np.int64))


def opened(path: Path, **settings: object) -> Dataset:
    return open_source(DataConfig(source=str(path), **settings))


NUMBERS = [str(i * 7 % 50) for i in range(100)]


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (NUMBERS, "number"),
        (["1.5", "2", "-3e4", ".5"], "number"),
        ([*NUMBERS, "NA", "nan", ""], "number"),
        ([*NUMBERS, "12 apples"], "number"),
        (["12 apples", *NUMBERS[:3]], "category"),
        (["01001", "01002", "99999"] * 9, "category"),
        (["123456789012345678", "223456789012345678"] * 9, "category"),
        (["True", "False"], "boolean"),
        (["f", "t", ""], "boolean"),
        (["yes", "no"], "category"),
        (["2020-01-01", "2020-02-30", "2021-05-05"] * 9, "category"),
        (["2020-01-01", "2021-05-05"], "datetime"),
        (["2020-01-01T10:00:00Z", "2021-05-05T11:30:00Z"], "datetime"),
        (["31.12.1999", "01.02.2003"], "datetime"),
        (["12/31/1999", "01/02/2003"], "datetime"),
        (["10:30", "23:59"], "datetime"),
        (["a", "a", "a"], "constant"),
        (["", " ", ""], "empty"),
        ([f"P-{i:03d}" for i in range(50)], "id"),
        ([str(i) for i in range(100, 150)], "id"),
        ([f"{'abcdefgh'[i % 8]}{i % 240}" for i in range(960)], "text"),
        (["?", "Private", "Public"], "category"),
    ],
)
def test_kinds(texts: list[str], kind: str) -> None:
    column, cells = inferred(texts)
    assert column.kind == kind
    assert cells.shape == (len(texts),)


def test_columns_with_types_are_read_alike_by_a_schema_that_is_given() -> None:
    """Arrow writes True as true, and days with microseconds."""
    times = pd.to_datetime(["2020-01-01 00:00", "2021-05-05 10:30", None] * 10)
    frame = pd.DataFrame({
        "truth": pd.array([True, False, None] * 10, "boolean"),
        "time": times,
        "zoned": times.tz_localize("Europe/Berlin"),
        "day": pa.array([day(2020, 1, 1), day(2021, 5, 5), None] * 10),
        "clock": [clock(10, 30), clock(23, 59), None] * 10,
        "number": [1.5, np.nan, 3.0] * 10,
        "level": ["a", "b", None] * 10,
    })  # fmt: skip
    table = pa.Table.from_pandas(frame, preserve_index=False)
    columns, cells = matrix(table, "frame", None, silent)
    assert [c.kind for c in columns].count("datetime") == 4
    again, same = matrix(table, "frame", columns, silent)
    assert again == columns
    np.testing.assert_array_equal(same, cells)


def test_numbers_that_are_ids_only_by_their_name() -> None:
    texts = [str(i * 37 % 1009) for i in range(60)]
    assert inferred(texts, "customerID")[0].kind == "id"
    assert inferred(texts, "price")[0].kind == "number"


def test_a_text_among_numbers_is_kept() -> None:
    column, cells = inferred([*NUMBERS, "withdrawn", "inf", "withdrawn", "null"])
    assert column.specials == ("inf", "withdrawn")
    assert special_numbers(cells)[-4:].tolist() == [1, 0, 1, -1]
    assert np.isnan(cells[-1])
    assert column.missing
    assert (column.low, column.high) == (0.0, 49.0)


@pytest.mark.parametrize(
    ("texts", "integer", "decimals"),
    [(["1", "2"], True, 0), (["1.0", "2.0"], True, 1), (["1.25", "2"], False, 2),
     (["1e-3", "2"], False, None)],
)  # fmt: skip
def test_how_finely_numbers_are_written(
    texts: list[str], integer: bool, decimals: int | None
) -> None:
    column, _ = inferred(texts)
    assert (column.integer, column.decimals) == (integer, decimals)


def test_dates_are_microseconds_in_utc() -> None:
    _, cells = inferred(["1970-01-01T01:00:00+0100", "1970-01-02T00:00:00+0000"])
    assert cells.tolist() == [0.0, 86_400e6]
    column, cells = inferred(["00:00:01", "23:00:00"])
    assert cells.tolist() == [1e6, 82_800e6]
    assert column.format == "%H:%M:%S"


def test_a_whole_table(tmp_path: Path) -> None:
    data = opened(write(tmp_path / "people.csv"))
    kinds = {column.name: column.kind for column in data.columns}
    assert kinds == dict(zip(HEADER, (
        "id", "number", "number", "category", "category", "datetime", "boolean", "category",
        "number", "constant", "empty", "number",
    ), strict=True))  # fmt: skip
    assert data.schema.modality == "table"
    assert "id are made anew" in " ".join(data.notes)
    assert "'withdrawn' among its numbers" in " ".join(data.notes)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_any_delimiter(delimiter: str, tmp_path: Path) -> None:
    plain = opened(write(tmp_path / "people.csv"))
    other = opened(write(tmp_path / "other.csv", delimiter=delimiter))
    np.testing.assert_array_equal(other.samples, plain.samples)
    assert other.columns == plain.columns


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_any_encoding_and_gzip(encoding: str, tmp_path: Path) -> None:
    text = write(tmp_path / "people.csv").read_text("utf-8")
    (tmp_path / "people.csv.gz").write_bytes(gzip.compress(text.encode(encoding)))
    data = opened(tmp_path / "people.csv.gz")
    assert [column.name for column in data.columns] == list(HEADER)
    np.testing.assert_array_equal(data.samples, opened(tmp_path / "people.csv").samples)


def test_quotes_may_hold_delimiters_and_lines(tmp_path: Path) -> None:
    lines = ["name,x", *[f'"Doe, ""J{i % 3}""\nJr",{i % 7}' for i in range(30)]]
    (tmp_path / "a.csv").write_text("\n".join(lines))
    name = opened(tmp_path / "a.csv").columns[0]
    assert set(name.levels) == {f'Doe, "J{i}"\nJr' for i in range(3)}


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        ("", "The table is empty"),
        ("a,b\n", "no rows"),
        ("a,b\n1,2\n", "1 row"),
        ("a,a\n" + "1,2\n" * 30, "Several columns have the same name: 'a'"),
        ("a,b\n" + "1,2,3\n" * 30, "cannot be read"),
        ("a,b\n" + "1,2\n" * 30, "anything to learn"),
        ("\x00\x01\x02", "no rows"),
    ],
)
def test_what_is_no_table_gets_a_clear_word(content: str, hint: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(content)
    with pytest.raises(SourceError) as caught:
        opened(tmp_path / "a.csv")
    assert hint in str(caught.value)


def test_tables_with_types(tmp_path: Path) -> None:
    pd = pytest.importorskip("pandas")
    random = np.random.default_rng(0)
    frame = pd.DataFrame({
        "whole": random.integers(0, 9, 60),
        "real": np.where(random.random(60) < 0.1, np.nan, random.normal(size=60).round(2)),
        "infinite": np.where(random.random(60) < 0.2, np.inf, 1.0 + np.arange(60)),
        "truth": random.random(60) < 0.5,
        "when": pd.Timestamp("2020", tz="UTC") + pd.to_timedelta(random.integers(0, 999, 60), "h"),
        "level": pd.Categorical(random.choice(["x", "y"], 60)),
        "words": random.choice(["007", "008"], 60),
    })  # fmt: skip
    frame.to_parquet(tmp_path / "a.parquet")
    frame.to_feather(tmp_path / "a.feather")
    found = opened(tmp_path / "a.parquet")
    assert [c.kind for c in found.columns] == [
        "number", "number", "number", "boolean", "datetime", "category", "category",
    ]  # fmt: skip
    assert found.columns[2].specials == ("inf",)
    assert found.columns[1].decimals == 2
    np.testing.assert_array_equal(opened(tmp_path / "a.feather").samples, found.samples)


def test_a_cell_that_is_a_list_is_refused(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    from pyarrow import feather

    table = pa.table({"lists": [[1, 2]] * 30, "x": list(range(30))})
    feather.write_feather(table, tmp_path / "a.feather")
    with pytest.raises(SourceError, match="'lists' holds list"):
        opened(tmp_path / "a.feather")


def test_an_edited_schema_is_obeyed(tmp_path: Path) -> None:
    source = write(tmp_path / "people.csv")
    ages = {"name": "age", "kind": "category", "levels": [str(age) for age in range(18, 90)]}
    (tmp_path / "schema.json").write_text(json.dumps([ages]))
    data = opened(source, schema=str(tmp_path / "schema.json"))
    assert data.columns[1].kind == "category"
    assert data.samples[:, 1].max() == 71  # the number of the last level
    (tmp_path / "schema.json").write_text(json.dumps([{**ages, "levels": ["18", "19"]}]))
    with pytest.raises(ConfigError, match="'age' holds texts that the schema does not allow"):
        opened(source, schema=str(tmp_path / "schema.json"))
    (tmp_path / "schema.json").write_text('[{"name": "agee", "kind": "number"}]')
    with pytest.raises(ConfigError, match="a column 'agee'"):
        opened(source, schema=str(tmp_path / "schema.json"))
    for wrong in ("[{", "{}", '[{"name": "age", "kind": "nmber"}]'):
        (tmp_path / "schema.json").write_text(wrong)
        with pytest.raises(UserError):
            opened(source, schema=str(tmp_path / "schema.json"))


CELLS = st.one_of(
    st.sampled_from(
        ["", "1", "-2.5", "1e400", "nan", "inf", "True", "2020-01-01", "0x1", "'", '"']
    ),
    st.text(max_size=8),
)


@given(st.lists(st.lists(CELLS, min_size=1, max_size=4), max_size=30), st.sampled_from(",;\t|"))
def test_whatever_stands_in_a_file_is_read_or_gets_a_clear_word(
    lines: list[list[str]], delimiter: str
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        path.write_bytes("\n".join(map(delimiter.join, lines)).encode("utf-8", "surrogatepass"))
        try:
            data = opened(path)
        except UserError:
            return
        assert data.samples.shape == (len(data), len(data.columns))
        assert len(data) >= 20


@given(st.binary(max_size=300))
def test_bytes_that_are_no_table_get_a_clear_word(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name in ("a.csv", "a.csv.gz", "a.parquet", "a.feather"):
            path = Path(folder) / name
            path.write_bytes(content)
            with pytest.raises(UserError):
                opened(path)
