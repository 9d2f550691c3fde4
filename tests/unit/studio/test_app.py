"""The app of the studio: what it answers to whom, what browsers are told, which runs are shown."""

from __future__ import annotations

import hashlib
import re
import sys
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from gansmith.cli.studio import studio_command
from gansmith.cli.way_commands import StudioFlags
from gansmith.errors import MissingExtraError, UserError
from gansmith.serving.limits import RefusedError
from gansmith.studio.app import STATIC, create_app, tabs
from gansmith.studio.studio import Runs, runs_at

TOKEN = "a-token-of-sixteen-letters"  # noqa: S105  (of a server that lives for a test)


def client(**settings: object) -> TestClient:
    return TestClient(create_app(**settings), base_url="http://localhost")  # type: ignore[arg-type]


def run_in(place: Path) -> Path:
    place.mkdir(parents=True)
    (place / "config.json").write_text("{}")
    return place


def test_the_page_takes_scripts_from_this_server_alone() -> None:
    answer = client().get("/")
    assert answer.status_code == 200
    assert f'data-tabs="{" ".join(tabs())}"' in answer.text
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'self';")
    assert "script-src" not in policy
    assert not re.findall(
        r"<script(?![^>]*\bsrc=)[^>]*>|\bon[a-z]+=|(?:src|href)=\"https?:", answer.text
    )


def test_a_browser_keeps_libraries_and_asks_again_for_the_rest() -> None:
    browser = client()
    assert "immutable" in browser.get("/vendor/d3-7.9.2.js").headers["cache-control"]
    first = browser.get("/main.js")
    assert first.headers["cache-control"] == "no-cache"
    again = browser.get("/main.js", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert browser.get("/api/nothing").headers["cache-control"] == "no-store"


def test_the_page_is_open_and_its_data_need_the_token() -> None:
    browser = client(token=TOKEN)
    assert browser.get("/").status_code == 200
    assert browser.get("/api/nothing").status_code == 401
    assert (
        browser.get("/api/nothing", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 404
    )


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://evil.example"},
    ],
)
def test_other_sites_change_nothing(headers: dict[str, str]) -> None:
    answer = client().post("/api/nothing", json={}, headers=headers)
    assert answer.status_code == 403
    assert answer.json()["error"] == "This request comes from another site."


@pytest.mark.parametrize(
    "headers", [{}, {"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://localhost"}]
)
def test_our_page_and_programs_are_heard(headers: dict[str, str]) -> None:
    assert client().post("/api/nothing", json={}, headers=headers).status_code in (404, 405)


STRANGE = [
    "evil.example",
    "evil.example:80",
    "127.0.0.1.evil.example",
    "",
    "[::1",
    "a" * 999,
]


@pytest.mark.parametrize("host", STRANGE)
def test_the_server_answers_under_its_own_names_alone(host: str) -> None:
    """A program gets JSON, as of every refusal; a person in a browser gets a sentence."""
    named = {"Host": host}
    answer = client().get("/api/learn/choices", headers=named)
    assert answer.status_code == 400
    assert set(answer.json()) == {"error", "fix"}
    assert f"the name {host[:80]!r}" in answer.json()["error"]
    assert "http://127.0.0.1" in answer.json()["fix"]
    shown = client().get("/", headers={**named, "Accept": "text/html,*/*"})
    assert shown.status_code == 400
    assert shown.headers["content-type"].startswith("text/plain")
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert shown.text == f"{answer.json()['error']} {answer.json()['fix']}\n"


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8321", "127.0.0.1:1", "[::1]:8321"])
def test_the_names_of_this_machine_are_its_own(host: str) -> None:
    assert client().get("/api/learn/choices", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("path", ["/../app.py", "/%2e%2e/app.py", "/..%2fapp.py", "//etc/passwd"])
def test_nothing_outside_of_the_page_is_given(path: str) -> None:
    assert client().get(path).status_code == 404


def test_the_libraries_are_those_of_the_list() -> None:
    told = (STATIC / "vendor" / "README.md").read_text("utf-8")
    for path in (STATIC / "vendor").glob("*.js"):
        (row,) = (line for line in told.splitlines() if line.startswith(f"| {path.name} |"))
        assert hashlib.sha256(path.read_bytes()).hexdigest() in row
        assert path.with_suffix(".LICENSE").is_file()


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fastapi", None)
    for name in ("gansmith.serving.app", "gansmith.studio.app"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    with pytest.raises(MissingExtraError, match="'fastapi'") as missing:
        studio_command((), StudioFlags())
    assert missing.value.fix == "pip install 'gansmith[studio]'"


def test_runs_are_found_by_name_and_new_ones_appear(tmp_path: Path) -> None:
    run_in(tmp_path / "runs" / "a")
    single = run_in(tmp_path / "other" / "a")
    (tmp_path / "runs" / "no-run").mkdir()
    runs = runs_at([tmp_path / "runs", single])
    assert list(runs.folders()) == ["a", "a (2)"]
    assert runs.get("a (2)").path == single
    run_in(tmp_path / "runs" / "b")
    assert list(runs.folders()) == ["a", "b", "a (2)"]


def test_a_place_that_is_lost_takes_no_other_with_it(tmp_path: Path) -> None:
    """Nor does one inside that is closed to this user; and what comes back is there again."""
    run_in(tmp_path / "kept" / "a")
    run_in(tmp_path / "lost" / "b")
    runs = runs_at([tmp_path / "lost", tmp_path / "kept"])
    assert (list(runs.folders()), runs.lost()) == (["b", "a"], [])
    (tmp_path / "lost").rename(tmp_path / "away")
    assert list(runs.folders()) == ["a"]
    with pytest.raises(RefusedError, match="There is no run 'b'"):
        runs.get("b")
    for tab in ("watch", "create"):
        answer = client(runs=runs).get(f"/api/{tab}/runs")
        assert answer.status_code == 200
        assert [run["name"] for run in answer.json()["runs"]] == ["a"]
        (sentence,) = answer.json()["lost"]
        assert sentence.startswith("The folder 'lost' cannot be read, so its runs are missing")
        assert sentence.endswith(": No such file or directory.")
        assert str(tmp_path) not in answer.text
    (tmp_path / "away").rename(tmp_path / "lost")
    assert (list(runs.folders()), runs.lost()) == (["b", "a"], [])


@pytest.mark.parametrize("closed", ["kept", "kept/a"])
def test_a_folder_that_is_closed_takes_no_other_with_it(
    closed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("kept/a", "kept/b", "other/c"):
        run_in(tmp_path / name)
    shut, look = tmp_path / closed, Path.is_file

    def refuse(path: Path, **options: bool) -> bool:
        if path.parent == shut:
            raise PermissionError(13, "Permission denied", str(path))
        return look(path, **options)

    monkeypatch.setattr(Path, "is_file", refuse)  # the user of the tests may be allowed everything
    runs = Runs((tmp_path / "kept", tmp_path / "other"))
    assert list(runs.folders()) == (["c"] if closed == "kept" else ["b", "c"])
    assert len(runs.lost()) == (closed == "kept")


@pytest.mark.parametrize("name", ["../a", "/etc", "", "b"])
def test_a_name_is_no_path(tmp_path: Path, name: str) -> None:
    run_in(tmp_path / "runs" / "a")
    with pytest.raises(RefusedError, match="There is no run"):
        Runs((tmp_path / "runs" / "a",)).get(name)


def test_a_place_that_is_not_there_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such folder"):
        runs_at([tmp_path / "nowhere"])
