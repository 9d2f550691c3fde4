"""Every example runs, from the outside, as a reader would run it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from markdown_pages import ROOT
from PIL import Image

# Long enough to go through everything, too short to be good.
SAMPLES = {"mini_gan.py": 5_120, "pictures.py": 128, "points.py": 512, "tables.py": 2_000}


def run_example(name: str, folder: Path, *arguments: str) -> str:
    """What the example prints, run in an empty folder."""
    command = [sys.executable, str(ROOT / "examples" / name)]
    finished = subprocess.run(
        [*command, f"--samples={SAMPLES[name]}", *arguments],
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def test_all_examples_are_run_here() -> None:
    assert {path.name for path in (ROOT / "examples").glob("*.py")} == set(SAMPLES)


def test_mini_gan(tmp_path: Path) -> None:
    printed = run_example("mini_gan.py", tmp_path)
    assert "of 8 modes" in printed
    assert Image.open(tmp_path / "mini_gan.png").size == (400, 400)


def test_mini_gan_fits_on_one_screen() -> None:
    text = (ROOT / "examples" / "mini_gan.py").read_text("utf-8")
    assert len(text.splitlines()) <= 150
    assert "gansmith" not in text


@pytest.mark.parametrize(
    ("name", "says"),
    [("pictures.py", "p_fake"), ("points.py", "softened"), ("tables.py", "filled in")],
)
def test_example_of_a_modality(name: str, says: str, tmp_path: Path) -> None:
    printed = run_example(name, tmp_path)
    assert says in printed
    assert list(tmp_path.glob("runs/**/metrics.jsonl"))
