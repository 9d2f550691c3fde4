"""The ``gansmith`` command. Nothing heavy is imported before a command is chosen."""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import tyro

from gansmith.cli.commands import (
    Command,
    doctor,
    evaluate,
    judge,
    list_,
    plan,
    sample,
    train,
)
from gansmith.cli.streams import nowhere, write_now
from gansmith.cli.table_commands import augment, release, schema
from gansmith.cli.way_commands import explore, export, serve, studio, track
from gansmith.errors import GansmithError, UserError, did_you_mean
from gansmith.trainer.signals import ending_signals

COMMANDS: dict[str, Callable[..., Any]] = {
    "train": train,
    "plan": plan,
    "schema": schema,
    "release": release,
    "sample": sample,
    "judge": judge,
    "evaluate": evaluate,
    "augment": augment,
    "export": export,
    "track": track,
    "explore": explore,
    "serve": serve,
    "studio": studio,
    "doctor": doctor,
    "list": list_,
}

DESCRIPTION = """Train a generator against a discriminator on your own data,
know honestly what you got, and use it.

  gansmith plan photos/                  what would be trained, and how long it takes here
  gansmith train photos/ --minutes 10    a generator of pictures like yours, in runs/photos
  gansmith sample runs/photos -n 100     a folder of new pictures
  gansmith evaluate runs/photos          how close, how varied and how new they are
  gansmith train people.csv              the same for the rows of a table
"""

FLAGS_WITHOUT_VALUE = ("--json", "--strict", "--overwrite", "--best", "--with-texts")
SETTING = re.compile(r"[A-Za-z_][\w.-]*=.*", re.DOTALL)
DASHED_SETTING = re.compile(r"--[A-Za-z_]+\.[\w.-]+(=.*)?", re.DOTALL)


def split_settings(arguments: Sequence[str]) -> tuple[list[str], list[tuple[str, str]]]:
    """Take ``a.b=value`` out of the arguments, wherever they stand.

    >>> split_settings(["train", "digits", "train.seed=3", "--out", "x"])
    (['train', 'digits', '--out', 'x'], [('train.seed', '3')])
    """
    rest: list[str] = []
    settings: list[tuple[str, str]] = []
    for i, argument in enumerate(arguments):
        before = arguments[i - 1] if i else ""
        is_value = before.startswith("-") and before not in FLAGS_WITHOUT_VALUE
        if SETTING.fullmatch(argument) and not is_value and not Path(argument).exists():
            name, _, value = argument.partition("=")
            settings.append((name, value))
        else:
            rest.append(argument)
    return rest, settings


def _require_known(arguments: Sequence[str]) -> None:
    """Raise a UserError for the two slips that the parser has no good word for."""
    if arguments and not arguments[0].startswith("-") and arguments[0] not in COMMANDS:
        raise UserError(
            f"There is no command {arguments[0]!r}.", fix=did_you_mean(arguments[0], COMMANDS)
        )
    for argument in arguments:
        if DASHED_SETTING.fullmatch(argument):
            name, _, value = argument.removeprefix("--").partition("=")
            raise UserError(
                "A field of the configuration is set without dashes.",
                where=argument,
                fix=f"{name}={value or 'VALUE'}",
            )


class _Terminated(BaseException):
    """SIGTERM or SIGHUP, where nobody else listens: what is half-written is cleaned up."""


def _terminate(number: int, frame: FrameType | None) -> NoReturn:
    del frame
    write_now(b"\n")
    raise _Terminated(number)


def _listen() -> None:
    if threading.current_thread() is not threading.main_thread():
        return
    for number in ending_signals():
        if number != signal.SIGINT:  # Python makes a KeyboardInterrupt of it
            signal.signal(number, _terminate)


def _require_streams() -> None:
    """Python leaves out a stream that was closed (``>&-``); what would go there is dropped."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, nowhere())


def _stopped(word: str, arguments: Sequence[str], code: int) -> int:
    sys.stderr.write(f"gansmith: {word}.\n")
    if arguments[:1] == ["train"]:
        sys.stderr.write("  fix:   Give the same command again to go on from what was saved.\n")
    return code


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit.

    The code is 0 done, 1 our fault, 2 the user's mistake, 130 after Ctrl-C, 143 after SIGTERM.
    """
    # Must be set before torch is imported: threads that spin while they wait cost a busy machine
    # many times what they bring.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    _require_streams()
    given = list(sys.argv[1:] if arguments is None else arguments)
    rest, settings = split_settings(given)
    if rest == ["--version"]:
        from gansmith import __version__

        sys.stdout.write(f"gansmith {__version__}\n")
        sys.exit(0)
    _listen()
    sys.exit(_run(rest, settings))


def _run(rest: Sequence[str], settings: list[tuple[str, str]]) -> int:
    """Run one command; the exit code."""
    try:
        _require_known(rest)
        command: Command = tyro.extras.subcommand_cli_from_dict(
            COMMANDS, prog="gansmith", description=DESCRIPTION, args=rest or ["--help"]
        )
        return command.run(settings)
    except GansmithError as error:
        from gansmith.data.address import masked  # here, because that is slow to import

        sys.stderr.write(f"gansmith: {masked(str(error))}\n")
        return error.exit_code
    except KeyboardInterrupt:
        return _stopped("Interrupted", rest, 130)
    except _Terminated as ended:
        number = signal.Signals(ended.args[0])
        return _stopped(f"Stopped by {number.name}", rest, 128 + number)
    except BrokenPipeError:  # the reader of our output has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
