"""What a terminal shows, or a pipe that nobody reads, or a disk that is full."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from gansmith.cli.console import _bar, print_table


@pytest.mark.parametrize(
    "redirect",
    ["| true", ">&- 2>&-", *(pytest.param(one, marks=pytest.mark.slow) for one in (">&-", "2>&-"))],
)
def test_no_traceback_where_nobody_reads(redirect: str) -> None:
    command = f"{sys.executable} -c 'from gansmith.cli.main import main; main()' list recipes"
    done = subprocess.run(
        ["bash", "-c", f"{command} {redirect}"], capture_output=True, text=True, check=False
    )
    assert done.returncode in {0, 1}
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_output_that_cannot_be_written_is_an_error() -> None:
    command = [
        sys.executable,
        "-c",
        "from gansmith.cli.main import main; main()",
        "list",
        "recipes",
    ]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert "cannot be written" in done.stderr


def test_names_stay_whole_in_a_narrow_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    print_table([{"metric": "reverse-perplexity", "reads": "so many words " * 9}], as_json=False)
    shown = capsys.readouterr().out
    assert "reverse-perplexity" in shown
    assert shown.split().count("words") == 9
    print_table([{"file": "a/long/path/" * 9, "p": 0.5}], as_json=False)
    shown = "".join(capsys.readouterr().out.split())
    assert "a/long/path/" * 9 in shown.replace("0.5000", "")


def test_the_bar_keeps_time_and_count_on_a_narrow_terminal() -> None:
    text = io.StringIO()
    shown = _bar(Console(file=text, width=60, force_terminal=True, color_system=None))
    with shown:
        shown.update(shown.add_task("Training", total=3000, detail="x" * 99), completed=1500)
    assert re.search(r"1,500 of 3,000 [-\d:]+ *\n.*x…", text.getvalue())
