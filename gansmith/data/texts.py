"""Files of text, and folders of them, told by their names."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from gansmith.data.layout import is_picture
from gansmith.errors import SourceError

TEXT_SUFFIXES = (".txt", ".txt.gz")
# Of files that are looked at to tell what a folder holds: it may have millions.
MOST_SEEN = 10_000


def _walk(folder: Path) -> Iterator[Path]:
    """Files that are not hidden, in a fixed order, with links followed nowhere."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(place) / name for name in sorted(names) if not name.startswith("."))


def is_text(path: Path) -> bool:
    """Whether the name says so and the file is there."""
    return path.name.lower().endswith(TEXT_SUFFIXES) and path.is_file()


def holds_texts(folder: Path) -> bool:
    """Whether a folder has .txt files and no picture among the first files in it.

    A folder of pictures may well have a readme.txt, so one picture decides.
    """
    if not folder.is_dir():
        return False
    found = False
    for number, path in enumerate(_walk(folder)):
        if is_picture(path.name):
            return False
        found |= path.name.lower().endswith(TEXT_SUFFIXES)
        if number >= MOST_SEEN:
            break
    return found


def text_files(folder: Path) -> list[Path]:
    """The .txt and .txt.gz files in a folder, however deep.

    Raises:
        SourceError: if there is none.
    """
    found = [path for path in _walk(folder) if path.name.lower().endswith(TEXT_SUFFIXES)]
    if not found:
        raise SourceError("This folder holds no .txt files.", where=str(folder))
    return found
