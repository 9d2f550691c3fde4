"""TensorBoard: event files inside the run folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gansmith.errors import MissingExtraError
from gansmith.runs.folder import RunFolder, writing


def require_tensorboard() -> Any:
    """The writer of torch. Raises a MissingExtraError without the package tensorboard."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise MissingExtraError("tensorboard", "tensorboard", "TensorBoard") from error
    return SummaryWriter


class EventFiles:
    """Writes event files. A step is a sample count, and a time is that of the training.

    Args:
        folder: of the run.
        home: of the event files.
    """

    def __init__(self, folder: RunFolder, home: Path) -> None:
        self._began = folder.config.stat().st_mtime
        with writing(home):
            self._writer = require_tensorboard()(str(home))

    def record(self, samples: int, seconds: float, values: Mapping[str, float]) -> None:
        """A point of each curve."""
        for name, value in values.items():
            self._writer.add_scalar(name, value, samples, walltime=self._began + seconds)

    def sheet(self, samples: int, path: Path) -> None:
        """A picture, or the text of a file."""
        if path.suffix == ".txt":
            lines = path.read_text("utf-8").splitlines()
            self._writer.add_text("samples", "\n".join(f"    {line}" for line in lines), samples)
            return
        from PIL import Image

        with Image.open(path) as picture:
            pixels = np.asarray(picture.convert("RGB"))
        self._writer.add_image("samples", pixels, samples, dataformats="HWC")

    def flush(self) -> None:
        """To the disk."""
        self._writer.flush()

    def close(self) -> None:
        """End the file."""
        self._writer.close()
