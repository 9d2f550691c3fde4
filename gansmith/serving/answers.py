"""Samples as the bytes of an answer: the very files that ``gansmith sample`` writes."""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gansmith.errors import did_you_mean
from gansmith.modalities.modality import Modality, sheet_columns
from gansmith.prepare import modality_of
from gansmith.run import Run
from gansmith.sample import write
from gansmith.serving.engine import Made
from gansmith.serving.limits import RefusedError

MEDIA = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "npz": "application/octet-stream",
    "png": "image/png",
    "txt": "text/plain; charset=utf-8",
    "zip": "application/zip",
}
# Of all files in an archive: the same samples are the same bytes.
LONG_AGO = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Answer:
    """Bytes, of which kind, and the samples that they hold."""

    content: bytes
    media: str
    made: Made


def formats(modality: Modality) -> list[str]:
    """What the samples of a kind of data are given as; the first where nobody says."""
    if modality.write_one is not None:
        return ["zip", "png", "npz"]
    if modality.write_file is not None:
        kinds = [k for k in ("csv", "txt") if f".{k}" in modality.file_suffixes]
        return ["json", *reversed(kinds)] if modality.words else [*kinds, "json"]
    return ["json", "npz", "png"]


def answer_as(run: Run, format_: str | None) -> Callable[[Made], Answer]:
    """What makes the answer.

    Raises:
        RefusedError: for a format that samples of this run do not come in.
    """
    known = formats(modality_of(run.config.modality))
    chosen = format_ or known[0]
    if chosen not in known:
        raise RefusedError(
            422, f"Samples of this run do not come as {chosen!r}.", fix=did_you_mean(chosen, known)
        )

    def answer(made: Made) -> Answer:
        return Answer(_packed(run, made, chosen), MEDIA[chosen], made)

    return answer


def _packed(run: Run, made: Made, format_: str) -> bytes:
    modality = modality_of(run.config.modality)
    if format_ == "json":
        return _as_json(run, modality, made)
    chunks = iter([(made.samples, made.labels)])
    with tempfile.TemporaryDirectory(prefix="gansmith-serve-") as folder:
        path = Path(folder) / f"samples.{format_}"
        if format_ == "zip":
            assert modality.write_one is not None
            out = Path(folder) / "samples"
            write.folder(out, chunks, len(made.samples), modality.write_one,
                         modality.suffixes[0], run.classes, _unseen)  # fmt: skip
            return _zipped(out)
        if format_ == "npz":
            write.npz(path, chunks, len(made.samples), _unseen)
        elif format_ == "png":
            columns = min(sheet_columns(len(run.classes)), len(made.samples))
            write.picture(path, modality.sheet(made.samples, columns))
        else:
            assert modality.write_file is not None
            modality.write_file(path, run.codec, chunks, _unseen)
        return path.read_bytes()


def _unseen(items: int = 1) -> None:
    del items


def _zipped(folder: Path) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:  # pictures are packed already
        for path in sorted(folder.iterdir()):
            archive.writestr(zipfile.ZipInfo(path.name, LONG_AGO), path.read_bytes())
    return content.getvalue()


def _as_json(run: Run, modality: Modality, made: Made) -> bytes:
    shown = modality.present(run.codec, made.samples) if modality.present else made.samples
    if isinstance(shown, np.ndarray | list):
        content = {"samples": shown if isinstance(shown, list) else shown.tolist()}
        if made.labels is not None:
            content["classes"] = [run.classes[int(label)] for label in made.labels]
    else:  # a data frame says itself how dates and missing cells are written
        content = {"samples": json.loads(shown.to_json(orient="records", date_format="iso"))}
    return json.dumps(content, ensure_ascii=False).encode()
