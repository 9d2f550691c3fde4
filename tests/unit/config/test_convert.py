"""Configurations to JSON and back, ``a.b=value`` settings, and differences."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gansmith.config import (
    AugmentConfig,
    Component,
    Cosine,
    DataConfig,
    EmaConfig,
    Experiment,
    GameConfig,
    LatentConfig,
    MachineConfig,
    OptimizerConfig,
    RegularizerConfig,
    TrainConfig,
)
from gansmith.convert import difference, from_json, override, to_json
from gansmith.errors import ConfigError

BASE = Experiment(
    recipe="points",
    modality="points",
    generator=Component("mlp", {"width": 8, "activation": "relu", "bias": True, "scale": 0.5}),
    discriminator=Component("mlp"),
    game=GameConfig(
        regularizers=(
            RegularizerConfig("r1", Cosine(1.0, 0.1, log=True), every=4),
            RegularizerConfig("lecam", Cosine(0.3, 0.3), options={"decay": 0.9}),
        )
    ),
)

positive = st.floats(1e-12, 1e12)
# A text that reads as a number or a truth value is one: options are typed by their defaults.
words = st.from_regex(r"[a-z]{3,8}-[a-z]{2,8}", fullmatch=True)
scalars = st.one_of(st.booleans(), st.integers(), st.floats(allow_nan=False), words, st.none())
options = st.dictionaries(words, scalars, max_size=3)
components = st.builds(Component, words, options)
cosines = st.builds(Cosine, positive, positive, st.floats(0.01, 1), st.booleans())
optimizers = st.builds(
    OptimizerConfig, st.sampled_from(["adam", "sgd"]), cosines, st.floats(0, 1), cosines, positive
)
experiments = st.builds(
    Experiment,
    recipe=words,
    modality=words,
    generator=components,
    discriminator=components,
    data=st.builds(
        DataConfig,
        source=words,
        size=st.none() | st.tuples(st.integers(1, 512), st.integers(1, 512)),
        fit=st.sampled_from(["crop", "pad", "stretch"]),
        channels=st.sampled_from([0, 1, 3, 4]),
        holdout=st.floats(0, 0.9),
        strict=st.booleans(),
    ),
    latent=st.builds(LatentConfig, words, st.integers(1, 512)),
    game=st.builds(
        GameConfig,
        words,
        components,
        st.lists(
            st.builds(RegularizerConfig, words, cosines, st.integers(1, 16), options), max_size=3
        ).map(tuple),
        st.integers(1, 5),
    ),
    players=st.dictionaries(words, optimizers, max_size=3),
    ema=st.builds(EmaConfig, widths=st.tuples(st.floats(0.01, 0.2), st.floats(0.01, 0.2))),
    augment=st.builds(AugmentConfig, components, cosines, st.booleans()),
    train=st.builds(TrainConfig, minutes=positive, seed=st.integers(0, 2**63)),
    machine=st.builds(MachineConfig, compile=st.sampled_from(["auto", "on", "off"])),
)


@given(experiments)
@settings(max_examples=30)
def test_json_and_back_is_the_same_experiment(experiment: Experiment) -> None:
    text = json.dumps(to_json(experiment))
    assert from_json(Experiment, json.loads(text)) == experiment
    assert difference(experiment, from_json(Experiment, json.loads(text))) == []


@given(experiments, st.integers(1, 99), cosines)
@settings(max_examples=15)
def test_an_override_changes_its_field_and_no_other(
    experiment: Experiment, size: int, lr: Cosine
) -> None:
    player = OptimizerConfig(lr=Cosine(0.5, 0.5))
    before = replace(experiment, players={"generator": player})
    chosen = [("latent.size", str(size)), ("players.generator.lr", f"{lr.start}..{lr.end}")]
    after = override(before, chosen)
    wanted = replace(player, lr=Cosine(lr.start, lr.end))
    assert after == replace(
        before,
        latent=replace(before.latent, size=size),
        players={"generator": wanted},
    )


@given(experiments, experiments)
@settings(max_examples=15)
def test_differences_are_found_both_ways(one: Experiment, other: Experiment) -> None:
    forth, back = difference(one, other), difference(other, one)
    assert {p: (a, b) for p, a, b in forth} == {p: (b, a) for p, a, b in back}
    assert (forth == []) == (to_json(one) == to_json(other))


@pytest.mark.parametrize(
    ("path", "value", "read"),
    [
        ("train.samples", "100_000", 100_000),
        ("train.samples", "1e5", 100_000),
        ("train.seed", "9007199254740993", 9007199254740993),
        ("train.minutes", "2.5", 2.5),
        ("data.conditional", "no", False),
        ("data.size", "28x32", (28, 32)),
        ("data.size", "28,32", (28, 32)),
        ("data.size", "none", None),
        ("data.channels", "3", 3),
        ("ema.widths", "0.05,0.2", (0.05, 0.2)),
        ("augment.strength", "0..0.8", Cosine(0.0, 0.8)),
        ("augment.strength", 1, Cosine(1.0, 1.0)),
        ("augment.strength.until", "0.5", Cosine(0.0, 0.0, 0.5)),
        ("augment.transform", "pictures", Component("pictures")),
        ("generator.width", "64", {"width": 64, "activation": "relu", "bias": True, "scale": 0.5}),
        ("game.regularizers.r1.weight", "5", Cosine(5.0, 5.0)),
        ("game.regularizers.1.every", "2", 2),
        ("game.regularizers.lecam.decay", "0.5", {"decay": 0.5}),
    ],
)
def test_texts_are_read_as_their_field_means_them(path: str, value: Any, read: Any) -> None:
    node: Any = override(BASE, [(path, value)])
    for key in path.split("."):
        if isinstance(node, tuple):
            node = next((r for r in node if r.name == key), None) or node[int(key)]
        elif not hasattr(node, key):
            node = node.options
        elif isinstance(node, Cosine):
            break
        else:
            node = getattr(node, key)
    assert node == read
    assert type(node) is type(read)


def test_a_list_of_regularizers_keeps_those_it_has() -> None:
    r1, lecam = BASE.game.regularizers
    chosen = override(BASE, [("game.regularizers", "lecam,r2")]).game.regularizers
    assert chosen[0] == lecam
    assert (chosen[1].name, chosen[1].weight, chosen[1].every) == ("r2", r1.weight, 1)
    assert override(BASE, [("game.regularizers", "")]).game.regularizers == ()


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("train.sampels", 1, "Did you mean samples"),
        ("trian.samples", 1, "Did you mean train"),
        ("players.generatr.lr", 1, "Did you mean generator"),
        ("game.regularizers.lecan.weight", 1, "Did you mean lecam"),
        ("game.regularizers.7.weight", 1, "Known: lecam, r1"),
        ("train.samples.x", 1, "has no fields"),
        ("train.samples", "many", "'many' is not a whole number"),
        ("train.samples", "1.5", "'1.5' is not a whole number"),
        ("train.samples", "inf", "'inf' is not a whole number"),
        ("train.samples", True, "True is not a whole number"),
        ("train.minutes", "nan", "'nan' is not a number"),
        ("train.minutes", "1e999", "'1e999' is not a number"),
        ("train.minutes", None, "None is not a number"),
        ("data.conditional", "maybe", "'maybe' is not true or false"),
        ("data.fit", "crpo", "Did you mean crop"),
        ("data.channels", 2, "Known: 0, 1, 3, 4"),
        ("data.size", "28", "a list of 2"),
        ("data.size", 5, "is not a list"),
        ("augment.strength", "0..", "'' is not a number"),
        ("augment.strength", "0..1..2", "is not a number"),
        ("augment.strength", [1, 2], "is not a number"),
        ("augment.strength.until", 0, "above 0 and at most 1"),
        ("augment.strength.log", True, "never reaches 0"),
        ("generator", 5, "is not the fields of Component"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(path: str, value: Any, told: str) -> None:
    with pytest.raises(ConfigError) as error:
        override(BASE, [(path, value)])
    assert told in str(error.value)
    assert path.split(".")[-1] in str(error.value)


def test_a_missing_field_is_named() -> None:
    tree = to_json(BASE)
    del tree["modality"]
    with pytest.raises(ConfigError, match="modality"):
        from_json(Experiment, tree)


@given(cosines, st.floats(0, 1))
def test_a_cosine_stays_between_its_ends(cosine: Cosine, progress: float) -> None:
    low, high = sorted([cosine.start, cosine.end])
    assert low * (1 - 1e-9) <= cosine.at(progress) <= high * (1 + 1e-9)
    assert cosine.at(0.0) == pytest.approx(cosine.start)
    assert cosine.at(cosine.until) == pytest.approx(cosine.end)
    assert cosine.at(1.0) == pytest.approx(cosine.end)
