"""Trees of files: a folder, or a zip or tar read in place. Nothing is ever extracted.

A folder is the user's own and is trusted. An archive comes from elsewhere: names that point outside
of it, links and devices are refused as a whole, because no honest tool packs pictures that way.
"""

from __future__ import annotations

import lzma
import os
import stat
import tarfile
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import cached_property, partial
from pathlib import Path, PurePosixPath

from gansmith.errors import SourceError

Read = Callable[[], bytes]

TAR_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.bz2", ".tbz2")

# One picture's file. The largest camera files are a tenth of it; archives may claim any size.
MAX_MEMBER_BYTES = 2**30

_BROKEN = (tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError,
           OSError, RuntimeError, ValueError)  # fmt: skip


class Tree(ABC):
    """Files by their names, relative and with ``/``, hidden ones left out."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @abstractmethod
    def names(self) -> list[str]:
        """The name of each regular file, in a fixed order.

        Raises:
            SourceError: if the tree is broken or not safe to read.
        """

    @abstractmethod
    def read_each(self, names: Collection[str]) -> Iterator[tuple[str, Read]]:
        """Those files in the order of :meth:`names`; reading may raise OSError or ValueError.

        What reads a file may be called later and from another thread.
        """

    @abstractmethod
    def identity(self, decides: Callable[[str], bool]) -> Iterator[str]:
        """Strings that change whenever the content of a file does whose name ``decides``."""


def is_tree(path: Path) -> bool:
    """Whether a path is a folder, or a file named like a zip or tar."""
    return path.is_dir() or (path.is_file() and _is_archive_name(path.name))


def open_tree(path: Path) -> Tree:
    """The tree at a path for which :func:`is_tree` holds."""
    if path.is_dir():
        return Folder(path)
    return Zip(path) if path.suffix.lower() == ".zip" else Tar(path)


def _is_archive_name(name: str) -> bool:
    return name.lower().endswith((".zip", *TAR_SUFFIXES))


def stamp(path: Path) -> str:
    """Size and times of a file.

    The time of the last change of the inode cannot be set by hand, so a file that is replaced by
    one of equal size and date, as unpacking an archive does, is noticed nevertheless.
    """
    return _stamp(path.stat())


def _stamp(status: os.stat_result) -> str:
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"


def _stamp_of_regular(path: str) -> str | None:
    """The stamp of a file, or None for pipes and devices: reading one could block for ever.

    A link to nowhere has a stamp, so that it is reported as a picture that cannot be read.
    """
    try:
        status = os.stat(path)  # noqa: PTH116
    except OSError:
        return "unreadable"
    return _stamp(status) if stat.S_ISREG(status.st_mode) else None


def children(path: Path) -> list[Path]:
    """What lies in a folder, sorted; nothing where that cannot be told."""
    try:
        return sorted(path.iterdir())
    except OSError:
        return []


def printable(name: str) -> str:
    """A name that can be shown: bytes that are no UTF-8 are written out as ``\\udcXX``."""
    return name.encode("utf-8", "backslashreplace").decode()


class Folder(Tree):
    """A folder of the user's. Links are followed, each folder is visited once."""

    def names(self) -> list[str]:
        return sorted(self._stamps)

    def read_each(self, names: Collection[str]) -> Iterator[tuple[str, Read]]:
        for name in sorted(names):
            yield name, partial(_read_file, self.path / name)

    def identity(self, decides: Callable[[str], bool]) -> Iterator[str]:
        yield str(self.path.resolve())
        for name, stamp_ in sorted(self._stamps.items()):
            if decides(name):
                yield f"{printable(name)} {stamp_}"

    @cached_property
    def _stamps(self) -> dict[str, str]:
        """The stamp of each regular file by name."""
        found: dict[str, str] = {}
        visited: set[tuple[int, int]] = set()
        for folder, subfolders, files in os.walk(self.path, followlinks=True, onerror=_unreadable):
            status = Path(folder).stat()
            if (status.st_dev, status.st_ino) in visited:
                subfolders.clear()  # a link that leads back up would never end
                continue
            visited.add((status.st_dev, status.st_ino))
            subfolders.sort()
            base = Path(folder).relative_to(self.path).as_posix()
            for file in files:
                name = file if base == "." else f"{base}/{file}"
                stamp_ = _stamp_of_regular(os.path.join(folder, file))  # noqa: PTH118  # 3x faster
                if stamp_ is not None and not _hidden(name):
                    found[name] = stamp_
        return found


