"""Pieces of words: byte pairs that are merged by how often they occur in the training texts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from gansmith.errors import MissingExtraError, RunError
from gansmith.modalities.text.autoencoder import NUM_SPECIAL

Codes = npt.NDArray[np.int64]


def _library() -> Any:
    try:
        import tokenizers
    except ImportError as error:
        raise MissingExtraError("tokenizers", "text", "A text") from error
    return tokenizers


@cache
def _bytes_of_signs() -> dict[str, int]:
    """The sign that byte-level tokens write for each byte: printable bytes for themselves, in
    Latin-1, and the others for signs from U+0100 on, in their order (Radford et al. 2019)."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    signs = {chr(byte): byte for byte in printable}
    return signs | {chr(0x100 + number): byte for number, byte in enumerate(others)}


class Tokens:
    """Between texts and numbers of tokens, from 2 on; any bytes can be said.

    Args:
        state: as :meth:`state` returns it.
    """

    def __init__(self, state: str) -> None:
        self._tokenizer = _library().Tokenizer.from_str(state)
        self._state = state
        signs, vocabulary = _bytes_of_signs(), self._tokenizer.get_vocab()
        self._contents = [b""] * len(vocabulary)
        for token, number in vocabulary.items():
            self._contents[number] = bytes(signs[sign] for sign in token)

    @classmethod
    def fit(cls, texts: Iterable[str], size: int) -> Tokens:
        """Byte-pair encoding (Sennrich et al. 2016, arXiv:1508.07909) over bytes.

        Args:
            texts: to count pairs in.
            size: tokens at most; at least the 256 bytes are.
        """
        library = _library()
        tokenizer = library.Tokenizer(library.models.BPE())
        tokenizer.pre_tokenizer = library.pre_tokenizers.ByteLevel(add_prefix_space=False)
        trainer = library.trainers.BpeTrainer(
            vocab_size=size, min_frequency=2, show_progress=False,
            initial_alphabet=sorted(_bytes_of_signs()),
        )  # fmt: skip
        tokenizer.train_from_iterator(texts, trainer)
        return cls(tokenizer.to_str())

    @property
    def size(self) -> int:
        """How many there are, special ones among them."""
        return len(self._contents) + NUM_SPECIAL

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Numbers of the tokens of each text."""
        found = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return [[number + NUM_SPECIAL for number in each.ids] for each in found]

    def decode(self, codes: Iterable[int]) -> bytes:
        """The bytes of a text, without special tokens."""
        contents = self._contents
        return b"".join(contents[code - NUM_SPECIAL] for code in codes if code >= NUM_SPECIAL)

    def state(self) -> str:
        """All that is needed to make these again."""
        return self._state


def loaded(state: Any) -> Tokens:
    """From a run. Raises a RunError where it is damaged."""
    try:
        return Tokens(str(state))
    except MissingExtraError:
        raise
    except Exception as error:  # the library has no type of its own
        raise RunError(f"The tokens of the codec are damaged: {error}.") from error
