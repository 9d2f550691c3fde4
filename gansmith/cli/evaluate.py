"""``gansmith evaluate``."""

from __future__ import annotations

from pathlib import Path

from gansmith.api import Report, evaluate, load
from gansmith.cli.commands import EvaluateFlags
from gansmith.cli.console import bar, print_json, print_table, say
from gansmith.data.address import name_of
from gansmith.errors import UserError
from gansmith.evaluating import REPORT_PAGE
from gansmith.evaluation.report import class_rows


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
    if report.classes:
        say("\nEach class by itself:")
        print_table(class_rows(report), as_json=False)
    for missing in report.missing:
        say(f"not measured: {missing.name}: {missing.why}")
    say(f"\nThe whole report: {folder / REPORT_PAGE}")
    return 0


def _measured(run_path: Path | None, flags: EvaluateFlags) -> tuple[Report, Path]:
    """The report, and the folder it was written to."""
    if run_path is not None:
        if flags.fake or flags.real:
            raise UserError(
                "Both a run and samples from elsewhere.",
                fix="gansmith evaluate RUN, or gansmith evaluate --fake SOURCE --real SOURCE",
            )
        run = load(run_path)
        report = run.evaluate(
            flags.n,
            out=flags.out,
            seed=flags.seed,
            features=flags.features,
            weights=flags.weights,
            best=flags.best,
            target=flags.target,
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
