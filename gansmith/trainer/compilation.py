"""torch.compile for the networks of a game."""

from __future__ import annotations

import shutil

import torch

from gansmith.errors import ConfigError
from gansmith.game.game import Game


def compile_networks(game: Game) -> None:
    """Let torch.compile build each network for the moves that differentiate it once.

    Raises:
        ConfigError: if there is no C++ compiler, which torch.compile needs on every device.
    """
    if not any(shutil.which(name) for name in ("c++", "g++", "clang++", "cl")):
        raise ConfigError(
            "torch.compile needs a C++ compiler, and there is none on the path.",
            where="machine.compile=on",
            fix="Install g++ or clang, or set machine.compile=off.",
        )
    for name, network in game.networks.items():
        game.networks.compiled[name] = torch.compile(network)
