"""Pushed, and had again by its name: the library's own client against a server on this machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from exported_runs import make
from hub_server import hub

from gansmith.runs.exported import FILES

SCRIPT = """
import sys
import numpy as np
import gansmith
from gansmith.exporting.export import export

run, out, made = sys.argv[1:]
export(run, "hub", out, push="ann/x")
np.save(made, gansmith.load("hf:ann/x").sample(20, seed=4))
"""


def test_what_was_pushed_is_had_again_by_its_name(tmp_path: Path) -> None:
    """In a process of its own, since the library reads its environment once."""
    run, out, made = make("points", tmp_path), tmp_path / "out", tmp_path / "made.npy"
    with hub() as server:
        (tmp_path / "token").write_text("hf_of_ann")
        environment = {
            **os.environ, "HF_ENDPOINT": server.address, "HF_HOME": str(tmp_path / "cache"),
            "HF_TOKEN_PATH": str(tmp_path / "token"), "HF_HUB_DISABLE_XET": "1",
        }  # fmt: skip
        environment.pop("HF_TOKEN", None)
        command = [sys.executable, "-c", SCRIPT, run.folder.path, out, made]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
    assert server.files == {path.name: path.read_bytes() for path in out.iterdir()}
    assert "Bearer hf_of_ann" in server.tokens
    had = {asked.rpartition("/")[2] for asked in server.asked if asked.startswith("GET /ann/x/")}
    assert had == {*FILES, "README.md"} & set(server.files)
    assert np.load(made).tobytes() == run.sample(20, seed=4).tobytes()
