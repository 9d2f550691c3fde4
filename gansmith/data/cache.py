"""Decoded samples on disk, so that each picture is decoded once and any amount fits in memory.

An entry is a folder named by a hash of what it was made from. It is written to one side and then
renamed, so that it is there in full or not at all, also when two processes make it at once. Rows
are appended by plain writes and never through a memory map: a full disk is then an error that can
be reported, where a map would kill the process.
"""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import shutil
import time
import uuid
from array import array
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from gansmith.config import DataConfig
from gansmith.data.classes import Classes
from gansmith.data.dataset import Array, Dataset, Schema, content_hashes
from gansmith.errors import SourceError

# Goes up whenever the same source would be decoded to other rows.
FORMAT_VERSION = 1

_STALE_SECONDS = 24 * 3600
_NUM_PROBES = 16

# While one process puts a sound entry in the place of a broken one, another may find none.
_NUM_TRIES = 3


class Writer:
    """Appends samples to an entry that is being made. Made by :func:`cached`.

    Attributes:
        skipped: lines about samples that were left out.
        notes: sentences for the user.
        class_names: where the labels that are appended are numbers into them, else None.
    """

    def __init__(self, folder: Path, shape: tuple[int, ...]) -> None:
        self.shape = shape
        self.skipped: list[str] = []
        self.notes: list[str] = []
        self.class_names: Sequence[str] | None = None
        self._folder = folder
        self._classes = Classes()
        self._held = array("b")
        self._hashes: list[npt.NDArray[np.uint64]] = []
        self._num = 0
        self._file = (folder / "samples.npy").open("wb")
        self._write_header()

    def append(
        self, rows: Array, hashes: npt.NDArray[np.uint64], labels: Iterable[Hashable | None],
        held: Iterable[bool],
    ) -> None:  # fmt: skip
        """Add samples.

        Args:
            rows: (n, *shape) uint8.
            hashes: (n,) from :func:`content_hashes`.
            labels: n class labels, or None for a sample without.
            held: n times whether the source itself holds it out.
        """
        assert rows.shape[1:] == self.shape
        assert rows.dtype == np.uint8
        self._file.write(np.ascontiguousarray(rows).data)
        self._hashes.append(hashes)
        self._classes.extend(labels)
        self._held.extend(held)
        self._num += len(rows)

    def __enter__(self) -> Writer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        del error, trace
        try:
            if kind is None:
                self._finish()
        finally:
            self._file.close()

    def _given_holdout(self) -> npt.NDArray[np.bool_] | None:
        """What the source holds out, unless that is nothing, or all and nothing to train on."""
        held = np.frombuffer(self._held, np.bool_)
        return held if held.any() and not held.all() else None

    def _write_header(self) -> None:
        # NumPy pads this header so that the first axis may grow in place.
        header = {"descr": "|u1", "fortran_order": False, "shape": (self._num, *self.shape)}
        self._file.seek(0)
        np.lib.format.write_array_header_1_0(self._file, header)

    def _finish(self) -> None:
        if self._num == 0:
            return
        self._write_header()
        self._file.flush()
        names, labels, note = self._classes.encode(self.class_names)
        self.notes += [note] if note else []
        hashes = np.concatenate(self._hashes)
        _save(self._folder / "hashes.npy", hashes)
        if labels is not None:
            _save(self._folder / "labels.npy", labels)
        held = self._given_holdout()
        if held is not None:
            _save(self._folder / "held.npy", held)
        meta = {
            "format_version": FORMAT_VERSION,
            "schema": asdict(Schema("image", self.shape, "uint8", names, "pictures")),
            "skipped": self.skipped,
            "notes": self.notes,
            "digest": _digest(hashes, labels, held),
        }
        (self._folder / "meta.json").write_text(json.dumps(meta), encoding="utf-8")


def _save(path: Path, array_: Array) -> None:
    # np.save straight to a full disk raises an error that does not say so.
    file = io.BytesIO()
    np.save(file, array_)
    path.write_bytes(file.getvalue())


OpenWriter = Callable[[tuple[int, ...]], Writer]


def default_cache_dir() -> Path:
    """``$GANSMITH_CACHE``, or ``gansmith`` in the user's cache folder."""
    named = os.environ.get("GANSMITH_CACHE")
    if named:
        return Path(named).expanduser()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "gansmith"


def cache_key(identity: Iterable[str], config: DataConfig) -> str:
    """The name of an entry: 32 hexadecimal digits from the source and how it is decoded."""
    digest = hashlib.blake2b(digest_size=16)
    digest.update(repr((FORMAT_VERSION, config.size, config.fit, config.channels)).encode())
    for part in identity:
        digest.update(part.encode() + b"\0")
    return digest.hexdigest()


