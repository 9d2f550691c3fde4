"""Learn, played in a browser: single moves, links, guided cases, widths."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from browsers import nameless, serving
from playwright.sync_api import Page, expect

from gansmith.studio.app import create_app
from gansmith.studio.learn import table

SMALL = "#learn?game=points&d_width=8&g_width=8&fourier=4&batch=16"
COLUMNS = ("moves", "loss", "gradient", "weights")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving(create_app()) as address:
        yield address


def button(page: Page, name: str) -> Any:
    return page.get_by_role("button", name=name, exact=True)


def numbers(page: Page, player: str) -> list[str]:
    """A player's column."""
    return [page.locator(f'[data-of="{player} {name}"]').inner_text() for name in COLUMNS]


def at_rest(page: Page, count: str) -> None:
    """Wait until so many moves have been made."""
    expect(page.get_by_role("status")).to_have_text(count)


def test_play_and_pause(open_page: Callable[..., Page], url: str) -> None:
    page = open_page(url + SMALL)
    at_rest(page, "0 moves")
    button(page, "Play").click()
    moves = page.locator('[data-of="generator moves"]')
    expect(moves).to_have_text(re.compile(r"[1-9]\d+"))
    button(page, "Pause").click()
    expect(button(page, "D alone")).to_be_enabled()
    page.wait_for_timeout(300)  # a frame that was under way
    stood = moves.inner_text()
    page.wait_for_timeout(300)
    assert moves.inner_text() == stood
    expect(page.locator(".curve svg")).to_have_count(2)


@pytest.mark.parametrize(("name", "mover", "other"), [
    ("D alone", "discriminator", "generator"), ("G alone", "generator", "discriminator"),
])  # fmt: skip
def test_one_player_alone(
    open_page: Callable[..., Page], url: str, name: str, mover: str, other: str
) -> None:
    page = open_page(url + SMALL + "&moves=r3")
    at_rest(page, "6 moves")
    before = {player: numbers(page, player) for player in (mover, other)}
    button(page, name).click()
    at_rest(page, "7 moves")
    assert numbers(page, other) == before[other]
    moved = numbers(page, mover)
    assert moved[0] == "4"
    assert all(new != old for new, old in zip(moved, before[mover], strict=True))


def test_a_link_shows_the_same_run(open_page: Callable[..., Page], url: str) -> None:
    page = open_page(url + SMALL + "&seed=7")
    at_rest(page, "0 moves")
    for name, count in (("One round", "2"), ("D alone", "3"), ("D alone", "4"), ("G alone", "5")):
        button(page, name).click()
        at_rest(page, f"{count} moves")
    page.wait_for_url(re.compile("moves=r1d1r1"))  # d, d, g: one alone, and a round
    other = open_page(page.url)
    at_rest(other, "5 moves")
    for player in ("discriminator", "generator"):
        assert numbers(other, player) == numbers(page, player)
    plane = "document.querySelector('canvas').toDataURL()"
    assert other.evaluate(plane) == page.evaluate(plane)
    # The settings stand in it too, whatever the defaults of whoever opens it.
    expect(other.get_by_label("Seed")).to_have_value("7")
    assert "objective=relativistic" in other.url


def test_the_activation_stands_in_the_link(open_page: Callable[..., Page], url: str) -> None:
    page = open_page(url + SMALL + "&moves=r2")
    at_rest(page, "4 moves")
    own = page.get_by_role("group", name="Generator").get_by_label("Activation")
    expect(own).to_have_value("leaky-relu")
    own.select_option("tanh")
    at_rest(page, "0 moves")
    page.wait_for_url(re.compile("d_activation=leaky-relu.*g_activation=tanh"))
    other = open_page(page.url)
    at_rest(other, "0 moves")
    field = other.get_by_role("group", name="Generator").get_by_label("Activation")
    expect(field).to_have_value("tanh")


def test_the_way_back_and_another_address(open_page: Callable[..., Page], url: str) -> None:
    page = open_page(url + SMALL + "&moves=r2")
    at_rest(page, "4 moves")
    page.goto(url + SMALL + "&moves=r5&seed=3")
    at_rest(page, "10 moves")
    page.go_back()
    at_rest(page, "4 moves")


def test_a_change_begins_anew(open_page: Callable[..., Page], url: str) -> None:
    page = open_page(url + SMALL + "&moves=r2")
    at_rest(page, "4 moves")
    page.get_by_label("Objective").select_option("minimax")
    at_rest(page, "0 moves")
    expect(page.get_by_text("2 ln 2 = 1.386 at the equilibrium")).to_be_visible()
    expect(page.get_by_text("0.693 at the equilibrium")).to_be_visible()
    page.get_by_label("Seed").fill("-4")
    page.get_by_label("Seed").blur()
    assert "seed=-4" not in page.url


def test_slow_motion_moves_one_after_the_other(open_page: Callable[..., Page], url: str) -> None:
    page = open_page(url + SMALL)
    at_rest(page, "0 moves")
    page.get_by_label("Speed").select_option("slow")
    button(page, "Play").click()
    at_rest(page, "1 move. D has moved: look at its answer.")
    at_rest(page, "2 moves. G has moved: look at the fakes.")


