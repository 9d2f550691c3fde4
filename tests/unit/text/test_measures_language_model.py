"""The language model that generators of text are compared with."""

from __future__ import annotations

import itertools
import math
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gansmith.errors import ConfigError, MissingExtraError
from gansmith.modalities.text.byte_pairs import BytePairs
from gansmith.modalities.text.language_model import WINDOW, LanguageModel, RecurrentNetwork, Size

WHO, DOES, WHAT = ("a cat", "the dog", "one bird"), ("sees", "has"), ("fish .", "an old house .")
GRAMMAR = [" ".join(parts) for parts in itertools.product(WHO, DOES, WHAT)]
# The first is as common as all others together.
SKEWED = [*[GRAMMAR[0]] * len(GRAMMAR), *GRAMMAR] * 5


@pytest.fixture(scope="module")
def model() -> LanguageModel:
    return LanguageModel.fit(SKEWED, tokens=32_000, parameters=40_000, vocabulary=300)


@pytest.fixture(scope="module")
def pairs() -> BytePairs:
    return BytePairs.fit(GRAMMAR, 300)


@given(text=st.text())
def test_byte_pairs_lose_nothing(pairs: BytePairs, text: str) -> None:
    (ids,) = pairs.encode([text])
    assert pairs.decode([ids]) == [text]
    assert all(0 < number < len(pairs) for number in ids)


def test_byte_pairs_come_back_from_json(pairs: BytePairs) -> None:
    again = BytePairs.from_json(pairs.to_json())
    assert again.encode(GRAMMAR) == pairs.encode(GRAMMAR)
    assert BytePairs.fit(GRAMMAR, 300).to_json() == pairs.to_json()
    assert len(pairs.encode(["a cat sees fish ."])[0]) < 8


def test_it_learns_what_there_is_and_how_often(model: LanguageModel) -> None:
    samples = model.sample(600, seed=1)
    assert sum(line in GRAMMAR for line in samples) > 570
    counts = Counter(samples)
    assert counts[GRAMMAR[0]] / 600 == pytest.approx(13 / 24, abs=0.1)
    assert set(GRAMMAR) <= set(counts)


def test_what_lines_cost_is_their_probability(model: LanguageModel) -> None:
    shares = np.exp(-model.nats(GRAMMAR))
    assert 0.9 < shares.sum() <= 1  # all that it learnt from
    assert shares[0] == pytest.approx(13 / 24, abs=0.1)
    alone = [model.nats([line])[0] for line in GRAMMAR]
    assert model.nats(GRAMMAR) == pytest.approx(alone, abs=1e-4)
    entropy = -sum(p * math.log(p) for p in [13 / 24, *[1 / 24] * 11])
    costs = model.nats([GRAMMAR[0]] * 12 + GRAMMAR)
    assert entropy - 0.001 < costs.mean() < entropy + 0.1


def test_low_temperatures_are_safe_and_high_ones_are_not(model: LanguageModel) -> None:
    cold, hot = (Counter(model.sample(100, temperature=t)) for t in (0.1, 3.0))
    assert cold[GRAMMAR[0]] == 100
    assert len(hot) > 50
    with pytest.raises(ConfigError, match="above 0"):
        model.sample(1, temperature=0.0)


def test_a_seed_gives_the_same_model_and_samples(tmp_path: Path) -> None:
    def fitted(seed: int) -> LanguageModel:
        return LanguageModel.fit(GRAMMAR, tokens=2_000, parameters=9_000, vocabulary=300, seed=seed)

    first, second, other = fitted(0), fitted(0), fitted(1)
    assert first.nats(GRAMMAR).tolist() == second.nats(GRAMMAR).tolist()
    assert first.nats(GRAMMAR).tolist() != other.nats(GRAMMAR).tolist()
    assert first.sample(9, seed=2) == second.sample(9, seed=2) != first.sample(9, seed=3)
    first.save(tmp_path / "model.safetensors")
    again = LanguageModel.load(tmp_path / "model.safetensors")
    assert again.size == first.size
    assert again.sample(9, seed=2) == first.sample(9, seed=2)


@given(st.integers(300, 6_000), st.integers(20_000, 9_000_000))
@settings(max_examples=8)
def test_the_network_is_as_large_as_is_allowed(vocabulary: int, parameters: int) -> None:
    size = Size.within(parameters, vocabulary, 10)
    count = sum(p.numel() for p in RecurrentNetwork(size).parameters())
    larger = Size(vocabulary, size.hidden + 8, 10)
    assert count <= parameters or size.hidden == 16
    assert sum(p.numel() for p in RecurrentNetwork(larger).parameters()) > parameters


def test_lines_longer_than_a_window_are_learnt_and_scored_in_full() -> None:
    line = "tick tock " * WINDOW
    model = LanguageModel.fit([line] * 3, tokens=1_000, parameters=9_000, vocabulary=256)
    assert model.size.longest > 5 * WINDOW
    shorter, longer = model.nats([line[: len(line) // 2], line])
    assert longer > 1.5 * shorter > 0
    assert max(map(len, model.sample(3))) <= len(line)
    empty = LanguageModel.fit([""] * 40, tokens=6_000, parameters=9_000, vocabulary=256)
    assert empty.sample(5) == [""] * 5


@pytest.mark.parametrize("budget", [{}, {"tokens": 5, "seconds": 1.0}, {"tokens": 0}])
def test_a_budget_is_one_number_above_nothing(budget: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match="either tokens or seconds"):
        LanguageModel.fit(GRAMMAR, **budget)


def test_mistakes_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="there are none"):
        LanguageModel.fit([], seconds=1)
    with pytest.raises(ConfigError, match="256 bytes"):
        LanguageModel.fit(GRAMMAR, seconds=1, vocabulary=100)
    (tmp_path / "broken").write_bytes(b"no safetensors")
    for name in ("broken", "missing"):
        with pytest.raises(ConfigError, match="no language model"):
            LanguageModel.load(tmp_path / name)
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(MissingExtraError, match=r"gansmith\[text\]"):
        LanguageModel.fit(GRAMMAR, seconds=1)
