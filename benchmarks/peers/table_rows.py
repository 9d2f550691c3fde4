"""Ours: the default recipe for tables, and the rows as ``gansmith sample --out`` writes them."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.peers.program import Task, run


def ready(task: Task) -> Callable[[], str | None]:
    """Trained as anyone would: all settings are found out from the file."""
    import pandas
    import pyarrow
    import torch

    from gansmith.api import train
    from gansmith.errors import DivergedError
    from gansmith.modalities.table.codec import TableCodec
    from gansmith.modalities.table.writing import write

    assert pandas, pyarrow  # here, because importing is not part of what is timed
    torch.set_num_threads(1)
    samples = 2_000 if task.toy else None

    def work() -> str | None:
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "run"
            try:
                run = train(task.train, out, samples=samples, seed=task.seed, device="cpu")
            except DivergedError as error:
                return error.what
            assert isinstance(run.codec, TableCodec)
            chunks = run.stream(task.num_rows, seed=task.seed)
            write(Path(task.out), run.codec.columns, chunks, lambda _: None)
        return None

    return work


if __name__ == "__main__":
    # A test dependency of ours, which the engine imports where it finds it: users do not have it.
    sys.modules.setdefault("torchmetrics", None)  # type: ignore[arg-type]
    run(ready, ("torch",))
