"""From a column as it was read to what it holds, and to its cells.

Texts are looked at once each, however many rows they stand in. A text column becomes the most
special kind that all of its texts fit; a few that do not fit may stand among numbers and dates.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from gansmith.modalities.table.cells import MISSING, cells_of, microseconds, number, parsed
from gansmith.modalities.table.schema import Cells, Column

TRUTHS = (("False", "True"), ("false", "true"), ("FALSE", "TRUE"), ("f", "t"), ("F", "T"))
# Codes such as 00501, which lose their zeros as numbers.
CODE = re.compile(r"[+-]?0\d+")
ID_NAME = re.compile(r"(^|[^a-z])(id|ids|uuid|guid|key|pk|index|rowid|idnum|nr|num)$")
MOST_SPECIALS = 10
LEAST_FITTING = 0.9
LEAST_NUMBERS = 20
MOST_EXACT = 2.0**53
# More levels than these are texts; fewer are categories.
MOST_LEVELS = 200
# A text that differs in nearly every row is made anew by its pattern.
UNIQUE_SHARE, LEAST_FOR_ID, MOST_PATTERNS = 0.95, 20, 50
MOST_LOOKED_AT = 200
FORMATS = (
    "%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ",
    "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S.%fZ",
    "%Y-%m-%d %H:%M:%S%z", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%d %H:%M:%S.%f%z",
    "%Y-%m-%dT%H:%M:%S.%f%z", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y/%m/%d", "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M", "%d.%m.%Y", "%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S", "%m/%d/%Y",
    "%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%d/%m/%Y", "%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S",
    "%d-%m-%Y", "%d-%m-%Y %H:%M:%S", "%d-%b-%Y", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y",
    "%b-%Y", "%b %Y", "%B %Y", "%H:%M:%S", "%H:%M",
)  # fmt: skip

Numbers = npt.NDArray[np.int64]


def infer_texts(
    name: str, levels: Sequence[str], rows: Numbers, key: bool = False
) -> tuple[Column, Cells]:
    """A column of texts, as in a CSV file.

    Args:
        name: of the column.
        levels: the different texts.
        rows: (N,) number of each row's text among them; -1 where the cell is missing.
        key: a database says that it names the rows.

    Returns:
        The column, and its cells (N,).
    """
    seen = _Texts(name, levels, rows, key)
    column = _column(seen)
    return column, spread(cells_of(column, levels), rows)


def spread(of_levels: Cells, rows: Numbers) -> Cells:
    """(N,) cells from those of the different texts; NaN where a row has none (-1)."""
    return np.append(of_levels, np.nan)[rows]


def _column(seen: _Texts) -> Column:
    if not seen.counts[~seen.blank].sum():
        return Column(seen.name, "empty")
    for kind in (_constant, _boolean, _number, _datetime, _id):
        found = kind(seen)
        if found is not None:
            return found
    return _levels(seen)


class _Texts:
    """A column of texts with what several kinds ask about it.

    Attributes:
        stripped: the different texts without spaces around them.
        known: which of them are no missing cell, in a column of numbers or dates.
    """

    def __init__(self, name: str, levels: Sequence[str], rows: Numbers, key: bool) -> None:
        self.name, self.levels, self.rows, self.key = name, levels, rows, key
        self.counts = np.bincount(rows[rows >= 0], minlength=len(levels))
        self.stripped = [text.strip() for text in levels]
        self.blank = np.array([not text for text in self.stripped], bool).reshape(-1)
        self.known = np.array([text.lower() not in MISSING for text in self.stripped], bool)

    @property
    def some_missing(self) -> bool:
        """Whether a cell is absent or blank."""
        return bool((self.rows < 0).any() or self.counts[self.blank].any())

    @property
    def some_unknown(self) -> bool:
        """Whether a cell is missing for a column of numbers or dates."""
        return bool((self.rows < 0).any() or self.counts[~self.known].any())


def _constant(seen: _Texts) -> Column | None:
    there = np.flatnonzero(~seen.blank & (seen.counts > 0)).tolist()
    if len(there) > 1 or seen.some_missing:
        return None
    return Column(seen.name, "constant", levels=(seen.levels[there[0]],))


def _boolean(seen: _Texts) -> Column | None:
    texts = {text for text, blank in zip(seen.stripped, seen.blank, strict=True) if not blank}
    for pair in TRUTHS:
        if texts == set(pair):
            return Column(seen.name, "boolean", levels=pair, missing=seen.some_missing)
    return None


def _specials(seen: _Texts, fits: npt.NDArray[np.bool_]) -> list[int] | None:
    """Texts that are known and do not fit; None where they are too many."""
    others = np.flatnonzero(seen.known & ~fits & (seen.counts > 0))
    share = seen.counts[fits].sum() / max(seen.counts[seen.known].sum(), 1)
    if len(others) > MOST_SPECIALS or share < LEAST_FITTING:
        return None
    if len(others) and fits.sum() < LEAST_NUMBERS:
        return None
    return sorted(int(i) for i in others)


def _number(seen: _Texts) -> Column | None:
    fits = np.array([number(text) is not None for text in seen.stripped], bool)
    others = _specials(seen, fits) if fits.any() else None
    if others is None:
        return None
    texts = [text for text, fit in zip(seen.stripped, fits, strict=True) if fit]
    values = np.array([float(text) for text in texts])
    integer = bool((values == np.rint(values)).all())
    too_large = integer and bool((np.abs(values) >= MOST_EXACT).any())
    if too_large or any(CODE.fullmatch(text) for text in texts):
        return None
    if integer and fits.all() and counts_on(seen.name, values, len(seen.rows), seen.key):
        return Column(seen.name, "id", ("1",))
    return Column(
        seen.name,
        "number",
        specials=tuple(seen.stripped[i] for i in others),
        missing=seen.some_unknown,
        integer=integer,
        decimals=_decimals(texts),
        low=float(values.min()),
        high=float(values.max()),
    )


def _decimals(texts: Sequence[str]) -> int | None:
    """Digits after the point at most; None for numbers with exponents or of full precision."""
    most = 0
    for text in texts:
        if "e" in text or "E" in text:
            return None
        most = max(most, len(text.partition(".")[2]))
    return most if most <= 12 else None


def counts_on(name: str, values: Cells, num_rows: int, key: bool = False) -> bool:
    """Whether whole numbers only name rows: all different, and without gaps, so called or a key."""
    if num_rows < LEAST_FOR_ID or len(np.unique(values)) < num_rows:
        return False
    return bool(values.max() - values.min() == num_rows - 1 or key or _called_id(name))


def _called_id(name: str) -> bool:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)  # customerID, rowId
    return bool(ID_NAME.search(spaced.lower().strip()))


def _datetime(seen: _Texts) -> Column | None:
    known = [t for t, k, c in zip(seen.stripped, seen.known, seen.counts, strict=True) if k and c]
    digits = [text for text in known if any(character.isdigit() for character in text)]
    for form in _fitting_formats(digits):
        times = [parsed(text, form) for text in seen.stripped]
        fits = np.array([time is not None for time in times], bool)
        others = _specials(seen, fits)
        if others is None:
            continue
        values = [microseconds(time) for time in times if time is not None]
        return Column(
            seen.name,
            "datetime",
            specials=tuple(seen.stripped[i] for i in others),
            missing=seen.some_unknown,
            low=min(values),
            high=max(values),
            format=form,
            offset_minutes=0 if form.endswith("Z") else _offset(times, seen.counts),
        )
    return None


def _fitting_formats(texts: Sequence[str]) -> list[str]:
    """Formats that most of some of the texts have, the likeliest first."""
    some = texts[:: max(1, len(texts) // MOST_LOOKED_AT)]
    if not some:
        return []
    counts = Counter({
        form: sum(parsed(text, form) is not None for text in some) for form in FORMATS
    })  # fmt: skip
    return [form for form, count in counts.most_common() if count >= LEAST_FITTING * len(some)]


def _offset(times: Sequence[datetime | None], counts: Numbers) -> int | None:
    """Minutes of the commonest time zone from UTC; None where there are no zones."""
    found: Counter[int] = Counter()
    for time, count in zip(times, counts, strict=True):
        if time is not None and time.tzinfo is not None:
            offset = time.utcoffset() or timedelta()
            found[int(offset.total_seconds() // 60)] += int(count)
    return found.most_common(1)[0][0] if found else None


def _id(seen: _Texts) -> Column | None:
    """Texts that differ in nearly every row are no levels: they are made anew by their patterns."""
    n = int(seen.counts[~seen.blank].sum())
    different = int((seen.counts[~seen.blank] > 0).sum())
    if n < LEAST_FOR_ID or different < UNIQUE_SHARE * n:
        return None
    texts = [text for text, blank in zip(seen.stripped, seen.blank, strict=True) if not blank]
    patterns = Counter(pattern_of(text) for text in texts).most_common(MOST_PATTERNS)
    return Column(seen.name, "id", tuple(p for p, _ in patterns), missing=seen.some_missing)


def pattern_of(text: str) -> str:
    """Letters become a or A, digits 9; all else stands for itself.

    >>> pattern_of("17-00Xb")
    '99-99Aa'
    """
    lower = re.sub(r"[a-z]", "a", re.sub(r"[A-Z]", "A", text))
    return re.sub(r"\d", "9", lower)


def _levels(seen: _Texts) -> Column:
    """A category, or a text where there are many different ones; the commonest level first."""
    there = np.flatnonzero(~seen.blank & (seen.counts > 0)).tolist()
    order = sorted(there, key=lambda i: (-seen.counts[i], seen.levels[i]))
    return Column(
        seen.name,
        "category" if len(order) <= MOST_LEVELS else "text",
        levels=tuple(seen.levels[i] for i in order),
        missing=seen.some_missing,
    )
