"""Makes the pictures of docs/studio/watch.md, from two runs that it trains; some minutes.

    python tests/browser/watch_pictures.py

Needs the extra ``dev`` and Debian's chromium.
"""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

from browsers import SWITCHES, find_browser, serving
from PIL import Image
from playwright.sync_api import sync_playwright

from gansmith import api
from gansmith.studio.app import create_app
from gansmith.studio.studio import Runs

FIGURES = Path(__file__).parents[2] / "docs" / "figures"
SAMPLES = 1_000_000
PICTURES = {
    "studio-watch": ("#watch?run=ring&run=spiral&at=500000", 1280, 1100, "light", ".plot svg"),
    "studio-curves": ("#watch?run=spiral", 1280, 1390, "light", ".plot svg"),
    "studio-report": ("#report?run=ring", 1280, 900, "dark", ".values tr"),
}


def main() -> None:
    """Train, and take the pictures."""
    with tempfile.TemporaryDirectory() as root:
        for source in ("ring", "spiral"):
            run = api.train(source, Path(root) / source, samples=SAMPLES, device="cpu")
            run.evaluate(1_000)
        app = create_app(Runs((Path(root),)), sources=["ring", "digits"])
        with serving(app) as url, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=find_browser(), args=SWITCHES)
            for name, (address, width, height, scheme, awaited) in PICTURES.items():
                size = {"width": width, "height": height}
                page = browser.new_page(viewport=size, color_scheme=scheme)  # type: ignore[arg-type]
                page.goto(url + address)
                page.locator(awaited).last.wait_for()
                page.wait_for_timeout(500)
                picture = Image.open(io.BytesIO(page.screenshot()))
                picture.save(FIGURES / f"{name}.webp", quality=82, method=6)
                page.close()


if __name__ == "__main__":
    main()
