"""Create and Inspect as a visitor has them, on small runs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from browsers import serving
from invariance.small_runs import PICTURES, SMALL, train, write_table
from playwright.sync_api import Page, expect

from gansmith import api
from gansmith.modalities.image.render import write_one
from gansmith.studio.app import create_app
from gansmith.studio.studio import Runs

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("studio")
    train("digits", root / "runs" / "digits", 3, PICTURES)
    train(write_table(root / "table.csv"), root / "runs" / "table", 10, SMALL)
    return root / "runs"


@pytest.fixture(scope="module")
def url(runs: Path) -> Iterator[str]:
    with serving(create_app(Runs((runs,)))) as address:
        yield address


def pictures(page: Page, group: str) -> list[str]:
    """What the pictures of a group show."""
    shown = page.get_by_role("group", name=group, exact=True).locator("img")
    expect(shown.first).to_be_visible()
    return [str(shown.nth(i).get_attribute("src")) for i in range(shown.count())]


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_samples_are_chosen_varied_and_shared(open_page: Open, url: str) -> None:
    page = open_page(f"{url}#create?run=digits&seed=4&n=8")
    first = pictures(page, "Samples")
    assert len(first) == 8
    page.get_by_role("button", name="Sample 3, class 2").press("Enter")
    expect(page.get_by_role("heading", name="Move along directions")).to_be_visible()
    before = page.get_by_role("img", name="The sample, moved").get_attribute("src")
    assert before == first[2]
    slider = page.get_by_label("Direction 1 ·")
    slider.fill("3")
    expect(page.get_by_role("img", name="The sample, moved")).not_to_have_attribute("src", first[2])
    assert len(pictures(page, "Along direction 1, from \N{MINUS SIGN}3 to 3")) == 7
    page.get_by_role("button", name="Sample 6, class 5").click()
    way = page.get_by_role("group", name="From A to B")
    expect(way.get_by_role("img").first).to_have_attribute("src", first[2])
    shared = open_page(page.url)
    assert pictures(shared, "Samples") == first
    expect(shared.get_by_role("heading", name="From A to B")).to_be_visible()


def test_samples_are_downloaded(open_page: Open, url: str, runs: Path) -> None:
    page = open_page(f"{url}#create?run=digits&seed=4&n=8&class=7")
    with page.expect_download() as started:
        page.get_by_role("button", name="↓ array").click()
    assert started.value.suggested_filename == "digits-seed4.npz"
    with np.load(started.value.path(), allow_pickle=False) as found:
        expected = api.load(runs / "digits").sample(8, seed=4, condition="7")
        assert (found["samples"] == expected).all()


def test_a_picture_is_found_and_varied(
    open_page: Open, url: str, runs: Path, tmp_path: Path
) -> None:
    write_one(tmp_path / "own.png", api.load(runs / "digits").sample(1, seed=9)[0])
    page = open_page(f"{url}#create?run=digits", width=400, color_scheme="dark")
    page.get_by_label("A picture").set_input_files(tmp_path / "own.png")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_text("Done: step 200 of 200.")).to_be_visible()
    expect(page.get_by_role("row", name="left of the difference")).to_be_visible()
    assert fits(page)
    page.get_by_role("button", name="Vary what was found").click()
    expect(page.get_by_role("heading", name="Vary what was found")).to_be_in_viewport()
    expect(page.get_by_label("Direction 1 ·")).to_be_visible()


def test_rows_are_asked_for_by_a_form(open_page: Open, url: str) -> None:
    page = open_page(f"{url}#create?run=table", width=400)
    page.get_by_role("button", name="Add a condition").click()
    page.get_by_label("Column").select_option("letter")
    page.get_by_label("Value").select_option("b")
    page.get_by_role("button", name="Make rows").click()
    expect(page.get_by_text("\"letter\" = 'b'")).to_be_visible()
    cells = page.locator("table.rows tbody tr td:nth-child(2)")
    expect(cells).to_have_text(["b"] * 50)
    days = page.locator("table.rows tbody tr td:nth-child(3)")
    expect(days).to_have_text([re.compile(r"^2020-01-\d\d$")] * 50)
    with page.expect_download() as started:
        page.get_by_role("button", name="↓ CSV").click()
    lines = Path(started.value.path()).read_text("utf-8").splitlines()
    assert len(lines) == 51
    assert {line.split(",")[1] for line in lines[1:]} == {"b"}
    assert fits(page)


def test_rows_are_inspected_with_the_names_of_their_columns(
    open_page: Open, tmp_path: Path
) -> None:
    """Also where a word is longer than the screen is wide."""
    word = "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch" * 2
    rows = write_table(tmp_path / "table.csv")
    rows.write_text(rows.read_text().replace(",a,", f",{word},").replace(",b,", f",{word},"))
    train(rows, tmp_path / "runs" / "table", 3, SMALL)
    with serving(create_app(Runs((tmp_path / "runs",)))) as address:
        page = open_page(f"{address}#inspect?run=table", width=400)
        page.get_by_label("A CSV file of rows").set_input_files(rows)
        verdict = page.get_by_role("article").filter(has_text=word).first
        expect(verdict).to_contain_text(re.compile(f"number .+letter {word}.*day 2020-01-\\d\\d"))
        expect(verdict.get_by_role("heading", name="Nearest training samples")).to_be_visible()
        expect(verdict).to_contain_text("distance 0")  # it is one of them
        assert fits(page)
        page.close()


def test_samples_are_inspected(open_page: Open, url: str, runs: Path, tmp_path: Path) -> None:
    run = api.load(runs / "digits")
    write_one(tmp_path / "one.png", run.sample(1, seed=2)[0])
    page = open_page(f"{url}#inspect?run=digits", width=400)
    page.get_by_label("Pictures: drop them here, or choose").set_input_files(tmp_path / "one.png")
    verdict = page.get_by_role("article")
    expect(verdict).to_have_count(1)
    p_fake = run.judge_files(tmp_path / "one.png")[0]["p_fake"]
    expect(verdict).to_contain_text(f"p(fake) = {p_fake:.3f}")
    expect(verdict.get_by_role("img", name="Where D looks in one.png")).to_be_visible()
    expect(verdict.get_by_role("heading", name="Nearest training samples")).to_be_visible()
    expect(page.get_by_text("It does not find fakes of other generators")).to_be_visible()
    assert fits(page)
    page.get_by_role("button", name="Try it with 6 fakes of this run").click()
    expect(verdict).to_have_count(6)
