"""Tables: rows of numbers, categories, dates, texts, and what is missing among them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gansmith.data.dataset import Array, Dataset
from gansmith.modalities.modality import Modality
from gansmith.modalities.table import (  # noqa: F401
    data,
    discriminator,
    game,
    generator,
    measures,
    metrics,
    page,
    private,
    recipes,
    sql,
    where,
    writing,
)
from gansmith.modalities.table.codec import TableCodec
from gansmith.modalities.table.given import read_rows
from gansmith.modalities.table.ledger import Ledger
from gansmith.modalities.table.render import sheet
from gansmith.progress import Advance
from gansmith.protocols import Codec
from gansmith.registry import register


def _default_recipe(dataset: Dataset, device: str) -> str:
    del device
    return "table-release" if "release" in dataset.truth else "table"


def _fit_codec(dataset: Dataset, indices: npt.NDArray[np.int64]) -> TableCodec:
    if "release" in dataset.truth:
        codec: TableCodec = dataset.truth["release"].codec()
        return codec
    return TableCodec.fit(dataset, indices)


def _default_extractor(dataset: Dataset) -> str:
    del dataset
    return "table"


def _write_file(
    path: Path, codec: Codec, chunks: Iterator[tuple[Array, Any]], advance: Advance
) -> None:
    assert isinstance(codec, TableCodec)
    writing.write(path, codec.columns, chunks, advance)


def _read_file(path: Path, codec: Codec) -> tuple[list[str], Array]:
    assert isinstance(codec, TableCodec)
    return read_rows(path, codec)


def _ledger(codec: Codec, n: int, seed: int) -> Ledger | None:
    assert isinstance(codec, TableCodec)
    gives = codec.taken or codec.form is not None
    return Ledger(codec, n, seed) if gives else None


@register("modality", "table")
def table() -> Modality:
    """Rows of a table."""
    return Modality(
        name="table",
        fit_codec=_fit_codec,
        load_codec=TableCodec.load,
        default_recipe=_default_recipe,
        sheet=sheet,
        sheet_samples=40,
        default_extractor=_default_extractor,
        watch_extractor="table",
        own_metrics=measures.own_metrics,
        require_target=measures.require_target,
        sections=page.sections,
        align=data.align,
        restrict=where.restrict,  # type: ignore[arg-type]
        ledger=_ledger,
        write_file=_write_file,
        file_suffixes=writing.SUFFIXES,
        read_file=_read_file,
        suffixes=(".csv", ".tsv", ".gz"),
        present=lambda codec, cells: writing.frame(codec.columns, cells),  # type: ignore[attr-defined]
    )
