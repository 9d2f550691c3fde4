"""Copies of training lines, near copies, and new n-grams."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gansmith.errors import UserError
from gansmith.evaluation.estimate import Estimate
from gansmith.modalities.text.measures import copies as module
from gansmith.modalities.text.measures.copies import NEAR, copies, novel_grams, overlap

TRAIN = [
    "A man rides a red bike down the street .",
    "Two dogs sleep on an old sofa .",
    "Rain .",
]
lines = st.lists(
    st.lists(st.sampled_from("abcd"), max_size=6).map(" ".join), min_size=1, max_size=6
)


def test_case_and_spaces_make_no_new_line() -> None:
    found = copies(
        TRAIN,
        ["two  DOGS sleep on an old sofa ."],
        [" a man rides a red bike down the street .", "new"],
    )
    assert found.copies.value == 0.5
    assert 0 < found.copies.low < found.copies.high < 1
    assert found.copies_held_out == found.near_copies_held_out == 1


def test_one_word_in_nine_makes_a_near_copy_and_two_do_not() -> None:
    one = "A man rides a blue bike down the street ."
    two = "A man rides a blue bike up the street ."
    found = copies(TRAIN, [], [one, two, "snow"])
    assert (found.copies.value, found.near_copies.value) == (0, 1 / 3)
    assert found.copies_held_out is None
    assert [pair[:2] for pair in found.closest] == [(0, 0), (1, 0)]
    assert found.closest[0][2] == pytest.approx(overlap(one, TRAIN[0]))
    assert overlap(one, TRAIN[0]) >= NEAR > overlap(two, TRAIN[0])


@given(lines, lines)
def test_the_index_finds_the_largest_overlap(train: list[str], sought: list[str]) -> None:
    index = module._Index(train)
    for line in sought:
        size, number = index.nearest(line)
        assert size == pytest.approx(max(overlap(line, other) for other in train))
        if number >= 0:
            assert overlap(line, train[number]) == pytest.approx(size)


@given(lines, lines)
def test_overlap_is_a_share(first: list[str], second: list[str]) -> None:
    for a, b in zip(first, second, strict=False):
        assert overlap(a, b) == overlap(b, a)
        assert 0 <= overlap(a, b) <= overlap(a, a) == 1


def test_training_lines_have_no_new_grams_and_others_all() -> None:
    found = novel_grams(TRAIN, ["other words stand here"], [line.upper() for line in TRAIN] * 20)
    assert [each.order for each in found] == [2, 3, 4]
    for each in found:
        assert isinstance(each.share, Estimate)
        assert each.share.value == 0
        assert each.held_out == 1


def test_new_grams_are_counted_with_repeats() -> None:
    pairs, threes, fours = novel_grams(["a b c"], [], ["a b c d", "c d", "e"])
    assert (pairs.share, threes.share, fours.share) == (2 / 4, 1 / 2, 1)
    assert pairs.held_out is None
    assert novel_grams(["a b"], [], ["a"])[0].share is None


def test_nothing_to_look_for_is_refused() -> None:
    with pytest.raises(UserError, match="one is empty"):
        copies([], [], ["a"])
