"""Stacked pictures, whose modes are counted."""

from __future__ import annotations

import numpy as np
import pytest

from gansmith.config import DataConfig
from gansmith.data import Dataset, open_source
from gansmith.errors import SourceError
from gansmith.evaluation.comparison import Comparison
from gansmith.modalities.image.stacked import Modes
from gansmith.prepare import modality_of
from gansmith.progress import silent


@pytest.fixture(scope="module")
def stacked() -> Dataset:
    return open_source(DataConfig(source="stacked:digits"))


def rows(samples: np.ndarray) -> set[bytes]:
    return {row.tobytes() for row in samples}


def test_held_out_samples_are_made_of_held_out_pictures(stacked: Dataset) -> None:
    digits = open_source(DataConfig(source="digits"))
    assert stacked.schema.shape == (8, 8, 3)
    for part, num in (("train", 50_000), ("holdout", 10_000)):
        indices = stacked.split(part, 0.1)
        assert len(indices) == num
        own = rows(np.ascontiguousarray(digits.samples[digits.split(part, 0.1)]))
        for channel in range(3):
            some = stacked.samples[indices[:2_000], :, :, channel : channel + 1]
            assert rows(np.ascontiguousarray(some)) <= own


def test_it_is_the_same_every_time(stacked: Dataset) -> None:
    assert open_source(DataConfig(source="stacked:digits")).fingerprint == stacked.fingerprint
    whole = open_source(DataConfig(source="stacked:digits", holdout=0.0))
    assert len(whole) == len(whole.split("train", 0.0)) == 50_000


def test_dropped_modes_are_counted(stacked: Dataset) -> None:
    held = stacked.samples[stacked.split("holdout", 0.1)]
    modes = Modes.of(stacked, silent)
    good = modes.counted(modes.numbers(held))
    assert good["num_modes"] == 1_000
    assert good["modes_hit"] >= 995
    assert good["kl"] < 0.3
    one_digit = held.copy()
    one_digit[..., 0] = held[0, :, :, 0]
    collapsed = modes.counted(modes.numbers(one_digit))
    assert collapsed["modes_hit"] <= 100
    assert collapsed["kl"] == pytest.approx(good["kl"] + np.log(10), abs=0.5)


def test_a_report_counts_them_and_other_pictures_have_none(stacked: Dataset) -> None:
    own_metrics = modality_of("image").own_metrics
    half = [np.arange(i, 4_000, 2) for i in range(2)]
    fake = stacked.samples[half[0]]
    values = own_metrics(Comparison(stacked, half[0], half[1], fake))
    assert [value.name for value in values] == ["modes-hit", "kl"]
    assert values[0].reads == "of 1,000"
    modes = Modes.of(stacked, silent)
    floor = modes.counted(modes.numbers(stacked.samples[half[1]]))
    assert values[0].floor == floor["modes_hit"]
    assert all(v.low < v.value < v.high for v in values)
    digits = open_source(DataConfig(source="digits"))
    some = np.arange(50)
    assert own_metrics(Comparison(digits, some, some, digits.samples[some])) == []


@pytest.mark.parametrize(
    ("source", "hint"),
    [("stacked:faces", "pictures with classes"), ("stacked:ring", "have neither a size"),
     ("stacked:", "No data was named"), ("stacked:digit", "Did you mean digits?")],
)  # fmt: skip
def test_what_cannot_be_stacked_is_refused(source: str, hint: str) -> None:
    with pytest.raises(SourceError) as caught:
        open_source(DataConfig(source=source))
    assert hint in str(caught.value)
