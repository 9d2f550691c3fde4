"""Texts with classes: from folders and columns, to samples of each."""

from __future__ import annotations

import csv
from itertools import cycle
from pathlib import Path

import numpy as np
import pytest
from sentences import SENTENCES, SMALL

import gansmith
from gansmith.cli.main import main
from gansmith.config import DataConfig
from gansmith.data import open_source
from gansmith.data.dataset import Dataset
from gansmith.errors import ConfigError, SourceError, UserError
from gansmith.modalities.text.data import align
from gansmith.modalities.text.store import to_texts


def call(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    return int(stop.value.code or 0)


def opened(source: Path | str, **settings: object) -> Dataset:
    return open_source(DataConfig(source=str(source), **settings))  # type: ignore[arg-type]


def labelled(data: Dataset) -> list[tuple[str, str]]:
    assert data.labels is not None
    names = [data.schema.classes[i] for i in data.labels]
    return list(zip(to_texts(data.samples[:]), names, strict=True))


def folders(root: Path, inside: str = "{}/some.txt") -> list[tuple[str, str]]:
    """Files in folders called after what their lines begin with."""
    rows = [(text, "one" if text.startswith("a ") else "more") for text in SENTENCES]
    for name in ("one", "more"):
        path = root / inside.format(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(text for text, of in rows if of == name), "utf-8")
    return rows


def table(path: Path, names: tuple[str, ...], rows: list[tuple[str, ...]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([names, *rows])
    return path


@pytest.mark.parametrize("inside", ["{}/some.txt", "all/{}/deep/some.txt", "train/{}/some.txt"])
def test_folders_are_classes(inside: str, tmp_path: Path) -> None:
    rows = folders(tmp_path, inside)
    data = opened(tmp_path)
    assert data.schema.classes == ("more", "one")
    assert sorted(labelled(data)) == sorted(rows)
    assert opened(tmp_path, conditional=False).labels is None


def test_parts_and_a_file_beside_folders_make_no_classes(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    (tmp_path / "test").mkdir()
    for name in ("train", "test"):
        (tmp_path / name / "a.txt").write_text("\n".join(SENTENCES), "utf-8")
    assert opened(tmp_path).labels is None
    folders(tmp_path / "other")
    (tmp_path / "other" / "beside.txt").write_text("\n".join(SENTENCES), "utf-8")
    assert opened(tmp_path / "other").labels is None


def test_a_column_has_the_classes(tmp_path: Path) -> None:
    rows = [(text, kind, str(number)) for number, (text, kind) in
            enumerate(zip(SENTENCES, cycle(["x", "y", "z"]), strict=False))]  # fmt: skip
    path = table(tmp_path / "a.csv", ("text", "category", "number"), rows)
    assert labelled(opened(f"{path}::text")) == [row[:2] for row in rows]
    assert labelled(opened(f"{path}::text", label="category")) == [row[:2] for row in rows]
    # The column itself, and one with a class for each text, are of no use as classes.
    assert opened(f"{path}::category", duplicates="keep").labels is None
    each = opened(f"{path}::text", label="number")
    assert each.labels is None
    assert "too few of each" in each.notes[-1]
    with pytest.raises(SourceError, match="no column 'categry'"):
        opened(f"{path}::text", label="categry")


def test_classes_of_the_hub_have_their_names(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    kinds = datasets.ClassLabel(names=["zebra", "ant"])
    features = datasets.Features({"text": datasets.Value("string"), "label": kinds})
    columns = {"text": SENTENCES, "label": [0, 1] * (len(SENTENCES) // 2)}
    datasets.Dataset.from_dict(columns, features=features).save_to_disk(tmp_path / "copy")
    data = opened(f"hf:{tmp_path / 'copy'}::text")
    assert labelled(data) == list(zip(SENTENCES, cycle(["zebra", "ant"]), strict=False))


def test_a_text_without_a_class_takes_them_from_all(tmp_path: Path) -> None:
    rows = [(text, "x" if number % 2 else "") for number, text in enumerate(SENTENCES)]
    data = opened(f"{table(tmp_path / 'a.csv', ('text', 'label'), rows)}::text")
    assert data.labels is None
    assert "Some samples have no class" in data.notes[-1]


def test_files_have_no_columns(tmp_path: Path) -> None:
    folders(tmp_path)
    with pytest.raises(ConfigError, match="Only texts in a table"):
        opened(tmp_path, label="kind")


def test_pieces_have_the_class_of_their_text_and_repeats_one_of_each(tmp_path: Path) -> None:
    rows = [(f"{text}\n\n{text} again", kind) for text in SENTENCES for kind in "xy"]
    source = f"{table(tmp_path / 'a.csv', ('text', 'label'), rows)}::text"
    data = opened(source, unit="paragraph", duplicates="drop")
    assert len(data) == 4 * len(SENTENCES)
    every = labelled(opened(source, unit="paragraph"))
    assert every == [(part, kind) for text, kind in rows for part in text.split("\n\n")]


def test_fakes_keep_their_own_classes(tmp_path: Path) -> None:
    folders(tmp_path / "real")
    rows = [(text, "m" if number % 2 else "n") for number, text in enumerate(SENTENCES)]
    fake = opened(f"{table(tmp_path / 'a.csv', ('text', 'label'), rows)}::text")
    assert align(opened(tmp_path / "real"), fake).schema.classes == ("m", "n")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> gansmith.Run:
    source = tmp_path_factory.mktemp("classes")
    folders(source)
    settings = {**SMALL, "data.holdout": 0.4}
    return gansmith.train(source, source.parent / "run", samples=320, settings=settings)


def test_samples_of_a_class(run: gansmith.Run, tmp_path: Path) -> None:
    assert run.classes == ("more", "one")
    in_turn, ones = run.sample(6), run.sample(6, condition="one")
    assert in_turn[1::2] == ones[1::2]
    assert in_turn != ones
    assert run.sampler().codec.spec.num_classes == 2
    out = tmp_path / "new.csv"
    options = ("-n", "40", "--class", "one", "--out", str(out))
    assert call("sample", str(run.folder.path), *options) == 0
    with out.open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    assert [row["text"] for row in found] == run.sample(40, condition="one")
    assert {row["label"] for row in found} == {"one"}
    with pytest.raises(UserError, match="no class 'non'"):
        run.sample(1, condition="non")


def test_lines_of_all_classes_are_judged_and_measured(run: gansmith.Run, tmp_path: Path) -> None:
    answers = run.judge(SENTENCES[:5])
    assert all(np.isfinite(answer["logit"]) for answer in answers)
    report = run.evaluate(24, out=tmp_path, features="lsa")
    assert report.baselines is not None
    assert report.baselines.verdict.startswith("NOT COMPARED")
    assert "Classes: more, one" in (run.folder.path / "README.md").read_text("utf-8")