class _Archive(Tree):
    def identity(self, decides: Callable[[str], bool]) -> Iterator[str]:
        del decides  # what lies in an archive cannot change without the archive
        yield f"{self.path.resolve()} {stamp(self.path)}"

    def names(self) -> list[str]:
        with _broken_archive_is_an_error(self.path):
            return [name for name in self._checked_names() if not _hidden(name)]

    @abstractmethod
    def _checked_names(self) -> list[str]: ...

    def _check_name(self, name: str) -> None:
        parts = PurePosixPath(name.replace("\\", "/")).parts
        if ".." in parts or name.startswith(("/", "\\")) or name[1:2] == ":":
            raise self._refusal(f"a name that points outside of it: {printable(name)!r}")

    def _refusal(self, holds: str) -> SourceError:
        return SourceError(
            f"This archive is not safe to read. It holds {holds}.",
            where=str(self.path),
            fix="Get it from another place, or pack it anew from a folder that you trust.",
        )


class Zip(_Archive):
    """A zip file; its pictures can be read in any order, so they are sorted by name."""

    @cached_property
    def _archive(self) -> zipfile.ZipFile:
        # One handle for all reads: it may be shared between threads, and it must outlive the
        # iterators, whose reads are done later.
        return zipfile.ZipFile(self.path)

    def _checked_names(self) -> list[str]:
        members = [member for member in self._archive.infolist() if not member.is_dir()]
        for member in members:
            self._check_name(member.filename)
            kind = stat.S_IFMT(member.external_attr >> 16)
            if kind not in {0, stat.S_IFREG}:
                raise self._refusal(f"a link or device: {printable(member.filename)!r}")
            if member.flag_bits & 1:
                raise SourceError(
                    "This zip file is encrypted.",
                    where=str(self.path),
                    fix="Unpack it with its password and name the folder.",
                )
        return sorted({member.filename for member in members})

    def read_each(self, names: Collection[str]) -> Iterator[tuple[str, Read]]:
        for name in sorted(names):
            yield name, partial(self._read, name)

    def _read(self, name: str) -> bytes:
        _check_size(self._archive.getinfo(name).file_size)
        try:
            return self._archive.read(name)
        except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, RuntimeError) as error:
            raise ValueError(f"its packed bytes are damaged: {error}") from error


class Tar(_Archive):
    """A tar file, compressed or not; read once from front to back, in its own order."""

    def _checked_names(self) -> list[str]:
        found = []
        with tarfile.open(self.path, "r:*") as archive:
            for member in archive:
                self._check_name(member.name)
                if member.isfile():
                    found.append(_normal(member.name))
                elif not member.isdir():
                    raise self._refusal(f"a link or device: {printable(member.name)!r}")
        return found

    def read_each(self, names: Collection[str]) -> Iterator[tuple[str, Read]]:
        wanted = set(names)
        with _broken_archive_is_an_error(self.path), tarfile.open(self.path, "r|*") as archive:
            for member in archive:
                if member.isfile() and _normal(member.name) in wanted:
                    yield _normal(member.name), self._read(archive, member)

    def _read(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> Read:
        try:
            _check_size(member.size)
        except ValueError as error:
            return partial(_raise, error)
        file = archive.extractfile(member)
        assert file is not None
        data = file.read()
        return lambda: data


def _normal(name: str) -> str:
    """Without the ``./`` that ``tar -c .`` writes before each name."""
    return PurePosixPath(name).as_posix()


def _read_file(path: Path) -> bytes:
    _check_size(path.stat().st_size)
    return path.read_bytes()


def _check_size(num_bytes: int) -> None:
    if num_bytes > MAX_MEMBER_BYTES:
        raise ValueError(f"the file claims {num_bytes:,} bytes, which is no picture")


def _raise(error: Exception) -> bytes:
    raise error


def _hidden(name: str) -> bool:
    """Whether a file is one that systems leave behind: .DS_Store, __MACOSX/, Thumbs.db."""
    parts = name.split("/")
    return any(part.startswith(".") or part == "__MACOSX" for part in parts) or (
        parts[-1].lower() in {"thumbs.db", "desktop.ini"}
    )


def _unreadable(error: OSError) -> None:
    raise SourceError(
        f"A folder cannot be read: {error.strerror}.",
        where=str(error.filename),
        fix="Change its permissions, or take it out.",
    ) from error


@contextmanager
def _broken_archive_is_an_error(path: Path) -> Iterator[None]:
    try:
        yield
    except _BROKEN as error:
        raise SourceError(
            f"This archive cannot be read: {error}.",
            where=str(path),
            fix="It may be cut off or damaged: get it again.",
        ) from error
