"""Every example runs, from the outside, as a reader would run it."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from markdown_pages import ROOT
from PIL import Image

# Long enough to go through everything, too short to be good.
SAMPLES = {"mini_gan.py": 5_120, "pictures.py": 128, "points.py": 256, "tables.py": 2_000}


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


def test_an_example_with_an_objective_of_its_own(tmp_path: Path) -> None:
    assert "softened" in run_example("points.py", tmp_path)
    assert list(tmp_path.glob("runs/**/metrics.jsonl"))


@pytest.mark.parametrize(("name", "says"), [("pictures.py", "p_fake"), ("tables.py", "filled in")])
def test_example_of_a_modality(
    name: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """In this process, which has imported all that another one would import again."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [name, f"--samples={SAMPLES[name]}"])
    runpy.run_path(str(ROOT / "examples" / name), run_name="__main__")
    assert says in capsys.readouterr().out
    assert list(tmp_path.glob("runs/**/metrics.jsonl"))
