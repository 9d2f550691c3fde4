"""From the bytes of a file to samples of text: lines, paragraphs or windows."""

from __future__ import annotations

import codecs
import gzip
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from gansmith.errors import SourceError
from gansmith.modalities.text.store import fitting

Unit = Literal["line", "paragraph", "window"]
# What several samples are called.
LABELS: dict[Unit, str] = {"line": "lines", "paragraph": "paragraphs", "window": "windows"}

# Of the lines: more that are no UTF-8 mean another encoding, fewer that they are damaged.
MOST_UNREADABLE = 0.01
# Of the characters: more control characters mean that it is no text.
MOST_CONTROLS = 0.02
NEWLINE = re.compile("\r\n|\r|\n")
# All of category Cc but the tab and the newline.
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass
class Told:
    """What became of what was read, to be told to the user.

    Attributes:
        skipped: a line for each that is no UTF-8.
        num_empty: empty lines, where each line is a sample.
        num_controls, num_with_controls: control characters that became spaces, in how many samples.
        num_cut, longest: samples that were cut, and the bytes of the longest one of all.
        num_repeats: samples that had come before.
    """

    skipped: list[str] = field(default_factory=list)
    num_empty: int = 0
    num_controls: int = 0
    num_with_controls: int = 0
    num_cut: int = 0
    longest: int = 0
    num_repeats: int = 0


def read_text(path: Path, told: Told) -> str:
    """What is in a file, with ``\\n`` at the end of each line.

    Raises:
        SourceError: if it is broken, no text, or in another encoding than UTF-8, or UTF-16 and
            UTF-32 with their mark at the start.
    """
    content = _content(path)
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            if encoding == "utf-8":
                content = content[len(mark) :]
                break
            try:
                return NEWLINE.sub("\n", content.decode(encoding))
            except UnicodeDecodeError as error:
                raise _not_text(path, f"is marked as {encoding} and holds {error.reason}") from None
    text = _decoded(content, path, told)
    controls = sum(1 for _ in CONTROL.finditer(text.replace("\r", "")))
    if controls > max(MOST_CONTROLS * len(text), 2):
        raise _not_text(path, f"holds {controls:,} control characters among {len(text):,}")
    return NEWLINE.sub("\n", text)


def _content(path: Path) -> bytes:
    try:
        if path.name.lower().endswith(".gz"):
            with gzip.open(path, "rb") as file:
                return file.read()
        return path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise SourceError(
            f"The file cannot be read: {error}.", where=str(path), fix="Get it again."
        ) from error


def _decoded(content: bytes, path: Path, told: Told) -> str:
    """UTF-8, without the few lines that are none."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        pass
    if b"\0" in content:
        raise _not_text(path, "holds bytes that no text has")
    kept, broken = [], []
    lines = re.split(rb"\r\n|\r|\n", content)
    for number, line in enumerate(lines, 1):
        try:
            kept.append(line.decode("utf-8"))
        except UnicodeDecodeError:
            broken.append(number)
            kept.append("")
    if len(broken) > max(MOST_UNREADABLE * len(lines), 1) or len(lines) == 1:
        raise SourceError(
            f"The file is no UTF-8: {len(broken):,} of its {len(lines):,} lines are not.",
            where=f"{path}, line {broken[0]:,} the first",
            fix="If it is text in another encoding: iconv -f LATIN1 -t UTF-8 OLD > NEW",
        )
    told.skipped += [f"{path.name}, line {number:,}: it is no UTF-8" for number in broken]
    told.num_empty -= len(broken)  # which stand as empty ones from here on
    return "\n".join(kept)


def _not_text(path: Path, why: str) -> SourceError:
    return SourceError(
        f"This is no text: it {why}.",
        where=str(path),
        fix="Name a file of sentences in UTF-8, one a line.",
    )


def pieces(text: str, unit: Unit, length: int, told: Told) -> Iterator[str]:
    """The samples in a text.

    Args:
        text: with ``\\n`` at the end of each line.
        unit: a line; a paragraph, which ends at an empty line; or a window of whole words.
        length: bytes of a window.
        told: counts empty lines and control characters.
    """
    if unit == "line":
        # The end of the last line is not the beginning of another one.
        lines = text.split("\n")
        raw = iter(lines[:-1] if lines and not lines[-1] else lines)
    elif unit == "paragraph":
        raw = (part for part in re.split(r"\n[^\S\n]*(?:\n[^\S\n]*)+", text) if part.strip())
    else:
        raw = windows(text, length)
    for piece in raw:
        clean = tidy(piece, told)
        if clean:
            yield clean
        elif unit == "line":
            told.num_empty += 1


def tidy(piece: str, told: Told) -> str:
    """Without white space around it, control characters as spaces."""
    if CONTROL.search(piece):
        piece, count = CONTROL.subn(" ", piece)
        told.num_controls += count
        told.num_with_controls += 1
    return piece.strip()


def windows(text: str, length: int) -> Iterator[str]:
    """Pieces of at most ``length`` bytes that share nothing, cut at white space where there is any.

    All that is not white space comes, in order; several empty lines become one newline.

    >>> list(windows("to be or not to be", 8))
    ['to be or', 'not to', 'be']
    """
    words = (part for run in re.split(r"(\s+)", text) for part in _of_length(run, length))
    held, gap = "", ""
    for word in words:
        if word.isspace():
            gap += word
            continue
        between = ("\n" if "\n" in gap else " ") if gap and held else ""
        if held and len((held + between + word).encode()) > length:
            yield held
            held = word
        else:
            held += between + word
        gap = ""
    if held:
        yield held


def _of_length(word: str, length: int) -> Iterator[str]:
    """A word, in pieces where it is longer than ``length`` bytes."""
    content = word.encode()
    while len(content) > length and not word.isspace():
        first = fitting(content, length)
        yield first.decode()
        content = content[len(first) :]
    yield content.decode()
