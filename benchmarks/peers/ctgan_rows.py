"""CTGAN and TVAE (Xu et al. 2019, arXiv:1907.00503): the package ``ctgan``, all as it comes.

Its licence, the Business Source License 1.1, allows measuring; it is no part of this package.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.peers.program import Task, read, run


def ready(task: Task) -> Callable[[], None]:
    """300 epochs, which is its default; the columns of categories are named to it."""
    import ctgan
    import torch

    torch.set_num_threads(1)
    make = {"ctgan": ctgan.CTGAN, "tvae": ctgan.TVAE}[task.method]

    def work() -> None:
        table = read(task.train, task.numbers)
        names = list(table.columns)
        full, gaps = filled(table, task.numbers)
        torch.manual_seed(task.seed)
        model = make(enable_gpu=False, **({"epochs": 1} if task.toy else {}))
        model.set_random_state(task.seed)
        model.fit(full, [name for name in full.columns if name not in task.numbers])
        opened(model.sample(task.num_rows), gaps)[names].to_csv(task.out, index=False)

    return work


def filled(table: Any, numbers: list[str]) -> tuple[Any, dict[str, str]]:
    """It takes no gaps in numbers: each gets the mean, and a column that says where they were.

    Returns:
        The table, and the names of these further columns by those of the columns.
    """
    gaps = {name: f"{name} is missing" for name in numbers if table[name].isna().any()}
    full = table.copy()
    for name, marker in gaps.items():
        full[marker] = table[name].isna().map({True: "yes", False: "no"})
        full[name] = table[name].fillna(table[name].mean())
    return full, gaps


def opened(table: Any, gaps: dict[str, str]) -> Any:
    """The way back from :func:`filled`."""
    made = table.copy()
    for name, marker in gaps.items():
        made[name] = table[name].mask(table[marker] == "yes")
    return made


if __name__ == "__main__":
    run(ready, ("ctgan", "torch"))
