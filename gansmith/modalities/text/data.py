"""Sources of texts: files and folders of them, and columns of tables."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import replace
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np

from gansmith.config import DataConfig
from gansmith.data.classes import Classes
from gansmith.data.dataset import Dataset, Schema
from gansmith.data.hub import PREFIX, load_splits
from gansmith.data.layout import LABEL_COLUMNS, folder_classes
from gansmith.data.texts import holds_texts, is_text, text_files
from gansmith.errors import ConfigError, SourceError, did_you_mean
from gansmith.modalities.table.reading import (
    FEATHER_SUFFIXES,
    is_csv,
    read_csv,
    read_feather,
    read_parquet,
)
from gansmith.modalities.text.reading import LABELS, Told, pieces, read_text
from gansmith.modalities.text.store import Texts, fitting
from gansmith.progress import Progress
from gansmith.registry import register

LEAST_SAMPLES = 20
Labelled = tuple[str, Hashable | None]
# Bytes of the longest sample where nobody said: most sentences have 50 to 200.
MOST_BYTES = 512
WINDOW_BYTES = 200
MARK = "::"
# A character of UTF-8 has at most four bytes, and a sample at least one character.
LEAST_LENGTH, MOST_LENGTH = 8, 4_096


class _TextSource(ABC):
    """Something that has texts, one behind the other."""

    built_in = False
    in_table = False

    @abstractmethod
    def texts(self, config: DataConfig, told: Told, progress: Progress) -> Iterator[Labelled]:
        """Texts to be cut into samples, with ``\\n`` at the end of each line, and their classes."""

    def open(self, config: DataConfig, *, progress: Progress, cache_dir: Path | None) -> Dataset:
        del cache_dir
        _require_sensible(config)
        if config.label and not self.in_table:
            raise ConfigError(
                "Only texts in a table have a column of classes.",
                where=f"data.label={config.label}",
                fix="Leave it out; of texts in files, folders are the classes.",
            )
        told = Told()
        length = config.length or WINDOW_BYTES
        samples = (
            (piece.encode(), label)
            for text, label in self.texts(config, told, progress)
            for piece in pieces(text, config.unit, length, told)
        )
        return of_texts(samples, config, told)


@register("source", "text-file")
class TextFile(_TextSource):
    """Lines, paragraphs or windows of a .txt or .txt.gz file."""

    def matches(self, uri: str) -> bool:
        return is_text(Path(uri).expanduser())

    def texts(self, config: DataConfig, told: Told, progress: Progress) -> Iterator[Labelled]:
        del progress
        yield read_text(Path(config.source).expanduser(), told), None


@register("source", "text-folder")
class TextFolder(_TextSource):
    """A folder of .txt and .txt.gz files, however deep, without a picture among them.

    Where all lie in two or more folders, these are their classes.
    """

    def matches(self, uri: str) -> bool:
        return holds_texts(Path(uri).expanduser())

    def texts(self, config: DataConfig, told: Told, progress: Progress) -> Iterator[Labelled]:
        folder = Path(config.source).expanduser()
        files = text_files(folder)
        names = [path.relative_to(folder).as_posix() for path in files]
        classes = folder_classes(names)
        with progress("Reading", len(files)) as advance:
            for name, path in zip(names, files, strict=True):
                yield read_text(path, told), classes.get(name)
                advance()


@register("source", "text-column")
class TextColumn(_TextSource):
    """A column of a table, ``captions.csv::caption``: .csv, .tsv, .parquet or .feather.

    Another column may hold their classes, see ``data.label``.
    """

    in_table = True

    def matches(self, uri: str) -> bool:
        place, mark, _ = uri.rpartition(MARK)
        return bool(mark) and _is_table(Path(place).expanduser())

    def texts(self, config: DataConfig, told: Told, progress: Progress) -> Iterator[Labelled]:
        del progress
        place, _, name = config.source.rpartition(MARK)
        path = Path(place).expanduser()
        if is_csv(path):
            table = read_csv(path)
        elif path.suffix.lower() in FEATHER_SUFFIXES:
            table = read_feather(path)
        else:
            table = read_parquet(path)
        _require_column(name, table.column_names, config.source)
        label = _label_column(name, table.column_names, config)
        labels = table.column(label).to_pylist() if label else repeat(None)
        yield from _cells(table.column(name).to_pylist(), labels, config, told)


@register("source", "hub-text")
class HubText(_TextSource):
    """A column of a data set of the Hugging Face Hub, ``hf:owner/name::column``."""

    in_table = True

    def matches(self, uri: str) -> bool:
        return uri.startswith(PREFIX) and MARK in uri

    def texts(self, config: DataConfig, told: Told, progress: Progress) -> Iterator[Labelled]:
        place, _, name = config.source.rpartition(MARK)
        splits = load_splits(place.removeprefix(PREFIX))
        with progress("Reading", len(splits)) as advance:
            for split in splits.values():
                _require_column(name, split.column_names, config.source)
                label = _label_column(name, split.column_names, config)
                labels = _hub_labels(split, label) if label else repeat(None)
                yield from _cells(split[name], labels, config, told)
                advance()


def _hub_labels(split: Any, label: str) -> Iterable[Any]:
    """Classes by name where the set has names for its numbers; -1 is none there."""
    names = getattr(split.features[label], "names", None)
    if not names:
        return list(split[label])
    return [names[i] if i is not None and 0 <= i < len(names) else None for i in split[label]]


def _is_table(path: Path) -> bool:
    named = is_csv(path) or path.suffix.lower() in (*FEATHER_SUFFIXES, ".parquet")
    return named and path.is_file()


def _require_column(name: str, names: list[str], source: str) -> None:
    if name not in names:
        raise SourceError(
            f"There is no column {name!r}.", where=source, fix=did_you_mean(name, names)
        )


def _label_column(text: str, names: list[str], config: DataConfig) -> str | None:
    """The column of classes: the one that was asked for, or one that is called so."""
    if config.label:
        _require_column(config.label, names, config.source)
        return config.label
    return next((name for name in LABEL_COLUMNS if name in names and name != text), None)


def _cells(
    cells: Iterable[Any], labels: Iterable[Any], config: DataConfig, told: Told
) -> Iterator[Labelled]:
    """Texts of a column. A cell is one sample, whatever lines it has, unless it is cut up."""
    for cell, label in zip(cells, labels, strict=False):
        if cell is None:
            told.num_empty += 1
        elif not isinstance(cell, str):
            raise SourceError(
                f"The column holds a {type(cell).__name__}, which is no text: {cell!r}.",
                where=config.source,
                fix="Name a column of texts; a whole table is named without ::COLUMN.",
            )
        else:
            text = cell.replace("\r\n", "\n").replace("\r", "\n")
            of = _class(label, config)
            yield " ".join(text.split("\n")) if config.unit == "line" else text, of


def _class(label: Any, config: DataConfig) -> Hashable | None:
    """A class; None for an empty cell, and for one that is no number."""
    if label is None or label == "" or label != label:
        return None
    if not isinstance(label, Hashable):
        raise SourceError(
            f"The column of classes holds a {type(label).__name__}: {label!r}.",
            where=config.source,
            fix="Name another one with data.label, or set data.conditional=false.",
        )
    return label


def _require_sensible(config: DataConfig) -> None:
    if config.size is not None or config.channels:
        raise SourceError(
            "Texts have neither a size nor channels.",
            where=config.source,
            fix="Leave size and channels out.",
        )
    if config.length and not LEAST_LENGTH <= config.length <= MOST_LENGTH:
        raise ConfigError(
            f"Texts of {config.length:,} bytes cannot be learned.",
            where="data.length",
            fix=f"Take {LEAST_LENGTH} to {MOST_LENGTH:,}, or cut them: data.unit=window.",
        )


def of_texts(
    samples: Iterable[tuple[bytes, Hashable | None]], config: DataConfig, told: Told
) -> Dataset:
    """A data set of texts.

    Args:
        samples: UTF-8, none of them empty, each with its class or None.
        config: how they were asked for.
        told: what became of them so far.

    Raises:
        SourceError: if there are too few; with ``config.strict``, if any could not be read.
    """
    if config.duplicates == "drop":
        samples = _distinct(samples, told)
    classes = Classes()
    every = Texts.of(_noted(samples, classes), 1)
    if told.skipped and config.strict:
        raise SourceError(
            f"Some lines cannot be read ({len(told.skipped)} in all).",
            where=told.skipped[0],
            fix="Take them out, or leave strict off to skip them.",
        )
    if len(every) < LEAST_SAMPLES:
        raise _too_few(len(every), config)
    hashes = every.hashes()
    if config.duplicates == "keep":
        told.num_repeats = len(every) - len(np.unique(hashes))
    told.longest = every.longest
    width = min(told.longest, config.length or MOST_BYTES)
    every = every.resized(width)
    if told.longest > width:
        # Nothing sees the rest of a long text: what is left decides the part that it is in.
        kept = (fitting(every.text(i), width) for i in range(len(every)))
        told.num_cut = every.longer_than(width)
        every = Texts.of(kept, width)
        hashes = every.hashes()
    names, labels, note = classes.encode() if config.conditional else ((), None, None)
    schema = Schema("text", (width,), "uint8", names, label=LABELS[config.unit])
    return Dataset(
        schema, every, labels, hashes, config.source,  # type: ignore[arg-type]
        skipped=told.skipped, notes=[*notes(told, config, width), *([note] if note else [])],
    )  # fmt: skip


def _noted(samples: Iterable[tuple[bytes, Hashable | None]], classes: Classes) -> Iterator[bytes]:
    """The samples, when their classes are noted."""
    for sample, label in samples:
        classes.extend([label])
        yield sample


def _distinct(
    samples: Iterable[tuple[bytes, Hashable | None]], told: Told
) -> Iterator[tuple[bytes, Hashable | None]]:
    """Without those that had come before in the same class."""
    seen: set[tuple[bytes, Hashable | None]] = set()
    for sample in samples:
        if sample in seen:
            told.num_repeats += 1
        else:
            seen.add(sample)
            yield sample


def _too_few(n: int, config: DataConfig) -> SourceError:
    names = LABELS[config.unit] if n != 1 else config.unit
    fix = f"Bring at least {LEAST_SAMPLES}, and thousands to learn anything worth having."
    if config.unit != "window":
        fix += " Running text is cut up by data.unit=window."
    return SourceError(
        f"The text has {n} {names}; nothing can be learned from so few.",
        where=config.source,
        fix=fix,
    )


def notes(told: Told, config: DataConfig, width: int) -> list[str]:
    """What the user should know of what was read."""
    found, name = [], LABELS[config.unit]
    if told.num_empty:
        found.append(f"Empty and left out: {told.num_empty:,}.")
    if told.num_repeats:
        what = "left out" if config.duplicates == "drop" else "kept (data.duplicates=drop)"
        found.append(f"{name.capitalize()} that had come before: {told.num_repeats:,}, {what}.")
    if told.num_controls:
        found.append(
            f"Control characters that became spaces: {told.num_controls:,} ({name} with any: "
            f"{told.num_with_controls:,})."
        )
    if told.num_cut:
        found.append(
            f"{name.capitalize()} cut at {width:,} bytes: {told.num_cut:,}; the longest has "
            f"{told.longest:,}. data.length={min(told.longest, MOST_LENGTH)} takes more, "
            "data.unit=window cuts up instead."
        )
    return found


def align(real: Dataset, fake: Dataset) -> Dataset:
    """Fakes from another source in rows as long as the real ones'; classes stay their own."""
    rows: Any = fake.samples
    schema = replace(real.schema, classes=fake.schema.classes)
    return replace(fake, schema=schema, samples=rows.resized(real.schema.shape[0]))
