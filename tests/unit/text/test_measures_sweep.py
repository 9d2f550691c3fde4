"""Reverse perplexity, and all measures of samples together."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gansmith.errors import UserError
from gansmith.evaluation.estimate import Estimate
from gansmith.modalities.text.language_model import LanguageModel
from gansmith.modalities.text.measures import minilm
from gansmith.modalities.text.measures.judge import Judge, Judgement
from gansmith.modalities.text.measures.perplexity import perplexity, reverse_perplexity
from gansmith.modalities.text.measures.sweep import best, sweep

WHO = ["cat", "dog", "bird", "fish", "cow"]
DOES, WHAT = ["sees", "has", "likes"], ["milk", "hay", "corn"]


def lines(count: int, seed: int) -> list[str]:
    """Of five times three times three sentences, all as common."""
    random = np.random.default_rng(seed)
    chosen = zip(*(random.choice(part, count) for part in (WHO, DOES, WHAT)), strict=True)
    return [f"the {who} {does} {what}" for who, does, what in chosen]


def small(train: list[str], **options: int) -> Estimate | float:
    return reverse_perplexity(
        train, lines(200, 1), tokens=15_000, parameters=40_000, vocabulary=320, **options
    )


def test_perplexity_is_that_of_the_true_distribution_and_drops_no_mode_unseen() -> None:
    """45 sentences of four words and an end: the best perplexity per word is 45^(1/5)."""
    floor, again = small(lines(1_500, 0)), small(lines(1_500, 0))
    assert isinstance(floor, Estimate)
    assert floor == again
    least = math.exp(math.log(45) / 5)
    assert least * 0.99 < floor.value < 1.05 * least
    assert floor.low < floor.value < floor.high
    dropped = small([line for line in lines(1_500, 0) if "cow" not in line])
    assert isinstance(dropped, Estimate)
    assert dropped.low > 1.2 * floor.high


def test_tokens_do_not_change_what_a_word_is() -> None:
    train, test = lines(100, 0), lines(40, 1)
    model = LanguageModel.fit(train, tokens=1_000, parameters=9_000, vocabulary=256)
    words = sum(len(line.split()) + 1 for line in test)
    found = perplexity(model, test)  # of letters, and yet per word; too few for an interval
    assert found == pytest.approx(math.exp(model.nats(test).sum() / words))
    with pytest.raises(UserError, match="there are none"):
        perplexity(model, [])


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge(lines(300, 2), lines(80, 3), lines(80, 4), perplexity_tokens=1_500)


def test_a_sweep_judges_each_temperature_beside_real_lines(judge: Judge) -> None:
    model = LanguageModel.fit(lines(300, 2), tokens=10_000, parameters=40_000, vocabulary=320)
    curve = sweep(model, judge, num_lines=80, temperatures=(0.3, 1.0))
    cold, warm = curve[0.3], curve[1.0]
    assert cold.wording is not None
    assert warm.wording is not None
    assert isinstance(cold.wording.self_bleu, Estimate)
    assert isinstance(warm.wording.self_bleu, Estimate)
    assert cold.wording.self_bleu.value > warm.wording.self_bleu.value
    assert cold.num_lines == warm.num_lines == 80
    assert best(curve) == 1.0  # by perplexity: too few lines for distances of meaning
    floor = judge.floor()
    assert warm.numbers()["sentence-frechet"] is None
    assert list(warm.row()) == list(floor.row()) == ["samples", *warm.numbers()]
    assert floor.row()["samples"] == "real lines"


def test_training_lines_given_out_as_samples_are_called_copies(judge: Judge) -> None:
    found = judge("copies", lines(300, 2))
    assert found.num_lines == 80
    assert found.copies is not None
    assert found.copies.copies.value == 1
    assert [each.share.value for each in found.novel if isinstance(each.share, Estimate)] == [0] * 3


def test_without_the_extra_the_rest_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setattr(minilm, "PACKAGE", "no_such_package")
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    found: Judgement = Judge(lines(60, 2), lines(60, 3), lines(60, 4))("some", lines(60, 5))
    assert found.meanings is found.reverse_perplexity is None
    assert found.wording is not None
    assert isinstance(found.wording.bleu, Estimate)


def test_too_few_real_lines_are_refused() -> None:
    with pytest.raises(UserError, match="1 for the floor"):
        Judge(["a", "b"], ["a", "b"], ["a"])
