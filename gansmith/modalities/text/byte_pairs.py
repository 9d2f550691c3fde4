"""Lines as numbers of tokens for a language model, and back without loss."""

from __future__ import annotations

from collections.abc import Sequence

from gansmith.errors import ConfigError
from gansmith.modalities.text.autoencoder import NUM_SPECIAL
from gansmith.modalities.text.tokens import Tokens

# Where a line begins and where it ends; byte pairs are counted from 1.
EDGE = 0
Ids = list[int]
_FIRST = NUM_SPECIAL - 1


class BytePairs:
    """Tokens of lines, in which a word is the same token wherever it stands.

    Args:
        tokens: learned from lines with a space before each.
    """

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    @classmethod
    def fit(cls, lines: Sequence[str], vocabulary: int = 4_000) -> BytePairs:
        """Learn which bytes belong together.

        Args:
            lines: to learn from.
            vocabulary: of tokens at most; at least 256, one for each byte.

        Raises:
            MissingExtraError: if the library ``tokenizers`` is not installed.
            ConfigError: if there are fewer tokens than bytes.
        """
        if vocabulary < 256:
            raise ConfigError(
                f"A vocabulary of {vocabulary} does not hold the 256 bytes.",
                fix="Give 256 or more.",
            )
        return cls(Tokens.fit(map(_spaced, lines), vocabulary))

    @classmethod
    def from_json(cls, text: str) -> BytePairs:
        """From what :meth:`to_json` gave."""
        return cls(Tokens(text))

    def to_json(self) -> str:
        """All of it, as the library keeps it."""
        return self._tokens.state()

    def __len__(self) -> int:
        """The number of tokens, with the edge."""
        return self._tokens.size - _FIRST

    def encode(self, lines: Sequence[str]) -> list[Ids]:
        """Numbers of tokens of each line, from 1, without edges."""
        found = self._tokens.encode([_spaced(line) for line in lines])
        return [[number - _FIRST for number in each] for each in found]

    def decode(self, ids: Sequence[Ids]) -> list[str]:
        """Lines of numbers of tokens; bytes that are no UTF-8 become U+FFFD."""
        return [self.content(each).decode("utf-8", "replace") for each in ids]

    def content(self, ids: Ids) -> bytes:
        """The bytes of one line, whatever they are."""
        return self._tokens.decode(number + _FIRST for number in ids).removeprefix(b" ")


def _spaced(line: str) -> str:
    """With a space before; what is no character becomes a question mark."""
    return " " + line.encode("utf-8", "replace").decode()
