"""An evaluation from start to end: samples are drawn, measured, and written down."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib import metadata
from typing import Any

import numpy as np
import numpy.typing as npt

from gansmith import registry
from gansmith.config import Component, DataConfig, Experiment, Scalar
from gansmith.data import open_source
from gansmith.data.dataset import Dataset
from gansmith.errors import RunError, UserError
from gansmith.evaluation.baselines import FOLDER, Trained, unlike_here
from gansmith.evaluation.classes import Classes, Group, agreement, each_class
from gansmith.evaluation.comparison import Comparison
from gansmith.evaluation.division import LEAST_SAMPLES, Division, divide
from gansmith.evaluation.features import Extractor, Features
from gansmith.evaluation.measure import NOVELTY, Found, Material, steps
from gansmith.evaluation.report import Baselines, Missing, Pair, Report, Value
from gansmith.prepare import device_of, modality_of
from gansmith.progress import Progress, silent
from gansmith.reporting import Evidence
from gansmith.runs.folder import RunFolder
from gansmith.sample.sampler import Sampler
from gansmith.stages import training_seconds

Array = npt.NDArray[Any]
MOST_SAMPLES = 10_000
# Of classes with numbers of their own.
MOST_CLASSES = 100
# Real samples that a costly network looks at for novelty, which needs all of them.
MOST_COSTLY = 20_000


@dataclass(frozen=True)
class Fakes:
    """Samples to be measured.

    Attributes:
        samples: (N, ...) raw.
        labels: (N,) numbers of the classes that were asked for, or None.
        about: where they come from, for the report.
    """

    samples: Array
    labels: npt.NDArray[np.int64] | None
    about: dict[str, Any]


Draw = Callable[[int, npt.NDArray[np.int64] | None], Fakes]


@dataclass(frozen=True)
class Choices:
    """What may be chosen of an evaluation.

    Attributes:
        n: samples at most; fewer where there are fewer real ones.
        seed: of the fakes and of all choices.
        features: name of an extractor; None takes the default of the kind of data.
        weights: file or folder with the weights of a feature network that comes in no package; None
            takes those it finds or fetches.
        used_in_training: extractors that had a part in the training, and which.
        target: of a table: the column that models of fakes are to predict; None measures none.
        baselines: measure what simpler ways make in the same time, for kinds of data that have any.
    """

    n: int = MOST_SAMPLES
    seed: int = 0
    features: str | None = None
    weights: str | None = None
    used_in_training: Mapping[str, str] = field(default_factory=dict)
    target: str | None = None
    baselines: bool = True


def evaluate_run(
    sampler: Sampler, data: DataConfig, about: dict[str, Any], trained: Trained, choices: Choices,
    progress: Progress = silent,
) -> tuple[Report, Evidence]:  # fmt: skip
    """Measure a run's samples against the data it learnt from.

    Args:
        sampler: of the run.
        data: as the run opened it.
        about: of the run, for the report.
        trained: the means that the run had, of which baselines get as much.
        choices: what to measure, and how.
        progress: shows what happens.

    Raises:
        RunError: if the data have changed since the run began.
    """

    def draw(count: int, classes: npt.NDArray[np.int64] | None) -> Fakes:
        chosen = None if classes is None else [int(c) for c in classes]
        parts, labels = [], []
        with progress("Sampling", count) as advance:
            for samples, own in sampler.stream(count, seed=choices.seed, classes=chosen):
                parts.append(samples)
                labels += [] if own is None else [own]
                advance(len(samples))
        return Fakes(np.concatenate(parts), np.concatenate(labels) if labels else None, about)

    dataset = open_source(data, progress=progress)
    if dataset.stand_in:
        raise UserError(
            "The run does not know the rows that its counts are of, to be measured against.",
            where=data.source,
            fix="Name rows: gansmith evaluate --real TABLE --fake SAMPLES. What that tells is not "
            "covered by the guarantee.",
        )
    if dataset.fingerprint != trained.fingerprint:
        raise RunError(
            "The data have changed since the run began.",
            where=data.source,
            fix="Bring them back, or name what to compare with: "
            "gansmith evaluate --fake SAMPLES --real SOURCE",
        )
    return _evaluate(dataset, data.holdout, draw, choices, progress, trained)


def trained_as(
    folder: RunFolder, config: Experiment, env: Mapping[str, Any], sampler: Sampler
) -> Trained:
    """A run's training and the means that it had; ``env`` is its env.json."""
    checkpoint, machine = sampler.checkpoint, config.machine
    gpu = env["gpu"] if machine.device != "cpu" else None
    return Trained(
        folder.path / FOLDER,
        sampler.generator,
        sampler.codec,
        training_seconds(folder, checkpoint),
        checkpoint.position,
        config.train.seed,
        config.data.holdout,
        str(env["data"]["fingerprint"]),
        "cuda" if gpu and device_of(config) == "cuda" else "cpu",
        unlike_here(gpu, env["threads"], machine.processes),
    )


