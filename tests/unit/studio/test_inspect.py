"""Inspect over HTTP: the verdicts of the command, and nothing that a visitor sends is too much."""

from __future__ import annotations

import base64
import io
import shutil
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from invariance.small_runs import SMALL, train, write_points
from PIL import Image

from gansmith import api
from gansmith.errors import UserError
from gansmith.modalities.image.render import write_one
from gansmith.studio.app import create_app
from gansmith.studio.studio import Runs


@pytest.fixture
def pictures(folder: Path, tmp_path: Path) -> list[Path]:
    made = api.load(folder / "digits").sample(3, seed=1)
    paths = [tmp_path / f"{number}.png" for number in range(3)]
    for path, sample in zip(paths, made, strict=True):
        write_one(path, sample)
    return paths


def files_of(paths: list[Path]) -> list[tuple[str, tuple[str, bytes]]]:
    return [("files", (path.name, path.read_bytes())) for path in paths]


def test_verdicts_are_those_of_the_command(
    folder: Path, client: TestClient, pictures: list[Path]
) -> None:
    found = client.post("/api/create/runs/digits/judge", files=files_of(pictures)).json()
    run = api.load(folder / "digits")
    expected = run.judge_files(pictures)
    assert [row["p_fake"] for row in found["verdicts"]] == [row["p_fake"] for row in expected]
    assert [row["file"] for row in found["verdicts"]] == ["0.png", "1.png", "2.png"]
    assert found["calibration"]["error"] == run.calibration.error
    drawn = [np.asarray(Image.open(io.BytesIO(base64.b64decode(m)))) for m in found["maps"]]
    size = np.abs(run.inspector().gradients(run.sample(3, seed=1))).max(1)
    for own, picture, peak in zip(size, drawn, found["peaks"], strict=True):
        assert peak == pytest.approx(own.max())
        assert picture.shape == (8, 8)
        np.testing.assert_allclose(picture / 255 * peak, own, atol=peak / 255)


def test_nearest_training_samples_are_shown_while_the_data_are_there(
    client: TestClient, tmp_path: Path, pictures: list[Path]
) -> None:
    found = client.post("/api/create/runs/digits/nearest?k=2", files=files_of(pictures)).json()
    assert found["readable"]
    assert [len(row) for row in found["samples"]] == [2, 2, 2]
    assert 0 < found["near"] < found["usual"]
    assert found["same"] == [[False, False]] * 3
    source = write_points(tmp_path / "points.npy")
    train(source, tmp_path / "runs" / "own", 3)
    known = np.load(source)[:1].tolist()
    app = create_app(Runs((tmp_path / "runs",)))
    with TestClient(app, base_url="http://localhost") as opened:
        url = "/api/create/runs/own/nearest/values"
        found = opened.post(url, json={"samples": known}).json()
        assert found["readable"]
        assert found["same"][0][0]
    source.unlink()
    with TestClient(create_app(Runs((tmp_path / "runs",))), base_url="http://localhost") as opened:
        answer = opened.post(url, json={"samples": known})
        assert not answer.json()["readable"]
        assert "not where they were" in answer.json()["why"]
        assert str(tmp_path) not in answer.text


def test_a_text_that_was_learnt_from_is_marked_whatever_its_case(tmp_path: Path) -> None:
    lines = [f"the {who} sees the {what}" for who in ("dog", "cat", "man") for what in
             ("sea", "bus", "table", "chair", "moon", "tree", "road")]  # fmt: skip
    source = tmp_path / "lines.txt"
    source.write_text("\n".join(lines), "utf-8")
    sizes = {"codec.width": 8, "codec.vocabulary": 300, "codec.latents": 2, "codec.latent_size": 4}
    run = train(source, tmp_path / "runs" / "text", 2, {**SMALL, **sizes})
    data = run.inspector().training_samples
    known = run.presented(data.dataset.samples[data.indices[:1]])[0]
    with TestClient(create_app(Runs((tmp_path / "runs",))), base_url="http://localhost") as opened:
        asked = {"samples": [known.upper(), f"{known} again"]}
        answer = opened.post("/api/create/runs/text/nearest/values", json=asked).json()
    assert [any(row) for row in answer["same"]] == [True, False]


def test_points_and_rows_are_judged_too(folder: Path, client: TestClient, tmp_path: Path) -> None:
    url = "/api/create/runs/points/judge/values"
    found = client.post(url, json={"samples": [[1.0, 0.0], [5.0, 5.0]]}).json()
    assert len(found["verdicts"]) == len(found["samples"]) == 2
    assert "maps" not in found
    rows = (folder.parent / "table.csv").read_bytes()
    found = client.post("/api/create/runs/table/judge", files={"files": ("rows.csv", rows)}).json()
    assert len(found["verdicts"]) == 200
    (names, cells) = zip(*found["samples"][0], strict=True)
    assert names == ("number", "letter", "day")
    assert ",".join(cells).replace("missing", "") == rows.decode().splitlines()[1]
    assert found["verdicts"][6]["file"] == "rows.csv:7"
    (tmp_path / "rows.csv").write_bytes(rows)
    expected = api.load(folder / "table").judge_files(tmp_path / "rows.csv")
    assert found["verdicts"][6]["p_fake"] == expected[6]["p_fake"]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("number,letter\n1,a\n", "no column 'day'"),
        ("day,letter,number\n2020-01-02,z,0.5\n", "Row 1: 'z' is nothing that 'letter' holds"),
        ("day,letter,number\n2020-01-02,,0.5\n", "Row 1: '' is nothing"),
        ("day,letter,number\n2020-01-02,a,much\n", "'much' is nothing"),
        ("day,letter,number\n", "no row|nothing to judge|not a table|empty"),
        ("", "empty"),
        ("\x00\x01\x02", "."),
    ],
)
def test_rows_that_are_none_of_the_table_are_named(
    rows: str, message: str, folder: Path, tmp_path: Path, client: TestClient
) -> None:
    answer = client.post(
        "/api/create/runs/table/judge", files={"files": ("rows.csv", rows.encode())}
    )
    assert answer.status_code == 422
    assert str(folder.parent) not in answer.text
    (tmp_path / "rows.csv").write_text(rows)
    if rows.count("\n") > 1:
        with pytest.raises(UserError, match=message):
            api.load(folder / "table").judge_files(tmp_path / "rows.csv")


