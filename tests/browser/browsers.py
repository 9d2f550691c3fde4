"""The machine's own Chromium, and the studio on a free port: for tests and for pictures."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fastapi import FastAPI
from playwright.sync_api import Page

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "serving"))
from servers import running

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# It asks nobody on the network for anything, and runs where there is no screen and no sandbox.
SWITCHES = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
]  # fmt: skip


def find_browser() -> str | None:
    """Where a Chromium of this machine is."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """The app on a free port of this machine; its address."""
    with running(app) as client:
        yield f"http://127.0.0.1:{client.port}/"


NAMELESS = """() => {
  const shown = (e) => e.getClientRects().length > 0 && !e.closest("[aria-hidden=true]");
  const own = (e) => e.getAttribute("aria-label") || e.textContent.trim()
    || [...(e.labels ?? [])].map((label) => label.textContent.trim()).join("");
  const operated = [...document.querySelectorAll("a, button, input, select, textarea, summary")]
    .filter((e) => !own(e));
  const drawn = [...document.querySelectorAll("canvas, svg, img")].filter((e) =>
    e.tagName === "IMG" ? !e.hasAttribute("alt") : !e.closest("[role=img][aria-label]"));
  return [...operated, ...drawn].filter(shown).map((e) => e.outerHTML);
}"""


def nameless(page: Page) -> list[str]:
    """What can be operated or is drawn, and has no name for a reader of the screen."""
    found: list[str] = page.evaluate(NAMELESS)
    return found
