"""What an export to ONNX gives, run by onnxruntime, is what the run itself gives."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from exported_runs import ROOT, exported_to, make

from gansmith import api
from gansmith.cli.main import main
from gansmith.errors import MissingExtraError, UserError
from gansmith.exporting import onnx as exporting
from gansmith.exporting.export import export
from gansmith.exporting.graphs import graphs_of
from gansmith.exporting.reading import left_behind
from gansmith.game.randomness import Randomness
from gansmith.modalities.table.generator import MARGIN
from gansmith.modalities.table.refiner import refine, refiner_of
from gansmith.modalities.text.one_hot import one_hot
from gansmith.modalities.text.reading import CONTROL

onnxruntime = pytest.importorskip("onnxruntime")
# One of each kind of data, and of each way in which a text is made.
KINDS = ["digits", "table", "points", "text", "text-tokens"]
# An export takes seconds, so these are left to `make bench`.
OTHERS = ["pictures-gpu", "dcgan", "sngan", "wgan-gp", "slanted-faces"]
SLOW = [pytest.param(kind, marks=pytest.mark.slow) for kind in OTHERS]
FILES = {
    "table": ["refiner.onnx"], "text": ["decoder.onnx", "encoder.onnx", "tokenizer.json"],
    "text-tokens": ["tokenizer.json"],
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("onnx")


exported = partial(exported_to, "onnx")


def session(out: Path, about: dict[str, Any], name: str) -> Any:
    return onnxruntime.InferenceSession(out / about[name]["file"])


def assert_same(kind: str, run: api.Run, out: Path) -> None:
    """All files give PyTorch's numbers, for batches that the exporter did not see."""
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
    assert names == {"generator.onnx", "discriminator.onnx", "gansmith.json", *FILES.get(kind, [])}


@pytest.mark.parametrize("kind", [*KINDS, *SLOW])
def test_the_files_give_what_pytorch_gives(kind: str, folder: Path) -> None:
    assert_same(kind, *exported(kind, folder))


@pytest.mark.parametrize("kind", ["digits", "points"])
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


def page_of(out: Path) -> dict[str, Any]:
    """What the code of the page leaves behind, run on an export."""
    page = (ROOT / "docs" / "export.md").read_text("utf-8")
    block = page.partition("```python\n")[2].partition("```")[0].replace("photos-onnx", str(out))
    names: dict[str, Any] = {}
    exec(block, names)  # noqa: S102  (ours)
    return names


def test_the_page_needs_neither_torch_nor_gansmith(folder: Path) -> None:
    _, out = exported("text", folder)
    page = (ROOT / "docs" / "export.md").read_text("utf-8")
    block = page.partition("```python\n")[2].partition("```")[0].replace("photos-onnx", str(out))
    code = "import sys\nsys.modules['torch'] = sys.modules['gansmith'] = None\n" + block
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_is_enough_to_read_an_export(kind: str, folder: Path) -> None:
    _, out = exported(kind, folder)
    names, codec = page_of(out), make(kind, folder).codec
    if kind == "text":  # of which the page goes on to tokens
        (encoded,) = names["session"].run(None, names["inputs"])
        wanted = codec.decode(torch.from_numpy(encoded)).numpy()
        assert_same_but_cut(names["samples"], texts_of(wanted))
        return
    made = torch.from_numpy(names["x"])
    if kind == "text-tokens":
        made = one_hot(torch.cat([made, torch.zeros(len(made), 1, dtype=torch.int64)], 1),
                       codec.spec.shape[1])  # fmt: skip
    wanted = codec.decode(made).numpy()
    if kind == "table":
        assert list(names["samples"]) == [column.name for column in codec.columns]
        for place, values in enumerate(names["samples"].values()):
            np.testing.assert_allclose(values, wanted[:, place], rtol=1e-9)
    elif kind == "text-tokens":
        assert printable(names["samples"]) == printable(texts_of(wanted))
    else:
        np.testing.assert_allclose(names["samples"], wanted, rtol=1e-5, atol=1e-5)


def texts_of(rows: Any) -> list[str]:
    return [bytes(row).rstrip(b"\0").decode() for row in rows]


def assert_same_but_cut(found: list[str], wanted: list[str]) -> None:
    """A run cuts what is longer than any text of the data."""
    for whole, cut in zip(printable(found), printable(wanted), strict=True):
        assert whole.startswith(cut)


def printable(texts: list[str]) -> list[str]:
    """What hardly learned networks say, without the bytes that no text holds."""
    return [CONTROL.sub(" ", text).replace("\n", " ").strip() for text in texts]


