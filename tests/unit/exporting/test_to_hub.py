"""An export for the Hub: what is in it, what is not, what is read of it, and what is uploaded."""

from __future__ import annotations

import json
import shutil
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import huggingface_hub
import numpy as np
import pytest
import yaml
from exported_runs import ROOT, exported_to, make
from safetensors import safe_open

import gansmith
from gansmith.cli.main import main
from gansmith.errors import RunError, UserError
from gansmith.exporting.export import export
from gansmith.runs.exported import FILES

KINDS = ["points", "digits", "table", "text", "text-tokens"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hub")


exported = partial(exported_to, "hub")


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    """An export to be tampered with."""
    _, out = exported("digits", folder)
    shutil.copytree(out, tmp_path / "copy")
    return tmp_path / "copy"


def same(first: Any, second: Any) -> bool:
    equal = getattr(first, "equals", None)
    return bool(equal(second) if equal else np.array_equal(first, second))


@pytest.mark.parametrize("kind", KINDS)
def test_an_export_samples_and_judges_as_its_run_does(kind: str, folder: Path) -> None:
    run, out = exported(kind, folder)
    for again in (gansmith.load(out), gansmith.load(f"hf:{out}")):
        assert same(again.sample(30, seed=2), run.sample(30, seed=2))
        assert again.classes == run.classes
        if kind != "table":
            made = run.sample(5)
            assert again.judge(made) == run.judge(made)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_of_the_data_or_the_machine_goes_along(kind: str, folder: Path) -> None:
    run, out = exported(kind, folder)
    allowed = {*FILES, "README.md", "metrics.jsonl", "samples.png"}
    assert {path.name for path in out.iterdir()} <= allowed
    for path in out.iterdir():
        content = path.read_bytes()
        assert str(folder).encode() not in content, path.name
        assert str(ROOT).encode() not in content, path.name
    source = Path(run.config.data.source)
    config = json.loads((out / "config.json").read_text("utf-8"))
    assert config["data"]["source"] == source.name
    with safe_open(out / "model.safetensors", framework="np") as file:
        assert not [name for name in file.keys() if "ptimizer" in name]  # noqa: SIM118


def test_a_password_or_a_host_of_a_database_is_not_told(folder: Path, tmp_path: Path) -> None:
    run = make("table", folder)
    path = tmp_path / "run"
    shutil.copytree(run.folder.path, path)
    config = json.loads((path / "config.json").read_text("utf-8"))
    config["data"]["source"] = "postgresql://annabel@db.example.org/shop::orders"
    config["data"]["schema"] = "/home/annabel/secret/schema.json"
    (path / "config.json").write_text(json.dumps(config), "utf-8")
    out = export(path, "hub", tmp_path / "out")
    told = b"".join(file.read_bytes() for file in out.glob("*.[jm]*"))
    assert b"orders" in told
    assert b"example.org" not in told
    assert b"annabel" not in told


def test_the_card_says_what_was_not_measured(folder: Path) -> None:
    _, out = exported("digits", folder)
    card = (out / "README.md").read_text("utf-8")
    front = yaml.safe_load(card.split("---\n")[1])
    assert front["library_name"] == "gansmith"
    assert "license" not in front
    assert "image" in front["tags"]
    assert "Not measured" in card


def test_the_card_shows_numbers_with_their_floors(folder: Path, tmp_path: Path) -> None:
    run = make("points", folder)
    report = run.evaluate(100)
    out = export(run, "hub", tmp_path / "out", license="cc-by-4.0", push="")
    (run.folder.path / "report.json").unlink()
    card = (out / "README.md").read_text("utf-8")
    assert yaml.safe_load(card.split("---\n")[1])["license"] == "cc-by-4.0"
    rows = {row.split(" | ")[0].lstrip("| "): row for row in card.splitlines() if row[:2] == "| "}
    for value in report.values:
        assert f"{value.value:.4g}" in rows[value.name] or f"{value.value:,.0f}" in rows[value.name]
    assert "Not measured:" not in card


def test_a_report_on_other_weights_is_not_shown(folder: Path, tmp_path: Path) -> None:
    run = make("points", folder)
    run.evaluate(100)
    path = run.folder.path / "report.json"
    content = json.loads(path.read_text("utf-8"))
    content["about"]["fake"]["samples_trained"] += 1
    path.write_text(json.dumps(content), "utf-8")
    card = (export(run, "hub", tmp_path / "out") / "README.md").read_text("utf-8")
    path.unlink()
    assert "about other weights" in card


def test_texts_of_a_table_go_along_only_if_asked_for(folder: Path, tmp_path: Path) -> None:
    run = make("table", folder)
    path = tmp_path / "run"
    shutil.copytree(run.folder.path, path)
    codec = json.loads((path / "codec.json").read_text("utf-8"))
    letter = next(c for c in codec["state"]["columns"] if c["name"] == "letter")
    letter["kind"] = "text"
    (path / "codec.json").write_text(json.dumps(codec), "utf-8")
    with pytest.raises(UserError, match="take their letter from the texts of the data"):
        export(path, "hub", tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert export(path, "hub", tmp_path / "out", with_texts=True).exists()


def test_what_else_lies_in_a_folder_is_neither_run_nor_read(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = gansmith.load(copy).sample(3)
    trap = copy.parent / "executed"
    bomb = f"__import__('pathlib').Path({str(trap)!r}).touch()"
    for name in ("__init__.py", "modeling.py", "sitecustomize.py", "conftest.py"):
        (copy / name).write_text(bomb)
    pickled = f"cpathlib\nPath\n(S'{trap}'\ntRp0\n0cposix\nmkdir\n(S'{trap}'\ntR.".encode()
    for name in ("model.pkl", "pytorch_model.bin", "checkpoint.pt", "codec.pkl"):
        (copy / name).write_bytes(pickled)
    (copy / "checkpoints").mkdir()
    (copy / "checkpoints" / "game.pt").write_bytes(pickled)
    opened: list[str] = []
    real = open
    monkeypatch.setattr(
        "builtins.open", lambda f, *a, **k: opened.append(str(f)) or real(f, *a, **k)
    )
    monkeypatch.chdir(copy)
    assert same(gansmith.load(copy).sample(3), wanted)
    assert not trap.exists()
    assert not [name for name in opened if name.endswith((".py", ".pkl", ".pt", ".bin"))]


@pytest.mark.parametrize("name", ["codec.json", "model.safetensors", "config.json", "other.json"])
def test_a_link_to_another_place_is_refused(name: str, copy: Path) -> None:
    outside = copy.parent / "outside"
    if (copy / name).exists():
        (copy / name).rename(outside)
    else:
        outside.write_text("secret")
    (copy / name).symlink_to(outside)
    for place in (copy, f"hf:{copy}"):
        with pytest.raises(RunError, match="link to another place"):
            gansmith.load(place)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("model.safetensors", b"\x80\x04no safetensors"),
        ("model.safetensors", b""),
        ("codec.json", b"{"),
        ("codec.json", b'{"modality": "os.system", "state": {}}'),
        ("config.json", b"[]"),
        ("config.json", b'{"generator": {"name": "os.system"}}'),
        ("env.json", b"{}"),
    ],
)
def test_a_damaged_export_is_an_error_that_says_so(name: str, content: bytes, copy: Path) -> None:
    (copy / name).write_bytes(content)
    with pytest.raises(UserError):
        gansmith.load(copy).sample(1)


def test_weights_of_another_network_do_not_fit(copy: Path) -> None:
    config = json.loads((copy / "config.json").read_text("utf-8"))
    config["generator"]["options"]["width"] = 16
    (copy / "config.json").write_text(json.dumps(config), "utf-8")
    with pytest.raises(RunError, match="does not fit"):
        gansmith.load(copy).sample(1)


def test_what_an_export_cannot_do(folder: Path) -> None:
    _, out = exported("digits", folder)
    run = gansmith.load(out)
    with pytest.raises(RunError, match="does not say where its data are"):
        run.evaluate(10)
    for asked in ({"best": True}, {"ema": 0.1}):
        with pytest.raises(RunError, match="one generator"):
            run.sample(1, **asked)  # type: ignore[arg-type]


def test_by_name_only_what_is_read_is_downloaded(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The library keeps files under their hashes, with links to them in a snapshot."""
    run, out = exported("digits", folder)
    asked: list[Any] = []

    def download(name: str, *, allow_patterns: list[str]) -> str:
        asked.append((name, allow_patterns))
        place = tmp_path / "models--ann--digits"
        (place / "blobs").mkdir(parents=True, exist_ok=True)
        (place / "snapshots" / "1a2b").mkdir(parents=True, exist_ok=True)
        for path in out.iterdir():
            link = place / "snapshots" / "1a2b" / path.name
            if path.name in allow_patterns and not link.exists():
                shutil.copy(path, place / "blobs" / path.name[::-1])
                link.symlink_to(Path("..", "..", "blobs", path.name[::-1]))
        return str(place / "snapshots" / "1a2b")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    assert same(gansmith.load("hf:ann/digits").sample(5), run.sample(5))
    assert asked == [("ann/digits", [*FILES, "README.md"])]
    with pytest.raises(SystemExit) as stop:
        main(["sample", "hf:ann/digits", "-n", "4", "--out", str(tmp_path / "four.npz")])
    assert not stop.value.code
    with np.load(tmp_path / "four.npz", allow_pickle=False) as made:
        assert same(made["samples"], run.sample(4))


def test_without_a_network_or_a_repository_the_error_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def offline(name: str, **_: Any) -> str:
        raise ConnectionError("Couldn't reach the Hub\nand a long trace of it")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", offline)
    with pytest.raises(RunError, match="ConnectionError: Couldn't reach the Hub") as caught:
        gansmith.load("hf:ann/digits")
    assert "HF_TOKEN" in str(caught.value)
    with pytest.raises(RunError, match="no export"):
        gansmith.load(f"hf:{tmp_path}")


def test_a_push_creates_the_repository_and_uploads_the_folder(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Any] = []

    def record(name: str) -> Any:
        return lambda *args, **given: calls.append((name, args, given))

    fake = SimpleNamespace(create_repo=record("create_repo"), upload_folder=record("upload_folder"))
    monkeypatch.setattr(huggingface_hub, "HfApi", lambda: fake)
    out = export(make("points", folder), "hub", tmp_path / "out", push="ann/points")
    (created, uploaded) = calls
    assert created == ("create_repo", ("ann/points",), {"repo_type": "model", "exist_ok": True})
    assert uploaded[2]["repo_id"] == "ann/points"
    assert uploaded[2]["folder_path"] == str(out)
    assert "hf:ann/points" in (out / "README.md").read_text("utf-8")


def test_a_push_that_fails_keeps_the_export(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError("401 Client Error")

    monkeypatch.setattr(huggingface_hub, "HfApi", lambda: SimpleNamespace(create_repo=refuse))
    run = make("points", folder)
    with pytest.raises(UserError, match="did not take it: PermissionError: 401") as caught:
        export(run, "hub", tmp_path / "out", push="ann/points")
    assert "HF_TOKEN" in str(caught.value)
    assert same(gansmith.load(tmp_path / "out").sample(3), run.sample(3))
    for name in ("points", "ann/points/x", "../points", "ann/", "a b/c"):
        with pytest.raises(UserError, match="no place on the Hub"):
            export(run, "hub", tmp_path / "other", push=name)
    assert not (tmp_path / "other").exists()
