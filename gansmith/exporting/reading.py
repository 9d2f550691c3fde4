"""How what a generator returns is read without gansmith: numbers and words, as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from gansmith.modalities.image.codec import ImageCodec
from gansmith.modalities.points.codec import PointsCodec
from gansmith.modalities.table.bins import GRID
from gansmith.modalities.table.codec import TableCodec
from gansmith.modalities.table.schema import to_dict
from gansmith.modalities.text.autoencoder import NUM_SPECIAL
from gansmith.modalities.text.byte_pairs import EDGE
from gansmith.modalities.text.codec import TextCodec
from gansmith.modalities.text.token_codec import TokenCodec
from gansmith.protocols import Codec
from gansmith.sample.sampler import Sampler

TOKENIZER = "tokenizer.json"


def reading(codec: Codec) -> dict[str, Any]:
    """What turns x into a sample, under ``kind``, with a sentence under ``reads``."""
    if isinstance(codec, ImageCodec):
        return _pictures(codec)
    if isinstance(codec, PointsCodec):
        state = codec.state()
        return {
            "kind": "points", "scale": state["scale"], "mean": state["mean"],
            "reads": "point = x * scale + mean",
        }  # fmt: skip
    if isinstance(codec, TableCodec):
        return _rows(codec)
    if isinstance(codec, TextCodec | TokenCodec):
        return _texts(codec)
    return {"kind": "other", "reads": "By the codec of the run alone, with gansmith."}


def left_behind(sampler: Sampler, exported: Sequence[str]) -> list[str]:
    """What is not in the files, in words.

    Args:
        sampler: of the run.
        exported: names of the files.
    """
    codec, left = sampler.codec, []
    if sampler.game.finish is not None and "refiner" not in exported:
        left.append("What the run's game does to samples before somebody gets them.")
    if not isinstance(codec, ImageCodec | PointsCodec | TableCodec | TextCodec | TokenCodec):
        left.append("The codec: its samples are read with gansmith alone.")
    if isinstance(codec, TableCodec) and codec.form is not None:
        left.append("The way back from what is learned in place of columns with constraints.")
    if isinstance(codec, TableCodec) and any(c.kind == "id" for c in codec.columns):
        left.append("Ids, which are made anew for each row.")
    return left


def _pictures(codec: ImageCodec) -> dict[str, Any]:
    is_bytes = codec.dtype == "uint8"
    reads = "round(x * 127.5 + 127.5), clipped to 0 to 255" if is_bytes else "x, in [0, 1]"
    return {
        "kind": "pictures", "layout": "channels, rows, columns", "dtype": codec.dtype,
        "scale": 127.5 if is_bytes else 1.0, "offset": 127.5 if is_bytes else 0.0,
        "reads": f"pixels = {reads}",
    }  # fmt: skip


def _texts(codec: TextCodec | TokenCodec) -> dict[str, Any]:
    by_latents = isinstance(codec, TextCodec)
    first = NUM_SPECIAL if by_latents else EDGE + 1
    tokens = "What decoder.onnx makes of x" if by_latents else "What generator.onnx makes"
    return {
        "kind": "texts", "tokenizer": TOKENIZER, "first": first, "end": EDGE,
        "space_before": not by_latents,
        "reads": f"{tokens} are tokens: those before the first `end`, minus `first`, are the "
        f"tokenizer's ids. A text that is tokenized has a space before it where `space_before`.",
    }  # fmt: skip


def tokenizer_of(codec: Codec) -> str | None:
    """What makes texts of tokens, as the library ``tokenizers`` keeps it; None for other data."""
    if not isinstance(codec, TextCodec | TokenCodec):
        return None
    own = codec.tokens.state() if isinstance(codec, TextCodec) else codec.pairs.to_json()
    state = json.loads(own)
    # Ours says bytes of its own, which a text of the library is not needed for.
    state["decoder"] = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True,
                        "use_regex": True}  # fmt: skip
    return json.dumps(state, ensure_ascii=False)


def _rows(codec: TableCodec) -> dict[str, Any]:
    columns, place = [], codec.num_codes
    own = codec.inner if codec.form is None else codec.form.inner
    for number, (column, bins) in enumerate(zip(own, codec.bins, strict=True)):
        if bins is None:
            continue
        first, last = codec.span(number)
        entry = {"name": column.name, "codes": [first, last], "place": None, **bins.state()}
        if bins.placed:
            entry["place"], place = place, place + 1
        columns.append(entry)
    return {
        "kind": "rows",
        "columns": columns,
        "schema": to_dict(codec.columns),
        "grid": GRID.tolist(),
        "reads": "Of each column, the code is the place of the 1 within x[codes[0]:codes[1]]. The "
        "first codes are the values `masses`; then one for each row of `knots`, whose value lies "
        "at x[place] along the row: linear between the knots at `grid`; then those that the levels "
        "above the masses share; then `specials` of the schema; the last, where `missing`, is no "
        "value. Values of categories count the schema's levels; dates are microseconds since 1970.",
    }
