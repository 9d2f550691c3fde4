"""Makes the pictures of docs/studio/create.md, from a run of ``digits``.

    python tests/browser/create_pictures.py           # trains one; some minutes
    python tests/browser/create_pictures.py runs/digits

Needs the extra ``dev`` and Debian's chromium.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

from browsers import SWITCHES, find_browser, serving
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from gansmith import api
from gansmith.studio.app import create_app
from gansmith.studio.studio import Runs

FIGURES = Path(__file__).parents[2] / "docs" / "figures"
SAMPLES = 80_000


def opened(browser: Browser, url: str, width: int, height: int, scheme: str) -> Page:
    """A page of its own."""
    size = {"width": width, "height": height}
    page = browser.new_page(viewport=size, color_scheme=scheme)  # type: ignore[arg-type]
    page.set_default_timeout(120_000)
    page.goto(url)
    return page


def keep(page: Page, name: str) -> None:
    """Take the picture, and close the page."""
    page.wait_for_timeout(500)
    picture = Image.open(io.BytesIO(page.screenshot()))
    picture.save(FIGURES / f"{name}.webp", quality=82, method=6)
    page.close()


def take_pictures(browser: Browser, url: str, name: str) -> None:
    """Create on a wide page, Inspect on a dark one."""
    page = opened(browser, f"{url}#create?run={name}&n=36&pick=3", 1280, 1010, "light")
    page.get_by_role("group", name="Around it").locator("img").last.wait_for()
    keep(page, "studio-create")
    page = opened(browser, f"{url}#inspect?run={name}", 1280, 1060, "dark")
    page.get_by_role("button", name="Try it with").click()
    page.get_by_role("heading", name="Nearest training samples").last.wait_for()
    keep(page, "studio-inspect")


def main(given: str | None = None) -> None:
    """Take the pictures of a run, or of one that is trained for them."""
    with tempfile.TemporaryDirectory() as root:
        run = Path(given or Path(root) / "digits")
        if given is None:
            api.train("digits", run, samples=SAMPLES, device="cpu")
        with serving(create_app(Runs((run,)))) as url, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=find_browser(), args=SWITCHES)
            take_pictures(browser, url, run.name)


if __name__ == "__main__":
    main(*sys.argv[1:2])
