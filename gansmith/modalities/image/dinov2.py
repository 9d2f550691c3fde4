"""DINOv2, a network that learnt from pictures without labels, through the library transformers.

Oquab et al. 2023 (arXiv:2304.07193). Stein et al. 2023 (arXiv:2306.04675) found that distances in
its features agree with what people see, where those in Inception's do not, and took its ViT-L/14.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from gansmith.data.dataset import Dataset
from gansmith.errors import ConfigError, MissingExtraError, UserError
from gansmith.evaluation.features import Extractor, identity_of
from gansmith.modalities.image.pretrained import (
    Pictures,
    imagenet_normalised,
    in_batches,
    require_pictures,
    to_rgb,
)
from gansmith.progress import Progress, silent
from gansmith.registry import register

PUBLISHED = "facebook/dinov2-large"
HUB = "https://huggingface.co/"
# Tensors and settings; what a folder on the Hub may hold of code is not even fetched.
FILES = ["config.json", "*.safetensors", "*.safetensors.index.json"]
SIDE = 224
# What the shapes of the weights do not tell of the network.
SETTINGS = ("num_attention_heads", "hidden_act", "layer_norm_eps")


def prepared(samples: Pictures) -> Tensor:
    """Raw pictures (N, H, W, C) -> (N, 3, 224, 224), to ImageNet's mean and spread; alpha on white.

    Bicubic and antialiased, as Pillow resizes; what overshoots is cut off.
    """
    x = F.interpolate(to_rgb(samples), (SIDE, SIDE), mode="bicubic", antialias=True)
    return imagenet_normalised(x.clamp(0, 1))


def _library() -> ModuleType:
    try:
        import transformers
    except ImportError as error:
        raise MissingExtraError("transformers", "dinov2", "This network") from error
    return transformers  # type: ignore[no-any-return]


@contextmanager
def _quiet(log: Any) -> Iterator[None]:
    """Within, the library shows no bars, which run through ours, and no warnings: we raise."""
    level, bars = log.get_verbosity(), log.is_progress_bar_enabled()
    log.set_verbosity_error()
    log.disable_progress_bar()
    try:
        yield
    finally:
        log.set_verbosity(level)
        if bars:
            log.enable_progress_bar()


def fetched(name: str) -> Path:
    """The folder of a network of the Hub, from its cache where there is no network.

    Raises:
        UserError: if it can be had from neither.
    """
    from huggingface_hub import snapshot_download

    try:
        # Asked here and not through from_pretrained, which tries again and again when offline.
        return Path(snapshot_download(name, allow_patterns=FILES))
    except Exception as error:  # the library lets those of a dozen others through
        first_line = str(error).partition("\n")[0]
        raise UserError(
            f"The weights of DINOv2 cannot be had from the Hub: {first_line}",
            where=HUB + name,
            fix="Check the name and the network. Or fetch config.json and model.safetensors "
            "elsewhere, and name their folder by --weights.",
        ) from error


def _other(folder: Path, why: str) -> ConfigError:
    return ConfigError(
        f"This folder does not hold a DINOv2: {why}",
        where=str(folder),
        fix=f"Give one with the config.json and model.safetensors of a DINOv2, as of {PUBLISHED}.",
    )


def load_network(folder: Path) -> Any:
    """The network of a folder with config.json and model.safetensors, to be evaluated in float32.

    Raises:
        MissingExtraError: if the library is not installed.
        ConfigError: if the folder does not hold all weights of a DINOv2.
    """
    library = _library()
    try:
        with _quiet(library.logging):
            # Not its Auto classes: they offer to run what code a folder holds.
            stated = json.loads((folder / "config.json").read_text("utf-8")).get("model_type")
            if stated != "dinov2":
                raise _other(folder, f"it says {stated!r}")
            network, found = library.Dinov2Model.from_pretrained(
                folder, local_files_only=True, use_safetensors=True, dtype=torch.float32,
                output_loading_info=True,
            )  # fmt: skip
    except ConfigError:
        raise
    except Exception as error:  # the library lets those of a dozen others through
        raise _other(folder, str(error).partition("\n")[0]) from error
    lacking = {*found["missing_keys"], *found["mismatched_keys"]}
    if lacking:  # the library has filled them with random numbers
        raise _other(folder, f"{len(lacking)} tensors are missing")
    return network.eval().requires_grad_(False)


def _identity(folder: Path, config: Any) -> str:
    """Of the files: the library renames and joins tensors from version to version."""
    settings = [str(getattr(config, setting)) for setting in SETTINGS]
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as file:
            settings.append(hashlib.file_digest(file, "sha256").hexdigest())
    return identity_of(*settings)


@register("extractor", "dinov2")
def dinov2(
    dataset: Dataset, indices: npt.NDArray[np.int64], progress: Progress = silent,
    *, weights: str = "",
) -> Extractor:  # fmt: skip
    """1,024 features of DINOv2 ViT-L/14: where distances agree best with what people see.

    Args:
        weights: a folder with config.json and model.safetensors, or the name of a network on the
            Hugging Face Hub; without it, facebook/dinov2-large.

    Raises:
        ConfigError: if the data are no pictures, or the folder holds another network.
        MissingExtraError: if the library transformers is not installed.
        UserError: if the weights have to be fetched and cannot be.
    """
    del indices, progress
    require_pictures(dataset)
    _library()
    name = weights or PUBLISHED
    folder = Path(name).expanduser()
    folder = folder if folder.is_dir() else fetched(name)
    network = load_network(folder)

    def features(x: Tensor) -> Tensor:
        token: Tensor = network(x).pooler_output
        return token

    return Extractor(
        "dinov2",
        _identity(folder, network.config),
        f"{network.config.hidden_size:,} features (the normed class token) of DINOv2 ({name}), "
        f"pictures resized to {SIDE}x{SIDE} (bicubic, antialiased)",
        in_batches(prepared, features),
        costly=True,
    )
