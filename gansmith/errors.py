"""The error tree: every mistake a user can make has one clear error.

Each message says what was wrong, where, and what to do. ``exit_code`` is what the command line
returns: 1 for our own fault, 2 for the user's mistake, 143 for a run stopped by SIGTERM or from the
studio.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class GansmithError(Exception):
    """Base of all errors that gansmith raises on purpose.

    Args:
        what: what was wrong, one sentence.
        where: the file, field or place it was found in.
        fix: what to do about it.

    >>> print(UserError("No pictures found.", where="photos/", fix="Name a folder of PNGs."))
    No pictures found.
      where: photos/
      fix:   Name a folder of PNGs.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str | None = None, fix: str | None = None) -> None:
        super().__init__(what)
        self.what, self.where, self.fix = what, where, fix

    def __reduce__(self) -> tuple[object, ...]:
        # Errors cross from process to process; their constructors differ, what they hold does not.
        return _restore, (type(self), self.args, self.__dict__)

    def __str__(self) -> str:
        lines = [self.what]
        if self.where:
            lines.append(f"  where: {self.where}")
        if self.fix:
            lines.append(f"  fix:   {self.fix}")
        return "\n".join(lines)


def _restore(
    kind: type[GansmithError], args: tuple[object, ...], held: dict[str, object]
) -> GansmithError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(held)
    return error


class UserError(GansmithError):
    """Something the user asked for cannot be done as asked."""

    exit_code = 2


class TableError(UserError, ValueError):
    """What was given is no table, or none that can be learned from; scikit-learn's ValueError."""


class ConfigError(UserError):
    """A field, name or value of the configuration is wrong."""


class SourceError(UserError):
    """A source of data cannot be read, is empty, or is not safe to read."""


class RunError(UserError):
    """A run folder is missing, broken, or does not fit what was asked of it."""


class ResumeError(RunError):
    """The run folder holds a run with other settings than the ones asked for."""


class MissingExtraError(UserError):
    """An optional dependency is not installed."""

    def __init__(self, package: str, extra: str, needed_for: str) -> None:
        super().__init__(
            f"{needed_for} needs the package {package!r}, which is not installed.",
            fix=f"pip install 'gansmith[{extra}]'",
        )


class DivergedError(GansmithError):
    """A loss or a gradient became infinite or not-a-number; training stopped there."""


class StoppedError(GansmithError):
    """The run was asked to stop; it saved first and goes on with the same command.

    Args:
        signal_number: that asked for it, or stands for what did.
        where: the run folder.
        by: what asked for it.
    """

    def __init__(self, signal_number: int, where: str, by: str = "by a signal") -> None:
        super().__init__(
            f"Stopped {by}; the run is saved.",
            where=where,
            fix="Give the same command again to go on from here.",
        )
        self.exit_code = 128 + signal_number


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint for a misspelt name: the closest known ones, or all of them where none is close.

    >>> did_you_mean("hing", ["hinge", "minimax"])
    'Did you mean hinge?'
    >>> did_you_mean("x", ["hinge", "minimax"])
    'Known: hinge, minimax.'
    """
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=2, cutoff=0.6)
    if close:
        return f"Did you mean {' or '.join(close)}?"
    return f"Known: {', '.join(names)}." if names else "None is known."
