"""``gansmith augment``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from gansmith.augmenting import (
    KINDS,
    Augmentation,
    Plan,
    Study,
    require_format,
)
from gansmith.cli.commands import Settings
from gansmith.cli.console import bar, print_json, print_result, print_table, say
from gansmith.cli.table_commands import AugmentFlags
from gansmith.errors import UserError
from gansmith.rowmakers import open_table


def augment_command(source: str, flags: AugmentFlags, settings: Settings) -> int:
    """Say what will be done, do it, and say what came out."""
    out = flags.out or Path(f"{Path(source).name.split('.')[0]}-synthetic.csv")
    _require_free(out, flags.overwrite)
    table = open_table(source, flags.schema)
    for note in table.notes:
        say(note)
    say(f"{len(table):,} rows. Measuring what a training takes ...")
    study = Study(
        table, flags.target, folds=flags.folds, seed=flags.seed, minutes=flags.minutes,
        samples=flags.samples, settings=dict(settings),
    )  # fmt: skip
    say(planned(study.plan))
    found = study.run(bar, out)
    if flags.as_json:
        print_json({**found.to_json(), "out": str(out) if found.helps else None})
        return 0
    print_table(_rows(found), as_json=False)
    print_result(f"\n{told(found)}")
    if found.helps:
        say(f"Written: {out}")
    return 0


def _require_free(out: Path, overwrite: bool) -> None:
    require_format(out)
    if out.is_dir() or (out.exists() and not overwrite):
        raise UserError(
            "There is something at the output already.",
            where=str(out),
            fix="Name another --out, or give --overwrite.",
        )


def planned(plan: Plan) -> str:
    """What will be done, in a sentence."""
    seconds = plan.seconds or 0.0
    time = f"{seconds / 60:,.0f} minutes" if seconds > 90 else f"{seconds:,.0f} seconds"
    return (
        f"{plan.score} for {plan.target} on {plan.num_rows:,} rows in {plan.folds} folds: "
        f"{plan.trainings} trainings of {plan.samples:,} samples each, and one more if they help. "
        f"About {time}."
    )


def _rows(found: Augmentation) -> list[dict[str, Any]]:
    """What was compared, and how much better synthetic rows are."""
    better = {"nothing": found.over_nothing, "plain": found.over_plain}
    return [
        {
            "added": " or ".join(sorted(set(found.chosen[kind]))),
            found.plan.score: float(np.mean(found.scores[kind])),
            "synthetic rows are better by": f"{better[kind].value:+.4f}" if kind in better else "",
            "95 % interval": f"{better[kind].low:+.4f} to {better[kind].high:+.4f}"
            if kind in better
            else "",
        }
        for kind in KINDS
    ]


def told(found: Augmentation) -> str:
    """The verdict, in a sentence or two."""
    if found.helps:
        return (
            f"They help here: a model of {found.plan.target} is better with synthetic rows than "
            "with nothing added, and than with rows repeated; both intervals lie above 0."
        )
    which = [
        words
        for better, words in (
            (found.over_nothing, "over nothing added"),
            (found.over_plain, "over rows repeated"),
        )
        if better.low <= 0
    ]
    return (
        f"They do not help here: the gain {' and the gain '.join(which)} may be nothing, or a "
        "loss. Nothing is written."
    )
