"""Raw results: benchmarks/results/NAME.json, one line a measurement, with all that made it.

A finished measurement is written at once, so that an interrupted benchmark keeps what it has, and
the same command only does what is missing.
"""

from __future__ import annotations

import fcntl
import json
import os
import platform
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

from benchmarks.cases import ROOT, Case, Json, Options
from gansmith.runs.folder import write_atomic

PACKAGES = ("gansmith", "torch", "numpy", "lightning-fabric", "safetensors", "pillow")


def machine() -> Json:
    """The machine in the words that decide how fast it is; nothing that names it."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1,
        "memory_gib": round(memory / 2**30),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "system": f"{platform.system()} {platform.machine()}",
    }


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"


def versions() -> dict[str, str]:
    """Of Python and of the packages that decide what comes out."""
    found = {name: metadata.version(name) for name in PACKAGES}
    return {"python": sys.version.split()[0], **found}


def revision() -> Json:
    """The commit that was measured, and whether the code differed from it."""

    def git(*arguments: str) -> str:
        done = subprocess.run(
            [shutil.which("git") or "git", *arguments],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    try:
        changed = git("status", "--porcelain", "--", "gansmith", "benchmarks/*.py")
        return {"commit": git("rev-parse", "HEAD"), "changed": bool(changed)}
    except (OSError, subprocess.CalledProcessError):
        return {"commit": None, "changed": None}


def command(options: Options) -> str:
    """The command to give for the same again; the data are named by their file name."""
    flags = {
        "--seeds": options.seeds,
        "--minutes": options.minutes,
        "--data": Path(options.data).name if options.data else None,
        "--test": Path(options.test).name if options.test else None,
        "--target": options.target,
        "--recipe": options.recipe,
    }
    given = [f"{flag} {shlex.quote(str(v))}" for flag, v in flags.items() if v is not None]
    given += [f"--method {shlex.quote(name)}" for name in options.methods]
    return " ".join(["python -m benchmarks", options.name, *given, *["--toy"] * options.toy])


def environment(options: Options) -> Json:
    """What a whole command has in common."""
    return {
        "machine": machine(),
        "versions": versions(),
        "revision": revision(),
        "command": command(options),
    }


class Results:
    """The measurements of one benchmark.

    Args:
        path: of the JSON file; need not exist.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Json:
        """``environments``, and ``runs`` that name theirs by number."""
        if not self.path.exists():
            return {"environments": [], "runs": []}
        content: Json = json.loads(self.path.read_text("utf-8"))
        return content

    @property
    def runs(self) -> list[Json]:
        """All measurements."""
        runs: list[Json] = self.read()["runs"]
        return runs

    def has(self, case: Case) -> bool:
        """Whether a case was measured before, on whatever machine and revision."""
        return any(run["key"] == dict(case.key) for run in self.runs)

    def forget(self, cases: list[Case]) -> None:
        """Drop what is there for these cases."""
        keys = [dict(case.key) for case in cases]

        def change(content: Json) -> None:
            content["runs"] = [run for run in content["runs"] if run["key"] not in keys]

        self._change(change)

    def add(self, case: Case, result: Json, about: Mapping[str, Any], environment: Json) -> None:
        """Write one measurement down.

        Args:
            case: what was measured.
            result: what came out.
            about: date, duration and load of this measurement.
            environment: from :func:`environment`.
        """

        def change(content: Json) -> None:
            known = content["environments"]
            if environment not in known:
                known.append(environment)
            content["runs"].append(
                {
                    "key": dict(case.key),
                    "environment": known.index(environment),
                    **about,
                    "result": rounded(result),
                }
            )

        self._change(change)

    def _change(self, change: Callable[[Json], None]) -> None:
        with locked(self.path.parent):
            content = self.read()
            change(content)
            write_atomic(self.path, _lines(content))


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Two benchmarks may run side by side: one at a time writes in a folder, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _lines(content: Json) -> str:
    """JSON with one line for each entry, so that a difference shows what is new."""
    parts = []
    for name in ("environments", "runs"):
        entries = ",\n".join(f"  {json.dumps(entry)}" for entry in content[name])
        parts.append(f' "{name}": [\n{entries}\n ]' if entries else f' "{name}": []')
    return "{\n" + ",\n".join(parts) + "\n}\n"


def rounded(value: Any) -> Any:
    """Numbers to six digits; more than that was not measured."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, Mapping):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(item) for item in value]
    return value


def now() -> str:
    """The date and time in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
