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
from gansmith.modalities.text.autoencoder import END, with_end
from gansmith.modalities.text.codec import TextCodec, text_latents
from gansmith.modalities.text.discriminator import MixerDiscriminator
from gansmith.modalities.text.generator import MixerGenerator
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
    codec = text_latents(data, every, latents=4, latent_size=8, width=48, vocabulary=320)
    optimizer = OptimizerConfig(lr=Cosine(1e-2, 2e-4), beta1=0.9, beta2=Cosine(0.98, 0.98))
    config = CodecConfig(samples=6_000, batch_size=30, optimizer=optimizer)
    stage = CodecStage(codec, config, Loader(data, every, seed=0), 0, torch.device("cpu"))
    while not stage.done:
        stage.round()
    codec.network.eval().requires_grad_(False)
    codec.settle([data.samples[:25], data.samples[25:]])
    return codec


def test_what_was_learned_comes_back(learned: TextCodec) -> None:
    score = learned.score([learned.rows(SENTENCES)], held_out=False)
    assert score["token_accuracy"] > 0.95
    assert score["exact"] > 0.8
    assert score["reads"].startswith("Of 60 TRAINING")
    nothing = learned.score([learned.rows(["zyx wvu tsr"] * 3)], held_out=True)
    assert nothing["exact"] == 0


def test_encoded_training_texts_are_normalised(learned: TextCodec) -> None:
    x = learned.encode(torch.from_numpy(learned.rows(SENTENCES)))
    assert x.shape == (len(SENTENCES), 4, 8)
    assert x.mean(0).abs().max() < 1e-4
    torch.testing.assert_close(x.var(0, correction=0), torch.ones(4, 8), atol=1e-3, rtol=0)


def test_near_latents_say_the_same(learned: TextCodec) -> None:
    x = learned.encode(torch.from_numpy(learned.rows(SENTENCES)))
    near = x + 0.2 * torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
    same = [a == b for a, b in zip(to_texts(learned.decode(near).numpy()), SENTENCES, strict=True)]
    assert np.mean(same) > 0.7


def test_a_text_depends_on_its_latents_alone(learned: TextCodec) -> None:
    x = torch.randn(300, 4, 8, generator=torch.Generator().manual_seed(0))
    together = learned.decode(x)
    torch.testing.assert_close(learned.decode(x[7:9]), together[7:9])
    assert together.shape == (300, learned.width)
    assert not any("\n" in text or "\0" in text for text in to_texts(together.numpy()))


def test_a_codec_is_made_again_from_what_is_kept(learned: TextCodec) -> None:
    again = TextCodec.load(learned.state())
    again.network.load_state_dict(learned.network.state_dict())
    rows = torch.from_numpy(learned.rows(SENTENCES))
    torch.testing.assert_close(again.encode(rows), learned.encode(rows), rtol=0, atol=0)


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
    with pytest.raises(ConfigError, match="no option 'latent'"):
        check("codec", Component("text-latents", {"latent": 3}))


@pytest.mark.parametrize("num_classes", [0, 3])
def test_mixers_keep_the_shape_of_latent_tokens(num_classes: int) -> None:
    spec = Spec((5, 7), num_classes)
    classes = torch.arange(4) % num_classes if num_classes else None
    condition = Condition(classes=classes)
    x = MixerGenerator(spec, 6, width=8, depth=2)(torch.randn(4, 6), condition)
    assert x.shape == (4, 5, 7)
    discriminator = MixerDiscriminator(spec, width=8, depth=2, features=8)
    logits = discriminator(x, condition)
    assert logits.shape == (4,)
    (slope,) = torch.autograd.grad(logits.sum(), x, create_graph=True)
    slope.square().sum().backward()  # exact penalties differentiate twice
    assert all(p.grad is not None for p in discriminator.first.parameters() if p.ndim > 1)
