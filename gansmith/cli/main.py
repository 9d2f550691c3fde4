"""The ``gansmith`` command. Nothing heavy is imported before a command is chosen."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import tyro

from gansmith.cli.commands import Command, judge, list_, plan, sample, train
from gansmith.errors import GansmithError

COMMANDS: dict[str, Callable[..., Any]] = {
    "train": train,
    "plan": plan,
    "sample": sample,
    "judge": judge,
    "list": list_,
}

DESCRIPTION = """Train a generator against a discriminator on your own data,
know honestly what you got, and use it.

  gansmith train FOLDER            new pictures like yours, in runs/FOLDER
  gansmith sample runs/FOLDER -n 100
"""

FLAGS_WITHOUT_VALUE = ("--json", "--strict", "--overwrite")
SETTING = re.compile(r"[A-Za-z_][\w.-]*=.*", re.DOTALL)


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


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit: 0 done, 1 our fault, 2 the user's mistake, 143 after SIGTERM."""
    # Must be set before torch is imported: threads that spin while they wait cost a busy machine
    # many times what they bring.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    given = list(sys.argv[1:] if arguments is None else arguments)
    rest, settings = split_settings(given)
    if rest == ["--version"]:
        from gansmith import __version__

        sys.stdout.write(f"gansmith {__version__}\n")
        sys.exit(0)
    try:
        command: Command = tyro.extras.subcommand_cli_from_dict(
            COMMANDS, prog="gansmith", description=DESCRIPTION, args=rest or ["--help"]
        )
        sys.exit(command.run(settings))
    except GansmithError as error:
        sys.stderr.write(f"gansmith: {error}\n")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.stderr.write("gansmith: interrupted\n")
        sys.exit(130)
    except BrokenPipeError:  # the reader of our output has gone
        sys.stderr.close()
        sys.exit(1)
