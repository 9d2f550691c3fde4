"""Environments of their own for what is measured against or measured with: never the project's.

Each is made when it is first needed, in build/benchmarks/peers, from a list of all its packages
with their versions (benchmarks/peers/NAME.txt). Nothing else is installed: some of these packages
ask for further ones that what is measured does not need.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.cases import BUILD, ROOT
from benchmarks.record import locked
from gansmith.errors import GansmithError

PROGRAMS = ROOT / "benchmarks" / "peers"
ENVIRONMENTS = BUILD / "peers"
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "LOKY_MAX_CPU_COUNT"), "1"
) | {"OMP_WAIT_POLICY": "PASSIVE"}


class PeerError(GansmithError):
    """What is measured against cannot be installed, or has failed."""


def python_of(name: str) -> str:
    """The Python of an environment, which is made if it is not there or its list has changed.

    Raises:
        PeerError: if it cannot be made.
    """
    packages = PROGRAMS / f"{name}.txt"
    wanted = hashlib.sha256(packages.read_bytes() + sys.version.encode()).hexdigest()
    folder = ENVIRONMENTS / name
    python, mark = folder / "bin" / "python", folder / ".ready"
    with locked(folder.parent):  # two runs at a time may need it
        if not mark.exists() or mark.read_text("ascii") != wanted:
            shutil.rmtree(folder, ignore_errors=True)
            _do(name, [sys.executable, "-m", "venv", "--without-pip", str(folder)])
            pip = [sys.executable, "-m", "pip", "--python", str(python), "--quiet"]
            _do(name, [*pip, "install", "--no-deps", "-r", str(packages)])
            mark.write_text(wanted, "ascii")
    return str(python)


def _do(name: str, command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise PeerError(
            f"The environment of {name} cannot be made: {_last_line(done)}",
            where=f"benchmarks/peers/{name}.txt",
            fix="Its packages come from PyPI. Where pip finds no torch for CPUs there, set "
            "PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu",
        )


def program(name: str, python: str, *files: Path) -> None:
    """Run ``benchmarks.peers.NAME`` in a process of its own, on one thread, to its end.

    Args:
        name: of the module.
        python: that runs it.
        files: its arguments.

    Raises:
        PeerError: if it fails.
    """
    done = subprocess.run(
        [python, "-E", "-m", f"benchmarks.peers.{name}", *map(str, files)],  # no one's PYTHONPATH
        cwd=ROOT, env={**os.environ, **ONE_THREAD}, capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode:
        raise PeerError(f"It failed: {_last_line(done)}", where=f"benchmarks.peers.{name}")


def _last_line(done: subprocess.CompletedProcess[str]) -> str:
    lines = (done.stderr or done.stdout).strip().splitlines()
    return lines[-1] if lines else f"exit status {done.returncode}"
