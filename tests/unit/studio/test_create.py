"""Create over HTTP: the samples of the command, walks as in Python, a few runs in memory."""

from __future__ import annotations

import base64
import io
import shutil
import zipfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from invariance.small_runs import SMALL, train, write_points
from PIL import Image

from gansmith import api
from gansmith.cli.main import main
from gansmith.serving.limits import Limits
from gansmith.studio.app import create_app
from gansmith.studio.create import routes
from gansmith.studio.create.pool import MOST_SEARCHES, Pool
from gansmith.studio.studio import Runs


def pixels(content: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(content))))


def at(shown: dict[str, Any], number: int) -> dict[str, Any]:
    classes = shown["classes"]
    return {"latent": shown["latents"][number], "class": classes and classes[number]}


def test_runs_are_listed_and_a_broken_one_says_so(folder: Path) -> None:
    broken = folder.parent / "broken"
    broken.mkdir()
    (broken / "config.json").write_text("{")
    with TestClient(create_app(Runs((folder, broken))), base_url="http://localhost") as opened:
        listed = opened.get("/api/create/runs").json()["runs"]
        answer = opened.get("/api/create/runs/broken")
    assert {row["name"]: row.get("modality") for row in listed} == {
        "digits": "image", "points": "points", "table": "table", "broken": None,
    }  # fmt: skip
    assert "not valid JSON" in next(row["error"] for row in listed if "error" in row)
    assert answer.status_code == 422
    assert answer.json()["error"]
    assert str(folder) not in answer.text


@pytest.mark.parametrize(
    "name", ["nothing", "..", "%2e%2e%2fruns%2fdigits", "..%5cdigits", "a" * 3000]
)
@pytest.mark.parametrize("route", ["", "/sample", "/places", "/directions"])
def test_a_run_is_named_by_the_list_alone(name: str, route: str, client: TestClient) -> None:
    assert client.get(f"/api/create/runs/{name}{route}").status_code == 404


def test_a_sample_is_the_bytes_of_the_command(
    folder: Path, client: TestClient, tmp_path: Path
) -> None:
    for run, end in (("digits", "zip"), ("points", "npz"), ("table", "csv")):
        out = tmp_path / (run if end == "zip" else f"{run}.{end}")
        with pytest.raises(SystemExit) as stop:
            main(["sample", str(folder / run), "--out", str(out), "-n", "30", "--seed", "4"])
        assert not stop.value.code
        asked = f"/api/create/runs/{run}/sample?n=30&seed=4&format={end}"
        content = client.get(asked).content
        if end != "zip":
            assert content == out.read_bytes()
            continue
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            found = {name: archive.read(name) for name in archive.namelist()}
        assert found == {path.name: path.read_bytes() for path in out.iterdir()}


def test_what_the_page_shows_is_what_it_downloads(folder: Path, client: TestClient) -> None:
    shown = client.get("/api/create/runs/digits/places?n=12&seed=3&class=7,1").json()
    assert shown["classes"] == ["7", "1"] * 6
    expected = api.load(folder / "digits").sample(12, seed=3, condition="7,1")
    np.testing.assert_array_equal([pixels(p) for p in shown["samples"]], expected[..., 0])


def test_ways_and_moves_agree_with_python(folder: Path, client: TestClient) -> None:
    url, explorer = "/api/create/runs/digits", api.load(folder / "digits").explorer()
    shown = client.get(f"{url}/places?n=2&seed=5&class=2").json()
    ends = {"first": at(shown, 0), "second": at(shown, 1), "steps": 5}
    way = client.post(f"{url}/between", json=ends).json()
    two = explorer.places(2, seed=5, condition="2")
    own = explorer.samples(explorer.between(two[0:1], two[1:2], 5))
    np.testing.assert_array_equal([pixels(p) for p in way["samples"]], own[..., 0])

    shares = client.get(f"{url}/directions").json()["shares"]
    assert shares == sorted(shares, reverse=True)
    amounts = [[0.0], [3.0], [0.0, -3.0]]
    moved = client.post(f"{url}/moved", json={"place": at(shown, 0), "amounts": amounts}).json()
    assert moved["samples"][0] == shown["samples"][0]
    vectors = explorer.directions().vectors
    np.testing.assert_allclose(
        np.subtract(moved["latents"], shown["latents"][0])[1:],
        np.stack([3 * vectors[0], -3 * vectors[1]]), atol=1e-5,
    )  # fmt: skip
    near = client.post(f"{url}/around", json={"place": at(shown, 0), "n": 3, "spread": 0.0}).json()
    assert near["samples"] == [shown["samples"][0]] * 3


def test_a_search_goes_on_until_it_is_done(client: TestClient) -> None:
    url = "/api/create/runs/digits"
    own = client.get(f"{url}/places?n=1&seed=8&class=3").json()["samples"][0]
    files = {"files": ("own.png", base64.b64decode(own))}
    begun = client.post(f"{url}/searches?class=3&steps=60", files=files).json()
    assert begun["taken"] == 0
    assert begun["target"] == own
    state = begun
    while not state["done"]:
        state = client.post(f"{url}/searches/{begun['id']}").json()
    assert state["taken"] == 60
    assert state["left"]["now"] < state["left"]["nearest"] < state["left"]["usual"]
    assert state["classes"] == ["3"]
    assert client.post(f"{url}/searches/nothing").status_code == 404
    assert "60" not in client.post(f"{url}/searches?steps=999999", files=files).text


