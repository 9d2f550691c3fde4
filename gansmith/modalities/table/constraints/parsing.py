"""From what was typed to a constraint on the columns of a table."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gansmith.errors import ConfigError, UserError, did_you_mean
from gansmith.modalities.table.cells import cells_of
from gansmith.modalities.table.constraints.kinds import (
    FALSE,
    TRUE,
    Combination,
    Constraint,
    Inequality,
    OneOf,
    Sum,
    Term,
    Unique,
)
from gansmith.modalities.table.schema import Column, are_values
from gansmith.modalities.table.tokens import Token, tokens

GROUPS: dict[str, type[Combination] | type[Unique]] = {
    "combination": Combination, "one-of": OneOf, "unique": Unique,
}  # fmt: skip
EXAMPLE = (
    'For example "start <= end", "age >= 18", "total = net + tax", "combination(city, state)", '
    '"one-of(a, b)" or "unique(order)". Names with spaces stand in double quotes.'
)


def parse(text: str, columns: Sequence[Column]) -> Constraint:
    """A constraint.

    Args:
        text: ``start <= end``, ``total = a + b``, ``combination(a, b)``, ``one-of(a, b)``,
            ``unique(a)``.
        columns: of the table.

    Raises:
        ConfigError: if it cannot be understood, names a column that does not exist, or asks of a
            column what its kind cannot give.
    """
    return _Parser(text, columns).constraint()


def unclear(text: str, why: str) -> ConfigError:
    """The error for what cannot be understood."""
    return ConfigError(
        f"This constraint cannot be understood: {why}.", where=_where(text), fix=EXAMPLE
    )


def _where(text: str) -> str:
    return f"constraint: {text}"


class _Parser:
    def __init__(self, text: str, columns: Sequence[Column]) -> None:
        self.text, self.columns = text, columns
        self.names = {column.name: place for place, column in enumerate(columns)}
        self.words = [
            part for word in tokens(text, _unclear_condition) for part in self._apart(word)
        ]

    def _apart(self, token: Token) -> list[Token]:
        """``a+b`` as three words, where these are columns and the whole is none."""
        kind, word = token
        parts = [part for part in re.split(r"([+-])", word) if part]
        known = all(part in "+-" or part in self.names for part in parts)
        if kind != "word" or word in self.names or len(parts) < 2 or not known:
            return [token]
        return [("word", part) for part in parts]

    def constraint(self) -> Constraint:
        words = self.words
        if len(words) > 1 and words[0][0] == "word" and words[1] == ("mark", "("):
            return self._group()
        signs = [i for i, (kind, _) in enumerate(words) if kind == "op"]
        if len(signs) != 1:
            why = "it compares nothing" if not signs else "it compares more than once"
            raise unclear(self.text, why)
        left, sign, right = words[: signs[0]], words[signs[0]][1], words[signs[0] + 1 :]
        if sign == "!=":
            raise unclear(self.text, "only <, <=, >, >= and = compare columns")
        if sign == "=":
            return self._sum(left, right)
        return self._inequality(left, sign, right)

    # -- columns -----------------------------------------------------------------------------------

    def _column(self, token: Token) -> int:
        kind, name = token
        if kind not in {"word", "name"} or name in "+-":
            raise unclear(self.text, f"{name!r} stands where a column should")
        if name not in self.names:
            raise ConfigError(
                f"There is no column {name!r}.",
                where=_where(self.text),
                fix=did_you_mean(name, self.names),
            )
        return self.names[name]

    def _wrong(self, place: int, why: str, fix: str | None = None) -> ConfigError:
        column = self.columns[place]
        return ConfigError(
            f"{column.name!r} {why}: it holds {column.describe()}.",
            where=_where(self.text),
            fix=fix or "If it holds something else, say so in a schema (--schema).",
        )

    # -- combination, one-of, unique ---------------------------------------------------------------

    def _group(self) -> Constraint:
        word = self.words[0][1].lower().replace("_", "-")
        if word not in GROUPS:
            raise ConfigError(
                f"There is no constraint {word!r}.",
                where=_where(self.text),
                fix=did_you_mean(word, GROUPS),
            )
        inside = self.words[2:-1]
        if self.words[-1] != ("mark", ")") or any(t != ("mark", ",") for t in inside[1::2]):
            raise unclear(self.text, "its columns stand in brackets, with commas between them")
        places = tuple(self._column(token) for token in inside[::2])
        if len(set(places)) < len(places):
            raise unclear(self.text, "it names a column twice")
        least = 1 if word == "unique" else 2
        if len(places) < least:
            raise unclear(self.text, f"it needs at least {least} columns")
        for place in places:
            self._require_member(word, place)
        return GROUPS[word](self.text, places)

    def _require_member(self, word: str, place: int) -> None:
        column = self.columns[place]
        if word == "combination" and column.kind == "id":
            raise self._wrong(place, "cannot stand in a combination")
        if word == "unique" and column.kind in {"constant", "empty"}:
            raise self._wrong(place, "cannot tell rows apart")
        if word != "one-of":
            return
        texts = [level.strip().lower() for level in column.levels]
        is_truth = (
            column.kind in {"boolean", "empty"}
            or (column.kind == "number" and column.integer)
            or (column.kind == "constant" and texts[0] in TRUE | FALSE)
        )
        if not is_truth:
            fix = (
                'Say which text means what in a schema: "kind": "boolean", "levels": ["No", "Yes"]'
            )
            raise self._wrong(place, "is no truth value", fix)

    # -- comparisons -------------------------------------------------------------------------------

    def _inequality(self, left: list[Token], sign: str, right: list[Token]) -> Constraint:
        for side in (left, right):
            if len(side) != 1:
                raise unclear(self.text, "on each side stands one column, or a number or date")
        low, high = (left[0], right[0]) if sign in {"<", "<="} else (right[0], left[0])
        places = [self._ordered(self.names[t[1]]) for t in (low, high) if self._is_column(t)]
        if not places:
            raise self._no_column(low, high)
        like = self.columns[places[0]]
        terms = [self._term(token, like) for token in (low, high)]
        self._require_comparable(places)
        return Inequality(self.text, tuple(places), terms[0], terms[1], sign in {"<", ">"})

    def _is_column(self, token: Token) -> bool:
        return token[0] in {"word", "name"} and token[1] in self.names

    def _no_column(self, low: Token, high: Token) -> ConfigError:
        words = [word for kind, word in (low, high) if kind != "text" and not word[:1].isdigit()]
        fix = did_you_mean(words[0], self.names) if words else EXAMPLE
        return ConfigError("It names no column.", where=_where(self.text), fix=fix)

    def _ordered(self, place: int) -> int:
        if self.columns[place].kind not in {"number", "datetime", "constant", "empty"}:
            raise self._wrong(place, "has no order")
        return place

    def _term(self, token: Token, like: Column) -> Term:
        """A column, or a number or date in the terms of the other side."""
        kind, word = token
        if self._is_column(token):
            column = self.columns[self.names[word]]
            return self._constant(column) if column.kind == "constant" else Term(self.names[word])
        if kind == "name":
            self._column(token)
        typed = Column("", "number") if like.kind in {"constant", "empty"} else like
        cell = cells_of(Column("", typed.kind, format=typed.format), [word])
        if not are_values(cell).all():
            if kind == "word" and did_you_mean(word, self.names).startswith("Did"):
                self._column(token)
            what = "number" if typed.kind == "number" else f"date as {typed.format}"
            raise ConfigError(
                f"{word!r} is neither a column nor a {what}.",
                where=_where(self.text),
                fix=did_you_mean(word, self.names),
            )
        return Term(None, float(cell[0]))

    def _constant(self, column: Column) -> Term:
        cell = cells_of(Column("", "number"), [column.levels[0]])
        if not are_values(cell).all():
            raise self._wrong(self.names[column.name], "has no order")
        return Term(None, float(cell[0]))

    def _require_comparable(self, places: list[int]) -> None:
        kinds = {}
        for place in places:
            column = self.columns[place]
            dated = "%d" in column.format or "%Y" in column.format
            time = "dates" if dated else "times of day"
            what = {"datetime": time, "empty": None}.get(column.kind, "numbers")
            if what is not None:
                kinds[what] = column
        if len(kinds) > 1:
            (one, a), (other, b) = list(kinds.items())[:2]
            raise ConfigError(
                f"{a.name!r} holds {one} and {b.name!r} {other}, which do not compare.",
                where=_where(self.text),
            )

    # -- sums --------------------------------------------------------------------------------------

    def _sum(self, left: list[Token], right: list[Token]) -> Constraint:
        if len(right) == 1 and len(left) > 1:
            left, right = right, left
        if len(left) != 1 or not right:
            raise unclear(self.text, "on one side of = stands one column alone")
        total = self._number(left[0])
        if self.columns[total].kind == "constant":
            raise self._wrong(total, "is no sum of others")
        parts: list[tuple[int, Term]] = []
        rest = right if right[0][1] in {"+", "-"} else [("word", "+"), *right]
        if len(rest) % 2 or any(token[1] not in {"+", "-"} for token in rest[::2]):
            raise unclear(self.text, "a sum is columns with + and - between them")
        for (_, sign), token in zip(rest[::2], rest[1::2], strict=True):
            place = self._number(token)
            column = self.columns[place]
            term = self._constant(column) if column.kind == "constant" else Term(place)
            parts.append((1 if sign == "+" else -1, term))
        own = {term.place for _, term in parts if term.place is not None}
        if total in own:
            raise ConfigError(
                f"{self.columns[total].name!r} stands on both sides.", where=_where(self.text)
            )
        return Sum(self.text, (total, *sorted(own)), total, tuple(parts))

    def _number(self, token: Token) -> int:
        place = self._column(token)
        if self.columns[place].kind not in {"number", "constant", "empty"}:
            raise self._wrong(place, "cannot be added up")
        return place


def _unclear_condition(text: str, why: str) -> UserError:
    return unclear(text, why)
