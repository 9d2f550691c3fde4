"""BLEU and self-BLEU, against sacrebleu and against what they promise."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
import sacrebleu
from hypothesis import given, settings
from hypothesis import strategies as st

from gansmith.errors import UserError
from gansmith.evaluation.estimate import Estimate
from gansmith.modalities.text.measures.bleu import BleuRow, bleu, bleu_table, self_bleu
from gansmith.modalities.text.measures.words import grams, normalised, words

# Few words and few lengths, so that repeats, ties and sentences without any match are common.
sentences = st.lists(st.sampled_from("abc"), max_size=7).map(" ".join)


def peer(line: str, references: list[str]) -> float:
    found = sacrebleu.sentence_bleu(line, references, tokenize="none", use_effective_order=True)
    return float(found.score) / 100


@given(st.lists(sentences, min_size=1, max_size=5), st.lists(sentences, min_size=1, max_size=6))
def test_bleu_is_that_of_sacrebleu(lines: list[str], references: list[str]) -> None:
    wanted = sum(peer(line, references) for line in lines) / len(lines)
    assert bleu(lines, references) == pytest.approx(wanted, abs=1e-9)


@given(st.lists(sentences, min_size=2, max_size=7))
@settings(max_examples=200)
def test_self_bleu_leaves_out_the_sentence_alone(lines: list[str]) -> None:
    others = [lines[:i] + lines[i + 1 :] for i in range(len(lines))]
    wanted = sum(map(peer, lines, others)) / len(lines)
    assert self_bleu(lines) == pytest.approx(wanted, abs=1e-9)


def test_one_good_sentence_repeated_gives_itself_away() -> None:
    real = ["a man rides a red bike down the street ."] * 2 + ["two dogs sleep on an old sofa ."]
    assert bleu(real[:1] * 50, real) == pytest.approx(1)
    assert self_bleu(real[:1] * 50) == pytest.approx(1)
    assert self_bleu(real[1:]) < 0.3


def test_all_sets_are_scored_at_one_count() -> None:
    random = np.random.default_rng(0)
    lines = [" ".join(random.choice(list("abcdef"), 3 + i % 5)) for i in range(130)]
    table = bleu_table(lines[::-1], {"few": lines[:60], "all": lines})
    few, every = table
    assert [few.name, every.name] == ["few", "all"]
    assert few == BleuRow("few", every.bleu, every.self_bleu, 60)
    assert isinstance(few.bleu, Estimate)
    assert few.bleu.low < few.bleu.value < few.bleu.high
    assert isinstance(bleu_table(lines[:10], {"one": lines})[0].bleu, float)
    assert bleu_table(lines, {"one": lines}, most=70)[0].num_lines == 70


def test_too_few_lines_are_refused() -> None:
    with pytest.raises(UserError, match="at least 2 lines, and has 1"):
        self_bleu(["a b"])
    with pytest.raises(UserError, match="at least 1 references"):
        bleu(["a b"], [])
    with pytest.raises(UserError, match="at least 2 lines of each set"):
        bleu_table(["a", "b"], {"empty": []})


@given(st.text())
@settings(max_examples=50)
def test_words_hold_every_character_but_spaces(line: str) -> None:
    kept = "".join(unicodedata.normalize("NFC", line).split())
    assert "".join(words(line)) == kept
    assert normalised(line) == normalised(f" {line.replace(' ', '  ')}\t")


@given(st.lists(st.sampled_from("ab"), max_size=8), st.integers(1, 5))
def test_grams_are_all_runs(tokens: list[str], n: int) -> None:
    assert list(grams(tokens, n)) == [tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1)]