LONG = {
    "row": ("number,letter,day\n" + "x" * 10_000_000 + ",a,2020-01-01\n", "A row of the table"),
    "quote": ("number,letter,day\n'1,a,2020-01-01\n\"" + "1,a,2020-01-01\n" * 200_000,
              "A row of the table"),
    "columns": (",".join(f"c{i}" for i in range(200_000)) + "\n1\n", "The first line"),
}  # fmt: skip


@pytest.mark.parametrize("what", LONG)
def test_a_row_that_is_too_long_is_said(what: str, folder: Path) -> None:
    rows, said = LONG[what]
    with TestClient(create_app(Runs((folder,))), base_url="http://localhost") as opened:
        answer = opened.post(
            "/api/create/runs/table/judge", files={"files": ("rows.csv", rows.encode())}
        )
    assert answer.status_code == 422
    assert answer.json()["error"].startswith(said)
    assert answer.json()["error"].endswith("has more than 1 MiB.")
    assert "a quote that is never closed" in answer.json()["fix"]


def test_a_wide_file_is_read_for_the_columns_of_the_table(folder: Path, client: TestClient) -> None:
    """Its first line is longer than what the dialect is told by."""
    more = [f"one_more_column_{i}" for i in range(5_000)]
    rows = ["day,letter,number," + ",".join(more), "2020-01-02,a,0.5" + ",1" * len(more)]
    content = "\n".join([*rows, ""]).encode()
    assert len(rows[0]) > 2**16
    answer = client.post("/api/create/runs/table/judge", files={"files": ("rows.csv", content)})
    assert len(answer.json()["verdicts"]) == 1


def bomb() -> bytes:
    """A PNG of a few bytes that says it is 60,000 pixels wide and high."""
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(60_000))), (b"IEND", b"")]
    made = [struct.pack(">I", len(data)) + kind + data
            + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts]  # fmt: skip
    return b"\x89PNG\r\n\x1a\n" + b"".join(made)


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", 422), (b"no picture", 422), (b"PK\x03\x04" + bytes(100), 422), (bomb(), 413)],
)
@pytest.mark.parametrize("route", ["judge", "nearest", "searches"])
def test_what_is_no_picture_gets_a_clear_answer(
    content: bytes, code: int, route: str, client: TestClient
) -> None:
    answer = client.post(f"/api/create/runs/digits/{route}", files={"files": ("x.png", content)})
    assert answer.status_code == code
    assert answer.json()["error"]
    assert client.get("/api/create/runs/digits/places?n=1").status_code == 200


def test_too_much_is_refused_while_it_comes(client: TestClient) -> None:
    pieces = 0

    def body() -> Iterator[bytes]:
        nonlocal pieces
        for _ in range(200):
            pieces += 1
            yield bytes(2**20)

    answer = client.post(
        "/api/create/runs/digits/judge", content=body(),
        headers={"Content-Type": "multipart/form-data; boundary=x"},
    )  # fmt: skip
    assert answer.status_code == 413
    said = client.post(
        "/api/create/runs/digits/judge", content=b"", headers={"Content-Length": str(200 * 2**20)}
    )
    assert said.status_code == 413
    assert client.get("/api/create/runs").status_code == 200


@pytest.mark.parametrize("name", ["../../../etc/passwd", "/root/x.png", "a\\..\\b.png", "x" * 3000])
def test_a_name_goes_nowhere(
    name: str, folder: Path, client: TestClient, pictures: list[Path]
) -> None:
    before = sorted(folder.parent.rglob("*"))
    content = pictures[0].read_bytes()
    answer = client.post("/api/create/runs/digits/judge", files={"files": (name, content)})
    assert answer.status_code == 200
    assert len(answer.json()["verdicts"][0]["file"]) <= 200
    assert sorted(folder.parent.rglob("*")) == before


def test_a_run_without_calibration_says_so(tmp_path: Path, folder: Path) -> None:
    shutil.copytree(folder / "points", tmp_path / "points")
    (tmp_path / "points" / "calibration.json").unlink()
    with TestClient(create_app(Runs((tmp_path,))), base_url="http://localhost") as opened:
        about = opened.get("/api/create/runs/points").json()
        assert "not calibrated" in about["calibration"]["missing"]
        answer = opened.post("/api/create/runs/points/judge/values", json={"samples": [[1, 2]]})
    assert answer.status_code == 422
    assert "not calibrated" in answer.json()["error"]
