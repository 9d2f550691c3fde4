"""What the user types finds what the user means, or an error that helps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from small_pictures import Open, png

from gansmith.errors import SourceError


def test_a_built_in_name_wins_over_a_path(
    open_data: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pixels: np.ndarray
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "faces").mkdir()
    (tmp_path / "faces" / "one.png").write_bytes(png(pixels[0]))
    assert len(open_data("faces")) == 100
    assert len(open_data("./faces")) == 1


def test_a_tilde_is_the_home_folder(
    open_data: Open, class_folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(class_folders.parent))
    assert len(open_data("~/animals")) == 8


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("digts", "Did you mean digits"),
        ("", "Name a folder or file of yours, or one of: digits, faces, grid"),
        ("https://example.org/set.zip", "Download it"),
        ("no/such/folder", "looked for /"),
    ],
)
def test_what_is_not_there(open_data: Open, source: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        open_data(source)


@pytest.mark.parametrize(
    ("name", "message"), [("t.xlsx", "Spreadsheets are not read"), ("a.docx", "no kind that can")]
)
def test_files_of_other_kinds(open_data: Open, tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(SourceError, match=message):
        open_data(tmp_path / name)
