"""A run over HTTP: the samples are those of the command, and nothing a client sends is too much."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gansmith import api
from gansmith.cli.main import main

pytest.importorskip("fastapi")
from servers import LIMITS, Client, running

from gansmith.errors import UserError
from gansmith.serving.app import create_app, token_from
from gansmith.serving.engine import Engine, Wish
from gansmith.serving.guards import Pace
from gansmith.serving.limits import Limits, RefusedError


def by_command(run: api.Run, out: Path, *flags: str) -> Path:
    with pytest.raises(SystemExit) as stop:
        main(["sample", str(run.folder.path), "--out", str(out), *flags])
    assert not stop.value.code
    return out


def unzipped(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize("n", [1, 7, 260])
def test_pictures_are_the_bytes_of_the_command(
    n: int, runs: dict[str, api.Run], clients: dict[str, Client], tmp_path: Path
) -> None:
    flags = ("-n", str(n), "--seed", "4")
    own = by_command(runs["digits"], tmp_path / "own", *flags, "--class", "3,7")
    answer = clients["digits"].get(f"/v1/sample?n={n}&seed=4&class=3,7")
    assert answer.code == 200
    assert unzipped(answer.body) == {path.name: path.read_bytes() for path in own.iterdir()}
    sheet = by_command(runs["digits"], tmp_path / "own.png", *flags)
    found = clients["digits"].get(f"/v1/sample?n={n}&seed=4&format=png").body
    assert found == sheet.read_bytes()


def test_rows_are_the_bytes_of_the_command(
    runs: dict[str, api.Run], clients: dict[str, Client], tmp_path: Path
) -> None:
    flags = ("-n", "40", "--seed", "2", "--where", "letter = 'a'")
    own = by_command(runs["table"], tmp_path / "own.csv", *flags)
    asked = "/v1/sample?n=40&seed=2&where=letter%20%3D%20%27a%27"
    assert clients["table"].get(asked).body == own.read_bytes()
    rows = clients["table"].get(f"{asked}&format=json").json()["samples"]
    assert [row["letter"] for row in rows] == ["a"] * 40


def test_many_at_once_get_what_each_would_get_alone(
    runs: dict[str, api.Run], clients: dict[str, Client]
) -> None:
    wishes = [(n, seed) for n in (3, 5, 250, 300) for seed in range(4)] * 2

    def ask(wish: tuple[int, int]) -> Any:
        return clients["points"].get("/v1/sample?n={}&seed={}".format(*wish)).json()["samples"]

    with ThreadPoolExecutor(len(wishes)) as pool:
        answers = list(pool.map(ask, wishes))
    for (n, seed), found in zip(wishes, answers, strict=True):
        own = runs["points"].sample(n, seed=seed)
        assert np.array(found, np.float32).tobytes() == own.tobytes()


@pytest.mark.parametrize("kind", ["points", "table"])
def test_those_without_a_seed_share_one_and_get_parts_of_its_samples(
    kind: str, runs: dict[str, api.Run]
) -> None:
    engine = Engine(runs[kind].folder, LIMITS)
    gate, sizes = threading.Event(), (3, 40, 7, 240)
    engine.do(lambda: gate.wait(10))
    jobs = [engine.sample(Wish(n), lambda made: made) for n in sizes]
    other = engine.sample(Wish(5, seed=1), lambda made: made)
    gate.set()
    made = [job.result(60) for job in jobs]
    together = [one for one in made if one.seed == made[0].seed]
    assert [len(one.samples) for one in together] == [3, 40, 7, 240]
    whole = np.concatenate([chunk for chunk, _ in runs[kind].stream(290, seed=made[0].seed)])
    assert {one.total for one in together} == {290}
    for one in together:
        assert one.samples.tobytes() == whole[one.first :][: len(one.samples)].tobytes()
    alone = np.concatenate([chunk for chunk, _ in runs[kind].stream(5, seed=1)])
    assert other.result(60).samples.tobytes() == alone.tobytes()
    assert engine.num_merged == 4
    engine.close()


def test_verdicts_are_those_of_the_run(
    runs: dict[str, api.Run], clients: dict[str, Client], tmp_path: Path
) -> None:
    own = by_command(runs["digits"], tmp_path / "own", "-n", "3")
    paths = sorted(own.glob("*.png"))
    wanted = runs["digits"].judge_files(paths)
    names = ["../../etc/passwd", "%2e%2e/x.png", "/etc/shadow"]
    answer = clients["digits"].upload(
        "/v1/judge", {n: p.read_bytes() for n, p in zip(names, paths, strict=True)}
    ).json()  # fmt: skip
    assert [row["file"] for row in answer["verdicts"]] == names
    for row, own_row in zip(answer["verdicts"], wanted, strict=True):
        assert row["p_fake"] == own_row["p_fake"]
    assert answer["calibration"]["held_out"] in (True, False)
    points = runs["points"].sample(4)
    judged = clients["points"].post("/v1/judge/values", {"samples": points.tolist()}).json()
    assert [v["logit"] for v in judged["verdicts"]] == [
        v["logit"] for v in runs["points"].judge(points)
    ]


@pytest.mark.parametrize(
    ("path", "code", "says"),
    [
        ("/v1/sample?n=301", 422, "too many"),
        ("/v1/sample?n=0", 422, "greater than or equal to 1"),
        ("/v1/sample?n=many", 422, "integer"),
        ("/v1/sample?seed=-1", 422, "out of range"),
        ("/v1/sample?truncation=nan", 422, "no meaning"),
        ("/v1/sample?class=eleven", 422, "no class 'eleven'"),
        ("/v1/sample?where=a%3D1", 422, "Only rows of a table"),
        ("/v1/sample?format=csv", 422, "do not come as 'csv'"),
        ("/v1/sample?format=exe", 422, "Input should be"),
        ("/v1/other", 404, "Not Found"),
        ("/v1/judge", 405, "Method"),
    ],
)
def test_mistakes_are_told_without_places_on_the_disk(
    path: str, code: int, says: str, runs: dict[str, api.Run], clients: dict[str, Client]
) -> None:
    answer = clients["digits"].get(path)
    assert answer.code == code
    assert says in answer.json()["error"]
    assert str(runs["digits"].folder.path).encode() not in answer.body


def test_head_is_get_without_the_body(clients: dict[str, Client]) -> None:
    for path in ("/", "/health", "/v1/sample?n=2&seed=1", "/v1/nothing"):
        got, head = clients["digits"].get(path), clients["digits"].ask("HEAD", path)
        assert (head.code, head.body) == (got.code, b"")
        assert head.headers["content-length"] == str(len(got.body))
    options = clients["digits"].ask("OPTIONS", "/v1/sample")
    assert (options.code, options.headers["allow"]) == (405, "GET")


def test_a_full_queue_says_when_to_come_again(runs: dict[str, api.Run]) -> None:
    engine = Engine(runs["points"].folder, Limits(queue=2))
    gate = threading.Event()
    running_job = engine.do(lambda: gate.wait(10))
    while engine.num_waiting:
        time.sleep(0.01)
    waiting = [engine.do(lambda: 1) for _ in range(2)]
    with pytest.raises(RefusedError) as caught:
        engine.do(lambda: 1)
    assert (caught.value.code, int(caught.value.headers["Retry-After"]) >= 1) == (503, True)
    gate.set()
    assert running_job.result(10)
    assert [job.result(10) for job in waiting] == [1, 1]
    engine.close()
    with pytest.raises(RefusedError, match="about to end"):
        engine.do(lambda: 1)


def test_closing_finishes_what_waits(runs: dict[str, api.Run]) -> None:
    engine = Engine(runs["points"].folder, Limits())
    gate = threading.Event()
    engine.do(lambda: gate.wait(10))
    jobs = [engine.sample(Wish(5, seed=i), lambda made: len(made.samples)) for i in range(9)]
    threading.Timer(0.2, gate.set).start()
    engine.close()
    assert [job.result(0) for job in jobs] == [5] * 9


def test_one_client_is_slowed_and_others_are_not() -> None:
    now = [0.0]
    pace = Pace(60, lambda: now[0])
    assert [pace.wait_seconds("a") for _ in range(60)] == [0.0] * 60
    assert 0 < pace.wait_seconds("a") <= 1
    assert pace.wait_seconds("b") == 0
    now[0] += 1.0
    assert pace.wait_seconds("a") == 0
    assert pace.wait_seconds("a") > 0
    assert not any(Pace(0).wait_seconds("a") for _ in range(10_000))


def test_a_client_that_asks_too_often_gets_429(runs: dict[str, api.Run]) -> None:
    with running(create_app(runs["points"].folder, limits=Limits(per_minute=3))) as client:
        answers = [client.get("/health") for _ in range(4)]
    assert [answer.code for answer in answers] == [200, 200, 200, 429]
    assert int({k.lower(): v for k, v in answers[-1].headers.items()}["retry-after"]) >= 1


def test_a_token_is_needed_where_there_is_one(runs: dict[str, api.Run]) -> None:
    token = "correct-horse-battery"  # noqa: S105  (of a test)
    with running(create_app(runs["points"].folder, token=token)) as client:
        for path in ("/v1/sample", "/v1/run", "/v1/card", "/metrics", "/v1/judge"):
            for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": f"Basic {token}"},
                            {"Authorization": f"Bearer {token}x"}):  # fmt: skip
                answer = client.get(path, **headers)
                assert answer.code == 401
                assert answer.headers["www-authenticate"] == "Bearer"
        assert client.get("/v1/sample", Authorization=f"Bearer {token}").code == 200
        assert client.get("/health").code == client.get("/").code == 200


def test_tokens_come_from_a_file_or_the_environment(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("0123456789abcdef\n")
    assert token_from(path, None) == token_from(None, "0123456789abcdef") == "0123456789abcdef"
    assert token_from(path, "another-token-of-the-environment") == "0123456789abcdef"
    assert token_from(None, None) is None
    for given in ("", "short", "two words of a token", "ümläut-ümläut-ümläut"):
        with pytest.raises(UserError, match="at least 16"):
            token_from(None, given)
    with pytest.raises(UserError, match="cannot be read"):
        token_from(tmp_path / "none", None)


def test_the_page_and_the_headers_need_no_network(clients: dict[str, Client]) -> None:
    answer = clients["digits"].get("/")
    text = answer.body.decode()
    assert "/v1/sample" in text
    assert "http" not in text.replace(f"http://127.0.0.1:{clients['digits'].port}", "")
    assert "<script" not in text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    document = json.loads(clients["digits"].get("/openapi.json").body)
    assert {"/v1/sample", "/v1/judge", "/v1/card", "/health", "/metrics"} <= set(document["paths"])
    assert clients["digits"].get("/docs").code == 404


def test_under_another_name_the_server_does_not_answer(clients: dict[str, Client]) -> None:
    """So that a page on the web cannot reach it by a name that leads to this machine."""
    answer = clients["digits"].get("/v1/run", Host="evil.example")
    assert answer.code == 400
    assert "'evil.example'" in json.loads(answer.body)["error"]
    assert f"127.0.0.1:{clients['digits'].port}" in json.loads(answer.body)["fix"]
    assert clients["digits"].get("/v1/run", Host="localhost").code == 200


def test_about_card_and_counts(runs: dict[str, api.Run], clients: dict[str, Client]) -> None:
    client, run = clients["digits"], runs["digits"]
    about = client.get("/v1/run").json()
    assert about["classes"] == list(run.classes)
    assert about["formats"][0] == "zip"
    assert client.get("/v1/card").body == run.folder.card.read_bytes()
    before = client.get("/metrics").body.decode()
    client.get("/v1/sample?n=5")
    client.get("/v1/nowhere-at-all")
    after = client.get("/metrics").body.decode()
    counted = [
        next((int(line.split()[1]) for line in text.splitlines()
              if line.startswith("gansmith_samples_total")), 0) for text in (before, after)
    ]  # fmt: skip
    assert counted[1] == counted[0] + 5
    assert "nowhere-at-all" not in after
    for line in after.splitlines():
        assert line.startswith("# TYPE ") or len(line.rsplit(" ", 1)) == 2


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.slow)]
)
def test_a_signal_ends_the_server_when_all_is_answered(
    number: signal.Signals, runs: dict[str, api.Run]
) -> None:
    command = [sys.executable, "-m", "gansmith", "serve", str(runs["table"].folder.path), "--port",
               "0"]  # fmt: skip
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ) as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        client = Client(int(line.rsplit(":", 1)[1].strip("/\n")))
        with ThreadPoolExecutor(4) as pool:
            asked = [pool.submit(client.get, "/v1/sample?n=400&seed=1") for _ in range(4)]
            while "queue_length 0" in client.get("/metrics").body.decode():
                time.sleep(0.005)
            process.send_signal(number)
            answers = [each.result() for each in asked]
        assert process.wait(30) == 0
        assert "all that was under way is answered" in process.stderr.read()
    assert [answer.code for answer in answers] == [200] * 4
    assert len({answer.body for answer in answers}) == 1


def test_mistakes_of_the_command(
    runs: dict[str, api.Run], clients: dict[str, Client], capsys: pytest.CaptureFixture[str]
) -> None:
    run = str(runs["points"].folder.path)
    for flags, says in (
        (["--port", str(clients["points"].port)], "Nobody can be served there"),
        (["--port", "70000"], "no port"),
        (["--max-samples", "0"], "serves nothing"),
        (["--per-minute", "-1"], "cannot be"),
        (["--token-file", run + "/none"], "cannot be read"),
    ):
        with pytest.raises(SystemExit) as stop:
            main(["serve", run, *flags])
        assert stop.value.code == 2
        assert says in capsys.readouterr().err
