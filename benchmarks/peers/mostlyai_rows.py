"""TabularARGN (Tiwald et al. 2025, arXiv:2501.12012): ``mostlyai-engine``, all as it comes."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.peers.program import Task, read, run


def ready(task: Task) -> Callable[[], None]:
    """At most 100 epochs, which is its default; it ends when its validation loss does."""
    import torch
    from mostlyai.engine import TabularARGN

    torch.set_num_threads(1)
    short = {"max_epochs": 1.0} if task.toy else {}

    def work() -> None:
        with TabularARGN(random_state=task.seed, device="cpu", **short) as model:
            table = read(task.train, task.numbers)
            model.fit(table)
            made = model.sample(task.num_rows)
        made[list(table.columns)].to_csv(task.out, index=False)

    return work


if __name__ == "__main__":
    run(ready, ("mostlyai-engine", "torch"))
