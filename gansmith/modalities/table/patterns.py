"""Patterns of ids: the texts that a regular expression matches, counted, numbered, and found again.

A pattern is a part of the language of regular expressions: letters and signs for themselves,
``[A-Z0-9_]``, ``\\d`` (0 to 9), ``\\w`` (letters without accents, digits, underscore), ``?``,
``{3}``, ``{2,5}``, groups and ``|``; a sign with a meaning of its own stands behind a backslash.
What has no end, such as ``*``, has no part in it, so that all its texts can be counted.

It becomes a deterministic automaton without circles (Glushkov 1961; Rabin and Scott 1959). So each
text has one way through it, however many ways the pattern has to match it; and how many texts there
are from each state on gives each text a number, and each number a text.
"""

from __future__ import annotations

import string
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby

from gansmith.errors import ConfigError

DIGITS, WORDS = string.digits, string.ascii_letters + string.digits + "_"
ESCAPES = {"d": frozenset(DIGITS), "w": frozenset(WORDS)}
SIGNS = set("\\.*+?{}[]()|^$")
MOST_PLACES, MOST_STATES = 300, 5_000
SUPPORTED = r"A pattern is made of letters and signs, [A-Z0-9], \d, \w, ?, {3}, {2,5}, ( ) and |."

Characters = frozenset[str]


@dataclass
class _Part:
    """Of a pattern: the places that may come first and last, and whether it may be left out."""

    empty: bool
    first: list[int] = field(default_factory=list)
    last: list[int] = field(default_factory=list)


