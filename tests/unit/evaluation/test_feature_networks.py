"""Networks whose weights come in no wheel: Inception-v3 and DINOv2."""

from __future__ import annotations

import hashlib
import json
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from gansmith.config import Component, DataConfig
from gansmith.data import open_source
from gansmith.data.dataset import Dataset
from gansmith.errors import ConfigError, MissingExtraError, UserError
from gansmith.evaluation.features import Extractor
from gansmith.modalities.image import dinov2, inception
from gansmith.registry import build

NAMES = ["inception-v3", "dinov2"]
NOBODY = "http://127.0.0.1:9"


def noise(n: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (n, *shape), dtype=np.uint8)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    path = tmp_path_factory.mktemp("data") / "colour.npz"
    np.savez(path, x=noise(40, 6, 6, 3))
    return open_source(DataConfig(source=str(path)))


def extractor(dataset: Dataset, name: str, weights: Path | str = "") -> Extractor:
    options = {"weights": str(weights)} if weights else {}
    made: Extractor = build("extractor", Component(name, options), dataset, np.arange(10))
    return made


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Empty caches, ours and the Hub's, and nobody where the Hub should answer."""
    from huggingface_hub import constants

    monkeypatch.setenv("GANSMITH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "ENDPOINT", NOBODY)
    return tmp_path / "cache"


@pytest.mark.parametrize("name", NAMES)
def test_points_have_no_such_features(name: str) -> None:
    with pytest.raises(ConfigError, match="no features of points"):
        extractor(open_source(DataConfig(source="ring")), name)


# Inception-v3


@pytest.fixture(scope="module")
def state() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    network = inception.InceptionV3()
    return {k: v for k, v in network.state_dict().items() if v.is_floating_point()}


@pytest.fixture(scope="module")
def stored(state: dict[str, torch.Tensor], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "inception.pth"
    torch.save(state, path)
    return path


def test_the_same_weights_in_any_file_are_the_same_extractor(
    dataset: Dataset, state: dict[str, torch.Tensor], stored: Path, tmp_path: Path
) -> None:
    old, safe, other = (tmp_path / name for name in ("old.pth", "safe.safetensors", "other.pth"))
    torch.save(state, old, _use_new_zipfile_serialization=False)
    save_file(state, safe)
    torch.save({**state, "fc.bias": state["fc.bias"] + 1}, other)
    found = [extractor(dataset, "inception-v3", path) for path in (stored, old, safe, other)]
    assert len({made.identity for made in found[:3]}) == 1
    assert found[3].identity != found[0].identity
    assert all(made.costly for made in found)
    for part in ("Inception-v3", "2,048 features", "299x299", "bilinear", "inception.pth"):
        assert part in found[0].about
    samples = noise(3, 20, 30, 3)
    np.testing.assert_array_equal(found[0].compute(samples), found[2].compute(samples))


def test_grey_is_colour_alpha_is_dropped_and_floats_are_bytes() -> None:
    grey, colour = noise(2, 9, 7, 1), noise(2, 9, 7, 3)
    assert torch.equal(inception.prepared(grey), inception.prepared(grey.repeat(3, -1)))
    clear = np.concatenate([colour, noise(2, 9, 7, 1)], -1)
    expected = inception.prepared(colour)
    assert torch.equal(inception.prepared(clear), expected)
    assert torch.equal(inception.prepared(colour.astype(np.float32) / 255), expected)
    assert -1 <= expected.min() < expected.max() < 1
    with pytest.raises(ConfigError, match="2 channels"):
        inception.prepared(noise(2, 9, 7, 2))


def test_resizing_takes_what_lies_at_the_corner_of_a_pixel() -> None:
    """Not at its middle: of twice as many pixels, every other one stays; of half, every other."""
    x = torch.arange(12.0).reshape(1, 1, 3, 4)[..., :3]
    assert torch.equal(inception.resized(x, 6)[:, :, ::2, ::2], x)
    y = torch.rand(1, 2, 8, 8)
    assert torch.equal(inception.resized(y, 4), y[:, :, ::2, ::2])


def test_without_a_network_it_says_where_to_get_the_weights(
    dataset: Dataset, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inception, "RELEASE", NOBODY)
    with pytest.raises(UserError, match="cannot be fetched") as raised:
        extractor(dataset, "inception-v3")
    assert f"{NOBODY}/{inception.WEIGHTS}" in str(raised.value)
    assert str(cache / "networks" / inception.WEIGHTS) in str(raised.value)
    assert "--weights" in str(raised.value)
    assert not list(cache.rglob("*.p*"))


def test_weights_are_fetched_once_and_only_with_the_right_hash(
    dataset: Dataset, cache: Path, stored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inception, "RELEASE", stored.parent.as_uri())
    monkeypatch.setattr(inception, "WEIGHTS", stored.name)
    with pytest.raises(UserError, match="hash"):
        extractor(dataset, "inception-v3")
    kept = cache / "networks" / stored.name
    assert list(kept.parent.iterdir()) == []
    monkeypatch.setattr(inception, "SHA256", hashlib.sha256(stored.read_bytes()).hexdigest())
    first = extractor(dataset, "inception-v3")
    assert list(kept.parent.iterdir()) == [kept]
    assert stored.name not in first.about
    monkeypatch.setattr(inception, "RELEASE", NOBODY)
    assert extractor(dataset, "inception-v3").identity == first.identity
    kept.write_bytes(b"broken")
    with pytest.raises(ConfigError, match="not the published weights"):
        extractor(dataset, "inception-v3")


def written(path: Path, content: Any) -> Path:
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save(content, path)
    return path


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("text.pth", b"<html>404</html>", "cannot be read"),
        ("empty.pth", b"", "cannot be read"),
        ("text.safetensors", b"<html>404</html>", "cannot be read"),
        ("code.pth", {"fc.weight": Path("here")}, "cannot be read"),
        ("nested.pth", {"state_dict": {"fc.weight": torch.zeros(2)}}, "more than the tensors"),
        ("list.pth", [torch.zeros(2)], "more than the tensors"),
        ("other.pth", {"fc.weight": torch.zeros(2)}, "not the weights"),
    ],
)
def test_files_with_other_content_are_refused(
    dataset: Dataset, tmp_path: Path, name: str, content: Any, what: str
) -> None:
    path = written(tmp_path / name, content)
    with pytest.raises(ConfigError, match=what) as raised:
        extractor(dataset, "inception-v3", path)
    assert raised.value.where == str(path)


