"""Byte pairs: text of any script as numbers of tokens, and back without loss."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gansmith.errors import ConfigError, MissingExtraError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

# Where a line begins and where it ends; byte pairs are counted from 1.
EDGE = 0
Ids = list[int]


class BytePairs:
    """Byte pairs (Sennrich et al. 2016, arXiv:1508.07909) over UTF-8: no text is unknown.

    Args:
        tokenizer: of the library ``tokenizers``.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer

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
        library = _library()
        level = library.pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer = library.Tokenizer(library.models.BPE())
        tokenizer.pre_tokenizer, tokenizer.decoder = level, library.decoders.ByteLevel()
        trainer = library.trainers.BpeTrainer(
            vocab_size=vocabulary, min_frequency=2, show_progress=False,
            initial_alphabet=sorted(level.alphabet()),
        )  # fmt: skip
        tokenizer.train_from_iterator(map(_spaced, lines), trainer, len(lines))
        return cls(tokenizer)

    @classmethod
    def from_json(cls, text: str) -> BytePairs:
        """From what :meth:`to_json` gave."""
        return cls(_library().Tokenizer.from_str(text))

    def to_json(self) -> str:
        """All of it, as the library keeps it."""
        return str(self._tokenizer.to_str())

    def __len__(self) -> int:
        """The number of tokens, with the edge."""
        return int(self._tokenizer.get_vocab_size()) + 1

    def encode(self, lines: Sequence[str]) -> list[Ids]:
        """Numbers of tokens of each line, from 1, without edges."""
        encodings = self._tokenizer.encode_batch_fast([_spaced(line) for line in lines])
        return [[number + 1 for number in each.ids] for each in encodings]

    def decode(self, ids: Sequence[Ids]) -> list[str]:
        """Lines of numbers of tokens; bytes that are no UTF-8 become U+FFFD."""
        numbers = [[number - 1 for number in each] for each in ids]
        return [text.removeprefix(" ") for text in self._tokenizer.decode_batch(numbers)]


def _spaced(line: str) -> str:
    """With a space before, so that a word is the same token wherever it stands in a line."""
    return " " + line.encode("utf-8", "replace").decode()


def _library() -> Any:
    try:
        import tokenizers
    except ImportError as error:
        raise MissingExtraError("tokenizers", "text", "A language model") from error
    return tokenizers