class Drawn:
    """In place of NumPy's generator: the numbers that PyTorch would draw, in the same order."""

    def __init__(self, seed: int) -> None:
        self._randomness = Randomness(seed, 0, 0)

    def random(self, shape: tuple[int, int]) -> Any:
        return self._randomness.uniform(*shape).numpy()

    def permutation(self, n: int) -> list[int]:
        return self._randomness.uniform(n).argsort().tolist()

    def gumbel(self, size: tuple[int, int]) -> Any:
        uniform = self._randomness.uniform(*size).clamp(MARGIN, 1 - MARGIN)
        return -(-uniform.log()).log().numpy()


def test_rows_are_refined_by_the_page_as_by_the_run(folder: Path) -> None:
    run, out = exported("table", folder)
    names, (sampler, seed) = page_of(out), (run.sampler(), 5)
    x = sampler.generate(sampler.latents(0, 200, 1, 1.0), sampler.condition(0, 200, None))
    refiner = refiner_of(sampler.game.networks).finished()
    wanted = refine(refiner, x, names["about"]["refiner"]["sweeps"], Randomness(seed, 0, 0))
    found = names["refined"](x.numpy(), Drawn(seed))
    assert not torch.equal(wanted, x)
    np.testing.assert_array_equal(found, wanted.numpy())


def test_a_generator_of_tokens_says_what_the_run_says(folder: Path) -> None:
    """Single precision may draw another token, which the graph's double one does not."""
    run, out = exported("text-tokens", folder)
    about = json.loads((out / "gansmith.json").read_text("utf-8"))
    sampler = run.sampler()
    latents = sampler.latents(0, 50, 3, 1.0)
    x = sampler.generate(latents, sampler.condition(0, 50, None))
    (port,) = about["generator"]["inputs"]
    uniform = torch.special.ndtr(latents.double())[:, : port["shape"][1]].numpy()
    (tokens,) = session(out, about, "generator").run(None, {"uniform": uniform})
    assert (tokens == x.argmax(2)[:, :-1].numpy()).all(1).mean() > 0.9
    (logits,) = session(out, about, "discriminator").run(None, {"tokens": tokens})
    same = (tokens == x.argmax(2)[:, :-1].numpy()).all(1)
    wanted = sampler.answers(x).numpy()
    np.testing.assert_allclose(logits[same], wanted[same], rtol=1e-4, atol=1e-4)


def test_a_text_goes_through_both_files_of_its_codec(folder: Path) -> None:
    run, out = exported("text", folder)
    about, codec = json.loads((out / "gansmith.json").read_text("utf-8")), run.codec
    raw = codec.rows(run.sample(10, seed=2))
    ids = codec.codes(raw).numpy()
    (port,) = about["encoder"]["inputs"]
    tokens = np.zeros((10, port["shape"][1]), np.int64)
    tokens[:, : ids.shape[1]] = ids
    (x,) = session(out, about, "encoder").run(None, {"tokens": tokens})
    encoded, plan = codec.encode(torch.from_numpy(raw)).numpy(), codec.sizes.plan
    np.testing.assert_allclose(x[:, :plan], encoded[:, :plan], atol=1e-4)
    assert not x[:, plan:].any()
    x[5:, plan:] = encoded[5:, plan:]  # the words of the others are left to the decoder
    (again,) = session(out, about, "decoder").run(None, {"x": x})
    read = page_of(out)["read"](again, about["decoding"])
    wanted = texts_of(codec.decode(torch.from_numpy(x)).numpy())
    assert_same_but_cut(read, wanted)


def test_what_stays_behind_is_said(folder: Path) -> None:
    for kind in KINDS:
        _, out = exported(kind, folder)
        about = json.loads((out / "gansmith.json").read_text("utf-8"))
        assert about["not_exported"] == []
    sampler = make("table", folder).sampler()
    assert "game does to samples" in left_behind(sampler, ["generator"])[0]
    sampler.codec.columns = [replace(sampler.codec.columns[0], kind="id")]
    assert "Ids" in left_behind(sampler, ["refiner"])[0]


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


def test_a_network_without_a_fixed_graph_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forward(self: Any, latent: torch.Tensor, condition: Any) -> torch.Tensor:
        while float(latent.mean()) > 0:  # as long as its samples say
            latent = latent - 1
        return self.network(latent)

    run = make("points", folder)
    network = type(run.sampler().generator)
    monkeypatch.setattr(network, "forward", forward)
    with pytest.raises(UserError, match="generator of this run cannot become ONNX"):
        export(run, "onnx", folder / "loops")
    assert not [path for path in folder.iterdir() if "loops" in path.name]


def test_the_command(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run, out = make("points", folder), folder / "by-command"
    with pytest.raises(SystemExit) as stop:
        main(["export", str(run.folder.path), "--to", "onnx", "--out", str(out)])
    assert not stop.value.code
    assert (out / "generator.onnx").exists()
    assert "Written" in capsys.readouterr().err
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
