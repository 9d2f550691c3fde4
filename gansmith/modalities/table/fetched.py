"""What a database's driver hands over, as a table of Arrow with the types that its values have.

Rows come in pieces, each of which becomes columns of Arrow at once. A column has the type that
all of its pieces fit: numbers where there are whole ones and others, and texts, as a CSV file would
have them, where there is no such type, as among the loosely typed columns of SQLite.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from gansmith.modalities.table.inference import MOST_EXACT
from gansmith.modalities.table.reading import arrow

if TYPE_CHECKING:
    import pyarrow as pa

Values = Sequence[Any]

BYTES = (bytes, bytearray, memoryview)
# What these are called where they are said to be taken as texts; others by the name of their type.
SAID = {list: "lists", tuple: "rows", set: "sets", dict: "JSON", timedelta: "durations"}


class Pieces:
    """A column that grows.

    Args:
        name: of the column.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._kinds: set[type] = set()
        self._pieces: list[pa.Array] = []

    def add(self, values: Values) -> None:
        """Put values at its end; None is a missing one."""
        kinds = set(map(type, values)) - {type(None)}
        self._kinds |= kinds
        self._pieces.append(_typed(values, kinds))

    @property
    def holds_bytes(self) -> bool:
        """Whether any value is of bytes, which have no place in a table."""
        return any(issubclass(kind, BYTES) for kind in self._kinds)

    @property
    def as_texts(self) -> str:
        """What is taken as texts here, being neither texts nor of a type that a column can have."""
        others = self._kinds - _TYPED - {UUID}
        said = {SAID.get(kind, f"values of the type {kind.__name__}") for kind in others}
        return " and ".join(sorted(said))

    def whole(self, *, truths: bool) -> pa.ChunkedArray:
        """The column. Its pieces are let go.

        Args:
            truths: the database calls it boolean, so that 0 and 1 are truth values.
        """
        pa = arrow()
        import pyarrow.compute as pc

        pieces, self._pieces = self._pieces, []
        wanted = _common(pieces)
        column = pa.chunked_array([_cast(piece, wanted) for piece in pieces], wanted)
        if wanted == pa.float64():
            return pc.add(column, 0.0)  # -0.0 becomes 0.0, since sorting cannot tell them apart
        if truths and wanted == pa.int64() and set(column.unique().to_pylist()) <= {0, 1, None}:
            return column.cast(pa.bool_())
        return column


def _typed(values: Values, kinds: AbstractSet[type]) -> pa.Array:
    """One piece. Of values that no type fits together, or that it cannot hold, texts."""
    pa = arrow()
    make = next((make for fit, make in _MAKERS if kinds <= fit), None)
    try:
        return pa.nulls(len(values)) if not kinds else make(values) if make else _texts(values)
    except (pa.ArrowException, OverflowError, ValueError):
        return _texts(values)


def _of(type_name: str) -> Callable[[Values], pa.Array]:
    return lambda values: arrow().array(values, getattr(arrow(), type_name)())


def _numbers(values: Values) -> pa.Array:
    """Whole numbers where all are whole, as keys are in some databases, else floats.

    Where a float could not tell whole numbers apart, none of them is one: that is an OverflowError.
    """
    known = [value for value in values if value is not None]
    if all(_is_whole(value) for value in known):
        whole = [None if value is None else int(value) for value in values]
        return arrow().array(whole, arrow().int64())
    if any(math.isfinite(v) and abs(v) >= MOST_EXACT for v in known if type(v) is not float):
        raise OverflowError
    return arrow().array([None if v is None else float(v) for v in values], arrow().float64())


def _is_whole(value: float | Decimal) -> bool:
    return type(value) is not float and math.isfinite(value) and value == int(value)


def _datetimes(values: Values) -> pa.Array:
    """With a time zone all, as moments in UTC, or without one all."""
    zones = {value.tzinfo is not None for value in values if value is not None}
    if len(zones) > 1:
        return _texts(values)
    return arrow().array(values, arrow().timestamp("us", tz="UTC" if zones == {True} else None))


def _times(values: Values) -> pa.Array:
    if any(value is not None and value.tzinfo is not None for value in values):
        return _texts(values)
    return arrow().array(values, arrow().time64("us"))


# The first that all values fit makes the piece. In Python a boolean is a whole number; here it is
# not, since types are compared and not asked.
_MAKERS: tuple[tuple[frozenset[type], Callable[[Values], Any]], ...] = (
    (frozenset({bool}), _of("bool_")),
    (frozenset({int}), _of("int64")),
    (frozenset({float}), _of("float64")),
    (frozenset({int, float, Decimal}), _numbers),
    (frozenset({str}), _of("string")),
    (frozenset({date}), _of("date32")),
    (frozenset({datetime}), _datetimes),
    (frozenset({time}), _times),
)
_TYPED = frozenset().union(*(fit for fit, _ in _MAKERS))


def _texts(values: Values) -> pa.Array:
    return arrow().array([None if v is None else _text(v) for v in values], arrow().string())


def _text(value: Any) -> str:
    """As it would stand in a CSV file, a whole number the same whether it is a float or not; what
    has parts, as JSON.
    """
    if isinstance(value, float | Decimal):
        value = Decimal(value)
        return str(int(value)) if _is_whole(value) else str(float(value))
    if isinstance(value, set | frozenset):
        value = sorted(value, key=str)
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def _common(pieces: Sequence[pa.Array]) -> pa.DataType:
    """The type that all pieces fit, which does not depend on how rows were put into pieces."""
    pa = arrow()
    import pyarrow.compute as pc

    types = {piece.type for piece in pieces} - {pa.null()}
    if len(types) <= 1:
        return types.pop() if types else pa.null()
    if types != {pa.int64(), pa.float64()}:
        return pa.string()
    bounds = [pc.min_max(piece).as_py().values() for piece in pieces if piece.type == pa.int64()]
    large = any(abs(bound) >= MOST_EXACT for both in bounds for bound in both)
    return pa.string() if large else pa.float64()


def _cast(piece: pa.Array, wanted: pa.DataType) -> pa.Array:
    pa = arrow()
    if wanted == pa.string() and piece.type not in {pa.string(), pa.null()}:
        return _texts(piece.to_pylist())
    return piece.cast(wanted, safe=False)


def in_order(names: Sequence[str], columns: list[pa.ChunkedArray]) -> pa.Table:
    """The table, its rows sorted by their columns from left to right.

    A database may give rows in any order; two tables of equal rows become equal.

    Args:
        names: of the columns.
        columns: sorted in place, one after the other, so that only one is there twice.
    """
    pa = arrow()
    import pyarrow.compute as pc

    whole = pa.table(columns, [str(i) for i in range(len(names))])
    keys = [(field.name, "ascending") for field in whole.schema if not pa.types.is_null(field.type)]
    if keys:
        order = pc.sort_indices(whole, sort_keys=keys)
        del whole
        for i, column in enumerate(columns):
            columns[i] = column.take(order)
    return pa.table(columns, names)
