"""Samples of text to files: one a line, or as a column."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from gansmith.errors import UserError
from gansmith.modalities.text.rows import TextRows
from gansmith.modalities.text.store import Bytes, to_texts
from gansmith.progress import Advance

SUFFIXES = (".txt", ".txt.gz", ".csv", ".csv.gz")
COLUMN, LABEL = "text", "label"


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    if path.name.endswith(".gz"):
        with path.open("wb") as raw, gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as packed, \
                io.TextIOWrapper(packed, encoding="utf-8", newline="\n") as file:  # fmt: skip
            yield file
    else:
        with path.open("w", encoding="utf-8", newline="\n") as file:
            yield file


def write(
    path: Path, codec: TextRows, chunks: Iterator[tuple[Bytes, Any]], advance: Advance
) -> None:
    """All samples in one file.

    A .txt has a line for each; paragraphs and windows, which may have several lines, have an empty
    line behind each. A .csv has them as the column ``text``, and their classes as ``label``.
    """
    end = "\n" if codec.label == "lines" else "\n\n"
    with _opened(path) as file:
        rows = None
        if path.name.removesuffix(".gz").endswith(".csv"):
            rows = csv.writer(file, lineterminator="\n")
            rows.writerow([COLUMN, *([LABEL] if codec.classes else [])])
        for raw, labels in chunks:
            for number, text in enumerate(to_texts(raw)):
                if rows is not None:
                    of = "" if labels is None else codec.classes[labels[number]]
                    rows.writerow([text, *([of] if codec.classes else [])])
                else:
                    file.write(text + end)
            advance(len(raw))


def rows_of(codec: TextRows, texts: Any) -> Any:
    """Texts as raw samples; an array of these as it is.

    Raises:
        UserError: for anything else.
    """
    if hasattr(texts, "dtype") and getattr(texts.dtype, "kind", "") == "u":
        return texts
    listed = [texts] if isinstance(texts, str) else list(texts)
    if not all(isinstance(text, str) for text in listed):
        raise UserError("Only texts can be judged here.", fix="Give a list of str.")
    return codec.rows(listed)
