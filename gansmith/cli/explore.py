"""``gansmith explore``."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gansmith.api import Run, load
from gansmith.cli.console import bar, say
from gansmith.cli.way_commands import ExploreFlags
from gansmith.errors import UserError
from gansmith.exploring import Explorer
from gansmith.prepare import modality_of
from gansmith.sample import write
from gansmith.sample.places import Places

FAR = 4.0
# Steps of a search between two looks at the bar.
SLICE = 10


def explore_command(run_path: Path, flags: ExploreFlags) -> int:
    """Write one sheet: a row for each direction, and say what is in it."""
    run = load(str(run_path))
    out = flags.out or Path(f"{run_path.resolve().name}-directions.png")
    _require_sheet(run, out, flags)
    explorer = run.explorer()
    start = _found(run, explorer, flags) if flags.like else _drawn(explorer, flags)
    found = explorer.directions(flags.directions)
    amounts = np.linspace(-FAR, FAR, flags.columns)
    rows = [explorer.raw(explorer.along(start, vector, amounts)) for vector in found.vectors]
    sheet = modality_of(run.config.modality).sheet(np.concatenate(rows), flags.columns)
    write.picture(out, sheet)
    shares = ", ".join(f"{share:.0%}" for share in found.shares.tolist())
    say(f"Of all change that there is, the directions hold {shares}.")
    say(f"Written: {out} (a row for each, from -{FAR:g} to {FAR:g}; the sample is in the middle)")
    return 0


def _require_sheet(run: Run, out: Path, flags: ExploreFlags) -> None:
    if modality_of(run.config.modality).write_one is None:
        raise UserError(
            "Directions are written as a sheet of pictures, and these are none.",
            where=repr(run),
            fix="In Python: gansmith.load(run).explorer(), or look at them in `gansmith studio`.",
        )
    if out.suffix.lower() != ".png":
        raise UserError("A sheet is a .png.", where=str(out), fix="Name one with --out.")
    if out.exists() and not flags.overwrite:
        raise UserError(
            "There is something at the output already.",
            where=str(out),
            fix="Name another --out, or give --overwrite.",
        )
    if flags.columns < 3 or flags.columns % 2 == 0:
        raise UserError(
            f"{flags.columns} columns have no middle.", where="--columns", fix="Take 3, 5, 7, ..."
        )


def _drawn(explorer: Explorer, flags: ExploreFlags) -> Places:
    return explorer.places(1, condition=flags.class_, seed=flags.seed)


def _found(run: Run, explorer: Explorer, flags: ExploreFlags) -> Places:
    """What comes nearest to the given picture; says what is left of the difference."""
    read = modality_of(run.config.modality).read_one
    assert read is not None
    assert flags.like is not None
    picture = read(flags.like, run.codec, run.config.data.fit)
    search = explorer.project(picture, condition=flags.class_, seed=flags.seed, steps=flags.steps)
    with bar("Searching", flags.steps) as advance:
        while not search.done:
            before = search.taken
            search.advance(SLICE)
            advance(search.taken - before)
    left = search.left
    say(
        f"Left of the difference: {left.now:.3g} (root of the mean square; the nearest of 256 "
        f"random samples {left.nearest:.3g}, a usual one {left.usual:.3g})."
    )
    return search.found
