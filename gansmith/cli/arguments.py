"""Kinds of arguments that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import tyro
from tyro.conf import Positional, arg
from tyro.constructors import PrimitiveConstructorSpec

from gansmith.convert import from_json
from gansmith.errors import ConfigError

Json = Annotated[
    bool,
    tyro.conf.FlagCreatePairsOff,
    arg(help="Print JSON instead of text.", name="json", help_behavior_hint=""),
]
Source = Annotated[
    Positional[str],
    arg(
        metavar="SOURCE",
        help="A folder, zip, tar, .csv, .npz, .npy, .parquet or IDX file, a built-in name "
        "(`gansmith list sources`), hf:owner/name, or sqlite:///people.db::people.",
    ),
]
RunPath = Annotated[
    Positional[Path], arg(metavar="RUN", help="A run folder, or an export: hf:owner/name.")
]
Flag = Annotated[bool, tyro.conf.FlagCreatePairsOff, arg(help_behavior_hint="")]


def optional(metavar: str) -> Any:
    """An option that may be left out; what happens then stands in its help."""
    return arg(metavar=metavar, help_behavior_hint="")


def number(kind: type[int] | type[float]) -> PrimitiveConstructorSpec[Any]:
    """A number, read and refused in the same words as in a setting."""

    def read(given: list[str]) -> Any:
        try:
            return from_json(kind, given[0])
        except ConfigError as error:
            raise ValueError(error.what) from None

    return PrimitiveConstructorSpec(
        nargs=1,
        metavar=kind.__name__.upper(),
        instance_from_str=read,
        is_instance=lambda value: value is None or isinstance(value, kind),
        str_from_instance=lambda value: [str(value)],
    )


Int = Annotated[int, number(int)]
Float = Annotated[float, number(float)]
OptionalPath = Annotated[Path | None, optional("PATH")]
OptionalInt = Annotated[int | None, number(int), optional("INT")]
OptionalFloat = Annotated[float | None, number(float), optional("FLOAT")]
OptionalText = Annotated[str | None, optional("NAME")]