def evaluate_sources(
    real: str, fake: str, choices: Choices, progress: Progress = silent
) -> tuple[Report, Evidence]:
    """Measure samples of any generator, given as a source, against real ones.

    Raises:
        UserError: if the two are of different kinds or shapes.
    """
    config = DataConfig(source=real)
    dataset = open_source(config, progress=progress)
    fakes, resized = _open_fakes(fake, dataset, progress)
    _require_alike(dataset, fakes)
    order = np.random.default_rng((choices.seed, 4)).permutation(len(fakes))

    def draw(count: int, classes: npt.NDArray[np.int64] | None) -> Fakes:
        del classes
        chosen = np.sort(order[:count])
        same = fakes.labels is not None and fakes.schema.classes == dataset.schema.classes
        labels = fakes.labels[chosen] if same and fakes.labels is not None else None
        about = {"source": fakes.name, "fingerprint": fakes.fingerprint, "num_samples": len(fakes),
                 "resized": resized}  # fmt: skip
        return Fakes(np.asarray(fakes.samples[chosen]), labels, about)

    most = min(choices.n, len(fakes))
    return _evaluate(dataset, config.holdout, draw, replace(choices, n=most), progress)


def _open_fakes(fake: str, real: Dataset, progress: Progress) -> tuple[Dataset, str]:
    """Fakes in the terms of the real samples; and what was done to pictures of another size."""
    fakes = open_source(DataConfig(source=fake), progress=progress)
    ours, theirs = real.schema, fakes.schema
    align = modality_of(ours.modality).align
    if align is not None and ours.modality == theirs.modality:
        return align(real, fakes), "no"
    if not ours.modality == theirs.modality == "image" or ours.shape == theirs.shape:
        return fakes, "no"
    size = (ours.shape[0], ours.shape[1])
    config = DataConfig(source=fake, size=size)
    rule = f"to {size[0]}x{size[1]} by the rule {config.fit}"
    return open_source(config, progress=progress), rule


def _require_alike(real: Dataset, fake: Dataset) -> None:
    ours, theirs = real.schema, fake.schema
    if (ours.modality, ours.shape, ours.dtype) != (theirs.modality, theirs.shape, theirs.dtype):
        shapes = [f"{s.label} of {'x'.join(map(str, s.shape))}" for s in (ours, theirs)]
        raise UserError(
            f"The real samples are {shapes[0]}, the fakes {shapes[1]}.",
            where=f"{real.name}, {fake.name}",
            fix="Bring them to one shape and number of channels.",
        )


def _evaluate(
    dataset: Dataset, holdout: float, draw: Draw, choices: Choices, progress: Progress,
    trained: Trained | None = None,
) -> tuple[Report, Evidence]:  # fmt: skip
    if choices.n < LEAST_SAMPLES:
        raise UserError(
            f"{choices.n} fakes are too few to measure anything.",
            where="n",
            fix=f"Take at least {LEAST_SAMPLES}; thousands give narrower intervals.",
        )
    _require_target(dataset, choices.target)
    division = divide(dataset, holdout, choices.n, choices.seed)
    extractors = _extractors(dataset, division, choices, progress)
    wanted = None if dataset.labels is None else dataset.labels[division.reference]
    fakes = draw(len(division.reference), wanted)
    compared = Comparison(
        dataset, division.reference, division.control, fakes.samples, progress,
        choices.target, choices.seed, choices.used_in_training, extractors[0].name, division.train,
        division.held_out,
    )  # fmt: skip
    # First, for what is fitted is kept, whatever happens to the rest.
    baselines = _baselines(compared, trained, choices)
    material = _material(dataset, division, fakes, extractors, progress)
    found = _measured(material, extractors, choices, progress)
    own = modality_of(dataset.schema.modality).own_metrics(compared)
    whole, each = _by_class(dataset, division, fakes, material, extractors[0])
    report = Report(
        about=_about(dataset, division, fakes, extractors, choices),
        values=(*(v for v in own if isinstance(v, Value)), *whole.values, *found.values),
        missing=(
            *(m for m in own if isinstance(m, Missing)),
            *found.missing,
            *(m for one in each.values() for m in one.missing),
        ),
        classes={name: one.values for name, one in each.items() if one.values},
        pairs=found.pairs,
        baselines=baselines,
    )
    pairs = [(fakes.samples[p.fake], dataset.samples[p.train]) for p in report.pairs]
    return report, Evidence(compared, [(fake, np.asarray(real)) for fake, real in pairs])


def _baselines(compared: Comparison, trained: Trained | None, choices: Choices) -> Baselines | None:
    """What simpler ways come to, or why that is not known; None where there are none."""
    ways = modality_of(compared.dataset.schema.modality).baselines
    if ways is None:
        return None
    if trained is None:
        why = "it is not known how long samples from elsewhere took to learn"
    elif not choices.baselines:
        why = "that was left out"
    else:
        return ways.measure(compared, trained)
    return Baselines(f"NOT COMPARED with {ways.named}: {why}.")


