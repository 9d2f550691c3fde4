"""Sheets of samples that a training has left: pictures, or texts."""

from __future__ import annotations

from gansmith.runs.folder import RunFolder
from gansmith.serving.limits import RefusedError
from gansmith.studio.watch.files import read, within

PICTURE, TEXTS = ".png", ".txt"
_PNG = b"\x89PNG\r\n\x1a\n"
# Of a file of texts.
MOST_SHOWN = 200


def sheets(folder: RunFolder) -> list[int]:
    """Sample counts at which there is one, in order."""
    own = folder.samples
    if not own.resolve().is_relative_to(folder.path.resolve()):
        return []
    return sorted(
        {
            int(path.stem)
            for path in own.glob("*.*")
            if path.suffix in (PICTURE, TEXTS) and path.stem.isdecimal() and len(path.stem) == 12
        }
    )


def sheet(folder: RunFolder, samples: int) -> bytes | list[str]:
    """The bytes of a PNG, or the lines of texts.

    Raises:
        RefusedError: 404 if there is none, 422 if it is something else than its name says.
    """
    path = folder.samples / f"{samples:012d}{PICTURE}"
    if within(folder, path) is not None:
        content = read(folder, path) or b""
        if not content.startswith(_PNG):
            raise RefusedError(422, f"The sheet at {samples:,} samples is no picture.")
        return content
    content = read(folder, path.with_suffix(TEXTS)) or b""
    if not content:
        raise RefusedError(404, f"There is no sheet at {samples:,} samples.")
    return content.decode("utf-8", "replace").split("\n")[:MOST_SHOWN]
