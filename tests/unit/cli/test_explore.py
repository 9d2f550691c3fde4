"""``gansmith explore``: a sheet of directions, from a sample or a picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from invariance.small_runs import PICTURES, train, write_points
from PIL import Image

from gansmith import api
from gansmith.cli.main import main
from gansmith.modalities.image.render import sheet, write_one


def call(*arguments: str | Path) -> int:
    with pytest.raises(SystemExit) as stop:
        main([str(each) for each in arguments])
    return int(stop.value.code or 0)


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> api.Run:
    return train("digits", tmp_path_factory.mktemp("digits") / "run", 3, PICTURES)


def test_rows_are_directions_and_the_sample_is_in_the_middle(
    digits: api.Run, tmp_path: Path
) -> None:
    out = tmp_path / "sheet.png"
    flags = ("--class", "4", "--seed", "6", "--directions", "3", "--columns", "5")
    assert call("explore", digits.folder.path, "--out", out, *flags) == 0
    explorer = digits.explorer()
    start, found = explorer.places(1, condition="4", seed=6), explorer.directions(3)
    rows = [explorer.raw(explorer.along(start, v, [-4, -2, 0, 2, 4])) for v in found.vectors]
    expected = sheet(np.concatenate(rows), 5)
    np.testing.assert_array_equal(np.asarray(Image.open(out)), np.asarray(expected))
    assert all((row[2] == explorer.raw(start)[0]).all() for row in rows)


def test_it_starts_from_what_is_nearest_to_a_picture(
    digits: api.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_one(tmp_path / "own.png", digits.sample(1, seed=3)[0])
    out = tmp_path / "sheet.png"
    asked = ("explore", digits.folder.path, "--out", out, "--like", tmp_path / "own.png")
    assert call(*asked, "--steps", "25") == 0
    assert "Left of the difference" in "".join(capsys.readouterr())
    assert out.is_file()
    assert call(*asked) == 2  # it is there already
    assert call(*asked, "--overwrite", "--steps", "0") == 2
    assert call(*asked, "--overwrite", "--columns", "4") == 2


def test_what_has_no_sheet_says_where_to_look(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = train(write_points(tmp_path / "points.npy"), tmp_path / "run", 2)
    assert call("explore", run.folder.path) == 2
    assert "explorer()" in "".join(capsys.readouterr())
