from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gansmith.config import DataConfig
from gansmith.data import open_source
from gansmith.modalities.text import choice
from gansmith.modalities.text.codec import TextCodec, evenly, text_latents
from gansmith.modalities.text.temperature import (
    COLDEST,
    HOTTEST,
    USUAL,
    temperature_of,
)

WORDS = np.array(list("abcdefghijklmnopqrstuvwxyz"))
LOGITS = np.random.default_rng(0).normal(0, 1.5, (len(WORDS), len(WORDS)))


def told(temperature: float, seed: int = 0, n: int = 1_000) -> list[str]:
    """Lines of eight words, each drawn by the word before."""
    shares = np.exp(LOGITS / temperature)
    ends = (shares / shares.sum(1, keepdims=True)).cumsum(1)
    ends[:, -1] = 1
    lines, last = [], np.zeros(n, np.int64)
    for places in np.random.default_rng(seed).random((8, n)):
        last = (ends[last] < places[:, None]).sum(1)
        lines.append(WORDS[last])
    return [" ".join(line) for line in np.stack(lines, 1)]


@pytest.mark.parametrize("wanted", [0.9, 1.1, 1.3])
def test_the_temperature_of_texts_is_found_again(wanted: float) -> None:
    again = np.mean([temperature_of(told(wanted, seed), told) for seed in (1, 2, 3)])
    assert again == pytest.approx(wanted, abs=0.05)


def test_texts_beyond_all_temperatures_get_the_nearest() -> None:
    assert temperature_of(told(0.3, 1), told) == COLDEST
    assert temperature_of(told(9.0, 1), told) == HOTTEST


def test_a_few_texts_say_nothing() -> None:
    def never(temperature: float) -> list[str]:
        raise AssertionError(temperature)

    assert temperature_of(told(0.3, n=99), never) == USUAL


def test_a_codec_finds_it_when_its_networks_have_learned(tmp_path: Path) -> None:
    lines = told(1.0, n=150)
    (tmp_path / "a.txt").write_text("\n".join(lines))
    data = open_source(DataConfig(source=str(tmp_path / "a.txt")))
    codecs = []
    for temperature in (0.0, 0.7):
        torch.manual_seed(0)
        codecs.append(text_latents(data, np.arange(150), state=32, temperature=temperature))
        codecs[-1].settle([data.samples[:100], data.samples[100:]])
    finding, fixed = codecs
    # Networks that have learned nothing say words that are less alike than any.
    assert finding.chances.temperature == pytest.approx(COLDEST)
    assert fixed.chances.temperature == 0.7
    again = TextCodec.load(finding.state())
    again.network.load_state_dict(finding.network.state_dict())
    assert again.chances == finding.chances
    assert "temperature" not in fixed.network.state_dict()


@given(st.lists(st.integers(0, 7), min_size=1, max_size=6), st.integers(1, 9))
def test_each_so_many_th_row_of_all_chunks(sizes: list[int], step: int) -> None:
    rows = np.arange(sum(sizes), dtype=np.uint8)[:, None]
    chunks = np.split(rows, np.cumsum(sizes)[:-1])
    assert evenly(chunks, step).tolist() == rows[::step].tolist()


@given(st.integers(0, 20), st.integers(1, 50))
def test_parts_of_rows_make_the_whole(n: int, most: int) -> None:
    x, y = torch.arange(n * 5.0).view(n, 5), torch.arange(n)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(choice, "MOST_ON_CPU", most)
        assert choice.by_parts(lambda a, b: a.sum(1) + b, 5, x, y).equal(x.sum(1) + y)