class _Reader:
    """Reads a pattern into places, each with the characters it may be, and what follows which."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.characters: list[Characters] = []
        self.follow: list[set[int]] = []

    def whole(self) -> _Part:
        self.at = int(self.text.startswith("^"))
        part = self.alternatives()
        if self._next() == "$" and self.at == len(self.text) - 1:
            self.at += 1
        if self.at < len(self.text):
            raise self.wrong(f"{self.text[self.at]!r} has nothing to close")
        if part.empty:
            raise self.wrong("it also matches an empty text, which would be a missing cell")
        return part

    def wrong(self, why: str) -> ConfigError:
        return ConfigError(
            f"This pattern cannot be used: {why}.",
            where=f"pattern: {self.text}, at place {self.at + 1}",
            fix=SUPPORTED,
        )

    def _next(self) -> str:
        return self.text[self.at : self.at + 1]

    def alternatives(self) -> _Part:
        part = self.sequence()
        while self._next() == "|":
            self.at += 1
            other = self.sequence()
            part = _Part(
                part.empty or other.empty, part.first + other.first, part.last + other.last
            )
        return part

    def sequence(self) -> _Part:
        part = _Part(empty=True)
        while self._next() and self._next() not in "|)$":
            part = self._joined(part, self.repeated())
        return part

    def _joined(self, left: _Part, right: _Part) -> _Part:
        for place in left.last:
            self.follow[place].update(right.first)
        return _Part(
            left.empty and right.empty,
            left.first + (right.first if left.empty else []),
            right.last + (left.last if right.empty else []),
        )

    def repeated(self) -> _Part:
        start = self.at
        part = self.single()
        least, most = self._times()
        end = self.at
        made = _Part(empty=True)
        for number in range(most):
            if number:  # each time has places of its own
                self.at = start
                part = self.single()
            optional = _Part(part.empty or number >= least, part.first, part.last)
            made = self._joined(made, optional)
        self.at = end
        return made

    def _times(self) -> tuple[int, int]:
        sign = self._next()
        if sign in {"*", "+"}:
            raise self.wrong(f"{sign!r} has no end; say how many there may be, such as {{1,8}}")
        if sign == "?":
            self.at += 1
            return self._once_only((0, 1))
        if sign != "{":
            return 1, 1
        inside, closed, _ = self.text[self.at + 1 :].partition("}")
        least, comma, most = inside.partition(",")
        if not closed or not least.isdecimal() or (comma and not most.isdecimal()):
            raise self.wrong("in {} stands a number, or two with a comma between them")
        times = int(least), int(most or least)
        if times[1] < max(times[0], 1) or times[1] > MOST_PLACES:
            raise self.wrong(f"{{{inside}}} is no number of times")
        self.at += len(inside) + 2
        return self._once_only(times)

    def _once_only(self, times: tuple[int, int]) -> tuple[int, int]:
        if self._next() and self._next() in "?*+{":
            raise self.wrong(f"{self._next()!r} follows on another number of times")
        return times

    def single(self) -> _Part:
        sign = self._next()
        self.at += 1
        if sign == "(":
            return self._group()
        if sign == "[":
            return self._place(self._class())
        if sign == "\\":
            return self._place(self._escaped())
        if sign in SIGNS:
            self.at -= 1
            why = "say which characters '.' may be, such as [A-Z0-9]" if sign == "." else (
                f"{sign!r} stands where a character should; for itself it is written \\{sign}"
            )  # fmt: skip
            raise self.wrong(why)
        return self._place(frozenset(sign))

    def _group(self) -> _Part:
        if self.text.startswith("?:", self.at):
            self.at += 2
        elif self._next() == "?":
            raise self.wrong("a group that begins with (? is not known, but for (?:")
        part = self.alternatives()
        if self._next() != ")":
            raise self.wrong("a bracket is not closed")
        self.at += 1
        return part

    def _escaped(self) -> Characters:
        sign = self._next()
        if sign in ESCAPES:
            self.at += 1
            return ESCAPES[sign]
        if not sign or sign.isalnum():
            raise self.wrong(f"\\{sign} is not known")
        self.at += 1
        return frozenset(sign)

    def _class(self) -> Characters:
        if self._next() == "^":
            raise self.wrong("say which characters there may be, not which there may not")
        found: set[str] = set()
        while self._next() != "]":
            if not self._next():
                raise self.wrong("a [ is not closed")
            found |= self._range()
        self.at += 1
        if not found:
            raise self.wrong("[] holds no character")
        return frozenset(found)

    def _range(self) -> Characters:
        start = self._one_of_class()
        after = self.text[self.at : self.at + 2]
        if len(start) > 1 or not after.startswith("-") or after == "-]":
            return start
        self.at += 1
        end = self._one_of_class()
        low, high = min(start), min(end)
        if len(end) > 1 or ord(high) < ord(low):
            raise self.wrong(f"{low}-{high} is no range")
        return frozenset(map(chr, range(ord(low), ord(high) + 1)))

    def _one_of_class(self) -> Characters:
        sign = self._next()
        if not sign:
            raise self.wrong("a [ is not closed")
        self.at += 1
        return self._escaped() if sign == "\\" else frozenset(sign)

    def _place(self, characters: Characters) -> _Part:
        place = len(self.characters)
        if place == MOST_PLACES:
            raise self.wrong(f"it is longer than {MOST_PLACES} characters")
        self.characters.append(characters)
        self.follow.append(set())
        return _Part(False, [place], [place])


@dataclass(frozen=True)
class _State:
    """Of the automaton.

    Attributes:
        ends: whether a text may end here.
        edges: (characters that lead on, state they lead to, texts from there on), in order.
        count: texts from here on.
    """

    ends: bool
    edges: tuple[tuple[str, int, int], ...]
    count: int


class Pattern:
    """All texts that a regular expression matches, each with a number.

    Args:
        text: the expression.

    Attributes:
        capacity: how many texts there are.

    Raises:
        ConfigError: for what is no such expression, or one too large.

    >>> colours = Pattern("[A-C]-(red|blue)")
    >>> colours.capacity, colours.text(5), colours.number("C-red")
    (6, 'C-red', 5)
    """

    def __init__(self, text: str) -> None:
        reader = self._reader = _Reader(text)
        whole = reader.whole()
        self._last = frozenset(whole.last)
        self._states: list[_State | None] = []
        self._numbers: dict[frozenset[int], int] = {}
        self._start = self._state(frozenset(whole.first), ends=False)
        self.capacity = self._at(self._start).count

    def _state(self, following: frozenset[int], *, ends: bool) -> int:
        """The state in which these places may come next; made if it is new."""
        key = following | {-1} if ends else following
        if key in self._numbers:
            return self._numbers[key]
        number = self._numbers[key] = len(self._states)
        if number == MOST_STATES:
            raise self._reader.wrong("it has too many ways to match")
        self._states.append(None)
        places: dict[str, list[int]] = {}
        for place in sorted(following):
            for character in self._reader.characters[place]:
                places.setdefault(character, []).append(place)
        edges = []
        for reached, run in groupby(sorted(places), key=lambda c: tuple(places[c])):
            after: Iterable[int] = (p for place in reached for p in self._reader.follow[place])
            to = self._state(frozenset(after), ends=not self._last.isdisjoint(reached))
            edges.append(("".join(run), to, self._at(to).count))
        count = ends + sum(len(characters) * each for characters, _, each in edges)
        self._states[number] = _State(ends, tuple(edges), count)
        return number

    def _at(self, number: int) -> _State:
        state = self._states[number]
        assert state is not None, "an automaton of texts that end has no circles"
        return state

    def text(self, number: int) -> str:
        """The text of a number in [0, capacity)."""
        state, made = self._at(self._start), list[str]()
        while True:
            if state.ends:
                if number == 0:
                    return "".join(made)
                number -= 1
            for characters, to, each in state.edges:
                if number < len(characters) * each:
                    which, number = divmod(number, each)
                    made.append(characters[which])
                    state = self._at(to)
                    break
                number -= len(characters) * each

    def number(self, text: str) -> int | None:
        """The number of a text; None where the pattern does not match it."""
        state, found = self._at(self._start), 0
        for character in text:
            found += state.ends
            for characters, to, each in state.edges:
                which = characters.find(character)
                if which >= 0:
                    found += which * each
                    state = self._at(to)
                    break
                found += len(characters) * each
            else:
                return None
        return found if state.ends else None


@lru_cache(maxsize=64)
def pattern(text: str) -> Pattern:
    """The pattern of an expression; the same one again for the same expression."""
    return Pattern(text)
