"""Texts in the studio: between two and around one, and verdicts on them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sentences import SENTENCES, SMALL, write

import gansmith

pytest.importorskip("fastapi")
from fastapi.testclient import TestClient

from gansmith.studio.app import create_app
from gansmith.studio.studio import Runs

URL = "/api/create/runs/run"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> gansmith.Run:
    folder: Path = tmp_path_factory.mktemp("texts")
    source = write(folder / "sentences.txt")
    return gansmith.train(source, folder / "run", samples=320, settings=SMALL)


@pytest.fixture(scope="module")
def client(run: gansmith.Run) -> Iterator[TestClient]:
    app = create_app(Runs((run.folder.path,)))
    with TestClient(app, base_url="http://localhost") as opened:
        yield opened


def test_texts_are_walked_to_from_given_ones(run: gansmith.Run, client: TestClient) -> None:
    two = {"first": SENTENCES[0], "second": SENTENCES[1]}
    found = client.post(f"{URL}/texts", json={**two, "steps": 4}).json()
    assert found["samples"] == run.between(SENTENCES[0], SENTENCES[1], 4)
    found = client.post(f"{URL}/texts", json={"first": SENTENCES[0], "n": 3, "seed": 5}).json()
    assert found["samples"] == run.around(SENTENCES[0], 3, seed=5)
    answer = client.post(f"{URL}/texts", json={"first": ""})
    assert answer.status_code == 422
    assert answer.json()["error"] == "There is nothing in the given sample."


def test_texts_of_the_generator_have_places(run: gansmith.Run, client: TestClient) -> None:
    shown = client.get(f"{URL}/places?n=4&seed=2").json()
    assert shown["samples"] == run.sample(4, seed=2)
    way = {
        "first": {"latent": shown["latents"][0]}, "second": {"latent": shown["latents"][1]},
        "steps": 3,
    }  # fmt: skip
    assert client.post(f"{URL}/between", json=way).json()["samples"][0] == shown["samples"][0]


def test_texts_are_judged_as_lines_and_as_a_file(run: gansmith.Run, client: TestClient) -> None:
    lines = SENTENCES[:3]
    expected = [row["p_fake"] for row in run.judge(lines)]
    found = client.post(f"{URL}/judge/values", json={"samples": lines}).json()
    assert [row["p_fake"] for row in found["verdicts"]] == expected
    assert found["samples"] == lines
    content = "\n".join(lines).encode()
    found = client.post(f"{URL}/judge", files={"files": ("a.txt", content)}).json()
    assert [row["p_fake"] for row in found["verdicts"]] == expected
    near = client.post(f"{URL}/nearest/values", json={"samples": lines[:1]}).json()
    assert near["readable"]
    answer = client.post(f"{URL}/searches", files={"files": ("a.txt", content)})
    assert "no search for a latent of text" in answer.json()["error"]
