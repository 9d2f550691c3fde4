"""Words, texts and signs of a line that somebody typed: a condition, or a constraint."""

from __future__ import annotations

import re
from collections.abc import Callable

from gansmith.errors import UserError

TOKEN = re.compile(
    r"""\s*(?:(?P<text>'(?:[^']|'')*')|(?P<name>"(?:[^"]|"")*"|`[^`]*`)|(?P<op><=|>=|!=|<>|==|=|<|>)"""
    r"""|(?P<mark>[(),])|(?P<word>[^\s'"`<>=!(),]+))"""
)
KEYWORDS = frozenset({"and", "or", "in", "is", "not"})

Token = tuple[str, str]


def tokens(text: str, unclear: Callable[[str, str], UserError]) -> list[Token]:
    """(kind, value) of each part: ``text`` in single quotes, ``name`` in double ones, ``op``,
    ``mark`` for brackets and commas, ``word``.

    Args:
        text: what was typed.
        unclear: (text, why) -> the error for what is none of these.
    """
    found, place = [], 0
    text = text.strip()
    while place < len(text):
        match = TOKEN.match(text, place)
        if match is None or match.end() == place:
            raise unclear(text, f"there is {text[place]!r} at place {place + 1}")
        place = match.end()
        kind = str(match.lastgroup)
        value = str(match.group(kind))
        if kind == "text":
            value = value[1:-1].replace("''", "'")
        elif kind == "name":
            value = value[1:-1].replace('""', '"')
        elif kind == "word" and value.lower() in KEYWORDS:
            value = value.lower()
        found.append((kind, {"==": "=", "<>": "!="}.get(value, value) if kind == "op" else value))
    return found
