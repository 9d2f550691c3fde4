"""What the names in a tree say: which files are pictures, of which class, in which part.

The rules are those of the Hub's image folders: folders called train, test and validation are parts,
the folder that a picture lies in is its class, and a metadata.csv or metadata.jsonl beats folders.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from gansmith.data.pictures import SUFFIXES
from gansmith.data.trees import Tree, printable
from gansmith.errors import SourceError

TRAIN_NAMES = frozenset({"train", "training"})
HOLDOUT_NAMES = frozenset(
    {"test", "testing", "validation", "valid", "val", "dev", "eval", "evaluation"}
)
LABEL_COLUMNS = ("label", "labels", "class", "category", "target", "y")

# Pictures too, and the user may well believe that they are used: they are named as skipped.
OTHER_SUFFIXES = frozenset(
    {".heic", ".heif", ".avif", ".jxl", ".jp2", ".svg", ".psd", ".ico", ".tga", ".ppm", ".pgm",
     ".dng", ".cr2", ".cr3", ".nef", ".arw", ".eps"}
)  # fmt: skip
METADATA_NAMES = frozenset({"metadata.csv", "metadata.jsonl"})


@dataclass(frozen=True)
class Place:
    """What is known of one picture from its name: its class, and whether it is held out."""

    label: Hashable | None
    held: bool


def is_picture(name: str) -> bool:
    """Whether a file is called like a picture."""
    return PurePosixPath(name).suffix.lower() in SUFFIXES


def decides(name: str) -> bool:
    """Whether a file has a say in what the data set becomes: a picture, or metadata."""
    path = PurePosixPath(name)
    return path.suffix.lower() in SUFFIXES | OTHER_SUFFIXES or path.name in METADATA_NAMES


def arrange(tree: Tree) -> tuple[dict[str, Place], list[str]]:
    """The pictures of a tree by name, and a line for each that must be skipped.

    Raises:
        SourceError: if there is no picture, saying what there is instead, or if a metadata file
            cannot be understood.
    """
    names = tree.names()
    pictures = [name for name in names if is_picture(name)]
    if not pictures:
        raise SourceError(
            f"There is no picture here. {_contents(names)}",
            where=str(tree.path),
            fix="Name a folder or archive with PNG, JPEG, WebP, BMP, TIFF or GIF files.",
        )
    paths = _below_common_folder(pictures)
    held, paths = _take_split(paths)
    unread = [name for name in names if PurePosixPath(name).suffix.lower() in OTHER_SUFFIXES]
    skipped = [f"{printable(name)}: this format is not read; save it as PNG" for name in unread]
    labels = _metadata_labels(tree, [n for n in names if PurePosixPath(n).name in METADATA_NAMES])
    if not labels:
        labels = _class_folders(paths)
        return {name: Place(labels.get(name), held[name]) for name in pictures}, skipped
    places = {name: Place(labels[name], held[name]) for name in pictures if name in labels}
    unlabelled = set(pictures) - labels.keys()
    missing = labels.keys() - set(names)
    skipped += [f"{printable(name)}: the metadata has no label for it" for name in unlabelled]
    skipped += [f"{printable(name)}: named in the metadata, but not there" for name in missing]
    if not places:
        raise SourceError(
            "The metadata names none of the pictures.",
            where=str(tree.path),
            fix="In its column file_name, write paths relative to the metadata file.",
        )
    return places, sorted(skipped)


def folder_classes(names: Sequence[str]) -> dict[str, Hashable]:
    """The class of each file by the folder that it lies in; empty where folders say none.

    Folders called train or test name no class, as of pictures.

    Args:
        names: of files, relative to one folder, with ``/`` between their parts.

    >>> folder_classes(["good/a.txt", "bad/b.txt"])
    {'good/a.txt': 'good', 'bad/b.txt': 'bad'}
    >>> folder_classes(["good/a.txt", "b.txt"]), folder_classes(["train/a.txt", "test/b.txt"])
    ({}, {})
    """
    return _class_folders(_take_split(_below_common_folder(names))[1])


def _contents(names: Sequence[str]) -> str:
    """What a place without pictures holds, for the message."""
    if not names:
        return "It is empty."
    kinds = Counter(PurePosixPath(name).suffix.lower() or "no suffix" for name in names)
    listed = ", ".join(kind for kind, _ in kinds.most_common(5))
    return f"It holds {len(names)} file{'s' * (len(names) > 1)}: {listed}."


def _below_common_folder(pictures: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The parts of each name, without the folders that all pictures lie in."""
    paths = {name: tuple(name.split("/")) for name in pictures}
    while all(len(path) > 1 for path in paths.values()):
        if len({path[0] for path in paths.values()}) > 1:
            break
        paths = {name: path[1:] for name, path in paths.items()}
    return paths


def _take_split(
    paths: Mapping[str, tuple[str, ...]],
) -> tuple[dict[str, bool], dict[str, tuple[str, ...]]]:
    """Which pictures are held out, and the paths below the folders that said so."""
    tops = {path[0].lower() for path in paths.values()}
    in_folders = all(len(path) > 1 for path in paths.values())
    if not (in_folders and tops & TRAIN_NAMES and tops <= TRAIN_NAMES | HOLDOUT_NAMES):
        return dict.fromkeys(paths, False), dict(paths)
    held = {name: path[0].lower() in HOLDOUT_NAMES for name, path in paths.items()}
    return held, {name: path[1:] for name, path in paths.items()}


def _class_folders(paths: Mapping[str, tuple[str, ...]]) -> dict[str, Hashable]:
    """The top folder of each picture, if all lie in folders and there are two or more."""
    if any(len(path) == 1 for path in paths.values()):
        return {}
    return {name: printable(path[0]) for name, path in paths.items()}


def _metadata_labels(tree: Tree, files: Sequence[str]) -> dict[str, Hashable]:
    """Labels by picture name, from all metadata files that have a column of labels."""
    labels: dict[str, Hashable] = {}
    for file, read in tree.read_each(files):
        try:
            rows = _rows(file, read().decode("utf-8-sig"))
        except ValueError as error:
            raise _bad_metadata(tree, file, str(error)) from error
        if rows and "file_name" not in rows[0]:
            raise _bad_metadata(tree, file, "it has no column file_name")
        column = next((c for c in LABEL_COLUMNS if rows and c in rows[0]), None)
        if column is None:
            continue
        base = PurePosixPath(file).parent
        for row in rows:
            label = row.get(column)
            if label is None or label == "":
                continue  # as if the picture were not named
            if not isinstance(label, str | int | float):
                raise _bad_metadata(tree, file, f"{row.get('file_name')!r} has label {label!r}")
            labels[(base / str(row.get("file_name"))).as_posix()] = label
    return labels


def _rows(file: str, text: str) -> list[dict[str, object]]:
    if file.endswith(".csv"):
        return [dict(row) for row in csv.DictReader(io.StringIO(text))]
    rows = [json.loads(line) for line in text.splitlines() if line.strip()]
    if not all(isinstance(row, dict) for row in rows):
        raise ValueError("each line must be a JSON object")
    return rows


def _bad_metadata(tree: Tree, file: str, why: str) -> SourceError:
    return SourceError(
        f"This metadata file cannot be used: {why}.",
        where=f"{tree.path}: {printable(file)}",
        fix="It needs a column file_name, and a column label with a class for each picture.",
    )
