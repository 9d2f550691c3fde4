"""Texts as one-hot tokens: the codec, both networks, and runs from start to end."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sentences import SENTENCES, SMALL, Killer, write

import gansmith
from gansmith.config import DataConfig
from gansmith.data import open_source
from gansmith.errors import ConfigError, StoppedError
from gansmith.game.randomness import Randomness
from gansmith.modalities.text.byte_pairs import EDGE
from gansmith.modalities.text.one_hot import look_up, one_hot, straight_through
from gansmith.modalities.text.token_codec import (
    TokenCodec,
    load_token_codec,
    text_tokens,
    text_tokens_taught,
)
from gansmith.modalities.text.token_discriminator import TokenDiscriminator
from gansmith.modalities.text.token_generator import TokenGenerator
from gansmith.prepare import prepare
from gansmith.protocols import Condition, Embedder, Spec
from gansmith.training import train_into

SETTINGS = {
    **{k: v for k, v in SMALL.items() if not k.startswith(("codec.latent", "codec.state"))},
    "discriminator.embedding": 8, "codec.width": 16, "latent.size": 24,
}  # fmt: skip
SPEC = Spec((6, 9))


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("texts") / "sentences.txt")


@pytest.fixture(scope="module")
def codec(source: Path) -> TokenCodec:
    data = open_source(DataConfig(source=str(source)))
    return text_tokens(data, np.arange(len(data)), tokens=60)


@given(st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=8).map(str.strip))
@settings(deadline=None, max_examples=60)
def test_any_short_line_comes_back(codec: TokenCodec, line: str) -> None:
    rows = codec.rows([line, "the sea."])
    x = codec.encode(torch.from_numpy(rows))
    assert x.shape == (2, *codec.spec.shape)
    assert bool((x.sum(2) == 1).all())
    assert bool((x[:, -1, EDGE] == 1).all())
    np.testing.assert_array_equal(codec.decode(x).numpy(), rows)


def test_long_lines_are_cut_and_counted(source: Path) -> None:
    data = open_source(DataConfig(source=str(source)))
    codec = text_tokens(data, np.arange(len(data)), tokens=4)
    (note,) = codec.notes
    assert f"of {len(data)} training lines" in note
    rows = codec.rows(["a dog sits on a red chair."])
    back = codec.decode(codec.encode(torch.from_numpy(rows)))[0].numpy().tobytes().rstrip(b"\0")
    assert back
    assert b"a dog sits on a red chair.".startswith(back)
    assert len(codec.pairs.encode([back.decode()])[0]) == 3
    whole = text_tokens(data, np.arange(len(data)), tokens=30)
    assert not whole.notes


def test_half_a_character_is_not_written(codec: TokenCodec) -> None:
    """A generator may end a text anywhere."""
    ids = codec.pairs.encode(["文"])[0]
    assert len(codec.pairs.content(ids[:-1])) < 3
    x = one_hot(torch.tensor([ids[:-1] + [EDGE] * (codec.tokens - len(ids) + 1)]), len(codec.pairs))
    assert not codec.decode(x).any()


@pytest.mark.parametrize("build", [text_tokens, text_tokens_taught])
def test_codecs_are_loaded_from_their_state(build: object, source: Path) -> None:
    data = open_source(DataConfig(source=str(source)))
    one = build(data, np.arange(len(data)))  # type: ignore[operator]
    again = load_token_codec(json.loads(json.dumps(one.state())))
    assert type(again) is type(one)
    rows = torch.from_numpy(one.rows(SENTENCES[:5]))
    assert torch.equal(one.encode(rows), again.encode(rows))
    assert one.spec.shape == again.spec.shape


@pytest.mark.parametrize("tokens", [-1, 1])
def test_rows_hold_a_token(tokens: int, source: Path) -> None:
    data = open_source(DataConfig(source=str(source)))
    with pytest.raises(ConfigError, match="holds no text"):
        text_tokens(data, np.arange(len(data)), tokens=tokens)


def test_what_was_drawn_is_one_hot_and_its_gradient_soft() -> None:
    logits = torch.randn(4, 5, dtype=torch.float64, requires_grad=True)
    weights = torch.randn(4, 5, dtype=torch.float64)
    ids = torch.tensor([0, 4, 2, 2])
    x = straight_through(ids, logits, 0.5)
    assert torch.equal(x, one_hot(ids, 5, torch.float64))
    (found,) = torch.autograd.grad((x * weights).sum(), logits)
    (soft,) = torch.autograd.grad(((logits / 0.5).softmax(1) * weights).sum(), logits)
    torch.testing.assert_close(found, soft)


def test_a_look_up_is_a_product() -> None:
    x = one_hot(torch.randint(7, (3, 4)), 7, torch.float64).requires_grad_(True)
    weight = torch.randn(7, 2, dtype=torch.float64, requires_grad=True)
    to = torch.randn(3, 4, 2, dtype=torch.float64)
    results = [(look_up(x, weight) * to).sum(), ((x @ weight) * to).sum()]
    torch.testing.assert_close(*results)
    for one, other in zip(*(torch.autograd.grad(r, [x, weight]) for r in results), strict=True):
        torch.testing.assert_close(one, other)


def generator(latent_size: int = 5) -> TokenGenerator:
    torch.manual_seed(0)
    return TokenGenerator(SPEC, latent_size, width=16).double()


def test_texts_end_once_and_do_not_depend_on_their_batch() -> None:
    latent = Randomness(0, 0, 0, dtype=torch.float64).normal(200, 5)
    x = generator()(latent, Condition())
    assert x.shape == (200, *SPEC.shape)
    assert bool((x.sum(2) == 1).all())
    ids = x.argmax(2)
    ended = (ids == EDGE).cumsum(1) > 0
    assert bool((ids[ended] == EDGE).all())
    assert bool(ended[:, -1].all())
    assert torch.equal(x[3:5], generator()(latent[3:5], Condition()))


def test_tokens_are_drawn_as_often_as_they_are_likely() -> None:
    """Places spread evenly over (0, 1) give each first token its own share of them."""
    g, n = generator(), 4_000
    even = torch.special.ndtri((torch.arange(n, dtype=torch.float64) + 0.5) / n)
    drawn = g(even[:, None].expand(n, 5), Condition())[:, 0].mean(0)
    network = g.network
    known, _ = network.recurrent(network.embedded(torch.tensor([[EDGE]])))
    shares = network.logits(known[:, 0]).softmax(1)[0]
    torch.testing.assert_close(drawn, shares.detach(), atol=1 / n, rtol=0)


def test_every_weight_learns_through_what_was_drawn() -> None:
    g, d = generator(), TokenDiscriminator(SPEC, width=8, depth=2, embedding=4).double()
    latent = Randomness(0, 0, 0, dtype=torch.float64).normal(16, 5)
    d(g(latent, Condition()), Condition()).sum().backward()
    for network in (g, d):
        for name, parameter in network.named_parameters():
            assert parameter.grad is not None, name
            assert parameter.grad.any(), name


def test_a_discriminator_embeds_first_and_scale_changes_nothing() -> None:
    torch.manual_seed(0)
    d = TokenDiscriminator(SPEC, width=8, embedding=4).double()
    assert isinstance(d, Embedder)
    x = one_hot(torch.randint(9, (3, 6)), 9, torch.float64)
    logits = d(x, Condition())
    assert torch.equal(logits, d.judge(d.embed(x), Condition()))
    with torch.no_grad():
        d.embedding.mul_(10)
    torch.testing.assert_close(d(x, Condition()), logits, atol=1e-3, rtol=1e-3)


def test_temperature_moves_gradients_and_not_samples() -> None:
    latent = Randomness(0, 0, 0, dtype=torch.float64).normal(8, 5)
    found = []
    for progress in (0.0, 0.5):
        torch.manual_seed(0)
        g = TokenGenerator(SPEC, 5, width=16, temperature=1.0, final_temperature=0.25).double()
        g.follow(progress)
        x = g(latent, Condition())
        (x * torch.arange(9.0)).sum().backward()
        found.append((g.temperature, x.detach(), g.network.bias.grad))
    assert [each[0] for each in found] == [1.0, 0.5]
    assert torch.equal(found[0][1], found[1][1])
    assert not torch.allclose(found[0][2], found[1][2])
    with pytest.raises(ConfigError, match="above 0"):
        TokenGenerator(SPEC, 5, temperature=0.0)


def test_latents_must_reach_to_the_end() -> None:
    with pytest.raises(ConfigError, match="Take 5"):
        generator(latent_size=4)


def test_a_generator_starts_from_the_language_model(source: Path) -> None:
    data = open_source(DataConfig(source=str(source)))
    codec = text_tokens_taught(data, np.arange(len(data)), width=16)
    made = TokenGenerator(codec.spec, codec.tokens)
    for name, learned in codec.network.state_dict().items():
        assert torch.equal(made.network.state_dict()[name], learned)
    with pytest.raises(ConfigError, match="width 16, not 32"):
        TokenGenerator(codec.spec, codec.tokens, width=32)


@pytest.fixture(scope="module")
def run(source: Path, tmp_path_factory: pytest.TempPathFactory) -> gansmith.Run:
    out = tmp_path_factory.mktemp("runs") / "run"
    return gansmith.train(source, out, recipe="text-tokens", samples=320, settings=SETTINGS)


def test_a_run_from_start_to_end(run: gansmith.Run, source: Path) -> None:
    made = run.sample(300)
    assert len(made) == 300
    assert run.sample(5) == made[:5]
    assert run.sample(5, seed=1) != made[:5]
    answers = run.judge([*SENTENCES[:3], ""])
    assert np.isfinite([answer["p_real"] for answer in answers]).all()
    folder = run.folder.path
    reads = json.loads((folder / "codec" / "score.json").read_text("utf-8"))["reads"]
    assert "starts from a language model" in reads
    assert reads in (folder / "README.md").read_text("utf-8")
    records = [json.loads(line) for line in (folder / "metrics.jsonl").open()]
    assert max(record.get("r1", 0) for record in records) > 0


def contents(folder: Path) -> dict[str, bytes]:
    """What training made, but for times."""
    newest = max((folder / "checkpoints").glob("0*"))
    found = {
        name: (newest / f"{name}.safetensors").read_bytes()
        for name in ("game", "ema", "optimizers")
    }
    return found | {"codec": (folder / "codec.safetensors").read_bytes()}


def test_a_killed_run_goes_on_bit_for_bit(run: gansmith.Run, source: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    options = [*SETTINGS.items(), ("train.samples", 320)]
    for at in (("Codec", 150), ("rounds", 10)):
        prepared = prepare(str(source), recipe="text-tokens", settings=options)
        with pytest.raises(StoppedError):
            train_into(prepared, out, reporter=partial(Killer, *at))
    gansmith.train(source, out, recipe="text-tokens", samples=320, settings=SETTINGS)
    assert contents(out) == contents(run.folder.path)


def test_a_game_from_nothing(source: Path, tmp_path: Path) -> None:
    settings = {**SETTINGS, "codec.name": "text-tokens", "codec.tokens": 5}
    settings |= {"generator.width": 16, "data.unit": "paragraph"}
    path = tmp_path / "a.txt"
    path.write_text("\n\n".join(SENTENCES), "utf-8")
    del settings["codec.width"]
    run = gansmith.train(
        path, tmp_path / "run", recipe="text-tokens", samples=32, settings=settings
    )
    assert len(run.sample(3)) == 3
    assert not (run.folder.path / "codec.safetensors").exists()
    card = (run.folder.path / "README.md").read_text("utf-8")
    assert "cut at 4 tokens" in card


def test_classes_are_where_a_text_starts_from() -> None:
    torch.manual_seed(0)
    g = TokenGenerator(Spec(SPEC.shape, num_classes=2), 5, width=16).double()
    latent = Randomness(0, 0, 0, dtype=torch.float64).normal(50, 5)
    first, second = (Condition(classes=torch.full((50,), k)) for k in (0, 1))
    assert torch.equal(g(latent, first), g(latent, second))  # before the game
    assert g.classes is not None
    with torch.no_grad():
        g.classes[1] += 1
    assert not torch.equal(g(latent, first), g(latent, second))
    g(latent, second)[:, 0, 3].sum().backward()
    assert g.classes.grad is not None
    assert not g.classes.grad[0].any()
    assert g.classes.grad[1].any()


def test_a_run_with_classes(tmp_path: Path) -> None:
    path = tmp_path / "said.csv"
    rows = [f'"{text}",{"dog" if "dog" in text else "other"}' for text in SENTENCES * 3]
    path.write_text("\n".join(["text,label", *rows]) + "\n", "utf-8")
    run = gansmith.train(
        f"{path}::text", tmp_path / "run", recipe="text-tokens", samples=64, settings=SETTINGS
    )
    assert len(run.sample(3, condition="dog")) == 3
