"""The Python interface: the same names and defaults as the command line."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gansmith.data.address import name_of
from gansmith.errors import RunError, UserError
from gansmith.evaluating import MOST_SAMPLES, Choices, evaluate_sources
from gansmith.evaluation.report import Report
from gansmith.prepare import Prepared, Settings, prepare
from gansmith.privacy import DELTA, release, released, require_unbound
from gansmith.progress import Progress, silent
from gansmith.reporting import write_report
from gansmith.run import Run
from gansmith.runs.exported import PREFIX, is_exported, pull, require_exported
from gansmith.runs.folder import RunFolder
from gansmith.sample.choices import require_choices
from gansmith.training import Reporter, train_into


def default_out(source: str) -> Path:
    """Where a run goes if nobody says: ``runs/`` and the source's name."""
    if of_database := name_of(source):
        return Path("runs") / of_database
    path = Path(source).expanduser()
    # A folder may be called "." or "..", and may have dots in its name.
    name = path.resolve().name if path.is_dir() else path.name.split(".")[0]
    return Path("runs") / (name.replace(":", "-") or "run")


def settings_of(
    *,
    seed: int | None = None,
    minutes: float | None = None,
    samples: int | None = None,
    device: str | None = None,
    precision: str | None = None,
    processes: int | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Settings:
    """The settings behind the named arguments; ``overrides`` come last and win."""
    if minutes is not None and samples is not None:
        raise UserError("Both a time budget and a sample count.", fix="Give one of them.")
    named = {
        "train.seed": seed,
        "train.minutes": minutes if samples is None else 0.0,
        "train.samples": samples if minutes is None else 0,
        "train.precision": precision,
        "machine.device": device,
        "machine.processes": processes,
    }
    return [(k, v) for k, v in named.items() if v is not None] + list((overrides or {}).items())


def train(
    source: str | Path,
    out: str | Path | None = None,
    *,
    recipe: str | None = None,
    seed: int | None = None,
    minutes: float | None = None,
    samples: int | None = None,
    device: str | None = None,
    precision: str | None = None,
    processes: int | None = None,
    epsilon: float | None = None,
    delta: float = DELTA,
    settings: Mapping[str, Any] | None = None,
    progress: Progress = silent,
    reporter: Callable[[], Reporter] = Reporter,
) -> Run:
    """Train a generator on your data; called again with the same arguments, go on.

    Args:
        source: a folder, archive, array or parquet file, a built-in name, ``hf:owner/name``, or a
            table of a database, ``sqlite:///people.db::people``, a .txt file, or a folder of them.
        out: the run folder; None is ``runs/NAME``.
        recipe: a name, or the path of a resolved config.json; None chooses from the source.
        seed: decides everything random.
        minutes: time budget, turned into a sample count that then stays.
        samples: length in samples shown to the discriminator, instead of minutes.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        precision: ``32-true``, ``bf16-mixed`` or ``64-true``.
        processes: how many on this machine.
        epsilon, delta: for a table: learn under differential privacy, for adding or removing one
            row. Needs a schema, ``settings={"data.schema": FILE}``, which is taken as public.
        settings: any field of the configuration by its path, ``{"generator.width": 32}``.
        progress, reporter: show what happens; nothing by default.

    Returns:
        The finished run.

    Raises:
        UserError: for anything wrong with the arguments or the data (see gansmith.errors).
        StoppedError: after a signal, when all is saved.
        DivergedError: when a loss or gradient is no longer finite.
    """
    started = time.monotonic()
    _require_source(source)
    chosen = settings_of(
        seed=seed,
        minutes=minutes,
        samples=samples,
        device=device,
        precision=precision,
        processes=processes,
        overrides=settings,
    )
    path = Path(out) if out is not None else default_out(str(source))
    source, chosen = privately(str(source), path, chosen, epsilon, delta, progress)
    prepared = prepare(source, recipe=recipe, settings=chosen, progress=progress)
    return Run(train_into(prepared, path, reporter=reporter, started=started))


def _require_source(source: Any) -> None:
    """Raise a UserError where nothing can be trained on from here."""
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise UserError(
            "Each of several training processes runs the script that starts them, up to here.",
            where="gansmith.train",
            fix="Put the call below `if __name__ == '__main__':`.",
        )
    if not isinstance(source, str | Path):
        raise UserError(
            f"The source is a {type(source).__name__}, not a path or a name.",
            fix="Save an array with np.save('x.npy', x), and name the file.",
        )


def privately(
    source: str, out: Path, settings: Settings, epsilon: float | None, delta: float,
    progress: Progress,
) -> tuple[str, Settings]:  # fmt: skip
    """The source and the settings to train with: those of a release where there is an epsilon."""
    if epsilon is None:
        return source, settings
    schema = str(dict(settings).get("data.schema", ""))
    require_unbound(dict(settings).get("data.constraints"))
    made = released(
        source, out, schema=schema, epsilon=epsilon, delta=delta, progress=progress
    )  # the schema has done its work
    return made, [(path, value) for path, value in settings if path != "data.schema"]


def load(path: str | Path) -> Run:
    """Open a run folder, or an export, also one on the Hub: ``hf:owner/name``.

    Raises:
        RunError: if it is none, cannot be had, or is an export that is not safe to read.
    """
    if str(path).startswith(PREFIX):
        return Run(pull(str(path)))
    folder, default = RunFolder(Path(path)), default_out(str(path))
    if not folder.exists() and RunFolder(default).exists():
        raise RunError("This is not a run folder.", where=str(path), fix=f"Did you mean {default}?")
    if is_exported(folder):
        require_exported(folder)
    return Run(folder.require())


def evaluate(
    real: str | Path,
    fake: str | Path,
    n: int = MOST_SAMPLES,
    *,
    out: str | Path | None = None,
    seed: int = 0,
    features: str | None = None,
    weights: str | Path | None = None,
    target: str | None = None,
    progress: Progress = silent,
) -> Report:
    """Measure samples of any generator against real ones.

    Args:
        real, fake: sources, as :func:`train` takes them.
        n: samples at most; fewer where there are fewer of either.
        out: folder for report.json and report.html; None writes nothing.
        seed: of all choices.
        features: name of an extractor; None takes the default of the kind of data.
        weights: of a feature network that comes in no package; None takes those it finds.
        target: of a table: a column that a model of the fakes is to predict; None measures none.
        progress: shows what happens; nothing by default.

    Raises:
        UserError: if the two do not fit each other, or there are too few of them.
    """
    require_choices(n, seed, 1.0)
    choices = Choices(n, seed, features, None if weights is None else str(weights), target=target)
    report, evidence = evaluate_sources(str(real), str(fake), choices, progress)
    if out is not None:
        write_report(Path(out), report, evidence, [])
    return report


__all__ = [
    "Prepared",
    "Report",
    "Run",
    "default_out",
    "evaluate",
    "load",
    "prepare",
    "privately",
    "release",
    "settings_of",
    "train",
]
