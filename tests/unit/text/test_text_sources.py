"""Texts from files, folders and columns: nothing is lost in silence."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gansmith import modalities
from gansmith.config import DataConfig
from gansmith.data import open_source
from gansmith.data.dataset import Dataset
from gansmith.errors import ConfigError, SourceError
from gansmith.modalities.text.reading import Told, pieces, windows
from gansmith.modalities.text.store import Texts, fitting, to_rows, to_texts

assert modalities  # imported so that the sources are known

LINES = [f"line {number}: ünï, 文" for number in range(30)]


def opened(path: Path | str, **settings: object) -> Dataset:
    return open_source(DataConfig(source=str(path), **settings))  # type: ignore[arg-type]


def texts(data: Dataset) -> list[str]:
    return to_texts(data.samples[:])


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_newlines_and_marks_make_no_difference(newline: str, encoding: str, tmp_path: Path) -> None:
    path = written(tmp_path / "a.txt", newline.join(LINES).encode(encoding))
    data = opened(path)
    assert texts(data) == LINES
    assert not data.notes


def test_mixed_newlines_end_lines_alike(tmp_path: Path) -> None:
    content = "".join(
        line + end for line, end in zip(LINES, ["\r\n", "\r", "\n"] * 10, strict=True)
    )
    data = opened(written(tmp_path / "a.txt", content.encode()))
    assert texts(data) == LINES
    assert not data.notes


def test_a_gzipped_file_and_a_folder_hold_the_same(tmp_path: Path) -> None:
    inside = tmp_path / "texts" / "deep"
    inside.mkdir(parents=True)
    content = "\n".join(LINES).encode()
    packed = written(inside / "a.txt.gz", gzip.compress(content))
    written(tmp_path / "texts" / ".hidden.txt", b"hidden")
    written(inside / "notes.md", b"not read")
    assert texts(opened(packed)) == texts(opened(tmp_path / "texts")) == LINES


def test_a_folder_with_a_picture_is_one_of_pictures(tmp_path: Path) -> None:
    from PIL import Image

    for number in range(3):
        Image.new("L", (4, 4), number).save(tmp_path / f"{number}.png")
    written(tmp_path / "readme.txt", b"pictures\n" * 30)
    assert opened(tmp_path).schema.modality == "image"


def test_what_is_left_out_cut_or_changed_is_counted(tmp_path: Path) -> None:
    lines = [*LINES, "", "   ", "a\x00b\x1bc", LINES[0], "word " * 20_000]
    data = opened(written(tmp_path / "a.txt", "\n".join(lines).encode()))
    assert len(data) == len(LINES) + 3
    assert data.notes == [
        "Empty and left out: 2.",
        "Lines that had come before: 1, kept (data.duplicates=drop).",
        "Control characters that became spaces: 2 (lines with any: 1).",
        "Lines cut at 512 bytes: 1; the longest has 99,999. data.length=4096 takes more, "
        "data.unit=window cuts up instead.",
    ]
    assert texts(data)[-3] == "a b c"
    assert data.schema.shape == (512,)
    assert len(opened(tmp_path / "a.txt", duplicates="drop")) == len(data) - 1


def test_a_few_broken_lines_are_skipped_by_name(tmp_path: Path) -> None:
    lines = [b"good"] * 300
    lines[7] = b"caf\xe9"
    data = opened(written(tmp_path / "a.txt", b"\n".join(lines)), strict=False)
    assert data.skipped == ["a.txt, line 8: it is no UTF-8"]
    assert len(data) == 299
    assert not any("Empty" in note for note in data.notes)
    with pytest.raises(SourceError, match="cannot be read"):
        opened(tmp_path / "a.txt", strict=True)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("\n".join(["é"] * 50).encode("latin-1"), "no UTF-8: 50 of its 50 lines"),
        (b"\x89PNG\r\n\x1a\n\x00\x00" + bytes(range(256)) * 4, "no text"),
        (b"\x00\x01\x02" * 100, "no text"),
        (b"\xff\xfea\x00b", "no text"),
        (b"", "0 lines; nothing can be learned"),
        (b"one single line, however long it may be", "1 line; nothing can be learned"),
    ],
)
def test_what_cannot_be_learned_from_is_said(content: bytes, said: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=said):
        opened(written(tmp_path / "a.txt", content))


def test_a_truncated_archive_is_an_error(tmp_path: Path) -> None:
    whole = gzip.compress("\n".join(LINES).encode())
    with pytest.raises(SourceError, match="cannot be read"):
        opened(written(tmp_path / "a.txt.gz", whole[:40]))


def test_lengths_and_sizes_that_cannot_be(tmp_path: Path) -> None:
    path = written(tmp_path / "a.txt", "\n".join(LINES).encode())
    with pytest.raises(ConfigError, match="5 bytes cannot be learned"):
        opened(path, length=5)
    with pytest.raises(SourceError, match="neither a size nor channels"):
        opened(path, channels=1)


def test_a_column_of_a_table(tmp_path: Path) -> None:
    rows = "".join(f'{i},"{line}"\n' for i, line in enumerate(LINES))
    path = written(tmp_path / "a.csv", f"id,text\n{rows}".encode())
    assert texts(opened(f"{path}::text")) == LINES
    with pytest.raises(SourceError, match="no column 'txet'") as error:
        opened(f"{path}::txet")
    assert error.value.fix == "Did you mean text?"


def test_a_column_of_numbers_is_no_text(tmp_path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    table = pa.table({"number": list(range(30)), "text": [*LINES[:-1], None]})
    parquet.write_table(table, tmp_path / "a.parquet")
    data = opened(f"{tmp_path / 'a.parquet'}::text")
    assert texts(data) == LINES[:-1]
    assert data.notes == ["Empty and left out: 1."]
    with pytest.raises(SourceError, match="which is no text: 0"):
        opened(f"{tmp_path / 'a.parquet'}::number")


def test_paragraphs_keep_their_lines(tmp_path: Path) -> None:
    content = "\n \n\n".join(f"{line}\nand more" for line in LINES)
    data = opened(written(tmp_path / "a.txt", content.encode()), unit="paragraph")
    assert texts(data) == [f"{line}\nand more" for line in LINES]
    assert data.schema.label == "paragraphs"


def test_equal_lines_lie_in_one_part(tmp_path: Path) -> None:
    content = "\n".join(LINES * 5).encode()
    data = opened(written(tmp_path / "a.txt", content))
    train, held = ({texts(data)[i] for i in data.split(part, 0.3)} for part in ("train", "holdout"))
    assert train
    assert held
    assert not train & held


def test_one_long_line_does_not_fill_the_memory(tmp_path: Path) -> None:
    """As rows of equal length these would take 20 GB."""
    content = "\n".join([*["short"] * 200_000, "x" * 100_000]).encode()
    data = opened(written(tmp_path / "a.txt", content), length=4_096)
    assert data.samples.nbytes < 3e6
    assert data.samples[[0, 200_000]].shape == (2, 4_096)


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=40)


@given(st.lists(WORDS, min_size=1))
def test_each_line_that_says_something_is_a_sample(lines: list[str]) -> None:
    told = Told()
    found = list(pieces("\n".join(lines) + "\n", "line", 200, told))
    assert found == [line.strip() for line in lines if line.strip()]
    assert told.num_empty == len(lines) - len(found)


@given(WORDS, st.integers(4, 30))
def test_windows_keep_all_but_white_space(text: str, length: int) -> None:
    found = list(windows(text, length))
    assert "".join("".join(found).split()) == "".join(text.split())
    assert all(0 < len(window.encode()) <= length for window in found)


@given(st.lists(WORDS.filter(lambda text: "\0" not in text), min_size=1), st.integers(1, 60))
def test_the_store_is_as_an_array_of_rows(given_texts: list[str], width: int) -> None:
    content = [text.encode() for text in given_texts]
    store = Texts.of(content, width)
    rows = np.zeros((len(content), width), np.uint8)
    for row, text in zip(rows, content, strict=True):
        row[: len(text)] = list(text[:width])
    np.testing.assert_array_equal(np.asarray(store), rows)
    order = np.random.default_rng(0).permutation(len(content))
    np.testing.assert_array_equal(store[order], rows[order])
    np.testing.assert_array_equal(store[-1], rows[-1])
    np.testing.assert_array_equal(store[::2], rows[::2])
    np.testing.assert_array_equal(store[rows[:, 0] > 97], rows[rows[:, 0] > 97])


@given(WORDS, st.integers(4, 30))
def test_a_text_is_cut_between_characters(text: str, width: int) -> None:
    cut = fitting(text.encode(), width).decode()  # no half of a character
    assert text.startswith(cut)
    assert cut == text or len(cut.encode()) > width - 4
    assert to_texts(to_rows([text.encode()], width)) == [cut.rstrip("\0")]
