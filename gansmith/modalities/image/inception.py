"""Inception-v3 as the Frechet inception distance of the literature takes it.

Szegedy et al. 2015 (arXiv:1512.00567), table 1, as the TensorFlow graph of 2015-12-05 has it, which
Heusel et al. 2017 (arXiv:1706.08500) defined the distance on: averages that do not count the
padding, 1,008 logits, and a maximum where the last block should have an average. The names of the
modules are those of the published state dict.
"""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gansmith.data.cache import default_cache_dir
from gansmith.data.dataset import Dataset
from gansmith.errors import ConfigError, UserError
from gansmith.evaluation.features import Extractor, identity_of
from gansmith.modalities.image.pretrained import (
    Pictures,
    in_batches,
    read_state_dict,
    require_pictures,
    to_rgb,
)
from gansmith.nn.memory import channels_last
from gansmith.progress import Progress, silent
from gansmith.registry import register

RELEASE = "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0"
WEIGHTS = "weights-inception-2015-12-05-6726825d.pth"
SHA256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"
SILENCE_SECONDS = 30.0
SIDE = 299
NUM_FEATURES = 2048
NUM_LOGITS = 1008


class Step(NamedTuple):
    """A convolution within a branch: the end of its name, and what it makes."""

    name: str
    channels: int
    kernel: tuple[int, int] = (1, 1)
    stride: int = 1


# A branch is a row of stages; a stage holds the convolutions that see the same input.
Branch = tuple[tuple[Step, ...], ...]
Pooling = Callable[[Tensor], Tensor]

_average = partial(F.avg_pool2d, kernel_size=3, stride=1, padding=1, count_include_pad=False)
_maximum = partial(F.max_pool2d, kernel_size=3, stride=1, padding=1)
_halving = partial(F.max_pool2d, kernel_size=3, stride=2)


