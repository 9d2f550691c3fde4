"""What all codecs of texts share: rows of bytes, and what a row may hold."""

from __future__ import annotations

from collections.abc import Sequence

from gansmith.modalities.text.reading import CONTROL, LABELS, Unit
from gansmith.modalities.text.store import Bytes, fitting, to_rows


class TextRows:
    """Base of the codecs of texts.

    Args:
        width: bytes of a row.
        label: what samples are called: ``lines``, ``paragraphs`` or ``windows``.
        classes: names of the classes that the game is played under, if any.
    """

    def __init__(self, width: int, label: str, classes: Sequence[str] = ()) -> None:
        self.width, self.label, self.classes = width, label, tuple(classes)

    @property
    def unit(self) -> Unit:
        """What one sample is."""
        return next(unit for unit, label in LABELS.items() if label == self.label)

    def rows(self, texts: Sequence[str]) -> Bytes:
        """(N, width) bytes of texts; those that are too long are cut."""
        return to_rows([text.encode() for text in texts], self.width)

    def tidy(self, text: bytes) -> bytes:
        """What a file could hold as one sample: no broken or control characters."""
        clean = CONTROL.sub(" ", text.decode("utf-8", errors="ignore"))
        clean = clean.replace("\n", " ") if self.label == "lines" else clean
        # Cut, it may end with a space again.
        return fitting(clean.strip().encode(), self.width).decode().rstrip().encode()
