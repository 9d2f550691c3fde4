"""``gansmith export``."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

from gansmith.cli.console import bar, say
from gansmith.cli.way_commands import ExportFlags
from gansmith.exporting.export import export
from gansmith.exporting.onnx import ABOUT


def export_command(run_path: Path, flags: ExportFlags) -> int:
    """Export, and say what was left behind and what to type next."""
    out = export(
        str(run_path), flags.to, flags.out, best=flags.best, with_texts=flags.with_texts,
        license=flags.license or "", push=flags.push or "", progress=bar,
    )  # fmt: skip
    say(f"Written: {out}")
    if flags.to == "onnx":
        for left in json.loads((out / ABOUT).read_text("utf-8"))["not_exported"]:
            say(f"  not in it   {left}")
        return 0
    if flags.push:
        say(f"  pushed      https://huggingface.co/{flags.push}")
    say(f"  model card  {out / 'README.md'}")
    say(f"  next        gansmith sample {shlex.quote(str(out))} -n 100")
    return 0
