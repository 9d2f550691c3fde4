"""The wheel holds the whole package, and asks for no more than the core needs."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    done = subprocess.run([*command, str(ROOT)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = folder.glob("*.whl")
    return zipfile.ZipFile(path)


def test_every_module_is_in_the_wheel(wheel: zipfile.ZipFile) -> None:
    here = {str(p.relative_to(ROOT)) for p in (ROOT / "gansmith").rglob("*.py")}
    assert here == {name for name in wheel.namelist() if name.endswith(".py")}
    assert "gansmith/py.typed" in wheel.namelist()


def test_the_page_is_in_the_wheel_with_its_licences(wheel: zipfile.ZipFile) -> None:
    static = ROOT / "gansmith" / "studio" / "static"
    here = {str(p.relative_to(ROOT)) for p in static.rglob("*") if p.is_file()}
    assert here <= set(wheel.namelist())
    assert any(name.endswith("vendor/d3-7.9.2.LICENSE") for name in here)


def test_what_the_core_depends_on(wheel: zipfile.ZipFile) -> None:
    (name,) = (n for n in wheel.namelist() if n.endswith("METADATA"))
    lines = wheel.read(name).decode().splitlines()
    needed = [line for line in lines if line.startswith("Requires-Dist") and "extra ==" not in line]
    assert len(needed) <= 7, needed
    assert "License-Expression: Apache-2.0" in lines
