"""``gansmith judge``."""

from __future__ import annotations

from pathlib import Path

from gansmith.api import load
from gansmith.cli.console import print_json, print_table, say
from gansmith.convert import to_json
from gansmith.errors import UserError
from gansmith.prepare import modality_of


def _expand(files: tuple[Path, ...], suffixes: tuple[str, ...]) -> list[Path]:
    """Files, with folders replaced by the samples in them, however deep."""
    found: list[Path] = []
    for path in files:
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.suffix.lower() in suffixes)
            if not inside:
                known = ", ".join(suffixes)
                raise UserError(f"This folder holds no file of {known}.", where=str(path))
            found += inside
        elif path.exists():
            found.append(path)
        else:
            raise UserError("There is no such file.", where=str(path))
    if not found:
        raise UserError("No file was named.", fix="gansmith judge RUN FILE ...")
    return found


def judge(run_path: Path, files: tuple[Path, ...], as_json: bool) -> int:
    """Print p_fake and p_real for each file, and how far the numbers can be trusted."""
    run = load(run_path)
    calibration = run.calibration
    suffixes = modality_of(run.config.modality).suffixes
    rows = run.judge_files(_expand(files, suffixes))
    if as_json:
        print_json({"files": rows, "calibration": to_json(calibration)})
        return 0
    print_table(rows, as_json=False)
    kind = "held-out" if calibration.held_out else "TRAINING"
    say(
        "\nThe probabilities are for this generator's fakes, mixed half and half with real samples."
        f"\nOn {kind} real samples and fresh fakes they are right {calibration.accuracy:.1%} of "
        f"the time,\nwith a calibration error of {calibration.error:.3f} "
        f"(n = {calibration.num_real} + {calibration.num_fake})."
    )
    return 0
