"""Ours: the default recipe for tables, and the rows as ``gansmith sample --out`` writes them.

Or the same with half of the samples of a small table, for a comparison in less time. Or, to show
how much of that the refiner does alone: training rows with each column shuffled by itself, in place
of the generator's rows, and refined as these are.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.cases import UNWATCHED
from benchmarks.peers.program import Task, run

if TYPE_CHECKING:
    from gansmith.run import Run


# Half of what the recipe takes for a small table.
HALF_SAMPLES = 75_000


def ready(task: Task) -> Callable[[], str | None]:
    """Trained as anyone would: all settings are found out from the file."""
    import lightning_fabric
    import pandas
    import pyarrow
    import torch

    from gansmith.api import train
    from gansmith.errors import DivergedError
    from gansmith.modalities.table.codec import TableCodec
    from gansmith.modalities.table.writing import write

    # Here, because importing is not part of what is timed.
    assert all((lightning_fabric, pandas, pyarrow))
    torch.set_num_threads(1)
    settings = UNWATCHED if task.toy else {}
    samples = 2_000 if task.toy else HALF_SAMPLES if task.method == "table, half" else None

    def work() -> str | None:
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "run"
            try:
                run = train(task.train, out, samples=samples, seed=task.seed, device="cpu",
                            settings=settings)  # fmt: skip
            except DivergedError as error:
                return error.what
            assert isinstance(run.codec, TableCodec)
            of_generator = task.method != "shuffled, refined"
            chunks = (
                run.stream(task.num_rows, seed=task.seed) if of_generator else refined(run, task)
            )
            write(Path(task.out), run.codec.columns, chunks, lambda _: None)
        return None

    return work


def refined(run: Run, task: Task) -> Iterator[tuple[Any, None]]:
    """Shuffled rows of the training table, refined chunk by chunk."""
    import numpy as np
    import torch

    from gansmith.data import open_source
    from gansmith.protocols import Condition

    sampler = run.sampler()
    rows = np.asarray(open_source(run.config.data).samples)
    shuffled = np.random.default_rng(task.seed).permuted(rows, axis=0)[: task.num_rows]
    for first in range(0, len(shuffled), sampler.game.chunk_samples):
        x = sampler.codec.encode(torch.from_numpy(shuffled[first:][: sampler.game.chunk_samples]))
        done = sampler.game.finished(x, Condition(), task.seed, first)
        yield sampler.codec.decode(done).numpy(), None


if __name__ == "__main__":
    run(ready, ("torch",))
