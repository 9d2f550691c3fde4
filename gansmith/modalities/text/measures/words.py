"""What counts as a word, in any script, and what follows what."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache

Gram = tuple[str, ...]
# Scripts that put no spaces between words: each character counts as a word.
_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
# They join the letters about them within a word.
_JOINERS = "\u200c\u200d"
_SMALLEST_TAG = 0xE0000


@cache
def _pattern() -> re.Pattern[str]:
    # Vowel signs and accents on their own are no letters to `re`, and would cut words in pieces.
    codes = (*range(0x20000), *range(_SMALLEST_TAG, min(_SMALLEST_TAG + 0x200, sys.maxunicode)))
    marks = "".join(chr(code) for code in codes if unicodedata.category(chr(code))[0] == "M")
    letter = f"(?![{_UNSPACED}])\\w"
    return re.compile(f"[{_UNSPACED}][{marks}]*|(?:{letter}[{marks}{_JOINERS}]*)+|[^\\w\\s]")


def words(line: str) -> list[str]:
    """Words and marks of a line: runs of letters and digits, and all else but spaces one by one.

    >>> words("It's 10 o'clock, Zoë.")
    ['It', "'", 's', '10', 'o', "'", 'clock', ',', 'Zoë', '.']
    >>> words("हिन्दी 犬が")
    ['हिन्दी', '犬', 'が']
    """
    return _pattern().findall(unicodedata.normalize("NFC", line))


def normalised(line: str) -> str:
    """A line without what does not make it another: case, and how many spaces there are.

    >>> normalised("  A DOG \\t runs ")
    'a dog runs'
    """
    return " ".join(unicodedata.normalize("NFC", line).casefold().split())


def grams(tokens: Sequence[str], n: int) -> Iterator[Gram]:
    """Each run of n tokens, in order; none where there are fewer.

    >>> list(grams(["a", "b", "c"], 2))
    [('a', 'b'), ('b', 'c')]
    """
    return zip(*(tokens[i:] for i in range(n)))  # noqa: B905