def test_a_file_that_is_not_there_is_named(dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        extractor(dataset, "inception-v3", tmp_path / "absent.pth")


# DINOv2


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny DINOv2, whose layers are scaled so that each counts."""
    from transformers import Dinov2Config, Dinov2Model

    torch.manual_seed(0)
    config = Dinov2Config(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=4, image_size=28, patch_size=14,
        initializer_range=0.2,
    )  # fmt: skip
    path = tmp_path_factory.mktemp("dinov2")
    Dinov2Model(config).save_pretrained(path)
    return path


def test_features_are_the_normed_class_token(dataset: Dataset, folder: Path) -> None:
    from transformers import Dinov2Model

    made = extractor(dataset, "dinov2", folder)
    samples = noise(20, 30, 50, 3)
    found = made.compute(samples)
    with torch.no_grad():
        network = Dinov2Model.from_pretrained(folder).eval()
        output = network(dinov2.prepared(samples))
    np.testing.assert_allclose(found, output.pooler_output.numpy(), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found, output.last_hidden_state[:, 0].numpy(), rtol=1e-4, atol=1e-5)
    assert found.dtype == np.float32
    assert found.std(0).min() > 1e-3
    assert made.costly
    for part in ("DINOv2", "32 features", "224x224", "bicubic, antialiased", str(folder)):
        assert part in made.about


@pytest.mark.parametrize("size", [(30, 50), (224, 224), (400, 301)], ids=str)
def test_resizing_is_that_of_pillow(size: tuple[int, int]) -> None:
    """On floats, and cut off to what a picture can hold; then ImageNet's mean and spread."""
    samples = noise(1, *size, 3)
    channels = [Image.fromarray(samples[0, :, :, c].astype(np.float32)) for c in range(3)]
    side = (dinov2.SIDE, dinov2.SIDE)
    resized = [np.asarray(channel.resize(side, Image.Resampling.BICUBIC)) for channel in channels]
    levels = np.stack(resized).clip(0, 255) / 255
    mean, spread = np.array([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]])[:, :, None, None]
    expected = (levels - mean) / spread
    np.testing.assert_allclose(dinov2.prepared(samples)[0].numpy(), expected, atol=1e-4)