def cached(
    identity: Iterable[str],
    config: DataConfig,
    cache_dir: Path | None,
    build: Callable[[OpenWriter], None],
) -> Dataset:
    """The data set of that identity: from the cache, or built now and put there.

    Args:
        identity: strings that change whenever the content of the source does.
        config: what was asked for.
        cache_dir: where entries lie; None for :func:`default_cache_dir`.
        build: is given what opens a :class:`Writer` for samples of a shape, and fills it.

    Raises:
        SourceError: from ``build``; if nothing could be read; if the disk is full or cannot be
            written; or with ``config.strict``, if an entry left samples out.
    """
    root = cache_dir or default_cache_dir()
    entry = root / cache_key(identity, config)
    dataset = _load(entry, config)
    for _ in range(_NUM_TRIES):
        if dataset is None:
            with _new_entry(root, entry) as folder:
                build(lambda shape: Writer(_made(folder), shape))
            dataset = _load(entry, config)
    if dataset is None:
        raise SourceError(
            "What was decoded cannot be read back.",
            where=str(entry),
            fix="Set GANSMITH_CACHE to a folder on another disk.",
        )
    if config.strict and dataset.skipped:
        raise SourceError(
            f"Some samples cannot be read ({len(dataset.skipped)} in all).",
            where=f"{config.source}: {dataset.skipped[0]}",
            fix="Take them out, or leave strict off to skip them.",
        )
    return dataset


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def _new_entry(root: Path, entry: Path) -> Iterator[Path]:
    """A folder to write to, which becomes the entry if all goes well and vanishes if not."""
    _sweep(root)
    folder = root / f"new-{os.getpid()}-{uuid.uuid4().hex}"
    try:
        yield folder
        if (folder / "meta.json").exists():
            _put_in_place(folder, entry)
    except OSError as error:
        raise _disk_error(root, error) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _put_in_place(folder: Path, entry: Path) -> None:
    """Make the folder the entry, unless another process was first with a sound one."""
    try:
        folder.rename(entry)
    except OSError:
        if not entry.is_dir():
            raise
        if _load(entry, DataConfig()) is None:
            broken = entry.rename(entry.with_name(f"new-broken-{uuid.uuid4().hex}"))
            folder.rename(entry)
            shutil.rmtree(broken, ignore_errors=True)


def _disk_error(root: Path, error: OSError) -> SourceError:
    full = error.errno in {errno.ENOSPC, errno.EDQUOT}
    return SourceError(
        "The disk is full." if full else f"The cache cannot be written: {error.strerror or error}.",
        where=str(root),
        fix="Free some space, or set GANSMITH_CACHE to a folder on a disk with more."
        if full
        else "Set GANSMITH_CACHE to a folder that can be written.",
    )


def _sweep(root: Path) -> None:
    """Remove what processes that were killed have left unfinished."""
    for left in root.glob("new-*"):
        try:
            if time.time() - left.stat().st_mtime > _STALE_SECONDS:
                shutil.rmtree(left, ignore_errors=True)
        except OSError:
            continue  # gone meanwhile


def _load(entry: Path, config: DataConfig) -> Dataset | None:
    """An entry, or None if there is none or it is damaged."""
    try:
        meta = json.loads((entry / "meta.json").read_text(encoding="utf-8"))
        samples = np.load(entry / "samples.npy", mmap_mode="r", allow_pickle=False)
        hashes = np.load(entry / "hashes.npy", allow_pickle=False)
        labels, held = (_load_if_there(entry / name) for name in ("labels.npy", "held.npy"))
        schema = Schema(**_tuples(meta["schema"]))
        probes = np.unique(np.linspace(0, len(samples) - 1, _NUM_PROBES).astype(np.int64))
        sound = (
            meta["digest"] == _digest(hashes, labels, held)
            and samples.shape == (len(hashes), *schema.shape)
            and np.array_equal(content_hashes(samples[probes]), hashes[probes])
        )
        skipped, notes = meta["skipped"], meta["notes"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError):
        return None
    if not sound:
        return None
    return Dataset(schema, samples, labels, hashes, config.source, skipped, held, notes=notes)


def _load_if_there(path: Path) -> Array | None:
    return np.load(path, allow_pickle=False) if path.exists() else None


def _tuples(fields: dict[str, Any]) -> dict[str, Any]:
    """JSON has lists where a schema has tuples."""
    return {k: tuple(v) if isinstance(v, list) else v for k, v in fields.items()}


def _digest(*arrays: Array | None) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for each in arrays:
        digest.update(b"absent" if each is None else each.tobytes())
    return digest.hexdigest()
