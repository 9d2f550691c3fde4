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


def test_the_token_is_asked_for_and_kept(open_page: Callable[..., Page]) -> None:
    with serving(create_app(token=TOKEN)) as url:
        page = open_page(url + "#learn?game=dirac")
        page.get_by_label("Token").fill("another-token-of-letters")
        page.get_by_role("button", name="Go on").click()
        page.get_by_label("Token").fill(TOKEN)
        page.get_by_role("button", name="Go on").click()
        expect(page.get_by_role("status")).to_have_text("0 moves")
        page.reload()
        expect(page.get_by_role("status")).to_have_text("0 moves")


def test_a_server_that_has_ended_is_named(open_page: Callable[..., Page]) -> None:
    with serving(create_app()) as url:
        page = open_page(url + "#learn?game=dirac")
        expect(page.get_by_role("status")).to_have_text("0 moves")
        page.context.set_offline(True)
        page.get_by_role("button", name="One round").click()
        expect(page.get_by_role("alert")).to_contain_text("The server does not answer.")
        page.context.set_offline(False)
        page.get_by_role("button", name="One round").click()
        expect(page.get_by_role("status")).to_have_text("2 moves")
        expect(page.get_by_role("alert")).to_have_count(0)
