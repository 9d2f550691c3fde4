"""Rows of tables: what they cost, how like the real ones they are, and how new.

All methods learn from the same file, on one thread, in a process that does nothing else; what they
made is measured in another one.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks import row_scores, row_table
from benchmarks.cases import Case, Json, Options, data_key
from benchmarks.environments import program, python_of
from benchmarks.peers.program import Task
from benchmarks.pictures import BusyError
from benchmarks.row_table import Frame, Split
from gansmith.errors import DivergedError, SourceError, UserError, did_you_mean

NUM_SEEDS = 3
# On one thread, a process that has a core for itself takes as long as it computes.
MOST_WAITING = 1.25


@dataclass(frozen=True)
class Method:
    """Where rows come from.

    Attributes:
        program: in benchmarks/peers; empty for rows that no generator made.
        environment: that it runs in; empty is the project's own.
        seeded: whether other seeds make other rows.
    """

    program: str = ""
    environment: str = ""
    seeded: bool = True


METHODS: Mapping[str, Method] = {
    "table": Method("table_rows"),
    "table, half": Method("table_rows"),
    "ctgan": Method("ctgan_rows", "ctgan"),
    "tvae": Method("ctgan_rows", "ctgan"),
    "mostlyai": Method("mostlyai_rows", "mostlyai"),
    "shuffled columns": Method(),
    "shuffled, refined": Method("table_rows"),
    "real": Method(seeded=False),
}


def cases(options: Options) -> list[Case]:
    """All methods, three seeds of each unless asked otherwise; the toy form has no peers.

    Raises:
        UserError: if data or target are not named, or a method is unknown.
        SourceError: if a file is not there.
    """
    data, target = options.data or "", options.target or ""
    if options.toy and not data:
        toy = options.places.build / "toy.csv"
        row_table.write_toy(toy)
        data, target = str(toy), "bought"
    if not data or not target:
        fix = "--data adult_train.csv.gz --test adult_test.csv.gz --target income"
        raise UserError("No table, or no target, was named.", fix=fix)
    for path in filter(None, (data, options.test)):
        if not Path(path).expanduser().is_file():
            raise SourceError("There is no such file.", where=path)
    for name in options.methods:
        if name not in METHODS:
            raise UserError(
                f"There is no method {name!r}.", where="--method", fix=did_you_mean(name, METHODS)
            )
    own = [name for name, method in METHODS.items() if not (options.toy and method.environment)]
    about = {"target": target, **data_key(data)}
    if options.test:
        about |= {name.replace("data", "test"): v for name, v in data_key(options.test).items()}
    # Seed by seed, so that an interrupted benchmark has something of everything.
    return [
        Case(
            "rows",
            {"method": name, "seed": seed, **about},
            data=data,
            test=options.test or "",
            threads=1,
            toy=options.toy,
            places=options.places,
        )
        for seed in range(options.seeds or (1 if options.toy else NUM_SEEDS))
        for name in options.methods or own
        if METHODS[name].seeded or not seed
    ]


def measure(case: Case) -> Json:
    """Make as many rows as there are training rows, and compare them with these."""
    split = row_table.open_split(case.data, case.test, str(case.key["target"]))
    # First, since a training whose rows cannot be judged is worth nothing.
    judge = None if case.toy else python_of("sdmetrics")
    with tempfile.TemporaryDirectory(prefix="gansmith-rows-") as name:
        folder = Path(name)
        split.train.to_csv(folder / "train.csv", index=False)
        texts, cost = made(case, split, folder)
        quality = judged(split, texts, judge, folder) if judge else {}
    about = {"num_train": len(split.train), "num_test": len(split.test), "num_rows": len(texts),
             "num_columns": len(split.train.columns)}  # fmt: skip
    return {**about, **cost, **quality, **scores(case, split, texts)}


def made(case: Case, split: Split, folder: Path) -> tuple[Frame, Json]:
    """Rows of the method, as texts, and what they cost.

    Raises:
        BusyError: if the process had to wait for a core; its numbers would not be fair.
        PeerError: if the program of a peer cannot be installed, or fails.
        DivergedError: if the training diverged.
    """
    name = str(case.key["method"])
    method = METHODS[name]
    if not method.program:
        return (split.test if name == "real" else row_table.shuffled(split.train, case.seed)), {}
    python = python_of(method.environment) if method.environment else sys.executable
    out, task, cost = folder / "rows.csv", folder / "task.json", folder / "cost.json"
    asked = Task(name, str(folder / "train.csv"), list(split.numbers), str(out), len(split.train),
                 case.seed, case.toy)  # fmt: skip
    task.write_text(json.dumps(asdict(asked)), "utf-8")
    program(method.program, python, task, cost)
    spent: Json = json.loads(cost.read_text("utf-8"))
    if "diverged" in spent:
        raise DivergedError(spent["diverged"])
    if not case.toy and spent["wall_seconds"] > MOST_WAITING * spent["cpu_seconds"]:
        raise BusyError(
            f"What takes {spent['cpu_seconds']:.0f} seconds took {spent['wall_seconds']:.0f}.",
            fix="Give the same command again on a quiet machine; what is measured stays.",
        )
    return row_table.read(out), spent


def judged(split: Split, texts: Frame, python: str, folder: Path) -> Json:
    """SDMetrics' scores, taken where SDMetrics is."""
    real, fake, task, found = (folder / name for name in ("real", "fake", "judge", "scores"))
    for table, path in ((split.train, real), (texts, fake)):
        split.typed(table).to_csv(path, index=False)  # alike: SDMetrics rounds floats, not integers
    asked = {"real": str(real), "fake": str(fake), "numbers": list(split.numbers)}
    task.write_text(json.dumps(asked), "utf-8")
    program("quality", python, task, found)
    content: Json = json.loads(found.read_text("utf-8"))
    return content


def scores(case: Case, split: Split, texts: Frame) -> Json:
    """All that is measured here.

    Real rows are the test rows: what is learnt from them and tested with them would be no test. So
    for these, the AUC is that of the training rows, and half of the test rows stand for the rows
    and the others for the test rows where it is asked which are nearer.
    """
    encoder = row_scores.Encoder(split)
    rows, test = split.typed(texts), split.typed(split.test)
    real = case.key["method"] == "real"
    of_real = row_scores.target_auc(encoder, encoder.train, test)
    compared = (test[::2], test[1::2]) if real else (rows, test)
    return {
        "auc": of_real if real else row_scores.target_auc(encoder, rows, test),
        "auc_of_real": of_real,
        "two_sample_auc": row_scores.two_sample_auc(encoder, rows),
        **row_scores.faithfulness(encoder, rows),
        "nearer_to_training": row_scores.nearer_to_training(encoder, *compared),
        "duplicates": row_scores.duplicates(rows, encoder.train),
        "duplicates_of_real": row_scores.duplicates(test, encoder.train),
    }
