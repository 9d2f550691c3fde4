"""The app of the studio: the routes of its tabs behind the guards of the server, and the page."""

from __future__ import annotations

import html
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from importlib import metadata
from pathlib import Path

import anyio.to_thread
from fastapi import APIRouter, FastAPI
from fastapi.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

from gansmith.serving.app import LOOPBACK, add_errors
from gansmith.serving.guards import Guards
from gansmith.serving.hosts import OwnHosts
from gansmith.serving.limits import Limits
from gansmith.serving.metrics import Metrics
from gansmith.studio.create.routes import router as create
from gansmith.studio.learn.routes import router as learn
from gansmith.studio.pages import SameOrigin, headers_of, is_open
from gansmith.studio.studio import Runs, Studio
from gansmith.studio.watch.routes import router as watch

STATIC = Path(__file__).parent / "static"
# In the order in which the page shows them; one that has no folder yet is not shown.
TABS = ("learn", "watch", "create", "inspect", "report")
ROUTERS: dict[str, Callable[[Studio], APIRouter]] = {
    "learn": learn, "watch": watch, "create": create,
}  # fmt: skip
# A game is played by many small requests, at up to 20 a second for each visitor.
PER_MINUTE = 6_000


def create_app(
    runs: Runs | None = None,
    *,
    limits: Limits | None = None,
    token: str | None = None,
    hosts: tuple[str, ...] = (*LOOPBACK, "[::1]"),
    sources: Sequence[str] = (),
) -> FastAPI:
    """The app of the studio.

    Args:
        runs: that visitors may see; None for none.
        limits: of what a visitor may ask for.
        token: that each request for data must carry; None for none. The page itself needs none.
        hosts: names that the server answers to; ``*`` for any.
        sources: that visitors may train on.
    """
    chosen = (limits or Limits(per_minute=PER_MINUTE)).require()
    known = token is not None or "*" not in hosts
    studio = Studio(runs or Runs(), chosen, tuple(sources), known)

    @asynccontextmanager
    async def living(app: FastAPI) -> AsyncIterator[None]:
        del app
        yield
        await anyio.to_thread.run_sync(studio.close)

    app = FastAPI(
        title="gansmith studio", version=metadata.version("gansmith"), lifespan=living,
        docs_url=None, redoc_url=None, openapi_url=None,
    )  # fmt: skip
    for name, router in ROUTERS.items():
        app.include_router(router(studio), prefix=f"/api/{name}")
    _add_page(app)
    add_errors(app)
    app.add_middleware(SameOrigin)
    app.add_middleware(OwnHosts, hosts=hosts)
    app.add_middleware(
        Guards, limits=studio.limits, token=token, metrics=Metrics(),
        headers=lambda path: headers_of(path, framed="*" in hosts), is_open=is_open,
    )  # fmt: skip
    return app


def tabs() -> list[str]:
    """Those that are there."""
    return [name for name in TABS if (STATIC / name / "index.js").is_file()]


def _add_page(app: FastAPI) -> None:
    shown = (STATIC / "index.html").read_text("utf-8")
    shown = shown.replace('data-tabs=""', f'data-tabs="{html.escape(" ".join(tabs()))}"')

    @app.get("/", response_class=HTMLResponse)
    async def page() -> HTMLResponse:
        return HTMLResponse(shown)

    app.mount("/", StaticFiles(directory=STATIC), name="static")
