"""What a run of texts is always compared with: a language model, and the codec without a game.

A language model of the run's size learns for as long as the run did, from the same lines, and is
sampled from cold to hot; see :mod:`gansmith.modalities.text.language_model`. Where latents of a
codec are what the game is played in, latents of their mean and covariance are decoded as well: the
same decoder, with nothing learned about which latents there are but their first two moments.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gansmith.errors import ConfigError, RunError
from gansmith.evaluation.baselines import Trained
from gansmith.evaluation.comparison import Comparison
from gansmith.evaluation.estimate import LEAST, Estimate
from gansmith.evaluation.report import Baseline, Baselines, Value, shown
from gansmith.modalities.modality import Ways
from gansmith.modalities.text.codec import TextCodec
from gansmith.modalities.text.language_model import LanguageModel
from gansmith.modalities.text.measures.judge import Judgement
from gansmith.modalities.text.measures.report import fakes_of, judge_of, too_few
from gansmith.modalities.text.measures.sweep import best, sweep
from gansmith.modalities.text.plan import parts
from gansmith.modalities.text.store import to_texts
from gansmith.modalities.text.token_codec import TokenCodec
from gansmith.protocols import Codec, Learned, encodes_by_network
from gansmith.runs.folder import write_atomic

NAMED = "a language model"
WEIGHTS, ABOUT = "language-model.safetensors", "language-model.json"
# Where nothing says how many tokens the run has.
VOCABULARY = 4_000
# Training texts that moments of latents are taken of: more change nothing that could be seen.
MOST_ENCODED = 20_000
# Under these names a comparison keeps the curve and points of the plot, and some lines of each.
CURVE, POINTS, LINES = "curve", "points", "lines of baselines"
SHOWN = 10
GAN, GAUSSIAN, REAL = "GAN", "Gaussian latents", "real lines"
_QUICK = ("meanings", "wording")


def fitting_seconds(trained: Trained, n: int) -> float:
    """How long a language model will learn; 0 where one that fits is kept, or none can be."""
    if trained.seconds is None or n < LEAST or _kept(trained) is not None:
        return 0.0
    return trained.seconds


def measure(comparison: Comparison, trained: Trained) -> Baselines:
    """The fakes beside a language model at each temperature, Gaussian latents and real lines.

    The lines are judged by their distance of meanings, BLEU and self-BLEU; where there is no
    distance of meanings, by reverse perplexity instead.
    """
    fake = fakes_of(comparison)
    if why := too_few(fake):
        return Baselines(f"NOT COMPARED with {NAMED}: that {why}.")
    judge, n = judge_of(comparison), len(fake)
    model, machine = None, ""
    if trained.seconds is not None:
        model, machine = _language_model(comparison, trained)
    found = judge(GAN, fake, _QUICK)
    measures = _QUICK if found.meanings is not None else ("wording", "perplexity")
    if found.meanings is None:
        found = judge(GAN, fake, measures)
    judged, lines = [found], {GAN: fake}
    if encodes_by_network(trained.codec):
        lines[GAUSSIAN] = gaussian_lines(comparison, trained.codec, n)
        judged.append(judge(GAUSSIAN, lines[GAUSSIAN], measures))
    real = judge(REAL, judge.control, measures)
    curve: dict[float, Judgement] = {}
    if model is not None:
        cutoff = _cutoff(trained.codec)
        curve = sweep(model, judge, num_lines=n, cutoff=cutoff, seed=comparison.seed,
                      measures=measures, progress=comparison.progress)  # fmt: skip
        at = best(curve)
        lines[curve[at].name] = model.sample(n, temperature=at, cutoff=cutoff, seed=comparison.seed)
    _keep_for_page(comparison, curve, [*judged, real], lines)
    rows = [_row(comparison, each, real) for each in (*judged, *curve.values(), real)]
    return Baselines(
        verdict(found, curve), tuple(rows), tuple(_notes(comparison, trained, model, machine))
    )


# -- the verdict -----------------------------------------------------------------------------------


def verdict(fake: Judgement, curve: Mapping[float, Judgement]) -> str:
    """Whether the fakes or a language model are nearer to real lines, in one sentence.

    The fakes are only if their interval lies below that of each temperature; a temperature is only
    if its interval lies below that of the fakes.
    """
    if not curve:
        return (
            f"NOT COMPARED with {NAMED}: the run does not say how long its codec learned, since an "
            "older version of gansmith began it."
        )
    at = best(curve)
    (own, mine), (theirs, its) = _distance(fake), _distance(curve[at])
    kind = "" if fake.meanings else "reverse perplexity "
    if own > theirs and its.high < mine.low:
        numbers = f"{kind}{shown(theirs)} against {shown(own)}"
        return f"The language model at T = {at:g} is nearer to real lines ({numbers})."
    numbers = f"{kind}{shown(own)} against {shown(theirs)}"
    others = [_distance(each) for each in curve.values()]
    if all(own < number and mine.high < each.low for number, each in others):
        return (
            f"The GAN is nearer to real lines than the language model at any temperature, T = "
            f"{at:g} being its best ({numbers}); their intervals do not overlap."
        )
    return (
        f"Whether the GAN or the language model at T = {at:g} is nearer to real lines cannot be "
        f"told ({numbers}): their intervals overlap."
    )


def _distance(found: Judgement) -> tuple[float, Estimate]:
    """The number that is shown, and the estimate whose interval decides."""
    if found.meanings is not None:
        return found.meanings.at_n, found.meanings.limit
    assert isinstance(found.reverse_perplexity, Estimate), "there are enough lines"
    return found.reverse_perplexity.value, found.reverse_perplexity


# -- the language model ----------------------------------------------------------------------------


def num_parameters(trained: Trained) -> int:
    """Of what makes a sentence: the generator, and the decoder where a codec has one."""
    networks = [trained.generator]
    codec = trained.codec
    if isinstance(codec, Learned) and codec.encodes_by_network:
        networks.append(getattr(codec.network, "decoder", codec.network))
    return sum(p.numel() for network in networks for p in network.parameters())


def _key(trained: Trained) -> dict[str, Any]:
    return {**trained.key(), "parameters": num_parameters(trained)}


def _language_model(comparison: Comparison, trained: Trained) -> tuple[LanguageModel, str]:
    """The one that is kept, if it is of this training; else one that learns now, and is kept.

    With why its seconds do not compare with those of the run, where they do not.
    """
    if (kept := _kept(trained)) is not None:
        return kept
    indices = np.sort(comparison.train_indices)
    model = LanguageModel.fit(
        to_texts(np.asarray(comparison.dataset.samples[indices])),
        seconds=trained.seconds, parameters=num_parameters(trained),
        vocabulary=_vocabulary(trained.codec),
        seed=trained.seed, device=trained.device, progress=comparison.progress,
    )  # fmt: skip
    model.network.cpu()
    # A folder that cannot be written costs the next evaluation its time, and this one nothing.
    with suppress(OSError, RunError):
        _keep(model, trained)
    return model, trained.machine


def _vocabulary(codec: Codec) -> int:
    """As many tokens as the run has."""
    if isinstance(codec, TextCodec):
        return max(codec.tokens.size, 256)
    return len(codec.pairs) if isinstance(codec, TokenCodec) else VOCABULARY


def _cutoff(codec: Codec) -> float:
    """The words of both are chosen by one rule, and temperature is all that differs."""
    return codec.chances.cutoff if isinstance(codec, TextCodec) else 0.0


def _keep(model: LanguageModel, trained: Trained) -> None:
    """Weights first: without what they are of, nobody takes them for something else."""
    trained.folder.mkdir(parents=True, exist_ok=True)
    weights, about = trained.folder / WEIGHTS, trained.folder / ABOUT
    about.unlink(missing_ok=True)
    side = weights.with_name(f".{WEIGHTS}.tmp")
    try:
        model.save(side)
        write_atomic(weights, side.read_bytes())
    finally:
        side.unlink(missing_ok=True)
    stored = {"of": _key(trained), "unlike": trained.machine, "sha256": _sha256(weights)}
    write_atomic(about, json.dumps(stored, indent=2) + "\n")


def _kept(trained: Trained) -> tuple[LanguageModel, str] | None:
    """None where there is none, it is of another training, or it is damaged."""
    weights, about = trained.folder / WEIGHTS, trained.folder / ABOUT
    try:
        stored = json.loads(about.read_text("utf-8"))
        if stored["of"] != _key(trained) or stored["sha256"] != _sha256(weights):
            return None
        return LanguageModel.load(weights), str(stored["unlike"])
    except (OSError, ValueError, KeyError, TypeError, ConfigError):
        return None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# -- Gaussian latents ------------------------------------------------------------------------------


def gaussian_lines(comparison: Comparison, codec: Codec, n: int) -> list[str]:
    """Lines of plans with the mean and covariance that those of training lines have."""
    indices = np.sort(comparison.train_indices[:MOST_ENCODED])
    with comparison.progress("Gaussian latents", 2) as advance:
        raw = torch.from_numpy(np.asarray(comparison.dataset.samples[indices]))
        plan, words = parts(codec.spec)
        x = codec.encode(raw).double()[:, : plan.shape[0]]
        advance()
        drawn = gaussian_latents(x, n, comparison.seed)
        noise = np.random.default_rng((comparison.seed, 8)).standard_normal((n, words))
        both = torch.cat([drawn, torch.from_numpy(noise)], 1).float()
        made = to_texts(codec.decode(both).numpy())
        advance()
    return made


def gaussian_latents(x: Tensor, n: int, seed: int) -> Tensor:
    """(n, D) normal latents of the mean and covariance of others, (N, D), double."""
    values, vectors = torch.linalg.eigh(torch.cov(x.T))
    normal = torch.from_numpy(np.random.default_rng((seed, 6)).standard_normal((n, x.shape[1])))
    drawn: Tensor = x.mean(0) + (normal * values.clamp(min=0).sqrt()) @ vectors.T
    return drawn


# -- the report ------------------------------------------------------------------------------------


def _row(comparison: Comparison, found: Judgement, real: Judgement) -> Baseline:
    """Values of one set, beside those of real lines."""
    counts = (found.num_lines, found.num_lines)
    numbers: dict[str, tuple[Estimate | float | None, Estimate | float | None, str]] = {}
    if found.meanings is not None and real.meanings is not None:
        numbers["sentence-frechet"] = (found.meanings.at_n, real.meanings.at_n, "lower")
        numbers["for endless lines"] = (found.meanings.limit, 0.0, "lower")
    if found.reverse_perplexity is not None:
        reads = (found.reverse_perplexity, real.reverse_perplexity, "lower")
        numbers["reverse-perplexity"] = reads
    for name in ("bleu", "self-bleu"):
        numbers[name] = (found.numbers()[name], real.numbers()[name], "floor")
    values: list[Value] = []
    for name, (number, floor, better) in numbers.items():
        if number is not None:
            level = floor.value if isinstance(floor, Estimate) else floor
            values.append(comparison.value(name, number, level, better, "", counts))  # type: ignore[arg-type]
    return Baseline(found.name, tuple(values))


def _notes(
    comparison: Comparison, trained: Trained, model: LanguageModel | None, machine: str
) -> list[str]:
    """How the baselines were made."""
    notes = []
    if model is not None:
        notes.append(
            f"The language model has {model.num_parameters:,} parameters, where what makes a "
            f"sentence in the run has {num_parameters(trained):,}; it learned for "
            f"{trained.seconds or 0:,.0f} s, as long as the run, from the same "
            f"{len(comparison.train_indices):,} lines. T is the temperature it is sampled at."
        )
        if cutoff := _cutoff(trained.codec):
            notes.append(
                f"Its tokens below a share of {cutoff:g} hardly ever come, as those of the run."
            )
        if machine:
            notes.append(f"Seconds of the two do not compare: {machine}.")
    if encodes_by_network(trained.codec):
        notes.append(
            "Gaussian latents have mean and covariance of those of training lines, and are "
            "decoded as the GAN's are, with words by noise too."
        )
    return notes


def _keep_for_page(
    comparison: Comparison, curve: Mapping[float, Judgement], points: list[Judgement],
    lines: Mapping[str, list[str]],
) -> None:  # fmt: skip
    comparison.kept[CURVE] = [(*_place(each), f"T = {at:g}") for at, each in curve.items()]
    comparison.kept[POINTS] = {each.name: _place(each) for each in points}
    comparison.kept[LINES] = {name: made[:SHOWN] for name, made in lines.items()}


def _place(found: Judgement) -> tuple[float, float]:
    """(self-BLEU, BLEU)."""
    assert found.wording is not None, "it was measured"
    both = (found.wording.self_bleu, found.wording.bleu)
    across, up = (n.value if isinstance(n, Estimate) else n for n in both)
    return across, up


WAYS = Ways(NAMED, measure, fitting_seconds)