class Convolution(nn.Module):
    """A convolution without bias, batch normalisation, ReLU."""

    def __init__(
        self, before: int, after: int, kernel: tuple[int, int], stride: int = 1, *,
        padded: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        padding = (kernel[0] // 2, kernel[1] // 2) if padded else (0, 0)
        self.conv = nn.Conv2d(before, after, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(after, eps=1e-3)

    def forward(self, x: Tensor) -> Tensor:
        """(N, before, H, W) -> (N, after, H', W')."""
        return F.relu(self.bn(self.conv(x)), inplace=True)


class Mixed(nn.Module):
    """Branches that see the same input, and a pooling; what they make is stacked.

    Args:
        before: channels of the input.
        branches: of convolutions, padded unless they stride.
        pooling: of the input, the last branch.
        pooled: what is done to what it pooled.
    """

    def __init__(
        self, before: int, branches: tuple[Branch, ...], pooling: Pooling, pooled: Branch = ()
    ) -> None:
        super().__init__()
        self.branches, self.pooling, self.pooled = branches, pooling, pooled
        self.channels = sum(self._add(before, branch) for branch in (*branches, pooled))

    def _add(self, before: int, branch: Branch) -> int:
        for stage in branch:
            for name, channels, kernel, stride in stage:
                layer = Convolution(before, channels, kernel, stride, padded=stride == 1)
                self.add_module(f"branch{name}", layer)
            before = sum(step.channels for step in stage)
        return before

    def _along(self, branch: Branch, x: Tensor) -> Tensor:
        for stage in branch:
            x = torch.cat([self.get_submodule(f"branch{step.name}")(x) for step in stage], 1)
        return x

    def forward(self, x: Tensor) -> Tensor:
        """(N, before, H, W) -> (N, channels, H', W')."""
        found = [self._along(branch, x) for branch in self.branches]
        return torch.cat([*found, self._along(self.pooled, self.pooling(x))], 1)


def _row(name: str, *steps: tuple[int, tuple[int, int]], stride: int = 1) -> Branch:
    """Convolutions one after the other; the last one strides."""
    last = len(steps)
    return tuple(
        (Step(f"{name}_{i}", channels, kernel, stride if i == last else 1),)
        for i, (channels, kernel) in enumerate(steps, 1)
    )


def _fork(name: str) -> tuple[Step, ...]:
    return Step(f"{name}a", 384, (1, 3)), Step(f"{name}b", 384, (3, 1))


def _one(name: str, channels: int, kernel: tuple[int, int] = (1, 1), stride: int = 1) -> Branch:
    return ((Step(name, channels, kernel, stride),),)


def _block_35(before: int, pooled: int) -> Mixed:
    """At 35x35: figure 5 of the paper, with a 5x5 convolution where that has a 3x3."""
    branches = (
        _one("1x1", 64),
        _row("5x5", (48, (1, 1)), (64, (5, 5))),
        _row("3x3dbl", (64, (1, 1)), (96, (3, 3)), (96, (3, 3))),
    )
    return Mixed(before, branches, _average, _one("_pool", pooled))


def _block_17(before: int, inner: int) -> Mixed:
    """At 17x17: figure 6 of the paper, n = 7."""
    wide, high = (1, 7), (7, 1)
    branches = (
        _one("1x1", 192),
        _row("7x7", (inner, (1, 1)), (inner, wide), (192, high)),
        _row("7x7dbl", (inner, (1, 1)), (inner, high), (inner, wide), (inner, high), (192, wide)),
    )
    return Mixed(before, branches, _average, _one("_pool", 192))


def _block_8(before: int, pooling: Pooling) -> Mixed:
    """At 8x8: figure 7 of the paper."""
    branches: tuple[Branch, ...] = (
        _one("1x1", 320),
        ((Step("3x3_1", 384),), _fork("3x3_2")),
        (*_row("3x3dbl", (448, (1, 1)), (384, (3, 3))), _fork("3x3dbl_3")),
    )
    return Mixed(before, branches, pooling, _one("_pool", 192))


def _to_17(before: int) -> Mixed:
    narrowing = _row("3x3dbl", (64, (1, 1)), (96, (3, 3)), (96, (3, 3)), stride=2)
    return Mixed(before, (_one("3x3", 384, (3, 3), 2), narrowing), _halving)


def _to_8(before: int) -> Mixed:
    branches = (
        _row("3x3", (192, (1, 1)), (320, (3, 3)), stride=2),
        _row("7x7x3", (192, (1, 1)), (192, (1, 7)), (192, (7, 1)), (192, (3, 3)), stride=2),
    )
    return Mixed(before, branches, _halving)


class InceptionV3(nn.Module):
    """(N, 3, 299, 299) in [-1, 1] -> 2,048 features, or 1,008 logits."""

    def __init__(self) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = Convolution(3, 32, (3, 3), 2, padded=False)
        self.Conv2d_2a_3x3 = Convolution(32, 32, (3, 3), padded=False)
        self.Conv2d_2b_3x3 = Convolution(32, 64, (3, 3))
        self.Conv2d_3b_1x1 = Convolution(64, 80, (1, 1))
        self.Conv2d_4a_3x3 = Convolution(80, 192, (3, 3), padded=False)
        self.Mixed_5b = _block_35(192, 32)
        self.Mixed_5c = _block_35(256, 64)
        self.Mixed_5d = _block_35(288, 64)
        self.Mixed_6a = _to_17(288)
        self.Mixed_6b = _block_17(768, 128)
        self.Mixed_6c = _block_17(768, 160)
        self.Mixed_6d = _block_17(768, 160)
        self.Mixed_6e = _block_17(768, 192)
        self.Mixed_7a = _to_8(768)
        self.Mixed_7b = _block_8(1280, _average)
        # deviates from the paper: a maximum, which this graph has and published scores rest on.
        self.Mixed_7c = _block_8(NUM_FEATURES, _maximum)
        self.fc = nn.Linear(NUM_FEATURES, NUM_LOGITS)

    def features(self, x: Tensor) -> Tensor:
        """(N, 2048), the mean over the picture: what the graph calls pool3."""
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(_halving(x)))
        x = self.Mixed_5d(self.Mixed_5c(self.Mixed_5b(_halving(x))))
        x = self.Mixed_6e(self.Mixed_6d(self.Mixed_6c(self.Mixed_6b(self.Mixed_6a(x)))))
        x = self.Mixed_7c(self.Mixed_7b(self.Mixed_7a(x)))
        return x.mean((2, 3))

    def forward(self, x: Tensor) -> Tensor:
        """(N, 1008) logits."""
        logits: Tensor = self.fc(self.features(x))
        return logits


def resized(x: Tensor, side: int) -> Tensor:
    """(N, C, H, W) -> (N, C, side, side), bilinear as TensorFlow 1 is.

    Pixel i of the result lies at i H / side of the input: corners are not aligned, centres are not
    halved, and nothing is smoothed before it becomes smaller (Parmar et al. 2022, arXiv:2104.11222,
    show what that does to the distance).
    """
    for axis in (3, 2):
        length = x.shape[axis]
        place = torch.arange(side, dtype=torch.float32) * torch.tensor(length / side)
        low = place.long()
        share = (place - low).reshape(-1, *[1] * (3 - axis))
        near = x.index_select(axis, low)
        far = x.index_select(axis, (low + 1).clamp(max=length - 1))
        x = near + (far - near) * share
    return x


def prepared(samples: Pictures) -> Tensor:
    """Raw pictures (N, H, W, C) -> (N, 3, 299, 299) in [-1, 1).

    Grey becomes colour, alpha is dropped, and floats become bytes: the reference reads 8-bit files.
    """
    colours = samples[..., :3] if samples.shape[3] == 4 else samples
    levels = (to_rgb(colours) * 255).round().clamp(0, 255)
    return (resized(levels, SIDE) - 128) / 128


def load_weights(path: Path) -> InceptionV3:
    """The network with the weights of a state dict, of PyTorch or of safetensors.

    Raises:
        ConfigError: if there is no such file, or it holds others.
    """
    network = InceptionV3()
    try:
        network.load_state_dict(read_state_dict(path))
    except RuntimeError as error:
        raise ConfigError(
            "These are not the weights of the Inception-v3 that the Frechet distance is taken in.",
            where=str(path),
            fix=f"Give the file {WEIGHTS}, or one with the same names and shapes.",
        ) from error
    return network.eval().requires_grad_(False)


@contextmanager
def _impatient() -> Iterator[None]:
    """Within, a server that is silent is given up."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(SILENCE_SECONDS)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def download(path: Path, progress: Progress = silent) -> None:
    """Fetch the published weights, 96 MB; the file is there in full, with the right hash, or not.

    Raises:
        UserError: if they cannot be had, or are not what was published.
    """
    url = f"{RELEASE}/{WEIGHTS}"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _impatient(), progress("Weights of Inception-v3, 96 MB", 1) as advance:
            # It writes to the side, and renames what has the hash.
            torch.hub.download_url_to_file(url, str(path), hash_prefix=SHA256, progress=False)
            advance()
    except Exception as error:  # of sockets, of HTTP, of the disk, and one for the hash
        raise UserError(
            f"The weights of Inception-v3 cannot be fetched ({error}).",
            where=f"{url}, to {path}",
            fix="Check the network. Or fetch the file elsewhere, and put it there or name it by "
            "--weights.",
        ) from error


def _weights(named: str, progress: Progress) -> tuple[Path, str]:
    """Where the weights lie, and what to say of them where they are not the published ones."""
    path = Path(named).expanduser()
    if not named:
        path = default_cache_dir() / "networks" / WEIGHTS
        if not path.exists():
            download(path, progress)
    published = path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == SHA256
    if not named and not published:
        raise ConfigError(
            "These are not the published weights of Inception-v3.",
            where=str(path),
            fix="Remove this file, and it is fetched again.",
        )
    return path, "" if published else f", with the weights of {path.name}"


@register("extractor", "inception-v3")
def inception_v3(
    dataset: Dataset, indices: npt.NDArray[np.int64], progress: Progress = silent,
    *, weights: str = "",
) -> Extractor:  # fmt: skip
    """2,048 features of Inception-v3, those of the published FID; its weights are downloaded once.

    Args:
        weights: a file of the state dict that pytorch-fid and torch-fidelity publish, of PyTorch or
            of safetensors; without it, the one in the cache, or else it is fetched to there.

    Raises:
        ConfigError: if the data are no pictures, or the file holds other weights.
        UserError: if the weights have to be fetched and cannot be.
    """
    del indices
    require_pictures(dataset)
    path, others = _weights(weights, progress)
    network = load_weights(path)
    state = network.state_dict().items()
    channels_last(network)
    return Extractor(
        "inception-v3",
        # Of the tensors: the same in whatever file they come. How many batches were seen is none.
        identity_of(*(value.numpy() for name, value in state if value.is_floating_point())),
        f"{NUM_FEATURES:,} features (pool3) of Inception-v3 as of the FID{others}, pictures "
        f"resized to {SIDE}x{SIDE} (bilinear by TensorFlow 1's rule, not antialiased)",
        in_batches(prepared, network.features),
        costly=True,
    )
