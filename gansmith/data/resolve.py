"""From what the user typed to an open data set."""

from __future__ import annotations

import difflib
from dataclasses import replace
from pathlib import Path

from gansmith import registry
from gansmith.config import DataConfig
from gansmith.data.address import WEB, without_secrets
from gansmith.data.dataset import Dataset
from gansmith.data.pictures import SUFFIXES
from gansmith.data.source import Source
from gansmith.errors import ConfigError, SourceError, did_you_mean
from gansmith.progress import Progress, silent

# Above this, one picture takes tens of megabytes for each sample of a batch.
MAX_SIDE = 4096


def open_source(
    config: DataConfig, *, progress: Progress = silent, cache_dir: Path | None = None
) -> Dataset:
    """Open the samples that ``config.source`` names.

    A built-in name wins over a path: ``digits`` is the built-in set, ``./digits`` a folder.

    Args:
        config: ``source`` says what to open; size, fit, channels, conditional and strict say how.
        progress: opens a bar for each long piece of work, such as decoding.
        cache_dir: where decoded samples are kept; None is ``$GANSMITH_CACHE``, or ``gansmith``
            in the user's cache folder.

    Returns:
        All samples; :meth:`Dataset.split` divides them. Without ``config.conditional`` it has
        neither labels nor classes.

    Raises:
        SourceError: if there is no such source, or it holds nothing that can be read.
        MissingExtraError: if an optional package is needed to read it.
        ConfigError: for a size or holdout that cannot be.
    """
    _require_sensible(config)
    config = replace(config, source=without_secrets(config.source))
    source = find_source(config.source)
    dataset = source.open(config, progress=progress, cache_dir=cache_dir)
    if not config.conditional and dataset.labels is not None:
        return replace(dataset, labels=None, schema=replace(dataset.schema, classes=()))
    return dataset


def _require_sensible(config: DataConfig) -> None:
    if config.size and not all(1 <= side <= MAX_SIDE for side in config.size):
        raise ConfigError(
            f"Pictures cannot be brought to {config.size[0]}x{config.size[1]}.",
            where="data.size",
            fix=f"Take sides from 1 to {MAX_SIDE:,} pixels, for example data.size=64x64.",
        )
    if not 0 <= config.holdout < 1:
        raise ConfigError(
            f"A share of {config.holdout:g} cannot be held out.",
            where="data.holdout",
            fix="Take a number from 0 to below 1, for example data.holdout=0.1.",
        )


def find_source(uri: str) -> Source:
    """What opens ``uri``. Raises a SourceError where nothing does; nothing is opened yet."""
    sources: list[tuple[str, Source]] = [
        (name, registry.get("source", name).build()) for name in registry.names("source")
    ]
    built_in = [name for name, source in sources if source.built_in]
    if not uri:
        raise SourceError(
            "No data was named.",
            fix=f"Name a folder or file of yours, or one of: {', '.join(built_in)}.",
        )
    for _, source in sorted(sources, key=lambda pair: not pair[1].built_in):
        if _matches(source, uri):
            return source
    raise _unknown(uri, built_in)


def _matches(source: Source, uri: str) -> bool:
    try:
        return source.matches(uri)
    except OSError:  # a query may be too long for the name of a file
        return False


def _unknown(uri: str, built_in: list[str]) -> SourceError:
    """The error for what no source opens: the more it can tell about the mistake, the better."""
    path = Path(uri).expanduser()
    if uri.lower().startswith(WEB):
        return SourceError(
            "Data is not fetched from web addresses.",
            where=uri,
            fix="Download it and name the file, or use hf:owner/name for a set on the Hub.",
        )
    if path.suffix.lower() in {".xlsx", ".xls", ".ods"} and path.is_file():
        return SourceError(
            "Spreadsheets are not read.",
            where=str(path),
            fix="Save the sheet as a .csv file, or as .parquet.",
        )
    if path.suffix.lower() in {".db", ".sqlite", ".sqlite3"} and path.is_file():
        return SourceError(
            "This is a database; which of its tables is meant?",
            where=str(path),
            fix=f"Name it as sqlite:///{path}::TABLE; without ::TABLE they are listed.",
        )
    if path.suffix.lower() in SUFFIXES and path.is_file():
        return SourceError(
            "This is one picture; a generator learns from many.",
            where=str(path),
            fix=f"Name the folder that holds them: {path.parent}",
        )
    if path.exists():
        what = "folder" if path.is_dir() else "file"
        return SourceError(
            f"This {what} is of no kind that can be read.",
            where=str(path),
            fix="Name a folder, zip or tar of pictures, a .csv, .npz, .npy, .parquet or IDX file, "
            "a .txt file or a folder of them, or a table of a database: "
            "sqlite:///people.db::people.",
        )
    return SourceError(
        f"There is neither a file or folder nor a built-in set called {uri!r}.",
        where=f"looked for {path.absolute()}",
        fix=did_you_mean(uri, _near(path, uri) or built_in),
    )


def _near(path: Path, uri: str) -> list[str]:
    """What lies beside a path that does not exist, under a name like it."""
    try:
        beside = [each.name for each in path.parent.iterdir() if not each.name.startswith(".")]
    except OSError:
        return []
    near = difflib.get_close_matches(path.name, beside, n=2)
    return [uri.removesuffix("/").removesuffix(path.name) + name for name in near]
