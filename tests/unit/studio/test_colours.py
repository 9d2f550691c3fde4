"""Text stands out from what it is written on, in light and in dark colours: WCAG 2.2, 1.4.3."""

from __future__ import annotations

import re
from itertools import product

import pytest

from gansmith.studio.app import STATIC

SHEETS = [path.read_text() for path in sorted(STATIC.rglob("*.css"))]
LIGHT, DARK = (
    dict(re.findall(r"--([\w-]+): (#[0-9a-f]+)", block))
    for block in re.findall(r":root \{(.*?)\}", (STATIC / "style.css").read_text(), re.DOTALL)[:2]
)
# Written on one thing alone, and what has a ground of its own beside pages and cards.
ALONE = {"on-accent": ("accent",)}
GROUNDS = ("page", "card")
OWN_GROUND = {"accent": "accent-soft", "bad": "bad-soft"}
# Points and lines, where 3 suffices (1.4.11).
DRAWN = ("real", "fake", "discriminator", "generator", "accent")


def written() -> list[tuple[str, str]]:
    """Each colour that a style sheet gives to text, with each ground that it stands on."""
    texts = {
        name for sheet in SHEETS for name in re.findall(r"[^-]color: var\(--([\w-]+)\)", sheet)
    }
    pairs = []
    for text in sorted(texts):
        own = (OWN_GROUND[text],) if text in OWN_GROUND else ()
        pairs += list(product([text], ALONE.get(text, (*GROUNDS, *own))))
    return pairs


def luminance(colour: str) -> float:
    digits = colour.removeprefix("#")
    wide = digits if len(digits) == 6 else "".join(2 * digit for digit in digits)
    parts = [int(wide[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: str, other: str) -> float:
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast("#000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#fff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("change", [{}, DARK], ids=["light", "dark"])
def test_text_and_drawings_stand_out(change: dict[str, str]) -> None:
    colours = {**LIGHT, **change}
    pairs = written()
    assert {"text", "soft", "accent", "good", "bad", "on-accent"} <= {text for text, _ in pairs}
    faint = {pair: value for pair in pairs
             if (value := contrast(*(colours[name] for name in pair))) < 4.5}  # fmt: skip
    faint |= {pair: value for pair in product(DRAWN, ("plot", "card"))
              if (value := contrast(*(colours[name] for name in pair))) < 3}  # fmt: skip
    assert faint == {}
    assert all("prefers-reduced-motion" in sheet for sheet in SHEETS
               if re.search(r"\b(transition|animation):", sheet))  # fmt: skip
