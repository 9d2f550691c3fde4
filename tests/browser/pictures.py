"""Makes the pictures of docs/studio.md, and measures how fast the page is.

    python tests/browser/pictures.py              # the pictures; a minute
    python tests/browser/pictures.py --measure    # frames a second, and the time to the first paint

Needs the extra ``dev`` and Debian's chromium.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import re
import time
from pathlib import Path

from conftest import SWITCHES, find_browser, serving
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from gansmith.studio.app import create_app

FIGURES = Path(__file__).parents[2] / "docs" / "figures"
DIRAC = "#learn?case=damped&game=dirac&objective=minimax&penalty=r1&weight=1&d_lr=0.1&g_lr=0.1"
PICTURES = {
    "studio-learn": ("#learn?moves=r800", 1280, 900, "light"),
    "studio-dirac": (DIRAC + "&moves=r200", 1000, 760, "light"),
    "studio-faces": ("#learn?game=faces&moves=s303", 1280, 900, "dark"),
    "studio-phone": ("#learn?source=spiral&moves=r300", 400, 800, "dark"),
}
MEASURED_SECONDS = 20
MOVES = '[data-of="generator moves"]'
# Each frame that is drawn changes this number once.
COUNT_FRAMES = f"""window.drawn = 0;
new MutationObserver(() => {{ window.drawn += 1; }})
  .observe(document.querySelector('{MOVES}'), {{ characterData: true, subtree: true }})"""


def opened(browser: Browser, url: str, width: int, height: int, scheme: str) -> Page:
    """A page whose game has come to where the address leads, with its curves drawn."""
    size = {"width": width, "height": height}
    context = browser.new_context(viewport=size, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.set_default_timeout(120_000)
    page.goto(url)
    expect(page.get_by_role("status")).to_have_text(
        re.compile(r"\d (moves|steps)[^…]*$"), timeout=120_000
    )
    expect(page.locator(".curve svg")).to_have_count(2)
    page.wait_for_timeout(500)
    return page


def take_pictures(browser: Browser, url: str) -> None:
    """One WebP each, about 50 KB."""
    for name, (address, width, height, scheme) in PICTURES.items():
        page = opened(browser, url + address, width, height, scheme)
        picture = Image.open(io.BytesIO(page.screenshot()))
        picture.save(FIGURES / f"{name}.webp", quality=82, method=6)
        page.context.close()


def measure(browser: Browser, url: str) -> None:
    """Prints seconds to the first contentful paint, and frames a second of the points game."""
    paint = "performance.getEntriesByName('first-contentful-paint')[0].startTime / 1000"
    paints = []
    for _ in range(5):
        page = opened(browser, url, 1280, 900, "light")
        paints.append(page.evaluate(paint))
        page.context.close()
    median, least, most = sorted(paints)[2], min(paints), max(paints)
    print(f"first paint: {median:.2f} s, the median of 5 ({least:.2f} to {most:.2f})")
    for speed in ("one", "five"):
        page = opened(browser, url, 1280, 900, "light")
        page.get_by_label("Speed").select_option(speed)
        page.evaluate(COUNT_FRAMES)
        page.get_by_role("button", name="Play", exact=True).click()
        began, spent = time.perf_counter(), cpu_seconds()
        page.wait_for_timeout(1000 * MEASURED_SECONDS)
        frames, rounds = page.evaluate("window.drawn"), int(page.locator(MOVES).inner_text())
        seconds = time.perf_counter() - began
        ours, browsers = (1000 * (now - before) / frames
                          for now, before in zip(cpu_seconds(), spent, strict=True))  # fmt: skip
        print(f"{speed}: {frames / seconds:.1f} frames/s, {rounds / seconds:.1f} rounds/s; "
              f"CPU a frame: server {ours:.0f} ms, browser {browsers:.0f} ms")  # fmt: skip
        page.context.close()


def cpu_seconds() -> tuple[float, float]:
    """CPU time so far of this process, which is the server, and of all that it started."""
    tick = os.sysconf("SC_CLK_TCK")
    used, parent = {}, {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # one that has just ended
            fields = path.read_text().rpartition(")")[2].split()
            number = int(path.parent.name)
            parent[number] = int(fields[1])
            used[number] = (int(fields[11]) + int(fields[12])) / tick
    own = os.getpid()
    below, new = {own}, {own}
    while new := {n for n, above in parent.items() if above in new}:
        below |= new
    return used[own], sum(used[n] for n in below - {own})


def main() -> None:
    """Pictures or numbers, as asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--measure", action="store_true")
    work = measure if parser.parse_args().measure else take_pictures
    with serving(create_app()) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=SWITCHES)
        work(browser, url)


if __name__ == "__main__":
    main()
