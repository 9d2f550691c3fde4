"""Networks that features come from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage.data
import torch

from gansmith import registry
from gansmith.config import Component, DataConfig
from gansmith.data import open_source
from gansmith.data.dataset import Dataset
from gansmith.errors import ConfigError, MissingExtraError
from gansmith.evaluation.division import divide
from gansmith.evaluation.features import Extractor
from gansmith.modalities.image import efficientnet
from gansmith.modalities.image.pretrained import to_rgb
from gansmith.prepare import modality_of


def opened(path: Path, x: np.ndarray) -> Dataset:
    np.savez(path, x=x)
    return open_source(DataConfig(source=str(path)))


def noise(n: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (n, *shape), dtype=np.uint8)


def extractor(dataset: Dataset, name: str) -> Extractor:
    made: Extractor = registry.build(
        "extractor", Component(name), dataset, divide(dataset, 0.1, 100, 0).train
    )
    return made


@pytest.mark.parametrize(
    ("name", "classes"), [("chelsea", [281, 282, 285]), ("coffee", [504, 967, 968])]
)
def test_the_network_knows_a_cat_and_a_cup(name: str, classes: list[int]) -> None:
    """ImageNet's tabby, tiger and Egyptian cats; its mug, espresso and cup."""
    picture = getattr(skimage.data, name)()
    side = min(picture.shape[:2])
    top, left = ((length - side) // 2 for length in picture.shape[:2])
    square = picture[None, top : top + side, left : left + side]
    folder = Path(str(efficientnet.find_spec(efficientnet.PACKAGE).origin)).parent
    network = efficientnet.load_weights(folder / efficientnet.WEIGHTS)
    shares = network(efficientnet.normalised(square, efficientnet.SIDE)).softmax(1)[0]
    assert shares[classes].sum() > 0.7


def test_colour_pictures_are_measured_in_it_and_grey_ones_are_not(tmp_path: Path) -> None:
    image = modality_of("image")
    colour = opened(tmp_path / "colour.npz", noise(40, 6, 6, 3))
    grey = opened(tmp_path / "grey.npz", noise(40, 6, 6))
    assert image.default_extractor(colour) == "efficientnet-lite0"
    assert image.default_extractor(grey) == "pca"


def test_grey_is_grey_in_colour_and_alpha_lies_on_white() -> None:
    grey = noise(2, 5, 5, 1)
    assert torch.equal(to_rgb(grey), efficientnet.to_rgb(grey.repeat(3, -1)))
    clear = np.concatenate([noise(2, 5, 5, 3), np.zeros((2, 5, 5, 1), np.uint8)], -1)
    assert torch.equal(to_rgb(clear), torch.ones(2, 3, 5, 5))
    with pytest.raises(ConfigError, match="2 channels"):
        to_rgb(noise(2, 5, 5, 2))


def test_features_are_computed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANSMITH_CACHE", str(tmp_path / "cache"))
    dataset = opened(tmp_path / "colour.npz", noise(40, 6, 6, 3))
    made = extractor(dataset, "efficientnet-lite0")
    first = made(dataset.samples[:3])
    assert first.shape == (3, 1280)
    assert first.dtype == np.float32

    def never(samples: Any) -> Any:
        raise AssertionError

    known = Extractor(made.name, made.identity, made.about, never, costly=True)
    np.testing.assert_array_equal(known(dataset.samples[:3]), first)
    with pytest.raises(AssertionError):
        known(dataset.samples[:4])


def test_a_cache_that_cannot_be_written_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = opened(tmp_path / "grey.npz", noise(40, 6, 6))
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GANSMITH_CACHE", str(tmp_path / "file"))
    costly = Extractor("flat", "0", "", lambda x: np.float32(x.reshape(len(x), -1)), costly=True)
    assert costly(dataset.samples[:3]).shape == (3, 36)


def test_what_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = opened(tmp_path / "colour.npz", noise(40, 6, 6, 3))
    monkeypatch.setattr(efficientnet, "find_spec", lambda name: None)
    assert modality_of("image").default_extractor(dataset) == "pca"
    with pytest.raises(MissingExtraError, match=r"gansmith\[features\]"):
        extractor(dataset, "efficientnet-lite0")


def test_points_have_no_such_features() -> None:
    with pytest.raises(ConfigError, match="no features of points"):
        extractor(open_source(DataConfig(source="ring")), "efficientnet-lite0")


def test_other_weights_are_refused(tmp_path: Path) -> None:
    torch.save({"weight": torch.zeros(3)}, tmp_path / "other.pth")
    with pytest.raises(ConfigError, match="not the weights"):
        efficientnet.load_weights(tmp_path / "other.pth")
