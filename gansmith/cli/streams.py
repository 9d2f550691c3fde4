"""Where the command writes."""

from __future__ import annotations

import os
from typing import TextIO


def nowhere() -> TextIO:
    """A stream that drops what is written to it, open for as long as the process runs."""
    return os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8")


def write_now(message: bytes) -> None:
    """Write to stderr from within a signal's handler, where little else is safe.

    The terminal may just have been closed. Then all that follows is dropped, since an error from a
    progress bar would be in the way of saving.
    """
    try:
        os.write(2, message)
    except OSError:
        dropped = os.open(os.devnull, os.O_WRONLY)
        for stream in (1, 2):
            os.dup2(dropped, stream)
        os.close(dropped)
