"""The app: routes behind their guards, with errors in one form."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

import anyio.to_thread
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.exceptions import HTTPException

from gansmith.errors import GansmithError, UserError
from gansmith.runs.folder import RunFolder
from gansmith.serving.engine import Engine
from gansmith.serving.guards import Guards
from gansmith.serving.hosts import OwnHosts
from gansmith.serving.limits import Limits, RefusedError
from gansmith.serving.metrics import Metrics
from gansmith.serving.page import page
from gansmith.serving.routes import router

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def create_app(
    folder: RunFolder,
    *,
    limits: Limits | None = None,
    token: str | None = None,
    hosts: tuple[str, ...] = (*LOOPBACK, "[::1]"),
) -> FastAPI:
    """The app of one run; its networks are loaded here, and let go of when it ends.

    Args:
        folder: of the run.
        limits: of what clients may ask for.
        token: that each request must carry; None for none.
        hosts: names that the server answers to, so that a page on the web cannot reach it under a
            name of its own; ``*`` for any.
    """
    chosen = (limits or Limits()).require()
    engine, metrics = Engine(folder, chosen), Metrics()

    @asynccontextmanager
    async def living(app: FastAPI) -> AsyncIterator[None]:
        del app
        yield
        await anyio.to_thread.run_sync(engine.close)

    app = FastAPI(
        title=f"gansmith: {folder.path.resolve().name}", version=metadata.version("gansmith"),
        lifespan=living,
        description="Samples of a generator, and verdicts of its discriminator.",
        docs_url=None, redoc_url=None,  # both would load scripts from elsewhere
    )  # fmt: skip
    app.include_router(router(engine, metrics))
    _add_page(app)
    add_errors(app)
    app.add_middleware(OwnHosts, hosts=hosts)
    app.add_middleware(Guards, limits=chosen, token=token, metrics=metrics)
    return app


def _add_page(app: FastAPI) -> None:
    @app.get("/", include_in_schema=False, response_class=HTMLResponse)
    async def shown(request: Request) -> HTMLResponse:
        return HTMLResponse(page(app.openapi(), str(request.base_url).rstrip("/")))


def add_errors(app: FastAPI) -> None:
    """Every error is JSON, ``error`` and ``fix``, and names no place on the disk."""

    @app.exception_handler(RefusedError)
    async def refused(request: Request, error: RefusedError) -> Response:
        del request
        content = {"error": error.what, "fix": error.fix}
        return JSONResponse(content, error.code, headers=error.headers)

    @app.exception_handler(UserError)
    async def mistaken(request: Request, error: UserError) -> Response:
        del request
        return JSONResponse({"error": error.what, "fix": error.fix}, 422)

    @app.exception_handler(RequestValidationError)
    async def unreadable(request: Request, error: RequestValidationError) -> Response:
        del request
        what, fix = _unreadable(error.errors()[0])
        return JSONResponse({"error": what, "fix": fix}, 422)

    @app.exception_handler(HTTPException)
    async def unknown(request: Request, error: HTTPException) -> Response:
        del request
        what = (
            f"The body cannot be read: {error.detail}."
            if error.status_code == 400
            else error.detail
        )
        content = {"error": what, "fix": None}
        return JSONResponse(content, error.status_code, headers=error.headers)

    @app.exception_handler(GansmithError)
    async def ours(request: Request, error: GansmithError) -> Response:
        del request
        sys.stderr.write(f"gansmith: {error}\n")
        return JSONResponse({"error": "The server made a mistake.", "fix": None}, 500)


def _unreadable(first: Mapping[str, Any]) -> tuple[str, str | None]:
    """What is wrong with a request, and what to do, from what the framework says first."""
    if first["type"] == "json_invalid":
        return f"The body is no JSON: {first['ctx']['error']} (place {first['loc'][-1]}).", None
    if first["loc"] == ("body",):
        return "The body is not what is asked for here.", (
            "Send a JSON object, with Content-Type: application/json."
        )
    return f"{first['loc'][-1]}: {first['msg']}.", None


def token_from(path: Path | None, environment: str | None) -> str | None:
    """The token in a file, or in the environment's GANSMITH_TOKEN; None where there is none.

    Never from the command line, which all on the machine can read.

    Raises:
        UserError: if it cannot be read, or is too short to be a secret.
    """
    given = environment
    if path is not None:
        try:
            given = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(
                f"The token cannot be read: {getattr(error, 'strerror', None) or error}.",
                where=str(path),
            ) from error
    if given is None:
        return None
    token = given.strip()
    if len(token) < 16 or not token.isascii() or not token.isprintable() or " " in token:
        raise UserError(
            "A token is one word of at least 16 letters, digits or signs.",
            where=str(path or "GANSMITH_TOKEN"),
            fix='python -c "import secrets; print(secrets.token_urlsafe(32))"',
        )
    return token
