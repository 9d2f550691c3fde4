"""Ids by a pattern: all texts of a regular expression, each once, and none of those in the data."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gansmith.errors import ConfigError
from gansmith.modalities.table.ids import MOST_NUMBERS, NO_MATCH, Fresh, Ids, Taken, permuted
from gansmith.modalities.table.patterns import Pattern

single = st.sampled_from(["a", "b", r"\d", "[ab]", "[a-c1]", r"\.", "-"])
expressions = st.recursive(
    single,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]}|{pair[1]})"),
        inner.map(lambda one: f"({one})?"),
        inner.map(lambda one: f"(?:{one}){{0,2}}"),
        inner.map(lambda one: f"({one}){{2}}"),
    ),
    max_leaves=5,
)


@given(expressions.map(lambda one: f"x{one}"), st.randoms(use_true_random=False))
def test_numbers_and_texts_are_one_to_one_and_match(expression: str, random: object) -> None:
    """Also where the expression matches a text in several ways."""
    pattern = Pattern(expression)
    few = pattern.capacity <= 300
    numbers = (
        range(pattern.capacity)
        if few
        else sorted({random.randrange(pattern.capacity) for _ in range(300)})
    )  # type: ignore[attr-defined]
    texts = [pattern.text(number) for number in numbers]
    assert len(set(texts)) == len(texts)
    assert all(re.fullmatch(expression, text) for text in texts)
    assert [pattern.number(text) for text in texts] == list(numbers)


@given(expressions, st.text("ab1.-x", max_size=5))
def test_a_text_has_a_number_if_the_expression_matches_it(expression: str, text: str) -> None:
    pattern = Pattern(f"x{expression}")
    matches = re.fullmatch(f"x{expression}", text) is not None
    assert (pattern.number(text) is not None) == matches


@pytest.mark.parametrize(
    ("expression", "capacity"),
    [
        (r"[A-Z]{2}-\d{6}", 26**2 * 10**6), ("x{2,5}", 4), (r"\w", 63), ("^ab?$", 2),
        ("(ab|a)(c|bc)", 3), (r"[a\-z\]]", 4), ("(red|blue){2}", 4), (r"\d{32}", 10**32),
    ],
)  # fmt: skip
def test_texts_are_counted(expression: str, capacity: int) -> None:
    assert Pattern(expression).capacity == capacity


@pytest.mark.parametrize(
    ("expression", "hint"),
    [
        ("a*", "has no end"), ("a+", "has no end"), (".", "say which characters"),
        ("[^a]", "not which there may not"), ("(?=a)", r"\(\?"), ("a{2", "in {} stands"),
        ("a{3,1}", "no number of times"), ("[b-a]", "no range"), ("(a", "not closed"),
        ("[a", "not closed"), ("a)", "nothing to close"), (r"\s", "is not known"),
        ("a??", "another number"), ("a?", "empty text"), ("", "empty text"), ("[]", "no character"),
        ("{2}", "stands where a character"), ("a{301}", "no number of times"),
        ("(a{99}){9}", "longer than"), ("a$b", "nothing to close"), (r"(a)\1", "is not known"),
        ("(a|b){0,9}a(a|b){15}", "too many ways"),
    ],
)  # fmt: skip
def test_what_is_not_supported_is_named(expression: str, hint: str) -> None:
    with pytest.raises(ConfigError, match=hint) as caught:
        Pattern(expression)
    assert "where: pattern" in str(caught.value)


@given(st.integers(1, 5_000), st.integers(0, 2**63 - 1))
def test_a_seed_is_a_permutation(size: int, seed: int) -> None:
    mixed = permuted(np.arange(size, dtype=np.uint64), size, seed)
    assert sorted(mixed.tolist()) == list(range(size))


@given(st.sets(st.integers(0, 99_999), max_size=400), st.integers(1, 300), st.integers(0, 9))
def test_new_ids_are_all_different_and_none_of_the_data(held: set[int], n: int, seed: int) -> None:
    size = 100_000
    taken = Taken.of(size, np.array(sorted(held), np.float64))
    assert taken.free(size) >= size * 15 / 16 - len(held)
    fresh = Fresh(size, Taken.load(taken.state()), seed)
    drawn = [*fresh.take(n), *fresh.take(7)]
    assert len(set(drawn)) == n + 7
    assert not set(drawn) & held
    again = Fresh(size, taken, seed)
    assert list(again.take(3)) == drawn[:3]  # however many are taken


def test_where_room_is_scarce_all_of_it_is_used() -> None:
    held = np.delete(np.arange(1_000.0), [3, 500, 999])
    taken = Taken.of(1_000, held)
    assert taken.free(1_000) == 3
    assert sorted(Fresh(1_000, taken, 5).take(3)) == [3, 500, 999]


def test_more_texts_than_cells_have_numbers() -> None:
    many = Ids(r"[0-9a-f]{32}")
    assert many.size == MOST_NUMBERS
    cells = np.array([0.0, 1.0, 5e15, MOST_NUMBERS - 1])
    texts = many.texts(cells)
    assert all(re.fullmatch("[0-9a-f]{32}", text) for text in texts)
    np.testing.assert_array_equal(many.cells(texts), cells)
    found = Ids("[A-C]-1").cells(["C-1", " ", "D-1"])
    np.testing.assert_array_equal(found, [2, np.nan, NO_MATCH])
