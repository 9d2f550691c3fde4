"""Texts: sentences, paragraphs, or windows of running text."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gansmith.data.dataset import Array, Dataset
from gansmith.errors import UserError
from gansmith.modalities.modality import Modality
from gansmith.modalities.text import (
    baselines,
    data,
    discriminator,  # noqa: F401
    extractor,  # noqa: F401
    generator,  # noqa: F401
    page,
    recipes,  # noqa: F401
    token_discriminator,  # noqa: F401
    token_generator,  # noqa: F401
    token_recipes,  # noqa: F401
    writing,
)
from gansmith.modalities.text.codec import TextCodec, text_latents
from gansmith.modalities.text.measures import minilm
from gansmith.modalities.text.measures.report import own_metrics
from gansmith.modalities.text.reading import Told, pieces, read_text
from gansmith.modalities.text.render import sheet
from gansmith.modalities.text.rows import TextRows
from gansmith.modalities.text.store import to_texts
from gansmith.modalities.text.token_codec import load_token_codec
from gansmith.progress import Advance
from gansmith.protocols import Codec
from gansmith.registry import register


def _default_recipe(dataset: Dataset, device: str) -> str:
    del dataset, device
    return "text"


def _default_extractor(dataset: Dataset) -> str:
    del dataset
    return "minilm" if minilm.installed() else "lsa"


def _write_file(
    path: Path, codec: Codec, chunks: Iterator[tuple[Array, Any]], advance: Advance
) -> None:
    assert isinstance(codec, TextRows)
    writing.write(path, codec, chunks, advance)


def _read_file(path: Path, codec: Codec) -> tuple[list[str], Array]:
    """Samples of a file by their numbers, cut up as the data were."""
    assert isinstance(codec, TextRows)
    told = Told()
    text = read_text(path, told)
    found = list(pieces(text, codec.unit, codec.width, told))
    if not found:
        raise UserError("The file holds no text.", where=str(path))
    return [f"{path}:{number}" for number in range(1, len(found) + 1)], codec.rows(found)


def _present(codec: Codec, rows: Array) -> list[str]:
    del codec
    return to_texts(rows)


def _absent(codec: Codec, texts: Any) -> Any:
    assert isinstance(codec, TextRows)
    return writing.rows_of(codec, texts)


def _load_codec(state: dict[str, Any]) -> Codec:
    return load_token_codec(state) if "kind" in state else TextCodec.load(state)


@register("modality", "text")
def text() -> Modality:
    """Sentences, paragraphs, or windows of running text."""
    return Modality(
        name="text",
        fit_codec=text_latents,
        load_codec=_load_codec,
        default_recipe=_default_recipe,
        sheet=sheet,
        sheet_samples=40,
        default_extractor=_default_extractor,
        watch_extractor="lsa",
        own_metrics=own_metrics,
        baselines=baselines.WAYS,
        sections=page.sections,
        align=data.align,
        write_file=_write_file,
        file_suffixes=writing.SUFFIXES,
        present=_present,
        absent=_absent,
        words=to_texts,
        read_file=_read_file,
        suffixes=(".txt", ".gz"),
    )
