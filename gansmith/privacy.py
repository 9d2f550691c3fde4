"""Differential privacy for tables: the rows are counted once, with noise, and then left alone.

What is trained afterwards has the counts only, so the guarantee holds for all that comes of it: the
weights, the samples, every file of the run. See :mod:`gansmith.modalities.table.release`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from gansmith.config import DataConfig
from gansmith.data import open_source
from gansmith.data.address import without_secrets
from gansmith.data.dataset import Dataset
from gansmith.errors import ConfigError, ResumeError, RunError, SourceError
from gansmith.modalities.table.release import SUFFIX, Release, measure, require_budget
from gansmith.modalities.table.schema import read_schema
from gansmith.progress import Progress, silent
from gansmith.runs.folder import RELEASE, RunFolder

# Far below 1 over the rows of any table that a guarantee is worth having for.
DELTA = 1e-6


def release(
    source: str | Path,
    out: str | Path,
    *,
    schema: str | Path,
    epsilon: float,
    delta: float = DELTA,
    progress: Progress = silent,
) -> Release:
    """Count the rows of a table with noise, and write the counts to a file that can be shared.

    Each call spends its epsilon anew: of several releases of one table the epsilons add up.

    Args:
        source: a table.
        out: a file NAME.release, which :func:`gansmith.train` takes as a source.
        schema: file that says what the columns hold. What it says is taken as public.
        epsilon, delta: of the guarantee, for adding or removing one row.
        progress: shows what happens; nothing by default.

    Raises:
        ConfigError: if the budget is none, or the schema does not name each column.
        SourceError: if the table cannot be read, or holds what the schema does not allow.
        RunError: if there is something at ``out`` already, or it cannot be written.
    """
    path = Path(out)
    if path.suffix != SUFFIX:
        raise ConfigError(
            f"A release ends in {SUFFIX}.", where=str(path), fix=f"{path.stem}{SUFFIX}"
        )
    if path.exists():
        raise RunError(
            "There is a release at this place already.",
            where=str(path),
            fix="Name another file, or train from this one: it costs nothing more.",
        )
    made = _measured(str(source), str(schema), epsilon, delta, progress)
    path.parent.mkdir(parents=True, exist_ok=True)
    made.save(path)
    return made


def released(
    source: str, out: Path, *, schema: str, epsilon: float, delta: float, progress: Progress
) -> str:
    """The source that a run in ``out`` learns from: a release, made the first time.

    Raises:
        ResumeError: if the run that is there was promised something else.
        ConfigError, SourceError, RunError: as :func:`release`.
    """
    folder, path = RunFolder(out), out / RELEASE
    if path.exists():
        _require_same(Release.load(path), schema, epsilon, delta, path)
        return str(path)
    if folder.exists():
        raise ResumeError(
            "The run that is here has learned from the rows themselves.",
            where=str(out),
            fix="Name another folder with --out.",
        )
    made = _measured(source, schema, epsilon, delta, progress)
    folder.create()
    made.save(path)
    return str(path)


def _measured(
    source: str, schema: str, epsilon: float, delta: float, progress: Progress
) -> Release:
    require_budget(epsilon, delta)
    source = without_secrets(source)
    if not schema:
        raise ConfigError(
            "A guarantee needs a schema that somebody has read: what stands in it is public.",
            where="schema",
            fix=f"gansmith schema {source} --json > schema.json; strike out what only the rows "
            "could tell (rare levels, exact bounds), and give it with --schema.",
        )
    if source.endswith(SUFFIX):
        raise ConfigError(
            "This is a release already, with its own guarantee.",
            where=source,
            fix="Leave out --epsilon and --delta.",
        )
    dataset = open_source(DataConfig(source=source, schema=schema), progress=progress)
    if dataset.schema.modality != "table":
        raise SourceError(
            f"The guarantee is for tables, and this source holds {dataset.schema.label}.",
            where=source,
        )
    _require_public(dataset, Path(schema))
    return measure(dataset, epsilon, delta)


def _require_public(dataset: Dataset, schema: Path) -> None:
    """Nothing about the columns was found out from the rows."""
    require_unbound(dataset.constraints or [c for c in dataset.columns if c.pattern])
    named = {column.name for column in read_schema(schema.expanduser())}
    for column in dataset.columns:
        if column.name not in named:
            raise ConfigError(
                f"The schema does not say what {column.name!r} holds.",
                where=str(schema),
                fix="Add it: what is found out from the rows is not covered by the guarantee.",
            )
        if column.kind in {"number", "datetime"} and not column.low < column.high:
            raise ConfigError(
                f"The schema gives {column.name!r} no bounds.",
                where=str(schema),
                fix="Add low and high, as wide as anybody would expect them.",
            )
    if not np.isfinite(np.nan_to_num(dataset.samples)).all():
        raise SourceError("A cell is not finite.", where=dataset.name)


def require_unbound(asked: Any) -> None:
    """Raises a ConfigError if there are constraints, or ids by a pattern."""
    if asked:
        raise ConfigError(
            "Constraints and ids by a pattern take a look at the rows, which the guarantee "
            "does not cover.",
            where="constraints, pattern",
            fix="Leave them out, or leave out --epsilon.",
        )


def _require_same(there: Release, schema: str, epsilon: float, delta: float, path: Path) -> None:
    wanted = {"epsilon": epsilon, "delta": delta}
    changes = [
        f"    {name}: {getattr(there, name):g} there, {value:g} now"
        for name, value in wanted.items()
        if getattr(there, name) != value
    ]
    if schema and read_schema(Path(schema).expanduser()) != there.columns:
        changes.append("    the schema")
    if changes:
        raise ResumeError(
            "The rows were counted for another guarantee:\n" + "\n".join(changes),
            where=str(path),
            fix="Give the same to go on, or name another folder with --out: it costs its epsilon "
            "again.",
        )
