"""Our Inception-v3 beside torch-fidelity's, with the same random weights and pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from peers import peer

from gansmith.config import Component
from gansmith.data.dataset import Dataset, Schema
from gansmith.evaluation.features import Extractor
from gansmith.modalities.image.inception import (
    NUM_FEATURES,
    SIDE,
    InceptionV3,
    load_weights,
    prepared,
    resized,
)
from gansmith.registry import build

SIZES = [(32, 32), (320, 340), (299, 299), (17, 600)]


def random_weights() -> dict[str, torch.Tensor]:
    """Of an extent that lets a signal pass through all layers, and leaves no two channels alike."""
    random = torch.Generator().manual_seed(0)

    def drawn(name: str, like: torch.Tensor) -> torch.Tensor:
        normal = torch.randn(like.shape, generator=random)
        if like.ndim > 1:
            return normal * (2 / like[0].numel()) ** 0.5
        if name.endswith(("running_var", "bn.weight")):
            return 0.5 + torch.rand(like.shape, generator=random)
        return 0.1 * normal

    with torch.device("meta"):
        own = InceptionV3().state_dict()
    return {name: drawn(name, v) for name, v in own.items() if v.is_floating_point()}


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "inception.pth"
    torch.save(random_weights(), path)
    return path


@pytest.fixture(scope="module")
def ours(stored: Path) -> Extractor:
    x = pictures(32, 32)
    dataset = Dataset(Schema("image", x.shape[1:], "uint8"), x, None, np.arange(len(x)), "pictures")
    component = Component("inception-v3", {"weights": str(stored)})
    made: Extractor = build("extractor", component, dataset, np.arange(len(x)))
    return made


@pytest.fixture(scope="module")
def theirs(stored: Path) -> Any:
    module = peer("torch_fidelity.feature_extractor_inceptionv3")
    return module.FeatureExtractorInceptionV3("theirs", ["2048", "logits"], str(stored))


def pictures(height: int, width: int) -> np.ndarray:
    """Half noise, half a slope, whose bytes are not the same everywhere."""
    random = np.random.default_rng(height * width)
    x = random.integers(0, 256, (3, height, width, 3), dtype=np.uint8)
    x[1] = np.linspace(0, 255, width)[None, :, None]
    return x


def assert_same(ours: torch.Tensor, expected: torch.Tensor) -> None:
    assert expected.std(0).mean() > 0.01 * expected.abs().mean()  # it does depend on the picture
    assert ((ours - expected).norm() / expected.norm()).item() < 1e-5
    least = 1e-5 * expected.abs().max().item()
    torch.testing.assert_close(ours, expected, rtol=1e-4, atol=least)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_features(size: tuple[int, int], ours: Extractor, theirs: Any) -> None:
    samples = pictures(*size)
    features = torch.from_numpy(ours.compute(samples))
    assert features.shape == (3, NUM_FEATURES)
    assert features.dtype == torch.float32
    assert_same(features, theirs(torch.from_numpy(samples).permute(0, 3, 1, 2))[0])


def test_logits(stored: Path, theirs: Any) -> None:
    samples = pictures(40, 30)
    expected = theirs(torch.from_numpy(samples).permute(0, 3, 1, 2))[1]
    assert_same(load_weights(stored)(prepared(samples)), expected)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_resizing_is_the_same_to_the_bit(size: tuple[int, int]) -> None:
    module = peer("torch_fidelity.interpolate_compat_tensorflow")
    x = torch.from_numpy(pictures(*size)).permute(0, 3, 1, 2).float()
    expected = module.interpolate_bilinear_2d_like_tensorflow1x(
        x, (SIDE, SIDE), align_corners=False
    )
    assert torch.equal(resized(x, SIDE), expected)
    assert torch.equal(prepared(pictures(*size)), (expected - 128) / 128)


def test_names_and_shapes_are_those_of_the_published_file(theirs: Any) -> None:
    own = {k: v.shape for k, v in InceptionV3().state_dict().items()}
    assert own == {k: v.shape for k, v in theirs.state_dict().items()}
    assert sum(v.numel() for k, v in theirs.state_dict().items()) > 23_000_000
