"""Texts to latent tokens and back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sentences import SENTENCES, write

from gansmith.config import CodecConfig, Component, Cosine, DataConfig, OptimizerConfig
from gansmith.data import open_source
from gansmith.data.loader import Loader
from gansmith.errors import ConfigError
from gansmith.modalities.text.autoencoder import (
    END,
    MASK,
    Autoencoder,
    Decoder,
    Sizes,
    with_end,
)
from gansmith.modalities.text.choice import Chances, choosing, chosen
from gansmith.modalities.text.codec import TextCodec, text_latents
from gansmith.modalities.text.discriminator import PlanDiscriminator
from gansmith.modalities.text.generator import PlanGenerator
from gansmith.modalities.text.plan import spec_of
from gansmith.modalities.text.store import to_texts
from gansmith.modalities.text.tokens import Tokens
from gansmith.protocols import Condition, Spec
from gansmith.registry import check
from gansmith.trainer.stage import CodecStage

TOKENS = Tokens.fit(SENTENCES, 320)


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> TextCodec:
    """A codec that has learned a few sentences by heart."""
    path = write(tmp_path_factory.mktemp("texts") / "a.txt", times=1)
    data = open_source(DataConfig(source=str(path)))
    every = np.arange(len(data))
    torch.manual_seed(0)
    codec = text_latents(
        data, every, latents=4, latent_size=8, width=48, state=96, vocabulary=320,
        dropout=0.0, temperature=1.0, cutoff=0.0,
    )  # fmt: skip
    optimizer = OptimizerConfig(lr=Cosine(1e-2, 2e-4), beta1=0.9, beta2=Cosine(0.98, 0.98))
    config = CodecConfig(samples=6_000, batch_size=30, optimizer=optimizer)
    stage = CodecStage(codec, config, Loader(data, every, seed=0), 0, torch.device("cpu"))
    while not stage.done:
        stage.round()
    codec.network.eval().requires_grad_(False)
    codec.settle([data.samples[:25], data.samples[25:]])
    return codec


def texts(codec: TextCodec, x: torch.Tensor) -> list[str]:
    return to_texts(codec.decode(x).numpy())


def test_what_was_learned_comes_back(learned: TextCodec) -> None:
    score = learned.score([learned.rows(SENTENCES)], held_out=False)
    assert score["token_accuracy"] > 0.95  # from the plan alone
    assert score["exact"] == 1
    assert score["reads"].startswith("Of 60 TRAINING")


def test_a_text_never_seen_comes_back(learned: TextCodec) -> None:
    """Whatever the decoder thinks of a text, its words are among those that may be chosen."""
    mixed = [" ".join(SENTENCES[i].split()[::-1]) for i in range(40)]
    x = learned.encode(torch.from_numpy(learned.rows(mixed)))
    assert np.mean([a == b for a, b in zip(texts(learned, x), mixed, strict=True)]) > 0.8
    x[:, learned.sizes.plan :] = 0
    assert np.mean([a == b for a, b in zip(texts(learned, x), mixed, strict=True)]) < 0.5


def test_words_are_those_of_the_plan_as_it_is_kept(learned: TextCodec) -> None:
    """Rounding of a plan on its way there and back would turn the order of rare words."""
    raw = learned.rows(SENTENCES)
    x = learned.encode(torch.from_numpy(raw))
    latents = learned.network.latents(x[:, : learned.sizes.plan])
    words = learned.network.decoder.words(latents, learned.codes(raw), learned.chances)
    assert x[:, learned.sizes.plan :][:, : words.shape[1]].equal(words)


def test_encoded_training_texts_are_normalised(learned: TextCodec) -> None:
    x = learned.encode(torch.from_numpy(learned.rows(SENTENCES)))
    assert x.shape == (len(SENTENCES), 4 * 8 + learned.sizes.tokens)
    plan = x[:, : 4 * 8]
    assert plan.mean(0).abs().max() < 1e-4
    torch.testing.assert_close(plan.var(0, correction=0), torch.ones(32), atol=1e-3, rtol=0)


def test_near_plans_say_the_same(learned: TextCodec) -> None:
    x = learned.encode(torch.from_numpy(learned.rows(SENTENCES)))
    near = x + 0.2 * torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
    near[:, learned.sizes.plan :] = 0
    same = [a == b for a, b in zip(texts(learned, near), SENTENCES, strict=True)]
    assert np.mean(same) > 0.7


def test_a_text_depends_on_its_row_alone(learned: TextCodec) -> None:
    x = torch.randn(600, *learned.spec.shape, generator=torch.Generator().manual_seed(0))
    together = learned.decode(x)
    torch.testing.assert_close(learned.decode(x[497:503]), together[497:503])
    assert together.shape == (600, learned.width)
    assert not any("\n" in text or "\0" in text for text in to_texts(together.numpy()))


def test_of_words_each_comes_as_often_as_it_is_likely() -> None:
    shares = (2 * torch.randn(1, 80, generator=torch.Generator().manual_seed(0))).softmax(1)
    places = (torch.arange(200_000) + 0.5) / 200_000
    tokens = chosen(shares.expand(len(places), -1), torch.special.ndtri(places))
    found = torch.bincount(tokens, minlength=80) / len(places)
    torch.testing.assert_close(found, shares[0], atol=2e-5, rtol=0)


@given(st.integers(0, 10_000), st.floats(0.1, 10.0), st.sampled_from([5, 8, 40, 64, 150]),
       st.sampled_from([0.0, 0.01, 0.2]))  # fmt: skip
def test_a_number_chooses_the_word_that_it_was_found_for(
    seed: int, spread: float, size: int, cutoff: float
) -> None:
    generator = torch.Generator().manual_seed(seed)
    logits = spread * torch.randn(50, size, generator=generator)
    tokens = torch.randint(size, (50,), generator=generator)
    shares = Chances(0.8, cutoff)(logits)
    words = choosing(shares, tokens)
    assert chosen(shares, words).equal(tokens)
    assert ((words == 0) == (tokens == logits.argmax(1))).all()


def test_numbers_nearer_to_0_choose_likelier_words_and_those_far_out_the_least_likely() -> None:
    shares = (3 * torch.randn(1, 100, generator=torch.Generator().manual_seed(0))).softmax(1)
    words = torch.tensor([*torch.linspace(0, 12, 400).tolist(), 20.0, -20.0, torch.inf])
    found = shares[0, chosen(shares.expand(len(words), -1), words)]
    assert (found.diff() <= 0).all()
    assert found[0] == shares.max()
    assert (found[-3:] == shares.min()).all()


def test_tokens_below_the_cutoff_come_a_thousand_times_more_rarely() -> None:
    logits = torch.tensor([[0.5, 0.3, 0.15, 0.04, 0.01]]).log()
    shares = Chances(1.0, 0.1)(logits)[0]
    kept = 0.95 + 0.05e-3
    wanted = torch.tensor([0.5, 0.3, 0.15, 0.04e-3, 0.01e-3]) / kept
    torch.testing.assert_close(shares, wanted)
    torch.testing.assert_close(Chances(0.5, 0.0)(logits), (2 * logits).softmax(1))
    # Where all are below it, none is told from the others.
    torch.testing.assert_close(Chances(1.0, 0.9)(logits), logits.exp())


def test_texts_that_the_decoder_says_have_the_words_that_they_were_said_by() -> None:
    torch.manual_seed(0)
    decoder = Decoder(Sizes(40, 12, 2, 3, 16, 20)).requires_grad_(False)
    plans, noise = torch.randn(3_000, 2, 3), torch.randn(3_000, 12)
    chances = Chances(0.7, 1e-3)
    codes = decoder.drawn(plans, noise, chances)
    found, inside = decoder.words(plans, codes, chances), with_end(codes)
    assert decoder.drawn(plans, found, chances).equal(codes)
    assert (found[~inside] == 0).all()
    before = torch.cat([torch.full_like(codes[:, :1], MASK), codes[:, :-1]], 1)
    top = chances(decoder.logits(decoder(plans, before, inside))).amax(1)
    likeliest = float((found[inside] == 0).float().mean())
    assert likeliest == pytest.approx(float(top.mean()), abs=0.02)


@given(st.text(st.characters(codec="utf-8"), max_size=60))
def test_tokens_say_any_text(text: str) -> None:
    (codes,) = TOKENS.encode([text])
    assert TOKENS.decode(codes) == text.encode()
    assert all(2 <= code < TOKENS.size for code in codes)


def test_words_that_name_special_tokens_are_words() -> None:
    for text in ("<end>", "<mask>", "[PAD]", "<|endoftext|>"):
        assert TOKENS.decode(TOKENS.encode([text])[0]).decode() == text


def test_tokens_are_kept_as_text() -> None:
    again = Tokens(TOKENS.state())
    assert again.encode(SENTENCES) == TOKENS.encode(SENTENCES)


def test_too_long_texts_lose_their_end(learned: TextCodec) -> None:
    codes = learned.codes(learned.rows([SENTENCES[0], "q" * learned.width]))
    assert codes.shape[1] <= learned.sizes.tokens
    assert codes[1, -1] == END
    inside = with_end(codes)
    assert inside.sum(1).tolist() == [(row != END).sum() + 1 for row in codes]


def test_options_that_cannot_be(tmp_path: Path) -> None:
    data = open_source(DataConfig(source=str(write(tmp_path / "a.txt"))))
    with pytest.raises(ConfigError, match="above 0"):
        text_latents(data, np.arange(10), width=0)
    with pytest.raises(ConfigError, match=r"\[0, 1\)"):
        text_latents(data, np.arange(10), hide=1.0)
    with pytest.raises(ConfigError, match="above 0, and is -1"):
        text_latents(data, np.arange(10), temperature=-1)
    with pytest.raises(ConfigError, match=r"\[0, 1\), and is 1"):
        text_latents(data, np.arange(10), cutoff=1.0)
    with pytest.raises(ConfigError, match="no option 'latent'"):
        check("codec", Component("text-latents", {"latent": 3}))


def test_all_at_once_is_token_after_token() -> None:
    torch.manual_seed(0)
    network = Autoencoder(Sizes(40, 12, 2, 3, 16, 20)).requires_grad_(False)
    codes = torch.randint(2, 40, (20, 12)) * (torch.arange(12) < torch.arange(1, 21)[:, None] % 11)
    inside, decoder, plans = with_end(codes), network.decoder, network.encode(codes)
    alone = torch.cat([network.encode(row[: n + 1][None]) for row, n in
                       zip(codes, (codes != END).sum(1), strict=True)])  # fmt: skip
    torch.testing.assert_close(plans, alone)
    before = torch.cat([torch.full_like(codes[:, :1], MASK), codes[:, :-1]], 1)
    read, steps = decoder.read(plans), []
    for place in range(12):
        known, read = decoder.step(read, before[:, place])
        steps.append(known)
    torch.testing.assert_close(decoder(plans, before, inside), torch.stack(steps, 1)[inside])


@pytest.mark.parametrize("num_classes", [0, 3])
def test_a_generator_makes_plans_and_a_discriminator_sees_them_alone(num_classes: int) -> None:
    spec = spec_of(6, 5, num_classes)
    classes = torch.arange(4) % num_classes if num_classes else None
    condition, latent = Condition(classes=classes), torch.randn(4, 20)
    x = PlanGenerator(spec, 20, own=8, width=8, depth=2)(latent, condition)
    assert x.shape == (4, 11)
    assert x[:, 6:].equal(latent[:, -5:])
    discriminator = PlanDiscriminator(spec, width=8, depth=2)
    other = torch.cat([x[:, :6], torch.zeros(4, 5)], 1)
    assert discriminator(other, condition).equal(discriminator(x, condition))
    with pytest.raises(ConfigError, match="none left for a plan: words take 5"):
        PlanGenerator(spec, 5)
    with pytest.raises(ConfigError, match="a codec makes plans of"):
        PlanDiscriminator(Spec((11,)))
