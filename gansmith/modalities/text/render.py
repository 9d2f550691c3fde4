"""Texts as a picture, for where a picture is asked for."""

from __future__ import annotations

import textwrap

from PIL import Image, ImageDraw, ImageFont

from gansmith.modalities.text.store import Bytes, to_texts

WIDTH, LINE, MARGIN, WRAP = 960, 20, 12, 110


def sheet(samples: Bytes, columns: int) -> Image.Image:
    """Texts, one below the other; signs that the font lacks are boxes."""
    del columns
    lines = [line for text in to_texts(samples) for line in (textwrap.wrap(text, WRAP) or [""])]
    picture = Image.new("L", (WIDTH, LINE * len(lines) + 2 * MARGIN), 255)
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(14)
    for number, line in enumerate(lines):
        draw.text((MARGIN, MARGIN + number * LINE), line, fill=20, font=font)
    return picture
