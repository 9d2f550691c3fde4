"""Addresses of databases, ``postgresql://user@host/shop::orders``: their parts, without secrets.

A password is taken out of an address before anything is opened, stored or shown. It is kept in the
memory of the process alone, so that what was given once can be opened again, as by the workers of a
training or by an evaluation after it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from urllib.parse import unquote, unquote_plus

# Not the one within the host [::1].
MARK = re.compile(r"::(?![\w:.%]*\])")
ADDRESS = re.compile(r"[A-Za-z][\w+.-]*://")
WEB = ("http://", "https://", "ftp://", "s3://", "gs://")
# Whoever writes a password as it is, without %40 for @, may have any character in it: it goes to
# the last @ before a space. One with spaces of its own goes to the first @, and does not begin as a
# port does, since a query may have an @ in it.
PASSWORD = re.compile(
    r"([A-Za-z][\w+.-]*:/+[^:/\[]*):(?!:)(\S*|(?!\d+(?:[/?]|::))[^@]*)@", re.DOTALL
)
# All that only reads begins so; comments and parentheses may stand before.
QUERY = re.compile(r"(?:\s|\(|--[^\n]*\n|/\*.*?\*/)*(?:select|with|values)\b", re.I | re.S)
WITHIN_TEXT = re.compile(r"([A-Za-z][\w+.-]*:/+[^:/\s\[]*):(?!:)\S+@")
SECRET_PARAMETER = re.compile(
    r"([?&])([^=&?]*(?:password|passwd|pwd|secret|token|credential|odbc_connect)[^=&]*)=([^&]*)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Secrets:
    """What was taken out of an address.

    Attributes:
        password: of the user; None where there was none.
        parameters: behind the question mark, by name.
    """

    password: str | None = field(repr=False)
    parameters: Mapping[str, str] = field(repr=False)


_known: dict[str, Secrets] = {}


def is_address(source: str) -> bool:
    """Whether a source is named by the address of a database.

    >>> is_address("sqlite:///people.db::people"), is_address("people.db"), is_address("hf:a/b")
    (True, False, False)
    """
    return ADDRESS.match(source) is not None and not source.lower().startswith(WEB)


def split(source: str) -> tuple[str, str]:
    """The database, and what is wanted of it: a table or a query; empty where nothing is named.

    >>> split("postgresql://u@[::1]:5432/shop::select a::int from t")
    ('postgresql://u@[::1]:5432/shop', 'select a::int from t')
    """
    login = PASSWORD.match(source)
    mark = MARK.search(source, login.end() if login else 0)
    return (source[: mark.start()], source[mark.end() :].strip()) if mark else (source, "")


def without_secrets(source: str) -> str:
    """The source as it may be stored and shown; its password is remembered by this process.

    >>> without_secrets("postgresql://ann:secret@host/shop::orders")
    'postgresql://ann@host/shop::orders'
    >>> without_secrets("photos/")
    'photos/'
    """
    if not is_address(source):
        return source
    place, _ = split(source)
    login = PASSWORD.match(place)
    bare = login[1] + place[login.end() - 1 :] if login else place
    parameters = {m[2]: unquote_plus(m[3]) for m in SECRET_PARAMETER.finditer(bare)}
    if parameters:
        bare = SECRET_PARAMETER.sub(r"\1", bare)
        bare = re.sub(r"&+", "&", bare).replace("?&", "?").rstrip("?&")
    if login or parameters:
        _known[bare] = Secrets(unquote(login[2]) if login else None, parameters)
    return bare + source[len(place) :]


def masked(text: str) -> str:
    """A message with the passwords of addresses in it hidden, also of misspelt ones.

    >>> masked("There is no command 'postgresql:/ann:secret@host'.")
    "There is no command 'postgresql:/ann:***@host'."
    """
    return WITHIN_TEXT.sub(r"\1:***@", text)


def secrets_of(place: str) -> Secrets:
    """What was given for a database before; nothing where nothing was."""
    return _known.get(place, Secrets(None, {}))


def forget(place: str) -> None:
    """Let go of what the database has refused."""
    _known.pop(place, None)


def all_known() -> dict[str, Secrets]:
    """Everything remembered, to be handed to another process of the same training."""
    return dict(_known)


def remember(known: Mapping[str, Secrets]) -> None:
    """Take over what another process handed on."""
    _known.update(known)


def name_of(source: str) -> str:
    """A short name: the table, or the database of a query. Empty for what is no address.

    >>> name_of("postgresql://u@host/shop::sales.orders"), name_of("sqlite:///a/p.db::select 1")
    ('orders', 'p')
    """
    if not is_address(source):
        return ""
    place, wanted = split(without_secrets(source))
    if not wanted or QUERY.match(wanted):
        path = place.partition("://")[2].partition("?")[0].partition("/")[2]
        wanted = PurePosixPath(path).stem
    return re.sub(r"[^\w-]+", "-", wanted.rpartition(".")[2]).strip("-") or "database"
