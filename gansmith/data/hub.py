"""Data sets of the Hugging Face Hub, by name or as a local copy, through the library datasets."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from gansmith.data.decoding import Item
from gansmith.data.layout import HOLDOUT_NAMES, LABEL_COLUMNS
from gansmith.data.parquet import BATCH_ROWS, IMAGE_COLUMNS, Columns, item
from gansmith.errors import MissingExtraError, SourceError

PREFIX = "hf:"


class HubSet:
    """The splits of a data set on the Hub, or of one that was saved to disk.

    Args:
        uri: ``hf:owner/name``, or ``hf:`` and a folder made by ``save_to_disk`` or laid out as the
            Hub's image folders are.

    Raises:
        SourceError: if it cannot be had, or none of its columns holds pictures.
        MissingExtraError: if the library is not installed.
    """

    def __init__(self, uri: str) -> None:
        self._name = uri.removeprefix(PREFIX)
        self._datasets = _library()
        splits = load_splits(self._name)
        features = next(iter(splits.values())).features
        self.columns = self._columns(features)
        undecoded = self._datasets.Image(decode=False)
        self._splits = {
            str(name): split.cast_column(self.columns.image, undecoded)
            for name, split in splits.items()
        }

    def __len__(self) -> int:
        return sum(len(split) for split in self._splits.values())

    def identity(self) -> Iterator[str]:
        """Strings that change whenever the content does, as the library tells."""
        yield PREFIX + self._name
        for name, split in self._splits.items():
            yield f"{name} {len(split)} {split._fingerprint}"

    def items(self) -> Iterator[Item]:
        """The pictures of all splits; test and validation are held out."""
        image, label = self.columns.image, self.columns.label
        for name, split in self._splits.items():
            held, row = name.lower() in HOLDOUT_NAMES, 0
            wanted = split.select_columns([image, label] if label else [image])
            for batch in wanted.iter(batch_size=BATCH_ROWS):
                for i, picture in enumerate(batch[image]):
                    value = batch[label][i] if label else None
                    yield item(f"{name}, row {row}", _with_bytes(picture), value, held)
                    row += 1

    def _columns(self, features: Mapping[str, Any]) -> Columns:
        kinds = {name: type(feature).__name__ for name, feature in features.items()}
        images = [name for name, kind in kinds.items() if kind == "Image"]
        if not images:
            raise SourceError(
                "No column of this data set holds pictures.",
                where=f"{PREFIX}{self._name} has columns {', '.join(kinds)}",
            )
        image = next((name for name in IMAGE_COLUMNS if name in images), images[0])
        named = [name for name, kind in kinds.items() if kind == "ClassLabel"]
        scalars = {name for name, kind in kinds.items() if kind in {"ClassLabel", "Value"}}
        label = next((name for name in (*LABEL_COLUMNS, *named[:1]) if name in scalars), None)
        names = getattr(features[label], "names", None) if label else None
        return Columns(image, label, None, names)


def load_splits(name: str) -> Mapping[str, Any]:
    """The splits of a set on the Hub, or of a local copy, by their names.

    Raises:
        SourceError: if it cannot be had.
        MissingExtraError: if the library is not installed.
    """
    datasets = _library()
    path = Path(name).expanduser()
    try:
        if (path / "dataset_dict.json").exists() or (path / "state.json").exists():
            loaded = datasets.load_from_disk(str(path))
        elif path.is_dir():
            loaded = datasets.load_dataset("imagefolder", data_dir=str(path))
        else:
            loaded = datasets.load_dataset(name)
    except Exception as error:  # the library lets those of a dozen others through
        first_line = str(error).partition("\n")[0]
        raise SourceError(
            f"This data set cannot be had from the Hub: {type(error).__name__}: {first_line}",
            where=PREFIX + name,
            fix="Check the name and the network. A copy made by save_to_disk opens without "
            "one: hf:/path/to/copy.",
        ) from error
    return loaded if isinstance(loaded, dict) else {"train": loaded}


def _with_bytes(picture: Any) -> Any:
    """The row, with the bytes of a local file that it only names.

    The library has written these names itself, from the folder that the user gave.
    """
    if isinstance(picture, dict) and picture.get("bytes") is None and picture.get("path"):
        path = Path(picture["path"])
        if path.is_file():
            return {"bytes": path.read_bytes(), "path": path.name}
    return picture


def _library() -> ModuleType:
    # Bars of its own would run through ours.
    os.environ.setdefault("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")
    try:
        import datasets
    except ImportError as error:
        raise MissingExtraError("datasets", "hub", "Reading from the Hub") from error
    return datasets  # type: ignore[no-any-return]
