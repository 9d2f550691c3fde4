"""``gansmith evaluate``."""

from __future__ import annotations

from pathlib import Path

from gansmith.api import Report, Run, evaluate, load
from gansmith.cli.commands import EvaluateFlags
from gansmith.cli.console import bar, print_json, print_result, print_table, say
from gansmith.data.address import name_of
from gansmith.errors import UserError
from gansmith.evaluation.report import Baselines, baseline_rows, class_rows
from gansmith.reporting import REPORT_PAGE


def evaluate_command(run_path: Path | None, flags: EvaluateFlags) -> int:
    """Measure, print the table, and say where the report lies."""
    report, folder = _measured(run_path, flags)
    if flags.as_json:
        print_json(report.to_json())
        return 0
    say(f"{report.about['fake']['num_measured']:,} fakes against "
        f"{report.about['real']['reference']}.")  # fmt: skip
    say(f"Features: {report.about['features']['about']}.\n")
    print_table(report.rows(), as_json=False)
    if used := report.about["features"]["used_in_training"]:
        say(f"CONTAMINATED: {used}. Measure in other --features.")
    if report.baselines is not None:
        _say_baselines(report.baselines)
    if report.classes:
        say("\nEach class by itself:")
        print_table(class_rows(report), as_json=False)
    for missing in report.missing:
        say(f"not measured: {missing.name}: {missing.why}")
    say(f"\nThe whole report: {folder / REPORT_PAGE}")
    return 0


def _say_baselines(baselines: Baselines) -> None:
    """The table, how it came to be, and what it says."""
    if baselines.rows:
        say("\nBeside simpler ways to such samples:")
        print_table(baseline_rows(baselines), as_json=False)
    for note in baselines.notes:
        say(note)
    print_result(baselines.verdict)


def _say_how_long(run: Run, flags: EvaluateFlags) -> None:
    """Before it begins: fitting what a run is compared with may take as long as the run did."""
    seconds = 0.0 if flags.no_baselines else run.baseline_seconds(flags.n)
    if seconds:
        say(f"Fitting the baseline takes about {about_so_long(seconds)}, as long as the training; "
            "--no-baselines leaves it out, and the report then says NOT COMPARED.")  # fmt: skip


def about_so_long(seconds: float) -> str:
    """A time, for a sentence.

    >>> about_so_long(40.2), about_so_long(601), about_so_long(9000)
    ('40 seconds', '10 minutes', '2.5 hours')
    """
    if seconds < 90:
        return f"{max(round(seconds), 1)} second{'s' * (round(seconds) > 1)}"
    return f"{seconds / 60:.0f} minutes" if seconds < 5_400 else f"{seconds / 3_600:.1f} hours"


def _measured(run_path: Path | None, flags: EvaluateFlags) -> tuple[Report, Path]:
    """The report, and the folder it was written to."""
    if run_path is not None:
        if flags.fake or flags.real:
            raise UserError(
                "Both a run and samples from elsewhere.",
                fix="gansmith evaluate RUN, or gansmith evaluate --fake SOURCE --real SOURCE",
            )
        run = load(run_path)
        _say_how_long(run, flags)
        report = run.evaluate(
            flags.n,
            out=flags.out,
            seed=flags.seed,
            features=flags.features,
            weights=flags.weights,
            best=flags.best,
            target=flags.target,
            baselines=not flags.no_baselines,
            progress=bar,
        )
        return report, flags.out or run.folder.path
    if not (flags.fake and flags.real):
        raise UserError(
            "Nothing was named to evaluate.",
            fix="gansmith evaluate RUN, or gansmith evaluate --fake SOURCE --real SOURCE",
        )
    name = name_of(flags.fake) or Path(flags.fake).expanduser().resolve().stem
    out = flags.out or Path("reports") / name
    report = evaluate(
        flags.real,
        flags.fake,
        flags.n,
        out=out,
        seed=flags.seed,
        features=flags.features,
        weights=flags.weights,
        target=flags.target,
        progress=bar,
    )
    return report, out