def test_drawing_by_hand(open_page: Callable[..., Page], url: str) -> None:
    page = open_page(url + SMALL)
    page.get_by_label("Distribution").select_option("drawn")
    pad = page.get_by_role("img", name=re.compile("Draw here"))
    box = pad.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 40, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 240, box["y"] + 40, steps=4)
    page.mouse.up()
    pad.press("ArrowDown")
    pad.press(" ")
    button(page, "Play with this").click()
    at_rest(page, "0 moves")
    button(page, "One round").click()
    at_rest(page, "2 moves")
    page.wait_for_url(re.compile(r"drawing=[\w-]{20,}.*moves=r1"))


def test_the_slanted_faces_show_their_arithmetic(open_page: Callable[..., Page], url: str) -> None:
    page = open_page(url + "#learn?game=faces")
    at_rest(page, "0 steps, 0 moves")
    button(page, "One step").click()
    at_rest(page, "1 step, 0 moves")
    expect(
        page.get_by_role("heading", name="Move 1, step 1 of 3: D looks at face 1")
    ).to_be_visible()
    # docs/slanted-faces.md: D(x) = 0.85638582, its error 0.15503428, the new weight 0.49815029.
    for text in ("0.8564", "0.1550", "0.4982"):
        expect(page.locator(".arithmetic").get_by_text(text, exact=True).first).to_be_visible()
    button(page, "To the end of the move").click()
    at_rest(page, "3 steps, 1 move")


def test_a_long_way_shows_how_far_it_is_and_can_be_stopped(
    open_page: Callable[..., Page], url: str
) -> None:
    page = open_page(url + "#learn?game=faces&moves=s15000")
    expect(page.get_by_role("status")).to_have_text(re.compile("of 15,000 steps …"))
    button(page, "Stop here").click()
    expect(button(page, "One step")).to_be_enabled()
    status = page.get_by_role("status").inner_text()
    count = int(status.split()[0].replace(",", ""))
    assert 0 < count < 15_000
    page.wait_for_url(re.compile(f"moves=s{count}$"))
    button(page, "One step").click()
    expect(page.get_by_role("status")).to_have_text(re.compile(f"^{count + 1:,} steps"))


def test_a_fresh_critic_answers(open_page: Callable[..., Page], url: str) -> None:
    page = open_page(url + SMALL + "&moves=r2")
    at_rest(page, "4 moves")
    button(page, "Train one now").click()
    expect(page.get_by_text("it picks the real one in")).to_be_visible()


def test_where_too_many_play_the_page_says_so_and_asks_again(
    open_page: Callable[..., Page], url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page(url + SMALL)
    at_rest(page, "0 moves")
    with monkeypatch.context() as crowded:
        crowded.setattr(table, "MOST_WAITING", 0)
        button(page, "One round").click()
        at_rest(page, "Too many games are played here. Asking again in 2 seconds …")
    at_rest(page, "2 moves")


def test_an_address_that_cannot_be_played_says_why(
    open_page: Callable[..., Page], url: str
) -> None:
    page = open_page(url)
    at_rest(page, "0 moves")
    page.goto(url + "#learn?game=points&moves=nonsense")
    expect(page.get_by_role("alert")).to_contain_text("no sequence of moves")


def test_a_guided_case_tells_and_shows(open_page: Callable[..., Page], url: str) -> None:
    page = open_page(url)
    at_rest(page, "0 moves")
    cases = page.get_by_role("navigation", name="Guided cases").get_by_role("button")
    names = cases.all_inner_texts()
    assert len(names) >= 6
    cases.filter(has_text="Circling").click()
    expect(page.get_by_role("heading", name=re.compile("Circling"))).to_be_visible()
    button(page, "Go to where it shows").click()
    expect(page.locator('[data-of="away"]')).not_to_have_text("1.4142")


@pytest.mark.parametrize("game", ["points", "dirac", "faces"])
def test_nothing_scrolls_sideways_on_a_phone(
    open_page: Callable[..., Page], url: str, game: str
) -> None:
    moves = "s3" if game == "faces" else "r1"
    page = open_page(f"{url}#learn?game={game}&moves={moves}", width=400)
    expect(page.get_by_role("status")).to_have_text(re.compile("[23] "))
    page.get_by_text("Settings", exact=True).click()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        expect(page.locator(".curve svg").first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") == 400


def test_the_keyboard_suffices(open_page: Callable[..., Page], url: str) -> None:
    page = open_page(url + SMALL)
    at_rest(page, "0 moves")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "D alone":
            break
    page.keyboard.press("Enter")
    at_rest(page, "1 move")


@pytest.mark.parametrize("game", ["points", "dirac", "faces"])
def test_all_that_can_be_operated_or_is_drawn_has_a_name(
    open_page: Callable[..., Page], url: str, game: str
) -> None:
    page = open_page(f"{url}#learn?game={game}&moves={'s3' if game == 'faces' else 'r1'}")
    expect(page.locator(".curve svg")).to_have_count(2)
    assert nameless(page) == []
    expect(page.get_by_role("img", name=re.compile(r"^Loss of D over [12] moves"))).to_be_visible()
