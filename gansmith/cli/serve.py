"""``gansmith serve``."""

from __future__ import annotations

import os
from pathlib import Path

from gansmith.api import load
from gansmith.cli.console import say
from gansmith.cli.way_commands import ServeFlags
from gansmith.errors import MissingExtraError

TOKEN = "GANSMITH_TOKEN"  # noqa: S105  (the name of a variable)


def serve_command(run_path: Path, flags: ServeFlags) -> int:
    """Serve until a signal asks for an end."""
    try:
        from gansmith.serving.app import LOOPBACK, create_app, token_from
        from gansmith.serving.server import listen, serve
    except ImportError as error:
        raise MissingExtraError(str(error.name), "serve", "A server") from error
    from gansmith.serving.limits import Limits

    limits = Limits(
        samples=flags.max_samples, body_bytes=round(flags.max_mib * 2**20), queue=flags.queue,
        per_minute=flags.per_minute,
    ).require()  # fmt: skip
    token = token_from(flags.token_file, os.environ.get(TOKEN))
    run, at = load(str(run_path)), listen(flags.host, flags.port)
    own = flags.host in LOOPBACK
    app = create_app(
        run.folder, limits=limits, token=token,
        hosts=(*LOOPBACK, "[::1]") if own else ("*",),
    )  # fmt: skip
    if token is None and not own:
        say(f"Anybody who reaches {flags.host} can ask: set {TOKEN}, or give --token-file.")
    name = f"[{flags.host}]" if ":" in flags.host else flags.host
    serve(app, at, lambda: say(f"Serving {run_path} at http://{name}:{at.getsockname()[1]}/"))
    say("Ended; all that was under way is answered.")
    return 0
