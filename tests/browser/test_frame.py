"""The frame of the page: tabs, token, widths."""

from __future__ import annotations

from collections.abc import Callable

from conftest import serving
from playwright.sync_api import Page, expect

from gansmith.studio.app import create_app, tabs

TOKEN = "a-token-of-sixteen-letters"  # noqa: S105  (of a server that lives for a test)


def test_the_page_shows_the_tabs_that_there_are(open_page: Callable[..., Page]) -> None:
    with serving(create_app()) as url:
        page = open_page(url)
        shown = page.get_by_role("navigation", name="Tabs").get_by_role("link")
        expect(shown).to_have_text([name.capitalize() for name in tabs()])
        expect(page.get_by_role("heading", level=1)).to_be_visible()
