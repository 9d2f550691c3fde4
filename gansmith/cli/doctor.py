"""``gansmith doctor``."""

from __future__ import annotations

from pathlib import Path

from gansmith.api import load
from gansmith.cli.console import print_json, print_result
from gansmith.convert import to_json


def doctor(run_path: Path, as_json: bool) -> int:
    """Print what the records of a run say has gone wrong."""
    findings = load(run_path).diagnose()
    if as_json:
        print_json(to_json(findings))
        return 0
    if not findings:
        print_result("Nothing stands out in the records of this run.")
    for finding in findings:
        print_result(
            f"{finding.name}\n  seen:    {finding.evidence}\n  means:   {finding.means}\n"
            f"  change:  {finding.change}"
        )
    return 0