def test_old_searches_are_forgotten(client: TestClient) -> None:
    url = "/api/create/runs/points"
    assert "cannot be judged" in client.post(f"{url}/searches", files={"files": b"1"}).text
    url = "/api/create/runs/digits"
    picture = client.get(f"{url}/sample?n=1&seed=1&format=png").content
    names = [
        client.post(f"{url}/searches", files={"files": picture}).json()["id"]
        for _ in range(MOST_SEARCHES + 1)
    ]
    assert client.post(f"{url}/searches/{names[0]}").status_code == 404
    assert client.post(f"{url}/searches/{names[-1]}").status_code == 200


def test_a_form_for_rows_is_made_from_the_columns(client: TestClient) -> None:
    about = client.get("/api/create/runs/table").json()
    columns = {column["name"]: column for column in about["columns"]}
    assert sorted(columns["letter"]["levels"]) == ["a", "b", "c"]
    assert columns["number"]["missing"]
    assert not about["walks"]
    rows = client.get("/api/create/runs/table/sample?n=20&seed=1&where=letter='b'&format=json")
    assert {row["letter"] for row in rows.json()["samples"]} == {"b"}
    answer = client.get("/api/create/runs/table/sample?where=colour='b'")
    assert answer.status_code == 422
    assert "no column 'colour'" in answer.json()["error"]
    assert "no place" in client.get("/api/create/runs/table/places").json()["error"]


@pytest.mark.parametrize(
    ("route", "body"),
    [
        ("between", {"first": {"latent": [0.0], "class": "1"}, "second": {"latent": [0.0]}}),
        ("between", {"first": 1}),
        ("around", {"place": {"latent": ["x"]}}),
        ("moved", {"place": {"latent": [0.0] * 64, "class": "1"}, "amounts": [[0.0] * 99]}),
        ("moved", {"place": {"latent": [0.0] * 64, "class": "ten"}, "amounts": [[0.0]]}),
        ("texts", {"first": "a", "second": "b"}),
    ],
)
def test_what_is_no_place_is_refused(route: str, body: Any, client: TestClient) -> None:
    answer = client.post(f"/api/create/runs/digits/{route}", json=body)
    assert answer.status_code == 422
    assert answer.json()["error"]


@pytest.mark.parametrize(
    "query",
    ["n=0", "n=251", "n=x", "seed=-1", "truncation=nan", "class=ten", "n=99999999999999999999"],
)
def test_numbers_out_of_range_are_refused(query: str, client: TestClient) -> None:
    answer = client.get(f"/api/create/runs/digits/places?{query}")
    assert answer.status_code == 422
    assert answer.json()["error"]


def test_few_runs_stay_in_memory_and_the_oldest_goes(folder: Path, limits: Limits) -> None:
    pool = Pool(Runs((folder,)), limits, most=2)
    first, second = pool._take("digits"), pool._take("points")
    with pytest.raises(Exception, match="Other runs are in use"):
        pool._take("table")
    pool._count(first, -1)
    third = pool._take("table")
    assert not first.engine._thread.is_alive()
    assert second.engine._thread.is_alive()
    assert pool._take("points") is second
    pool.close()
    assert not third.engine._thread.is_alive()
    with pytest.raises(Exception, match="about to end"):
        pool._take("digits")


def test_a_run_that_is_another_one_is_loaded_anew(tmp_path: Path, limits: Limits) -> None:
    source = write_points(tmp_path / "points.npy")
    train(source, tmp_path / "runs" / "run", 5)
    pool = Pool(Runs((tmp_path / "runs",)), limits)
    before = pool._take("run")
    pool._count(before, -1)
    assert pool._take("run") is before
    pool._count(before, -1)
    shutil.rmtree(tmp_path / "runs" / "run")
    train(source, tmp_path / "runs" / "run", 9)
    after = pool._take("run")
    assert after is not before
    assert after.run.sampler().checkpoint.position == 9 * SMALL["train.batch_size"]
    pool.close()


def test_many_clients_at_once_are_all_answered(
    folder: Path, limits: Limits, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(number: int) -> tuple[int, bytes]:
        run = ("digits", "points")[number % 2]
        answer = few.get(f"/api/create/runs/{run}/places?n=5&seed=1")
        return answer.status_code, answer.content

    monkeypatch.setattr(routes, "Pool", partial(Pool, most=1))  # they take turns
    with TestClient(create_app(Runs((folder,)), limits=limits), base_url="http://localhost") as few:
        with ThreadPoolExecutor(50) as threads:
            answers = list(threads.map(asked, range(50)))
        assert few.get("/api/create/runs").status_code == 200
    assert {code for code, _ in answers} <= {200, 503}
    for run in range(2):
        assert len({content for code, content in answers[run::2] if code == 200}) == 1
