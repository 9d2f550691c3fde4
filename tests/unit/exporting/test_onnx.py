"""What an export to ONNX gives, run by onnxruntime, is what the run itself gives."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from exported_runs import ROOT, make

from gansmith import api
from gansmith.cli.main import main
from gansmith.errors import MissingExtraError, UserError
from gansmith.exporting import onnx as exporting
from gansmith.exporting.export import export
from gansmith.exporting.graphs import graphs_of
from gansmith.exporting.reading import left_behind

onnxruntime = pytest.importorskip("onnxruntime")
KINDS = ["digits", "table"]
# An export takes seconds, so these are left to `make bench`.
OTHERS = ["points", "text", "pictures-gpu", "dcgan", "sngan", "wgan-gp", "slanted-faces"]
SLOW = [pytest.param(kind, marks=pytest.mark.slow) for kind in OTHERS]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("onnx")


def exported(kind: str, folder: Path) -> tuple[api.Run, Path]:
    """A small run, and its export; made once."""
    out = folder / f"{kind}-onnx"
    run = make(kind, folder)
    return run, out if out.exists() else export(run, "onnx", out)


def session(out: Path, about: dict[str, Any], name: str) -> Any:
    return onnxruntime.InferenceSession(out / about[name]["file"])


def assert_same(run: api.Run, out: Path) -> None:
    """Both files give PyTorch's numbers, for batches that the exporter did not see."""
    about = json.loads((out / "gansmith.json").read_text("utf-8"))
    for graph in graphs_of(run.sampler()):
        own = session(out, about, graph.name)
        assert [i.name for i in own.get_inputs()] == [
            p["name"] for p in about[graph.name]["inputs"]
        ]
        for n in (1, 7, 12):
            given = graph.draw(n, 100 + n)
            with torch.no_grad():
                wanted = graph.module(*given).numpy()
            feeds = {p.name: x.numpy() for p, x in zip(graph.inputs, given, strict=True)}
            (found,) = own.run(None, feeds)
            assert found.dtype == wanted.dtype
            np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)
    names = {path.name for path in out.iterdir()}
    assert names == {"generator.onnx", "discriminator.onnx", "gansmith.json"}


@pytest.mark.parametrize("kind", [*KINDS, *SLOW])
def test_the_files_give_what_pytorch_gives(kind: str, folder: Path) -> None:
    assert_same(*exported(kind, folder))


@pytest.mark.parametrize("kind", ["digits", SLOW[0]])
def test_samples_of_the_run_come_out_of_its_latents(kind: str, folder: Path) -> None:
    run, out = exported(kind, folder)
    about = json.loads((out / "gansmith.json").read_text("utf-8"))
    feeds = {"latent": run.sampler().latents(0, 20, 3, 1.0).numpy()}
    if about["classes"]:
        feeds["classes"] = np.arange(20) % len(about["classes"])
    (x,) = session(out, about, "generator").run(None, feeds)
    decoding = about["decoding"]
    wanted = run.sample(20, seed=3)
    if kind == "points":
        found = x * decoding["scale"] + np.array(decoding["mean"])
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)
    else:
        found = x.transpose(0, 2, 3, 1) * decoding["scale"] + decoding["offset"]
        assert np.abs(found.round().clip(0, 255) - wanted.astype(float)).max() <= 1


@pytest.mark.parametrize("kind", [*KINDS, SLOW[0]])
def test_the_page_is_enough_to_read_an_export_without_torch(kind: str, folder: Path) -> None:
    _, out = exported(kind, folder)
    page = (ROOT / "docs" / "export.md").read_text("utf-8")
    block = page.partition("```python\n")[2].partition("```")[0].replace("photos-onnx", str(out))
    code = (
        "import sys\nsys.modules['torch'] = sys.modules['gansmith'] = None\n" + block
        + "np.savez(sys.argv[1], x=x, **(samples if isinstance(samples, dict) else "
        "{'samples': samples}))"
    )  # fmt: skip
    found = folder / f"{kind}.npz"
    subprocess.run([sys.executable, "-c", code, str(found)], check=True, timeout=60)
    arrays = dict(np.load(found, allow_pickle=False))
    codec = make(kind, folder).codec
    wanted = codec.decode(torch.from_numpy(arrays.pop("x"))).numpy()
    if kind != "table":
        np.testing.assert_allclose(arrays["samples"], wanted, rtol=1e-5, atol=1e-5)
        return
    assert list(arrays) == [column.name for column in codec.columns]
    for place, values in enumerate(arrays.values()):
        np.testing.assert_allclose(values, wanted[:, place], rtol=1e-9)


def test_what_stays_behind_is_said(folder: Path) -> None:
    said = {}
    for kind in (*KINDS, "points", "text"):
        sampler = make(kind, folder).sampler()
        said[kind] = left_behind(sampler.codec, sampler.game.finish is not None)
    assert said["points"] == said["digits"] == []
    assert "refiner" in said["table"][0]
    assert "decoder" in said["text"][0]
    _, out = exported("table", folder)
    about = json.loads((out / "gansmith.json").read_text("utf-8"))
    assert about["not_exported"] == said["table"]


def test_nothing_names_this_machine(folder: Path) -> None:
    _, out = exported("digits", folder)
    for path in out.iterdir():
        content = path.read_bytes()
        assert str(ROOT).encode() not in content
        assert b"site-packages" not in content


def test_what_deviates_is_not_kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, clean = make("points", folder), exporting._without_traces

    def wrong(model: Any) -> Any:
        weights = model.graph.initializer[0]
        numbers = np.frombuffer(weights.raw_data, np.float32) * 1.01
        weights.raw_data = numbers.astype(np.float32).tobytes()
        return clean(model)

    monkeypatch.setattr(exporting, "_without_traces", wrong)
    with pytest.raises(exporting.DeviatesError, match="differs by"):
        export(run, "onnx", folder / "wrong")
    assert not [path for path in folder.iterdir() if "wrong" in path.name]


@pytest.mark.slow
def test_a_network_without_a_fixed_graph_is_refused(folder: Path) -> None:
    with pytest.raises(UserError, match="generator of this run cannot become ONNX"):
        export(make("text-tokens", folder), "onnx", folder / "loops")
    assert not [path for path in folder.iterdir() if "loops" in path.name]


def test_the_command(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run, out = make("table", folder), folder / "by-command"
    with pytest.raises(SystemExit) as stop:
        main(["export", str(run.folder.path), "--to", "onnx", "--out", str(out)])
    assert not stop.value.code
    assert (out / "generator.onnx").exists()
    assert "not in it   The refiner" in capsys.readouterr().err
    with pytest.raises(SystemExit) as stop:
        main(["export", str(run.folder.path), "--to", "onnx", "--out", str(out)])
    assert stop.value.code == 2
    assert "something at the output already" in capsys.readouterr().err


def test_mistakes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make("points", folder)
    with pytest.raises(UserError, match="Only the Hub"):
        export(run, "onnx", folder / "x", push="ann/x")
    with pytest.raises(UserError, match="Nothing is exported to 'tflite'"):
        export(run, "tflite", folder / "x")  # type: ignore[arg-type]
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingExtraError, match="onnx"):
        export(run, "onnx", folder / "x")
    assert not (folder / "x").exists()
