"""The latent space of a run, and what its discriminator sees, from Python."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch

from gansmith.errors import RunError, UserError
from gansmith.neighbours import NEIGHBOURS, Neighbours, TrainingSamples
from gansmith.prepare import modality_of
from gansmith.runs.exported import require_data
from gansmith.sample.choices import require_choices
from gansmith.sample.gradient_map import logit_gradients
from gansmith.sample.places import (
    DIRECTIONS,
    Directions,
    Places,
    find_directions,
    places,
    places_along,
    places_around,
    places_between,
    samples_at,
)
from gansmith.sample.projection import STEPS, Projection

if TYPE_CHECKING:
    from gansmith.run import Run

Array = npt.NDArray[Any]
LARGEST = 1_000.0
SPREAD = 0.4


class Explorer:
    """Walks through the latent space of a run.

    A place is a latent with its class; :class:`gansmith.sample.places.Places` holds several.

    Args:
        run: with a generator that makes each sample from a latent alone.

    Raises:
        UserError: for rows of a table, which are drawn from what the generator says of them, and
            are not at a place.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self.modality = modality_of(run.config.modality)
        self.sampler = run.sampler()
        if self.sampler.game.finish is not None:
            raise UserError(
                f"Samples of this run have no place in a latent space: {self.modality.name} rows "
                "are drawn from what the generator says of them.",
                where=repr(run),
                fix="Ask for rows that meet a condition: run.sample(n, where=...).",
            )

    def places(
        self, n: int, *, condition: str | int | None = None, seed: int = 0, truncation: float = 1.0
    ) -> Places:
        """Those of the ``n`` samples of a seed; arguments as of :meth:`gansmith.run.Run.sample`."""
        require_choices(n, seed, truncation)
        return places(
            self.sampler, 0, n, seed=seed, classes=self._classes(condition), truncation=truncation
        )

    def _classes(self, condition: str | int | None) -> list[int] | None:
        return None if condition is None else self.sampler.class_indices(str(condition))

    def place(self, latents: Sequence[Sequence[float]], classes: Sequence[str] = ()) -> Places:
        """Places from numbers, as JSON has them.

        Args:
            latents: (N, size).
            classes: (N,) names; none for a run without classes.

        Raises:
            UserError: if these are no latents of this run.
        """
        size, num = self.run.config.latent.size, self.sampler.codec.spec.num_classes
        try:
            numbers = np.array(latents, np.float64).reshape(len(latents), size)
        except (ValueError, TypeError):
            raise UserError(f"A latent of this run is a list of {size} numbers.") from None
        if not len(numbers) or not (np.abs(numbers) <= LARGEST).all():
            raise UserError(f"Numbers of a latent lie between -{LARGEST:g} and {LARGEST:g}.")
        if len(classes) != (len(numbers) if num else 0):
            raise UserError("Each latent has one class, where the run has classes.")
        made = torch.from_numpy(numbers).to(self.sampler.device, self.sampler.dtype)
        if not num:
            return Places(made)
        chosen = [self.sampler.class_indices(name)[0] for name in classes]
        return Places(made, torch.tensor(chosen, device=self.sampler.device))

    def raw(self, where: Places) -> Array:
        """(N, ...) samples there in raw units."""
        return samples_at(self.sampler, where)

    def samples(self, where: Places) -> Any:
        """What lies there, as :meth:`gansmith.run.Run.sample` returns it."""
        return self.run.presented(self.raw(where))

    def between(self, first: Places, second: Places, steps: int) -> Places:
        """On the way from one place to another."""
        return places_between(first, second, steps)

    def directions(self, count: int = DIRECTIONS) -> Directions:
        """In which samples change most; found without labels."""
        return find_directions(self.sampler, count)

    def along(self, start: Places, vectors: Any, amounts: Any) -> Places:
        """From one place in straight lines.

        Args:
            start: one place.
            vectors: (size,), or (K, size), for example ``directions().vectors``.
            amounts: (N,), or (N, K): how far along each, in standard deviations of a latent.
        """
        like = start.latents
        lines, far = (torch.as_tensor(given).to(like) for given in (vectors, amounts))
        if lines.ndim == 1:
            lines, far = lines[None], far[:, None]
        return places_along(start, lines, far)

    def around(self, start: Places, n: int, *, spread: float = SPREAD, seed: int = 0) -> Places:
        """Around one place; at a ``spread`` of 0 the place itself, at 1 nothing of it is left."""
        require_choices(n, seed, 1.0)
        return places_around(start, self.sampler.latents(0, n, seed, 1.0), spread)

    def project(
        self, sample: Any, *, condition: str | int | None = None, seed: int = 0, steps: int = STEPS
    ) -> Projection:
        """The search for the latent from which the generator comes nearest to a given sample.

        It has not begun: call ``advance()``, all at once or a few steps at a time; then ``found``
        is a place and ``left`` says what is left of the difference.

        Args:
            sample: raw: a picture uint8 (H, W, C), a point (d,).
            condition: classes to search in; None searches all.
            seed: of the random latents that it starts from.
            steps: to take, 1 to 2,000.

        Raises:
            UserError: for a sample of another shape, or a kind of data that has no differences.
        """
        if self.modality.present is not None:
            raise UserError(
                f"There is no search for a latent of {self.modality.name}: between two of them "
                "lies no difference to go down on.",
                fix="run.between and run.around take given samples.",
            )
        require_choices(1, seed, 1.0)
        raw = self.run.raw(np.asarray(sample)[None])
        return Projection(
            self.sampler, raw, classes=self._classes(condition), seed=seed, steps=steps
        )


class Inspector:
    """What the discriminator of a run looks at, and what in the training data is nearest.

    Args:
        run: with a discriminator.
    """

    def __init__(self, run: Run) -> None:
        self.run = run

    def gradients(self, x: Any) -> npt.NDArray[np.float64]:
        """(N, *spec.shape) change of the logit for each encoded number; for pictures (N, C, H, W).

        Args:
            x: raw samples, as :meth:`gansmith.run.Run.judge` takes them.

        Raises:
            UserError: for kinds of data that are made of more than numbers.
        """
        if modality_of(self.run.config.modality).present is not None:
            raise UserError("Only pictures and points are made of numbers that D can look at.")
        return logit_gradients(self.run.sampler(), self.run.raw(x))

    @cached_property
    def training_samples(self) -> TrainingSamples:
        """The data, opened. Raises what :class:`gansmith.neighbours.TrainingSamples` does."""
        require_data(self.run.folder)
        env = self.run.folder.read_json("env.json")
        try:
            fingerprint = str(env["data"]["fingerprint"])
        except (KeyError, TypeError):
            raise RunError("env.json does not say what the data were.") from None
        return TrainingSamples(self.run.config, fingerprint)

    def nearest(self, x: Any, k: int = NEIGHBOURS) -> Neighbours:
        """The training samples nearest to raw samples, as :meth:`gansmith.run.Run.judge` takes
        them."""
        return self.training_samples.of(self.run.raw(x), k)
