"""A browser for the tests of the page: the machine's own Chromium, one for each module."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "serving"))
from servers import running

# The browser's own note that a request was refused or lost, which is for the page to show.
UNHEARD = "Failed to load resource: "
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# It asks nobody on the network for anything, and runs where there is no screen and no sandbox.
SWITCHES = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
]  # fmt: skip


def find_browser() -> str | None:
    """Where a Chromium of this machine is."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests of a module."""
    found = find_browser()
    if found is None:
        pytest.skip(f"no browser: none of {', '.join(NAMES)} is installed (apt install chromium)")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=SWITCHES)
        yield opened
        opened.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens a page of its own, such as ``open_page(url, width=400, color_scheme="dark")``.

    At the end of the test, what the page's scripts complained about fails it.
    """
    complaints: list[str] = []
    contexts = []

    def opened(url: str, width: int = 1280, height: int = 800, **settings: Any) -> Page:
        size = {"width": width, "height": height}
        context = browser.new_context(viewport=size, **settings)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: (
            complaints.append(message.text)
            if message.type == "error" and not message.text.startswith(UNHEARD) else None
        ))  # fmt: skip
        page.goto(url)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not complaints


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """The app on a free port of this machine; its address."""
    with running(app) as client:
        yield f"http://127.0.0.1:{client.port}/"
