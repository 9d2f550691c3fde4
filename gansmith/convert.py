"""Between configurations and JSON; ``a.b=value`` settings; differences of two configurations."""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from gansmith.config import Component, Cosine, RegularizerConfig
from gansmith.errors import ConfigError, did_you_mean

T = TypeVar("T")


def to_json(value: Any) -> Any:
    """A configuration as dicts, lists and scalars."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_json(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {key: to_json(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [to_json(item) for item in value]
    return value


def _inside(where: str, name: object) -> str:
    return f"{where}.{name}" if where else str(name)


def _wrong(value: Any, wanted: str, where: str) -> ConfigError:
    return ConfigError(f"{value!r} is not {wanted}.", where=where)


def _scalar(kind: type, value: Any, where: str) -> Any:
    if kind is bool and isinstance(value, str):
        known = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
        if value.lower() in known:
            return known[value.lower()]
    if isinstance(value, str) and kind in (int, float):
        number = _number(value.replace("_", ""))
        if kind is float and number is not None:
            return float(number)
        if kind is int and number is not None and number == number // 1:
            return int(number)
    elif isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
        return value
    elif kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    wanted = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
    raise _wrong(value, wanted[kind], where)


def _number(text: str) -> int | float | None:
    """What a text says, whole numbers exactly; None where it is no finite number."""
    for kind in (int, float):
        try:
            number = kind(text)
        except ValueError:
            continue
        return number if math.isfinite(number) else None
    return None


def _cosine(value: Any, where: str) -> Cosine:
    if isinstance(value, Mapping):
        schedule: Cosine = _dataclass(Cosine, value, where)
    else:
        first, dots, last = str(value).partition("..")
        start = _scalar(float, first, where)
        schedule = Cosine(start, _scalar(float, last, where) if dots else start)
    if not 0 < schedule.until <= 1:
        raise _wrong(schedule.until, "above 0 and at most 1", _inside(where, "until"))
    if schedule.log and min(schedule.start, schedule.end) <= 0:
        raise ConfigError(
            "A value that falls by orders of magnitude never reaches 0.",
            where=_inside(where, "log"),
            fix="Take values above 0, or log=false.",
        )
    return schedule


def _literal(value: Any, allowed: tuple[Any, ...], where: str) -> Any:
    for option in allowed:
        if str(value) == str(option):
            return option
    names = [str(option) for option in allowed]
    raise ConfigError(
        f"{value!r} is not allowed.", where=where, fix=did_you_mean(str(value), names)
    )


def _sequence(kind: Any, value: Any, where: str) -> tuple[Any, ...]:
    if isinstance(value, str) and get_args(kind)[0] is str:
        value = [part.strip() for part in value.split(";") if part.strip()]
    elif isinstance(value, str):
        value = [part for part in value.replace("x", ",").split(",") if part]
    if not isinstance(value, list | tuple):
        raise _wrong(value, "a list", where)
    items = get_args(kind)
    if items[-1] is Ellipsis:
        items = (items[0],) * len(value)
    if len(items) != len(value):
        raise _wrong(value, f"a list of {len(items)}", where)
    pairs = enumerate(zip(items, value, strict=True))
    return tuple(from_json(k, v, _inside(where, i)) for i, (k, v) in pairs)


def _dataclass(kind: Any, value: Any, where: str) -> Any:
    if kind is Component and isinstance(value, str):
        return Component(value)
    if not isinstance(value, Mapping):
        raise _wrong(value, f"the fields of {kind.__name__}", where)
    hints = get_type_hints(kind)
    for name in value:
        if name not in hints:
            raise ConfigError(
                f"There is no field {name!r}.", where=where, fix=did_you_mean(name, hints)
            )
    fields = {name: from_json(hints[name], v, _inside(where, name)) for name, v in value.items()}
    try:
        return kind(**fields)
    except TypeError as error:
        raise ConfigError(f"A field is missing: {error}.", where=where) from None


def from_json(kind: Any, value: Any, where: str = "config") -> Any:
    """The way back from :func:`to_json`, checked.

    Args:
        kind: the type to make, for example ``Experiment``.
        value: dicts, lists and scalars; numbers may be texts.
        where: named in errors.

    Raises:
        ConfigError: an unknown field (with the closest known ones) or a value of the wrong type.

    >>> from_json(Cosine, "2e-4..5e-5")
    Cosine(start=0.0002, end=5e-05, until=1.0, log=False)
    """
    origin = get_origin(kind)
    if kind is Cosine:
        return _cosine(value, where)
    if dataclasses.is_dataclass(kind):
        return _dataclass(kind, value, where)
    if origin is Literal:
        return _literal(value, get_args(kind), where)
    if origin is tuple:
        return _sequence(kind, value, where)
    if origin in (types.UnionType, typing.Union):
        return _union(get_args(kind), value, where)
    if origin is not None and issubclass(origin, Mapping):
        item = get_args(kind)[1]
        return {key: from_json(item, v, _inside(where, key)) for key, v in dict(value).items()}
    return _scalar(kind, value, where)


def _union(kinds: tuple[Any, ...], value: Any, where: str) -> Any:
    """Option values and optional fields; a text that reads as a number or truth value is one."""
    empty = value is None or (str not in kinds and str(value).lower() in ("none", "null", ""))
    if type(None) in kinds and empty:
        return None
    if not isinstance(value, str) and type(value) in kinds:
        return value
    rest = [k for k in (bool, int, float, str) if k in kinds] or [
        k for k in kinds if k is not type(None)
    ]
    for kind in rest[:-1]:
        try:
            return from_json(kind, value, where)
        except ConfigError:
            continue
    return from_json(rest[-1], value, where)


def override(config: T, settings: Iterable[tuple[str, Any]]) -> T:
    """A configuration with fields set by their paths.

    Within a list of regularizers the name stands for the place (``game.regularizers.r1.weight``);
    within a component its options are reached directly (``generator.width``).

    Raises:
        ConfigError: a path that does not exist, with the closest names, or a wrong value.
    """
    tree = to_json(config)
    for path, value in settings:
        _set(tree, path.split("."), value, path)
    result: T = from_json(type(config), tree, where="")
    return result


def _set(tree: Any, keys: list[str], value: Any, path: str) -> None:
    node = tree
    for depth, key in enumerate(keys):
        last = depth == len(keys) - 1
        if isinstance(node, list):
            named = {item["name"]: i for i, item in enumerate(node) if isinstance(item, dict)}
            index = named.get(key, int(key) if key.isdigit() and int(key) < len(node) else None)
            if index is None:
                raise _no_field(key, named, path)
            if last:
                node[index] = value
                return
            node = node[index]
            continue
        if key not in node and "options" in node:
            node = node["options"]  # checked by the registry, which knows the options
        elif key not in node:
            raise _no_field(key, node, path)
        if last:
            node[key] = _shorthand(key, node.get(key), value)
            return
        node = node[key]
        if not isinstance(node, dict | list):
            raise ConfigError(f"{key!r} has no fields of its own.", where=path)


def _shorthand(key: str, old: Any, value: Any) -> Any:
    """Names alone: ``generator=NAME`` starts with no options, and ``game.regularizers=r1,r2`` keeps
    the settings of those that are there already.
    """
    if isinstance(old, dict) and set(old) == {"name", "options"} and isinstance(value, str):
        return {"name": value, "options": {}}
    if not (key == "regularizers" and isinstance(old, list) and isinstance(value, str)):
        return value
    known = {item["name"]: item for item in old}
    weight = old[0]["weight"] if old else 1.0
    fresh = RegularizerConfig("", Cosine(1.0, 1.0))
    return [
        known.get(name, {**to_json(fresh), "name": name, "weight": weight})
        for name in value.split(",")
        if name
    ]


def _no_field(key: str, known: Iterable[str], path: str) -> ConfigError:
    return ConfigError(f"There is no field {key!r}.", where=path, fix=did_you_mean(key, known))


def difference(old: Any, new: Any, path: str = "") -> list[tuple[str, Any, Any]]:
    """Where two configurations differ: (path, old value, new value) of each leaf."""
    a, b = to_json(old), to_json(new)
    if isinstance(a, dict) and isinstance(b, dict):
        keys = [*a, *(k for k in b if k not in a)]
        return [d for k in keys for d in difference(a.get(k), b.get(k), _inside(path, k))]
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        pairs = enumerate(zip(a, b, strict=True))
        return [d for i, (x, y) in pairs for d in difference(x, y, _inside(path, i))]
    return [] if a == b else [(path, a, b)]
