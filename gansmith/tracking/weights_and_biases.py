"""Weights & Biases: a run of theirs for a run of ours, also without a network."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gansmith.errors import MissingExtraError, UserError
from gansmith.runs.folder import RunFolder, write_atomic, writing

PROJECT = "gansmith"


def require_wandb() -> Any:
    """The package wandb. Raises a MissingExtraError where it is not installed."""
    os.environ.setdefault("WANDB_ERROR_REPORTING", "false")  # before the package is imported
    try:
        import wandb
    except ImportError as error:
        raise MissingExtraError("wandb", "wandb", "Weights & Biases") from error
    return wandb


class Project:
    """Logs to Weights & Biases, or into a folder that ``wandb sync`` uploads.

    It is told the records, the sheets and the configuration; nothing of the code, the terminal or
    the machine. WANDB_MODE, WANDB_PROJECT and WANDB_ENTITY are theirs and do what they do.

    Args:
        folder: of the run.
        home: where they keep their files.

    Raises:
        UserError: if they know no account here.
    """

    def __init__(self, folder: RunFolder, home: Path) -> None:
        self._wandb = require_wandb()
        with writing(home):
            home.mkdir(exist_ok=True)
        quiet = self._wandb.Settings(
            console="off", disable_git=True, disable_code=True, x_disable_meta=True,
            x_disable_stats=True, x_disable_machine_info=True,
            x_save_requirements=False, silent=True,
        )  # fmt: skip
        try:
            self._run = self._wandb.init(
                project=os.environ.get("WANDB_PROJECT", PROJECT), id=_own_id(home),
                name=folder.path.resolve().name, dir=str(home), resume="allow",
                config=folder.read_json("config.json"), settings=quiet,
            )  # fmt: skip
        except self._wandb.Error as error:
            raise UserError(
                f"Weights & Biases cannot be had: {error}",
                where=str(folder.path),
                fix="wandb login, or WANDB_MODE=offline for files that `wandb sync` uploads later.",
            ) from error
        self._run.define_metric("*", step_metric="samples")

    def record(self, samples: int, seconds: float, values: Mapping[str, float]) -> None:
        """A point of each curve."""
        del seconds  # one of the values
        self._run.log({"samples": samples, **values})

    def sheet(self, samples: int, path: Path) -> None:
        """A picture, or the text of a file."""
        if path.suffix == ".png":
            shown = self._wandb.Image(str(path))
        else:
            rows = [[line] for line in path.read_text("utf-8").splitlines()]
            shown = self._wandb.Table(columns=["text"], data=rows)
        self._run.log({"samples": samples, "sheet": shown})

    def flush(self) -> None:
        """Nothing: what is logged is in the hands of a process of theirs."""

    def close(self) -> None:
        """End, when all is written."""
        self._run.finish()


def _own_id(home: Path) -> str:
    """The same for a run each time, so that one that goes on stays one run with them too."""
    path = home / "id"
    if not path.exists():
        write_atomic(path, secrets.token_hex(4) + "\n")
    return path.read_text("utf-8").strip()