def test_identity_is_that_of_weights_and_settings(
    dataset: Dataset, folder: Path, tmp_path: Path
) -> None:
    weights = (folder / "model.safetensors").read_bytes()
    config = json.loads((folder / "config.json").read_text())
    same = extractor(dataset, "dinov2", folder).identity
    (tmp_path / "model.safetensors").write_bytes(weights)
    (tmp_path / "config.json").write_text(json.dumps({**config, "transformers_version": "9"}))
    assert extractor(dataset, "dinov2", tmp_path).identity == same
    (tmp_path / "config.json").write_text(json.dumps({**config, "num_attention_heads": 2}))
    assert extractor(dataset, "dinov2", tmp_path).identity != same


def changed(config: dict[str, Any], **settings: Any) -> str:
    return json.dumps({**config, **settings})


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"model_type": "vit"}, "it says 'vit'"),
        ({"model_type": None}, "it says None"),
        ({"num_hidden_layers": 3}, "18 tensors are missing"),
        ({"hidden_size": 64}, ""),
    ],
    ids=str,
)
def test_other_networks_are_refused_and_not_filled_with_noise(
    dataset: Dataset, folder: Path, tmp_path: Path, settings: dict[str, Any], why: str
) -> None:
    config = json.loads((folder / "config.json").read_text())
    (tmp_path / "config.json").write_text(changed(config, **settings))
    (tmp_path / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes())
    with pytest.raises(ConfigError, match=f"does not hold a DINOv2: .*{why}") as raised:
        extractor(dataset, "dinov2", tmp_path)
    assert raised.value.where == str(tmp_path)


def test_pickled_weights_are_refused(dataset: Dataset, folder: Path, tmp_path: Path) -> None:
    from transformers import Dinov2Model

    network = Dinov2Model.from_pretrained(folder)
    (tmp_path / "config.json").write_text((folder / "config.json").read_text())
    torch.save(network.state_dict(), tmp_path / "pytorch_model.bin")
    with pytest.raises(ConfigError, match=r"does not hold a DINOv2: .*safetensors"):
        extractor(dataset, "dinov2", tmp_path)


def test_the_library_is_quiet_and_stays_as_it_was(
    dataset: Dataset, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from transformers import logging

    before = logging.get_verbosity(), logging.is_progress_bar_enabled()
    extractor(dataset, "dinov2", folder)
    assert capfd.readouterr() == ("", "")
    assert (logging.get_verbosity(), logging.is_progress_bar_enabled()) == before


@pytest.mark.parametrize("kind", ["dinov2", "theirs"])
def test_code_in_the_folder_is_not_run(
    dataset: Dataset, folder: Path, tmp_path: Path, kind: str
) -> None:
    config = json.loads((folder / "config.json").read_text())
    code = {"AutoConfig": "theirs.Config", "AutoModel": "theirs.Model"}
    (tmp_path / "config.json").write_text(changed(config, auto_map=code, model_type=kind))
    (tmp_path / "theirs.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    (tmp_path / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes())
    with nullcontext() if kind == "dinov2" else pytest.raises(ConfigError, match="theirs"):
        extractor(dataset, "dinov2", tmp_path)
    assert not (tmp_path / "ran").exists()


@pytest.mark.usefixtures("cache")
def test_without_a_network_it_says_so_at_once(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    dinov2._library()  # importing it takes seconds of its own
    before = time.monotonic()
    with pytest.raises(UserError, match="cannot be had from the Hub") as raised:
        extractor(dataset, "dinov2")
    assert time.monotonic() - before < 5
    assert f"{dinov2.HUB}{dinov2.PUBLISHED}" in str(raised.value)
    assert "--weights" in str(raised.value)


@pytest.mark.usefixtures("cache")
def test_what_the_hub_has_left_in_its_cache_needs_no_network(
    dataset: Dataset, folder: Path, tmp_path: Path
) -> None:
    place = tmp_path / "hub" / "models--facebook--dinov2-large"
    snapshot = place / "snapshots" / ("0" * 40)
    snapshot.mkdir(parents=True)
    (place / "refs").mkdir()
    (place / "refs" / "main").write_text("0" * 40)
    for path in folder.iterdir():
        (snapshot / path.name).write_bytes(path.read_bytes())
    made = extractor(dataset, "dinov2")
    assert made.identity == extractor(dataset, "dinov2", folder).identity
    assert dinov2.PUBLISHED in made.about


def test_the_missing_library_is_named(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MissingExtraError, match=r"gansmith\[dinov2\]"):
        extractor(dataset, "dinov2")
