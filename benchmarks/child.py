"""The process of one measurement: ``python -m benchmarks.child FOLDER``, called by the runner."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path

import torch

from benchmarks.runner import from_file, measure
from gansmith.errors import GansmithError, StoppedError


def main(folder: Path) -> int:
    """Read case.json, measure, write result.json."""
    case = from_file(folder / "case.json")
    if case.threads:
        torch.set_num_threads(case.threads)
    try:
        result = measure(case)
    except StoppedError as error:
        return error.exit_code
    except GansmithError as error:
        sys.stderr.write(f"{case.label}: {error}\n")
        return error.exit_code
    side = folder / "result.tmp"
    side.write_text(json.dumps(result), "utf-8")
    side.replace(folder / "result.json")
    return 0


if __name__ == "__main__":
    # As an exception, so that a process that this one waits for is ended too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main(Path(sys.argv[1])))