def _require_target(dataset: Dataset, target: str | None) -> None:
    """Raise a UserError where there is no such column, before anything costly is done."""
    if target is None:
        return
    require = modality_of(dataset.schema.modality).require_target
    if require is None:
        raise UserError(
            f"Only a table has a column to predict; these are {dataset.schema.label}.",
            where=f"target: {target}",
        )
    require(dataset, target)


def _extractors(
    dataset: Dataset, division: Division, choices: Choices, progress: Progress
) -> tuple[Extractor, Extractor]:
    """What distances are measured in, and what novelty is, which needs all real samples."""

    def made(name: str, options: Mapping[str, Scalar]) -> Extractor:
        component = Component(name, options)
        built: Extractor = registry.build("extractor", component, dataset, division.train, progress)
        return built

    modality = modality_of(dataset.schema.modality)
    name = choices.features or modality.default_extractor(dataset)
    main = made(name, {} if choices.weights is None else {"weights": choices.weights})
    if main.finds_copies and not (main.costly and len(dataset) > MOST_COSTLY):
        return main, main
    return main, made(modality.watch_extractor, {})


def _material(
    dataset: Dataset, division: Division, fakes: Fakes, extractors: tuple[Extractor, Extractor],
    progress: Progress,
) -> Material:  # fmt: skip
    """All features; those for novelty by the second extractor, since it needs all real samples."""

    def features(extractor: Extractor, indices: npt.NDArray[np.int64]) -> Features:
        order = np.argsort(indices)  # memory maps are read in order
        found = extractor(dataset.samples[indices[order]], progress)
        back = np.empty_like(found)
        back[order] = found
        return back

    main, every = extractors
    fake = main(fakes.samples, progress)
    return Material(
        reference=features(main, division.reference),
        control=features(main, division.control),
        fake=fake,
        train=features(every, division.train),
        held_out=features(every, division.held_out),
        fake_for_novelty=fake if main is every else every(fakes.samples, progress),
        train_indices=division.train,
    )


def _measured(
    material: Material, extractors: tuple[Extractor, Extractor], choices: Choices,
    progress: Progress,
) -> Found:  # fmt: skip
    work = steps(material, choices.seed)
    values: list[Value] = []
    missing: list[Missing] = []
    pairs: tuple[Pair, ...] = ()
    with progress("Measuring", len(work)) as advance:
        for name, step in work:
            found = step()
            extractor = extractors[1 if name == NOVELTY else 0]
            used = extractor.name in choices.used_in_training
            values += [replace(value, contaminated=used) for value in found.values]
            missing += found.missing
            pairs = found.pairs or pairs
            advance()
    return Found(tuple(values), tuple(missing), pairs)


def _by_class(
    dataset: Dataset, division: Division, fakes: Fakes, material: Material, extractor: Extractor
) -> tuple[Found, dict[str, Found]]:
    """What needs classes: of all samples, and of each class by itself."""
    names, labels = dataset.schema.classes, dataset.labels
    if labels is None or fakes.labels is None or len(names) < 2:
        return Found(), {}
    predicted, of_tested = None, None
    tested = np.sort(division.held_out[:MOST_SAMPLES])
    if extractor.classes is not None:
        predicted = extractor.classes(fakes.samples)
        of_tested = extractor.classes(dataset.samples[tested]) if len(tested) else None
    classes = Classes(
        Group(material.reference, labels[division.reference]),
        Group(material.control, labels[division.control]),
        Group(material.fake, fakes.labels, predicted),
        Group(np.zeros((0, 0)), labels[tested], of_tested),
    )
    each = dict(each_class(classes, names)) if len(names) <= MOST_CLASSES else {}
    return agreement(classes), each


def _about(
    dataset: Dataset, division: Division, fakes: Fakes, extractors: tuple[Extractor, Extractor],
    choices: Choices,
) -> dict[str, Any]:  # fmt: skip
    main, every = extractors
    return {
        "real": {
            "source": dataset.name,
            "fingerprint": dataset.fingerprint,
            "num_samples": len(dataset),
            "num_train": len(division.train),
            "num_held_out": len(division.held_out),
            "reference": division.about,
        },
        "fake": {**fakes.about, "num_measured": len(fakes.samples)},
        "seed": choices.seed,
        "features": {
            "name": main.name,
            "hash": main.identity,
            "about": main.about,
            "used_in_training": choices.used_in_training.get(main.name),
            "of_novelty": main.name if main is every else f"{every.name}: {every.about}",
        },
        "versions": {name: metadata.version(name) for name in ("gansmith", "torch", "numpy")},
        "system": f"{platform.system()} {platform.machine()}",
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }
