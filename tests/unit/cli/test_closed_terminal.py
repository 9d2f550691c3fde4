"""A terminal that is closed while something runs in it."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gansmith.runs import checkpoints

COMMAND = [sys.executable, "-c", "from gansmith.cli.main import main; main()"]


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
def test_training_is_saved(tmp_path: Path) -> None:
    import pty

    arguments = ["train", "ring", "--samples", "100000000", "--out", str(tmp_path / "run")]
    arguments.append("train.log_samples=1280")  # the first line of numbers comes soon
    pid, terminal = pty.fork()
    if pid == 0:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests may run under nohup themselves
        os.execv(COMMAND[0], [*COMMAND, *arguments])  # noqa: S606
    shown = b""
    while b"samples/s" not in shown:
        assert select.select([terminal], [], [], 120)[0]
        shown += os.read(terminal, 4096)
    os.close(terminal)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert code == 128 + signal.SIGHUP
    newest, broken = checkpoints.newest(tmp_path / "run" / "checkpoints")
    assert newest is not None
    assert not broken


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGHUP")
def test_nohup_is_respected(tmp_path: Path) -> None:
    arguments = ["train", "ring", "--samples", "5120", "--out", str(tmp_path / "run")]
    # The first line of numbers comes long before the end, and one measurement with it.
    arguments += ["train.log_samples=1280", "train.measure_samples=5120"]
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    )
    assert process.stderr is not None
    while "samples/s" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGHUP)
    process.communicate()
    assert process.returncode == 0
