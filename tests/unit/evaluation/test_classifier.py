"""Features of a classifier that is trained on the data themselves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gansmith.config import DataConfig
from gansmith.data import Dataset, open_source
from gansmith.errors import ConfigError
from gansmith.evaluation.classes import Classes, Group, agreement, each_class
from gansmith.modalities.image import classifier
from gansmith.modalities.image.classifier import TrainedClassifier, network_for, trained_for
from gansmith.prepare import modality_of


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return open_source(DataConfig(source="digits"))


def train_indices(dataset: Dataset) -> np.ndarray:
    return dataset.split("train", 0.1)


def test_it_knows_digits_it_has_not_seen(digits: Dataset) -> None:
    held = digits.split("holdout", 0.1)
    trained, accuracy = trained_for(digits, train_indices(digits))
    assert accuracy is not None
    assert accuracy > 0.95
    assert accuracy == trained.accuracy(digits.samples[held], digits.labels[held])
    extractor = classifier.classifier(digits, train_indices(digits))
    assert extractor(digits.samples[:7]).shape == (7, 128)
    assert f"right on {accuracy:.1%}" in extractor.about
    np.testing.assert_array_equal(extractor.classes(digits.samples[held]),
                                  trained.classes(digits.samples[held]))  # fmt: skip


@pytest.mark.slow
def test_it_is_trained_once_and_again_where_the_file_is_broken(
    digits: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANSMITH_CACHE", str(tmp_path))
    first = classifier.classifier(digits, train_indices(digits)).identity
    with monkeypatch.context() as patch:
        patch.setattr(classifier, "fit", lambda *args, **kwargs: pytest.fail("trained again"))
        assert classifier.classifier(digits, train_indices(digits)).identity == first
    (file,) = (tmp_path / "classifiers").iterdir()
    file.write_bytes(file.read_bytes()[:-100])
    assert classifier.classifier(digits, train_indices(digits)).identity == first
    other = classifier.classifier(digits, train_indices(digits)[:-1]).identity
    assert other != first


def test_large_pictures_are_averaged_down() -> None:
    large = np.zeros((2, 200, 100, 3), np.uint8)
    large[:, ::2] = 200  # stripes finer than the reduced picture can show
    x = classifier.encode(large, classifier.torch.device("cpu"))
    assert x.shape == (2, 3, 64, 32)
    assert float(x.std()) < 0.2
    network = TrainedClassifier(network_for(large, 5).eval())
    assert network.features(large).shape == (2, 128)


def test_it_is_the_default_for_labelled_grey_pictures(digits: Dataset) -> None:
    default = modality_of("image").default_extractor
    assert default(digits) == "classifier"
    unlabelled = replace(digits, labels=None, schema=replace(digits.schema, classes=()))
    assert default(unlabelled) == "pca"
    with pytest.raises(ConfigError, match="at least 500"):
        classifier.classifier(unlabelled, train_indices(unlabelled))
    few = replace(digits, samples=digits.samples[:100], labels=digits.labels[:100],
                  hashes=digits.hashes[:100])  # fmt: skip
    assert default(few) == "pca"


def groups(fake_labels: Any, predicted: Any) -> Classes:
    random = np.random.default_rng(0)
    labels = np.repeat([0, 1], 60)
    centres = np.array([[0.0, 0.0], [9.0, 9.0]])
    real, control = (centres[labels] + random.normal(size=(120, 2)) for _ in range(2))
    fake = centres[predicted] + random.normal(size=(len(predicted), 2))
    tested = Group(np.zeros((0, 0)), labels, np.where(np.arange(120) % 10, labels, 1 - labels))
    return Classes(Group(real, labels), Group(control, labels),
                   Group(fake, fake_labels, predicted), tested)  # fmt: skip


def test_a_generator_that_mixes_classes_up_is_found_out() -> None:
    labels = np.repeat([0, 1], 60)
    (right,) = agreement(groups(labels, labels)).values
    (wrong,) = agreement(groups(labels, 1 - labels)).values
    assert (right.value, wrong.value) == (1.0, 0.0)
    assert right.floor == pytest.approx(0.9)
    for name, found in each_class(groups(labels, 1 - labels), ("a", "b")):
        values = {value.name: value for value in found.values}
        assert values["kernel"].low > 10 * abs(values["kernel"].floor), name
        assert values["coverage"].value == values["precision"].value == 0.0
        assert values["class-agreement"].num_fake == 60


def test_a_class_with_few_samples_says_so() -> None:
    labels = np.repeat([0, 1], [100, 20])
    found = dict(each_class(groups(labels, labels), ("common", "rare")))
    assert not found["common"].missing
    assert "and has 20" in found["rare"].missing[0].why
    assert [value.name for value in found["rare"].values] == ["class-agreement"]
