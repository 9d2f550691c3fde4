"""Samples of a training are measured as it goes, and the best weights are kept."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from gansmith import registry
from gansmith.config import Component
from gansmith.data.dataset import Array
from gansmith.evaluation.estimate import share
from gansmith.evaluation.features import Extractor, Features
from gansmith.evaluation.watch import MOST_WATCHED, Watch, ends, enough
from gansmith.game.randomness import Randomness
from gansmith.prepare import Prepared
from gansmith.protocols import Condition
from gansmith.runs.best import Best, read_best, write_best
from gansmith.runs.folder import RunFolder
from gansmith.trainer.duality import RULES, duality_gap
from gansmith.trainer.schedule import interval
from gansmith.trainer.trainer import Trainer

_MEASURING_STREAM = 4_000
# Training samples among which fakes are looked up, and numbers in all of these: a few seconds' work
# to read them, once. Among a part of them copies of the others would not be found.
MOST_LEARNT, MOST_NUMBERS = 100_000, 2**28
CHUNK = 1_024
# Rounds of training between two looks, for each that the duality gap takes.
LEAST_APART = 8


@dataclass(frozen=True)
class _Reals:
    """Real samples that fakes are compared with, as many others for the floor, and classes."""

    reference: npt.NDArray[np.int64]
    control: npt.NDArray[np.int64]
    held_out: bool


class SampleWatch:
    """Measures the samples of a trainer, always against the same real ones.

    Args:
        prepared: data and experiment.
        folder: where the best weights are kept.
    """

    def __init__(self, prepared: Prepared, folder: RunFolder) -> None:
        self._prepared, self._folder = prepared, folder
        self.best: Best | None = read_best(folder.checkpoints)
        self._real: Tensor | None = None

    @cached_property
    def _reals(self) -> _Reals | None:
        """None where there are too few, or none that may be seen."""
        experiment, dataset = self._prepared.experiment, self._prepared.dataset
        if dataset.stand_in:
            return None
        random = np.random.default_rng((experiment.train.seed, 5))
        train, held = (
            random.permutation(dataset.split(part, experiment.data.holdout))
            for part in ("train", "holdout")
        )
        if enough(n := min(len(held), len(train), MOST_WATCHED)):
            return _Reals(held[:n], train[:n], held_out=True)
        if enough(n := min(len(train) // 2, MOST_WATCHED)):
            return _Reals(train[:n], train[n : 2 * n], held_out=False)
        return None

    @cached_property
    def _extractor(self) -> Extractor:
        dataset, experiment = self._prepared.dataset, self._prepared.experiment
        train = dataset.split("train", experiment.data.holdout)
        made: Extractor = registry.build(
            "extractor", Component(self._prepared.modality.watch_extractor), dataset, train
        )
        return made

    @cached_property
    def _watch(self) -> Watch:
        assert self._reals is not None
        reference, control = (
            self._features(indices) for indices in (self._reals.reference, self._reals.control)
        )
        return Watch.over(reference, control, self._learnt)

    @property
    def _learnt(self) -> Features | None:
        """Of all training samples; None where they are too many, or nothing is held out."""
        assert self._reals is not None
        dataset, experiment = self._prepared.dataset, self._prepared.experiment
        train = dataset.split("train", experiment.data.holdout)
        too_many = len(train) > MOST_LEARNT or (
            len(train) * math.prod(dataset.schema.shape) > MOST_NUMBERS
        )
        if too_many or not self._reals.held_out or not self._extractor.finds_copies:
            return None
        parts = (train[first : first + CHUNK] for first in range(0, len(train), CHUNK))
        return np.concatenate([self._features(part) for part in parts])

    def _features(self, indices: npt.NDArray[np.int64]) -> Features:
        return self._extractor(np.asarray(self._prepared.dataset.samples[indices]))

    @torch.no_grad()
    def look(self, trainer: Trainer) -> dict[str, float]:
        """Measure, and keep the weights of the average if they are the best so far.

        Returns:
            see :meth:`gansmith.evaluation.watch.Watch.look`; and ``discriminator_right``, how often
            the discriminator finds one of those real samples more real than the fake beside it,
            with ``_low`` and ``_high``; where rounds are cheap, see
            :func:`gansmith.trainer.duality.duality_gap`. Nothing where there are too few real
            samples.
        """
        if self._reals is None:
            return {}
        condition = self._condition(trainer)
        average, current = trainer.average.best(), trainer.game.networks[trainer.game.generator]
        networks = [average] if average is current else [average, current]
        drawn = [self._draw(trainer, network, condition) for network in networks]
        raw = [self._finished(trainer, x, condition) for x in drawn]
        features = [self._extractor(each) for each in raw]
        if not all(np.isfinite(each).all() for each in features):
            return {}  # the next checkpoint says what diverged
        own, *others = features
        with torch.enable_grad():
            found = self._watch.look(
                own, others[0] if others else None, trainer.experiment.train.seed
            )
        # Where nothing is finished, a text is not written twice: that takes longest here.
        played = trainer.codec.decode(drawn[0]).cpu().numpy() if trainer.game.finish else raw[0]
        found |= self._discriminator(trainer, played, condition)
        found |= self._duality_gap(trainer, condition)
        self._keep(trainer, found["kernel_distance"])
        return found

    def _condition(self, trainer: Trainer) -> Condition:
        labels = self._prepared.dataset.labels
        if labels is None or not trainer.codec.spec.num_classes or self._reals is None:
            return Condition()
        return Condition(classes=torch.from_numpy(labels[self._reals.reference]).to(trainer.device))

    def _draw(self, trainer: Trainer, network: nn.Module, condition: Condition) -> Tensor:
        """Encoded fakes of the same latents each time, under the classes of the real samples."""
        assert self._reals is not None
        randomness = Randomness(
            trainer.experiment.train.seed, 0, _MEASURING_STREAM,
            device=trainer.device, dtype=trainer.dtype,
        )  # fmt: skip
        latent = trainer.draw_latent(len(self._reals.reference), randomness)
        was_training = network.training
        x: Tensor = network.eval()(latent, condition)
        network.train(was_training)
        return x

    def _finished(self, trainer: Trainer, x: Tensor, condition: Condition) -> Array:
        """Raw fakes as somebody would get them."""
        made = trainer.game.finished(x, condition, trainer.experiment.train.seed)
        return trainer.codec.decode(made).cpu().numpy()

    def _discriminator(
        self, trainer: Trainer, raw: Array, condition: Condition
    ) -> dict[str, float]:
        """What the training's own discriminator makes of what it plays against, class by class."""
        game = trainer.game
        if game.critic not in game.networks or self._reals is None:
            return {}
        critic = game.networks[game.critic]
        was_training = critic.training
        critic.eval()
        logits = [
            critic(x, condition).reshape(len(x), -1).mean(1)
            for x in (self._encoded_reference(trainer), trainer.encode(raw)[0])
        ]
        critic.train(was_training)
        margins = logits[0] - logits[1]
        right = (margins > 0).double() + 0.5 * (margins == 0)
        return dict(ends("discriminator_right", share(float(right.sum()), len(right))))

    def _duality_gap(self, trainer: Trainer, condition: Condition) -> dict[str, float]:
        """Where rounds are cheap, and looks so far apart that it costs a small part of the run."""
        rounds, train = self._prepared.modality.duality_rounds, trainer.experiment.train
        apart = interval(train, train.measure_samples, 10) / trainer.batch
        if apart < LEAST_APART * rounds:
            return {}
        if not rounds or self._reals is None or not self._reals.held_out:
            return {}
        if trainer.experiment.game.name != RULES:
            return {}
        with torch.enable_grad():
            real = self._encoded_reference(trainer)
            return duality_gap(trainer, real, condition, rounds)

    def _encoded_reference(self, trainer: Trainer) -> Tensor:
        """Encoded once: it is the same at each look, and takes long where networks encode."""
        assert self._reals is not None
        if self._real is None:
            raw = np.array(self._prepared.dataset.samples[self._reals.reference])
            self._real, _ = trainer.encode(raw)
        return self._real

    def _keep(self, trainer: Trainer, distance: float) -> None:
        if self.best is not None and distance >= self.best.kernel_distance:
            return
        self.best = Best(trainer.position, distance)
        weights = trainer.average.best().state_dict()
        write_best(self._folder.checkpoints, self.best, weights)
