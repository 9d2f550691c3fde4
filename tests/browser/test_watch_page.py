"""A live run, watched in a browser: numbers change, it stops and goes on, from the page."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from browsers import nameless, serving
from invariance.small_runs import SMALL, StopAt, train, write_points
from playwright.sync_api import Browser, Page, expect

from gansmith.api import Run
from gansmith.errors import StoppedError
from gansmith.runs.folder import RunFolder
from gansmith.studio.app import create_app
from gansmith.studio.studio import Runs

# A process opens torch and the data before it plays, on a machine that may be busy.
LONG_MS = 300_000
expect.set_options(timeout=30_000)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Run:
    root = tmp_path_factory.mktemp("runs")
    source = write_points(root.parent / "points.npy")
    few = {**SMALL, "train.measure_samples": 480}
    run = train(source, root / "first", 60, few)
    train(source, root / "second", 30, few)
    run.evaluate(60)
    return run


def test_a_live_run_is_watched_and_stopped(open_page: Callable[..., Page], tmp_path: Path) -> None:
    """One that was stopped elsewhere goes on from the page, in a process of its own."""
    source, endless = write_points(tmp_path / "points.npy"), {
        **SMALL, "train.log_samples": 1_600, "train.snapshot_samples": 10**6,
        "train.measure_samples": 10**9, "train.checkpoint_samples": 10**9,
    }  # fmt: skip
    with pytest.raises(StoppedError):
        train(source, tmp_path / "runs" / "mine", 10**7, endless, lambda: StopAt(3_200))
    with serving(create_app(Runs((tmp_path / "runs",)), sources=[str(source)])) as url:
        page = open_page(f"{url}#watch")
        run = page.get_by_role("region", name="Run mine")
        state, loss = run.get_by_role("status"), run.locator("[data-name=generator_loss]")
        expect(state).to_have_text("stopped")
        stood = loss.inner_text()
        run.get_by_role("button", name="Resume").click()
        expect(state).to_have_text("training", timeout=LONG_MS)
        expect(loss).not_to_have_text(stood, timeout=LONG_MS)
        expect(run.get_by_role("img", name=re.compile("^Samples of mine"))).to_be_visible()
        run.get_by_role("button", name="Stop").click()
        expect(state).to_have_text("stopped", timeout=LONG_MS)
        page.close()  # before the server that it asks


def test_a_training_is_begun_from_the_page(open_page: Callable[..., Page], tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    with serving(create_app(Runs((tmp_path / "runs",)), sources=["ring"])) as url:
        page = open_page(f"{url}#watch")
        expect(page.get_by_role("heading", name="No runs yet")).to_be_visible()
        page.get_by_label("Minutes").fill("10")
        page.get_by_role("button", name="Start").click()
        run = page.get_by_role("region", name="Run ring-1")
        expect(run.get_by_role("status")).to_have_text("starting")
        run.get_by_role("button", name="Stop").click()
        expect(page.get_by_role("heading", name="No runs yet")).to_be_visible(timeout=LONG_MS)
        assert not list((tmp_path / "runs").iterdir())
        page.close()


@pytest.mark.slow  # the parts of it are above
def test_a_run_from_its_start_to_its_going_on(
    open_page: Callable[..., Page], tmp_path: Path
) -> None:
    (tmp_path / "runs").mkdir()
    app = create_app(Runs((tmp_path / "runs",)), sources=["ring"])
    with serving(app) as url:
        page = open_page(f"{url}#watch")
        expect(page.get_by_role("heading", name="No runs yet")).to_be_visible()
        page.get_by_label("Minutes").fill("10")
        page.get_by_role("button", name="Start").click()
        run = page.get_by_role("region", name="Run ring-1")
        state, loss = run.get_by_role("status"), run.locator("[data-name=generator_loss]")
        expect(loss).to_be_visible(timeout=LONG_MS)
        expect(state).to_have_text("training")
        first = loss.inner_text()
        expect(loss).not_to_have_text(first, timeout=LONG_MS)
        run.get_by_role("button", name="Stop").click()
        expect(state).to_have_text("stopped", timeout=LONG_MS)
        run.get_by_role("button", name="Resume").click()
        expect(state).to_have_text("training", timeout=LONG_MS)
        stood = loss.inner_text()
        expect(loss).not_to_have_text(stood, timeout=LONG_MS)
        expect(run.get_by_role("img", name=re.compile("^Samples of ring-1"))).to_be_visible()
        page.close()  # before the server that it asks


def test_runs_stand_side_by_side_with_samples_over_time(
    open_page: Callable[..., Page], trained: Run
) -> None:
    with serving(create_app(Runs((trained.folder.path.parent,)))) as url:
        page = open_page(f"{url}#watch?run=first")
        page.get_by_label("second").check()
        regions = page.get_by_role("region", name=re.compile("^Run "))
        expect(regions).to_have_count(2)
        expect(page).to_have_url(re.compile("run=first&run=second"))
        slider = page.get_by_role("region", name="Run first").get_by_role("slider")
        picture = regions.get_by_role("img", name=re.compile("^Samples of"))
        expect(picture.first).to_have_attribute("alt", re.compile("at 960 samples"))
        slider.fill("1")
        expect(picture.first).to_have_attribute("alt", re.compile("at 160 samples"))
        # One place in time for all that stand beside each other.
        expect(picture.last).to_have_attribute("alt", re.compile("at 160 samples"))
        page.reload()
        expect(picture.last).to_have_attribute("alt", re.compile("at 160 samples"))
        expect(page.get_by_role("heading", name="The doctor").first).to_be_visible()


def test_a_run_that_is_gone_can_be_put_away(open_page: Callable[..., Page], trained: Run) -> None:
    with serving(create_app(Runs((trained.folder.path.parent,)))) as url:
        page = open_page(f"{url}#watch?run=first&run=lost")
        gone = page.get_by_role("region", name="Run lost")
        expect(gone).to_contain_text("There is no such run any more.")
        gone.get_by_role("button", name="Put away").click()
        expect(page.get_by_role("region", name=re.compile("^Run "))).to_have_count(1)
        expect(page).to_have_url(re.compile("run=first$"))


def test_a_folder_that_is_lost_is_said_on_every_page(
    open_page: Callable[..., Page], trained: Run, tmp_path: Path
) -> None:
    (tmp_path / "lost").mkdir()
    app = create_app(Runs((trained.folder.path.parent, tmp_path / "lost")))
    (tmp_path / "lost").rmdir()
    with serving(app) as url:
        page = open_page(f"{url}#watch?run=first")
        for tab in ("Watch", "Create", "Inspect", "Report"):
            page.get_by_role("link", name=tab, exact=True).first.click()
            said = page.get_by_text("The folder 'lost' cannot be read, so its runs are missing")
            expect(said).to_be_visible()
            expect(page.get_by_text("first").first).to_be_attached()


def test_a_training_begun_elsewhere_is_asked_to_stop(
    open_page: Callable[..., Page], trained: Run, tmp_path: Path
) -> None:
    folder = RunFolder(shutil.copytree(trained.folder.path, tmp_path / "runs" / "mine"))
    with serving(create_app(Runs((tmp_path / "runs",)))) as url, folder.locked():
        page = open_page(f"{url}#watch")
        run = page.get_by_role("region", name="Run mine")
        expect(run).to_contain_text("Begun elsewhere. Stop lets it save and end there")
        run.get_by_role("button", name="Stop").click()
        expect(run.get_by_role("status")).to_have_text("stopping")
        expect(run.get_by_role("button", name="Stop")).to_be_disabled()
        assert folder.is_asked_to_stop()
        page.close()


def test_a_report_stands_in_its_place_with_floors(
    open_page: Callable[..., Page], trained: Run
) -> None:
    report = json.loads((trained.folder.path / "report.json").read_text())
    with serving(create_app(Runs((trained.folder.path.parent,)))) as url:
        page = open_page(f"{url}#watch?run=first")
        page.get_by_role("link", name="Report", exact=True).last.click()
        for value in report["values"]:
            row = page.get_by_role("row", name=re.compile(f"^{re.escape(value['name'])} "))
            expect(row).to_contain_text(f"{value['num_fake']:,}")
        page.get_by_text("The page that evaluate wrote").click()
        frame = page.frame_locator("iframe")
        expect(frame.get_by_role("heading", name="What was measured")).to_be_visible()


def test_a_page_in_a_run_folder_runs_no_script_and_fetches_nothing(
    browser: Browser, trained: Run, tmp_path: Path
) -> None:
    shutil.copytree(trained.folder.path, tmp_path / "runs" / "odd")
    with serving(create_app()) as elsewhere:
        (tmp_path / "runs/odd/report.html").write_text(
            f"<p>shown</p><img src='{elsewhere}icon.svg'><iframe src='{elsewhere}'></iframe>"
            "<script>parent.document.title = document.body.textContent = 'ran'</script>"
            f"<meta http-equiv=refresh content='0; url={elsewhere}'>"
        )
        with serving(create_app(Runs((tmp_path / "runs",)))) as url:
            page = browser.new_page()
            fetched: list[str] = []
            page.on("response", lambda answer: fetched.append(answer.url))
            page.goto(f"{url}#report?run=odd")
            page.get_by_text("The page that evaluate wrote").click()
            expect(page.frame_locator("iframe").first.get_by_text("shown")).to_be_visible()
            page.wait_for_timeout(500)
            assert page.title() == "Report · gansmith studio"
            assert [address for address in fetched if address.startswith(elsewhere)] == []
            page.close()


@pytest.mark.parametrize("tab", ["watch?run=first&run=second", "report?run=first"])
def test_nothing_is_cut_off_on_a_narrow_screen(
    open_page: Callable[..., Page], trained: Run, tab: str
) -> None:
    with serving(create_app(Runs((trained.folder.path.parent,)))) as url:
        page = open_page(f"{url}#{tab}", width=400)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            expect(page.locator(".plot svg, .values tr").first).to_be_visible()
            assert page.evaluate("document.documentElement.scrollWidth") <= 400
        assert nameless(page) == []
