"""What clients send: nothing is too much for a server, and what is wrong is said."""

from __future__ import annotations

import gc
import io
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from PIL import Image
from servers import LIMITS, Client, form, running, send_slowly

from gansmith import api
from gansmith.errors import UserError
from gansmith.serving.app import create_app
from gansmith.serving.engine import Engine
from gansmith.serving.guards import LARGE_BYTES, MOST_LARGE, _Bounded
from gansmith.serving.limits import Limits


def picture(width: int, height: int) -> bytes:
    content = io.BytesIO()
    Image.new("1", (width, height)).save(content, "PNG")
    return content.getvalue()


def test_what_is_no_sample_or_would_be_huge_is_refused(clients: dict[str, Client]) -> None:
    for content in (b"", b"no picture", picture(8, 8)[:40]):
        answer = clients["digits"].upload("/v1/judge", {"x.png": content})
        assert answer.code == 422
        assert "no picture that can be read" in answer.json()["error"]
    bomb = picture(14_000, 14_000)  # more than Pillow itself would open
    assert len(bomb) < LIMITS.body_bytes
    for content in (bomb, picture(101, 100)):
        answer = clients["digits"].upload("/v1/judge", {"x.png": content})
        assert (answer.code, "pixels" in answer.json()["error"]) == (413, True)
    many = {f"{i}.png": b"" for i in range(LIMITS.samples + 1)}
    assert clients["digits"].upload("/v1/judge", many).code == 413
    for values in ([[1, "x"]], [[1.0]], "text", [[float("nan"), 1.0]], [[1, 2]] * 301):
        assert clients["points"].post("/v1/judge/values", {"samples": values}).code in (413, 422)
    assert "no column" in clients["table"].upload("/v1/judge", {"x.csv": b"a"}).json()["error"]
    assert "points" in clients["points"].upload("/v1/judge", {"x.csv": b"a"}).json()["error"]


def test_a_body_that_is_too_large_is_refused_while_it_comes(clients: dict[str, Client]) -> None:
    port, huge = clients["digits"].port, 200 * 2**20
    said = clients["digits"].ask("POST", "/v1/judge", b"x", {"Content-Length": str(huge)})
    assert said.code == 413
    body, kind = form({"x.png": b""})
    body = body.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"  # the content of a file follows
    for path, given in (("/v1/judge", kind), ("/v1/judge/values", "application/json")):
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {given}\r\n"
        head += "Transfer-Encoding: chunked\r\n\r\n"
        start = b"%x\r\n%s\r\n" % (len(body), body)
        piece = b"%x\r\n%s\r\n" % (50_000, b"x" * 50_000)
        answer, sent = send_slowly(port, head.encode() + start, piece, huge)
        assert answer.startswith(b"HTTP/1.1 413")
        assert sent < 10 * LIMITS.body_bytes


def test_a_client_that_sends_all_before_it_listens_hears_why_it_is_refused(
    clients: dict[str, Client],
) -> None:
    """Most do; where nobody took the rest, they would see a broken connection."""
    body, kind = form({"x.png": bytes(64 * 2**20)})
    pieces = (body[i : i + 2**20] for i in range(0, len(body), 2**20))  # of no length that is said
    for sent in (body, pieces):
        answer = clients["digits"].ask("POST", "/v1/judge", sent, {"Content-Type": kind})
        assert answer.code == 413
        assert "MiB" in answer.json()["error"]


def test_large_bodies_come_a_few_at_a_time(
    runs: dict[str, api.Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    inside = 0

    def judged(*_: Any) -> list[dict[str, Any]]:
        seen.append(inside)
        time.sleep(0.01)
        return []

    enter, leave = _Bounded._enter, _Bounded.leave

    async def entered(self: _Bounded) -> None:
        nonlocal inside
        await enter(self)
        inside += 1

    def left(self: _Bounded) -> None:
        nonlocal inside
        inside -= self._inside
        leave(self)

    monkeypatch.setattr(_Bounded, "_enter", entered)
    monkeypatch.setattr(_Bounded, "leave", left)
    monkeypatch.setattr("gansmith.serving.routes.judge_uploads", judged)
    app = create_app(runs["digits"].folder, limits=Limits(per_minute=0))
    large = {"x.png": bytes(LARGE_BYTES + 1)}
    with running(app) as client, ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: client.upload("/v1/judge", large), range(12)))
    assert [answer.code for answer in answers] == [200] * 12
    assert len(seen) == 12
    assert max(seen) <= MOST_LARGE
    assert inside == 0


def test_what_failed_is_let_go_of(runs: dict[str, api.Run]) -> None:
    """Without the collector of garbage, which counts objects and not their sizes."""

    class Sent(list[int]):
        pass

    def work(sent: Sent) -> None:
        try:
            raise ValueError(len(sent))
        except ValueError as error:
            raise UserError("no") from error

    engine, sent = Engine(runs["points"].folder, LIMITS), Sent()
    kept = weakref.ref(sent)
    gc.disable()
    try:
        job = engine.do(partial(work, sent))
        del sent
        assert job.exception(10) is not None
        engine.do(lambda: None).result(10)
        assert kept() is None
    finally:
        gc.enable()
        engine.close()


@pytest.mark.parametrize(
    ("body", "kind", "code", "says"),
    [
        (b'{"samples": [1,', "application/json", 422, "no JSON: Expecting value"),
        (b"[]", "application/json", 422, "not what is asked for"),
        (b'{"samples": []}', "text/plain", 422, "not what is asked for"),
        (b"\xff\xfe{", "application/json", 400, "cannot be read"),
        (b"[" * 100_000, "application/json", 400, "cannot be read"),
    ],
)
def test_what_is_wrong_with_a_body_is_said(
    body: bytes, kind: str, code: int, says: str, clients: dict[str, Client]
) -> None:
    answer = clients["points"].ask("POST", "/v1/judge/values", body, {"Content-Type": kind})
    assert answer.code == code
    assert says in answer.json()["error"]


def test_pixels_of_a_request_have_a_bound(clients: dict[str, Client]) -> None:
    one = picture(100, 100)
    assert clients["digits"].upload("/v1/judge", {f"{i}.png": one for i in range(10)}).code == 200
    answer = clients["digits"].upload("/v1/judge", {f"{i}.png": one for i in range(11)})
    assert (answer.code, "100,000 pixels in all" in answer.json()["error"]) == (413, True)


def test_a_body_that_does_not_come_is_not_waited_for(runs: dict[str, api.Run]) -> None:
    app = create_app(runs["points"].folder, limits=Limits(body_seconds=0.2))
    with running(app) as client:
        head = b"POST /v1/judge/values HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n"
        answer, _ = send_slowly(client.port, head, b"", 1)
    assert answer.startswith(b"HTTP/1.1 408")
