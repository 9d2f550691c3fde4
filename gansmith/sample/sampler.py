"""Samples from a run folder, in constant memory however many are asked for."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file
from torch import Tensor

from gansmith import registry
from gansmith.config import EmaConfig, Experiment
from gansmith.errors import RunError, UserError, did_you_mean
from gansmith.game.build import build_game
from gansmith.game.randomness import Randomness
from gansmith.protocols import Codec, Condition, Restriction, Selective
from gansmith.runs import checkpoints
from gansmith.runs.best import best_weights
from gansmith.runs.checkpoints import Checkpoint
from gansmith.runs.exported import Exported, is_exported, require_exported
from gansmith.runs.folder import RunFolder
from gansmith.runs.profiles import combination
from gansmith.sample.sieve import Filter, Sieve

Array = npt.NDArray[Any]
Chunk = tuple[Array, Array | None]
CHUNK = 250  # samples that a discriminator is asked about at a time
_SAMPLING_STREAM = 2_000
# Of the fakes that a class' level is taken from; nobody's samples come from so large a seed.
LEVEL_SEED = 2**61


class Sampler:
    """A trained generator with its codec.

    Args:
        folder: the run.
        experiment, codec, classes: as the run has them.
        ema: width of the weight average, chosen after training, where the run kept power-function
            profiles; None takes the average as it was trained.
        best: take the weights that measured best while training, instead of the last.
        device: where to run.

    Raises:
        RunError: if there is no whole checkpoint, or no profiles to choose a width from.
    """

    def __init__(
        self,
        folder: RunFolder,
        experiment: Experiment,
        codec: Codec,
        classes: tuple[str, ...],
        *,
        ema: float | None = None,
        best: bool = False,
        device: str = "cpu",
    ) -> None:
        self.experiment, self.codec, self.classes = experiment, codec, classes
        self.device = torch.device(device)
        if is_exported(folder):
            self.checkpoint: Checkpoint = require_exported(folder)
        else:
            self.checkpoint = checkpoints.require_newest(folder.checkpoints)
        double = experiment.train.precision == "64-true"
        self.dtype = torch.float64 if double else torch.float32
        game = build_game(experiment, codec.spec)
        try:
            game.load_state_dict(self.checkpoint.tensors("game"))
        except RuntimeError as error:
            raise RunError(
                "The checkpoint does not fit the networks that config.json describes.",
                where=str(self.checkpoint.path),
                fix="Bring config.json back as it was, or use the gansmith that trained the run.",
            ) from error
        game.to(device=self.device, dtype=self.dtype).eval().requires_grad_(False)
        self.game = game
        self.generator = game.networks[game.generator]
        self._use_average(folder, ema, best)
        self._latent = registry.get("latent", experiment.latent.name).build

    def _use_average(self, folder: RunFolder, ema: float | None, best: bool) -> None:
        if best and ema is not None:
            raise UserError(
                "The best weights have one length of average alone.",
                where="--best, --ema",
                fix="Give one of them.",
            )
        if isinstance(self.checkpoint, Exported):
            if best or ema is not None:
                raise RunError(
                    "An export has one generator, which is averaged already.",
                    where=str(folder.path),
                    fix="Leave --best and --ema out, or give the run it was made from.",
                )
            return
        if best:
            weights = best_weights(folder.checkpoints)
        elif ema is not None:
            weights = post_hoc_average(folder, self.checkpoint, self.experiment.ema, ema)
        else:
            weights = _profile(self.checkpoint, 0)
        if weights:
            self.generator.load_state_dict(weights)

    def class_indices(self, names: str) -> list[int]:
        """Numbers of classes from their names or numbers, separated by commas.

        Raises:
            UserError: for an unknown class, or where the run has none.
        """
        if not self.classes:
            raise UserError(
                "This run has no classes.", where=f"--class {names}", fix="Leave --class out."
            )
        chosen = []
        # A name may hold a comma itself.
        parts = [names] if names in self.classes else names.split(",")
        for name in (part.strip() for part in parts):
            if name in self.classes:
                chosen.append(self.classes.index(name))
            elif name.isdecimal() and int(name) < len(self.classes):
                chosen.append(int(name))
            else:
                hint = did_you_mean(name, self.classes)
                raise UserError(f"There is no class {name!r}.", where="--class", fix=hint)
        return chosen

    def latents(self, first: int, n: int, seed: int, truncation: float) -> Tensor:
        """(n, size): the latents of samples ``first`` to ``first + n`` of a seed.

        Each belongs to a sample's number, so the same sample comes out however many are asked for.
        A truncation below 1 pulls normal latents towards 0, where samples are more alike.
        """
        size, chunk = self.experiment.latent.size, self.game.chunk_samples
        rows = [
            self._latent(chunk, size, Randomness(seed, at, _SAMPLING_STREAM, dtype=self.dtype))
            for at in range(first - first % chunk, first + n, chunk)
        ]
        start = first % chunk
        centre = 0.5 if self.experiment.latent.name == "textbook" else 0.0
        drawn = torch.cat(rows)[start : start + n].to(self.device)
        return centre + (drawn - centre) * truncation

    def condition(self, first: int, n: int, classes: list[int] | None) -> Condition:
        """The classes of samples ``first`` to ``first + n``: the chosen ones in turn, or all."""
        if not self.codec.spec.num_classes:
            return Condition()
        cycle = classes if classes else list(range(self.codec.spec.num_classes))
        numbers = [cycle[i % len(cycle)] for i in range(first, first + n)]
        return Condition(classes=torch.tensor(numbers, device=self.device))

    @torch.no_grad()
    def generate(self, latent: Tensor, condition: Condition) -> Tensor:
        """Encoded samples (N, *spec.shape)."""
        x: Tensor = self.generator(latent, condition)
        return x

    def stream(
        self,
        n: int,
        *,
        seed: int = 0,
        classes: list[int] | None = None,
        truncation: float = 1.0,
        restriction: Restriction | None = None,
        filters: Sequence[Filter] = (),
        chunks: Callable[[Iterator[tuple[int, int]]], Iterator[Chunk]] | None = None,
    ) -> Iterator[Chunk]:
        """Raw samples and their classes, chunk by chunk, ``n`` in all.

        Samples that the codec, the restriction or a filter does not accept are left out, and as
        many others made: the first ``n`` that are accepted come out, in their order. ``chunks``
        makes the chunks at (first, number), in place of :meth:`chunks`.
        """
        asked = self._asked(restriction, filters)
        sieve = Sieve(asked) if asked else None
        left = n
        places = self._places(n if sieve is None else None)
        made = chunks or partial(map, self.chunks(seed, classes, truncation, restriction))
        for raw, labels in made(places):
            if sieve is not None:
                kept = np.flatnonzero(sieve(raw))[:left]
                raw, labels = raw[kept], None if labels is None else labels[kept]
            left -= len(raw)
            if len(raw):
                yield raw, labels
            if left <= 0:
                break

    def _places(self, n: int | None) -> Iterator[tuple[int, int]]:
        """Where each chunk begins, and how many samples of it are wanted; without end for None."""
        chunk = self.game.chunk_samples
        for first in itertools.count(0, chunk) if n is None else range(0, n, chunk):
            yield first, chunk if n is None else min(chunk, n - first)

    def chunks(
        self, seed: int, classes: list[int] | None, truncation: float,
        restriction: Restriction | None,
    ) -> Callable[[tuple[int, int]], Chunk]:  # fmt: skip
        """(first, count) -> those samples, raw, and their classes."""
        return lambda place: self._chunk(*place, seed, classes, truncation, restriction)

    def _asked(self, restriction: Restriction | None, filters: Sequence[Filter]) -> list[Filter]:
        """All that samples may be left out for."""
        asked = list(filters)
        if restriction is not None and restriction.checks:
            asked.insert(0, Filter(restriction.asks, restriction.accepts))
        if isinstance(self.codec, Selective) and self.codec.asks:
            asked.insert(0, Filter(self.codec.asks, self.codec.accepts))
        return asked

    def _chunk(
        self, first: int, count: int, seed: int, classes: list[int] | None, truncation: float,
        restriction: Restriction | None,
    ) -> Chunk:  # fmt: skip
        """Samples ``first`` to ``first + count``, raw, and their classes."""
        # Chunks are finished whole, so that a sample depends on its number alone.
        made = self.game.chunk_samples if self.game.finish else count
        condition = self.condition(first, made, classes)
        if restriction is not None:
            condition = replace(condition, mask=restriction.codes.expand(made, -1))
        x = self.generate(self.latents(first, made, seed, truncation), condition)
        x = self.game.finished(x, condition, seed, first)[:count]
        labels = None
        if condition.classes is not None:
            labels = condition.classes[:count].cpu().numpy()
        raw = self.codec.decode(x).cpu().numpy()
        return (raw if restriction is None else restriction.hold(raw)), labels

    @torch.no_grad()
    def logits(self, raw: Array) -> npt.NDArray[np.float64]:
        """(N,) of the discriminator for raw samples (N, ...), in chunks.

        Where there are classes, a sample is judged as each of them, against the level of that
        class (see :attr:`class_levels`), and the largest answer counts.
        """
        out = []
        for first in range(0, len(raw), CHUNK):
            # A copy, because memory maps are read-only.
            part = torch.from_numpy(np.array(raw[first : first + CHUNK]))
            x = self.codec.encode(part.to(self.device)).to(self.dtype)
            out.append(self.answers(x).double().cpu().numpy())
        return np.concatenate(out) if out else np.zeros(0)

    def answers(self, x: Tensor) -> Tensor:
        """(N,) logits of encoded samples (N, *spec.shape), as :meth:`logits` has them."""
        if not self.codec.spec.num_classes:
            return self._answers(x, Condition())
        one = torch.ones(len(x), dtype=torch.int64, device=self.device)
        levels = enumerate(self.class_levels)
        each = [self._answers(x, Condition(one * c)) - level for c, level in levels]
        return torch.stack(each).amax(0)

    def _answers(self, x: Tensor, condition: Condition) -> Tensor:
        """(N,) logits, the mean of each sample's where the discriminator gives several."""
        logits: Tensor = self.game.networks[self.game.critic](x, condition)
        return logits.reshape(len(x), -1).mean(1)

    @cached_property
    def class_levels(self) -> list[float]:
        """The discriminator's mean logit for fakes of each class, asked about as that class.

        A relativistic loss compares within a class only, so each class may have a level of its own,
        and logits of different classes can be compared only above theirs.
        """
        num_classes = self.codec.spec.num_classes
        n = max(8, 640 // num_classes)
        levels = []
        with torch.no_grad():
            for number in range(num_classes):
                condition = self.condition(0, n, [number])
                fake = self.generate(self.latents(0, n, LEVEL_SEED, 1.0), condition)
                levels.append(float(self._answers(fake, condition).mean()))
        return levels

    def interpolate(
        self,
        rows: int,
        steps: int,
        *,
        seed: int = 0,
        classes: list[int] | None = None,
        truncation: float = 1.0,
    ) -> Array:
        """(rows * steps, ...) raw: each row goes from one latent to another on a great circle."""
        ends = self.latents(0, 2 * rows, seed, truncation)
        shares = torch.linspace(0, 1, steps, dtype=self.dtype, device=self.device)
        path = torch.cat([great_circle(ends[2 * r], ends[2 * r + 1], shares) for r in range(rows)])
        number = self.condition(0, rows, classes).classes
        along = Condition(None if number is None else number.repeat_interleave(steps))
        return self.codec.decode(self.generate(path, along)).cpu().numpy()


def great_circle(start: Tensor, end: Tensor, shares: Tensor) -> Tensor:
    """(K, size): spherical interpolation of two normal latents at K shares in [0, 1].

    A straight line would pass nearer to 0 than normal latents ever lie (White 2016,
    arXiv:1609.04468).
    """
    lengths = start.norm(), end.norm()
    cosine = (start @ end / (lengths[0] * lengths[1]).clamp_min(1e-12)).clamp(-1, 1)
    angle = torch.arccos(cosine)
    t = shares[:, None]
    if torch.sin(angle).abs() < 1e-6:
        return torch.lerp(start, end, t)
    direction: Tensor = (
        torch.sin((1 - t) * angle) * start / lengths[0] + torch.sin(t * angle) * end / lengths[1]
    ) / torch.sin(angle)
    length: Tensor = torch.lerp(*lengths, t)
    return direction * length


def post_hoc_average(
    folder: RunFolder, checkpoint: Checkpoint, config: EmaConfig, width: float
) -> dict[str, Tensor]:
    """Weights of the average of relative width ``width``, from the snapshots a run kept.

    Args:
        folder: of the run.
        checkpoint: where the wanted average ends; its own two averages count as snapshots.
        config: says which widths those have.
        width: above 0, at most 0.25.

    Raises:
        RunError: if the run kept none, or the width is outside what can be made.
    """
    if config.name != "power":
        raise RunError(
            "The run kept no snapshots to choose the length of its average from.",
            where=str(folder.path),
            fix="Train with ema.name=power, or leave --ema out.",
        )
    if not 0 < width <= 0.25:
        raise RunError(f"A width of {width} cannot be made.", where="--ema", fix="0.01 to 0.25.")
    snapshots = _snapshots(folder, checkpoint, config)
    places = sorted(snapshots)
    times, widths = (np.array(column, float) for column in zip(*places, strict=True))
    total: dict[str, Tensor] = {}
    for weight, place in zip(
        combination(times, widths, checkpoint.position, width), places, strict=True
    ):
        for name, value in snapshots[place]().items():
            if value.is_floating_point():
                before = total.get(name, torch.zeros_like(value, dtype=torch.float64))
                total[name] = before + float(weight) * value.double()
            else:
                total[name] = value
    return total


def _snapshots(
    folder: RunFolder, checkpoint: Checkpoint, config: EmaConfig
) -> dict[tuple[int, float], Callable[[], dict[str, Tensor]]]:
    """What reads each snapshot, by its sample count and width."""
    found: dict[tuple[int, float], Callable[[], dict[str, Tensor]]] = {}
    for path in (folder.checkpoints / "profiles").glob("*"):
        match = re.fullmatch(r"(\d+)-([\d.e-]+)\.safetensors", path.name)
        if match and int(match[1]) < checkpoint.position:
            found[int(match[1]), float(match[2])] = partial(load_file, path)
    for i, width in enumerate(config.widths):
        found[checkpoint.position, width] = partial(_profile, checkpoint, i)
    return found


def _profile(checkpoint: Checkpoint, number: int) -> dict[str, Tensor]:
    prefix = f"{number}."
    tensors = checkpoint.tensors("ema").items()
    return {name.removeprefix(prefix): v for name, v in tensors if name.startswith(prefix)}
