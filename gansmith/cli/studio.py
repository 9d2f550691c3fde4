"""``gansmith studio``."""

from __future__ import annotations

import os
from pathlib import Path

from gansmith.cli.console import say
from gansmith.cli.serve import TOKEN
from gansmith.cli.way_commands import StudioFlags
from gansmith.data.address import without_secrets
from gansmith.errors import MissingExtraError


def studio_command(places: tuple[Path, ...], flags: StudioFlags) -> int:
    """Show the page until a signal asks for an end."""
    try:
        from gansmith.serving.app import LOOPBACK, token_from
        from gansmith.serving.server import listen, serve
        from gansmith.studio.app import create_app
    except ImportError as error:
        raise MissingExtraError(str(error.name), "studio", "The studio") from error
    from gansmith.data.resolve import find_source
    from gansmith.studio.studio import runs_at

    for source in flags.source:
        find_source(without_secrets(source))
    runs = runs_at(places, trains=bool(flags.source))
    for sentence in runs.lost():
        say(sentence)
    token = token_from(flags.token_file, os.environ.get(TOKEN))
    own = flags.host in LOOPBACK
    at = listen(flags.host, flags.port)
    app = create_app(runs, token=token, hosts=(*LOOPBACK, "[::1]") if own else ("*",),
                     sources=flags.source)  # fmt: skip
    if token is None and not own:
        say(f"Anybody who reaches {flags.host} can use it: set {TOKEN}, or give --token-file.")
    name = f"[{flags.host}]" if ":" in flags.host else flags.host
    url = f"http://{name}:{at.getsockname()[1]}/"
    serve(app, at, lambda: say(f"The studio, with {_count(len(runs.folders()))}, is at {url}"))
    say("Ended.")
    return 0


def _count(runs: int) -> str:
    return "1 run" if runs == 1 else f"{runs or 'no'} runs"
