"""Parquet files with a column of encoded pictures, as the Hub has them, read batch by batch."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from gansmith.data.decoding import Item
from gansmith.data.layout import HOLDOUT_NAMES, LABEL_COLUMNS, is_picture
from gansmith.data.trees import children, stamp
from gansmith.errors import MissingExtraError, SourceError

IMAGE_COLUMNS = ("image", "img", "picture")

# Types of a column that can say the class of a picture; a list of classes cannot.
_SCALARS = ("int", "uint", "float", "double", "bool", "string", "large_string", "dictionary")

# Rows read at a time: a few megabytes of pictures.
BATCH_ROWS = 256


@dataclass(frozen=True)
class Columns:
    """The columns that are read; ``class_names`` where labels are numbers into them."""

    image: str
    label: str | None
    split: str | None
    class_names: Sequence[str] | None


def is_parquet(path: Path) -> bool:
    """Whether a path is a parquet file, or a folder of them with no picture beside."""
    return bool(files(path))


def files(path: Path) -> list[Path]:
    """The parquet files at a path; of a folder, those in it or in its subfolder ``data``."""
    if path.is_file():
        return [path] if path.suffix.lower() == ".parquet" else []
    inside = children(path)
    if any(is_picture(each.name) for each in inside):
        return []
    for listed in (inside, children(path / "data")):
        found = [each for each in listed if each.suffix.lower() == ".parquet"]
        if found:
            return found
    return []


def holds_pictures(path: Path) -> bool:
    """Whether the first file has a column of pictures by its name or type; True where unknown."""
    try:
        from pyarrow import parquet, types

        schema = parquet.read_schema(files(path)[0])
    except (ImportError, OSError, ValueError, IndexError):  # its reader says what is wrong
        return True
    return any(
        field.name.lower() in IMAGE_COLUMNS or types.is_binary(field.type)
        or types.is_struct(field.type)
        for field in schema
    )  # fmt: skip


def identity(path: Path) -> Iterator[str]:
    """Strings that change whenever the content does."""
    for file in files(path):
        yield f"{file.resolve()} {stamp(file)}"


def columns(path: Path) -> tuple[Columns, int]:
    """The columns to read, and the number of rows in all files.

    Raises:
        SourceError: if a file is broken, or none of its columns holds pictures.
        MissingExtraError: if pyarrow is not installed.
    """
    opened = [_open(file) for file in files(path)]
    schema = opened[0].schema_arrow
    images = [field.name for field in schema if _holds_bytes(field.type)]
    if not images:
        raise SourceError(
            "No column of this table holds pictures.",
            where=f"{path} has columns {', '.join(schema.names)}",
            fix="Store encoded pictures as binary, or as a struct with the field bytes.",
        )
    features = _hub_features(schema)
    image = next((name for name in IMAGE_COLUMNS if name in images), images[0])
    named = [name for name, each in features.items() if each.get("_type") == "ClassLabel"]
    labels = {field.name for field in schema if str(field.type).startswith(_SCALARS)}
    label = next((name for name in (*LABEL_COLUMNS, *named[:1]) if name in labels), None)
    names = features.get(label or "", {}).get("names")
    split = "split" if "split" in schema.names else None
    return Columns(image, label, split, names), sum(file.metadata.num_rows for file in opened)


def items(path: Path, chosen: Columns) -> Iterator[Item]:
    """The pictures of all files. Held out are rows whose split, or file name, says test.

    Raises:
        SourceError: if a file is broken.
    """
    wanted = [c for c in (chosen.image, chosen.label, chosen.split) if c is not None]
    for file in files(path):
        held_file = file.stem.lower().partition("-")[0] in HOLDOUT_NAMES
        row = 0
        try:
            for batch in _open(file).iter_batches(batch_size=BATCH_ROWS, columns=wanted):
                for record in batch.to_pylist():
                    held = held_file or str(record.get("split")).lower() in HOLDOUT_NAMES
                    label = record[chosen.label] if chosen.label else None
                    yield item(f"{file.name}, row {row}", record[chosen.image], label, held)
                    row += 1
        except (OSError, ValueError, KeyError, NotImplementedError) as error:  # as pyarrow's are
            raise _broken(file, error) from error


def item(name: str, picture: Any, label: Hashable | None, held: bool) -> Item:
    """One row: ``picture`` is bytes, or a mapping with ``bytes`` and maybe ``path``."""
    if isinstance(picture, dict):
        name = f"{name} ({picture['path']})" if picture.get("path") else name
        picture = picture.get("bytes")
    return Item(name, partial(_bytes, picture), label, held)


def _bytes(picture: Any) -> bytes:
    if not isinstance(picture, bytes):
        raise ValueError("the row has no bytes of a picture")
    return picture


def _open(file: Path) -> Any:
    pyarrow = _pyarrow()
    try:
        return pyarrow.ParquetFile(file)
    except (OSError, ValueError) as error:
        raise _broken(file, error) from error


def _pyarrow() -> ModuleType:
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise MissingExtraError("pyarrow", "tables", "Reading parquet files") from error
    return pyarrow.parquet  # type: ignore[no-any-return]


def _holds_bytes(kind: Any) -> bool:
    if str(kind) in {"binary", "large_binary"}:
        return True
    if not str(kind).startswith("struct<"):
        return False
    return any(field.name == "bytes" and _holds_bytes(field.type) for field in kind)


def _hub_features(schema: Any) -> dict[str, dict[str, Any]]:
    """What the Hub's library notes about the columns."""
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
        return {k: v for k, v in features.items() if isinstance(v, dict)}
    except (KeyError, ValueError, TypeError, AttributeError):
        return {}


def _broken(file: Path, error: Exception) -> SourceError:
    return SourceError(
        f"This parquet file cannot be read: {error}.", where=str(file), fix="Get it again."
    )
