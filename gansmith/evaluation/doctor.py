"""What the records of a training say has gone wrong: evidence, what it means, what to change.

The thresholds lie between what runs that were broken on purpose showed and what healthy ones did;
docs/decisions has the numbers. Nothing is changed by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Any

Records = Sequence[Mapping[str, Any]]

# A run's last third says where it has ended up; fewer values than these say nothing.
LEAST_RECORDS, LEAST_MEASURED = 6, 3


@dataclass(frozen=True)
class Finding:
    """Something that went wrong.

    Attributes:
        name: of the failure.
        evidence: the numbers that show it.
        means: what is going on.
        change: what to try, most promising first.
    """

    name: str
    evidence: str
    means: str
    change: str


@dataclass(frozen=True)
class _Late:
    """Values of the last third of a run, by name; and of the whole."""

    records: Records

    def __call__(self, name: str) -> list[float]:
        end = max((r["samples"] for r in self.records), default=0)
        found = [r for r in self.records if name in r]
        least = LEAST_MEASURED if "coverage" in (found or [{}])[-1] else LEAST_RECORDS
        late = [float(r[name]) for r in found if r["samples"] > 2 / 3 * end]
        return late if len(late) >= min(least, 3) else []

    def mean(self, name: str, absent: float) -> float:
        """Of the last third, or ``absent``."""
        values = self(name)
        return fmean(values) if values else absent

    def middle(self, name: str, absent: float) -> float:
        """The median of the last third, or ``absent``."""
        values = self(name)
        return median(values) if values else absent


def diagnose(records: Records) -> list[Finding]:
    """What stands out in the lines of metrics.jsonl; empty for a run that looks healthy.

    Args:
        records: in order, as the run folder reads them.
    """
    late = _Late(records)
    found = [finding for check in CHECKS if (finding := check(late)) is not None]
    names = {finding.name for finding in found}
    hidden = {name for cause in names for name in FOLLOW.get(cause, ())}
    return [finding for finding in found if finding.name not in hidden]


def _vanishing(late: _Late) -> Finding | None:
    name = "generator_gradient_norm"
    norms = [float(r[name]) for r in late.records if name in r]
    early = max(norms[: -(-len(norms) // 3)], default=0.0)
    now, right = late.middle(name, 1.0), late.mean("real_above_fake", 0.0)
    if now > 0.02 * early or right < 0.9:
        return None
    return Finding(
        "vanishing gradient",
        f"the generator's gradient fell from {early:.3g} to {now:.3g}, and the discriminator "
        f"is right on {right:.0%} of pairs",
        "The discriminator is so sure that its answers no longer change with the sample: the "
        "generator is told nothing.",
        "Take an objective that does not saturate (game.objective=relativistic, or "
        "non-saturating), and penalties that keep the discriminator smooth "
        "(game.regularizers=r1,r2).",
    )


def _won(late: _Late) -> Finding | None:
    right, held = late.mean("real_above_fake", 0.0), late.mean("discriminator_right", 1.0)
    covered, floor = late.mean("coverage", 0.0), late.mean("coverage_real", 1.0)
    if min(right, held) < 0.97 or covered > 0.5 * floor:
        return None
    return Finding(
        "discriminator won",
        f"it is right on {right:.0%} of training pairs, and the samples cover {covered:.0%} of the "
        f"real ones ({floor:.0%} would be as real)",
        "The discriminator is far ahead, and the generator does not follow.",
        "Strengthen the penalties (game.regularizers.r1.weight, game.regularizers.r2.weight), "
        "lower players.discriminator.lr, or raise players.generator.lr.",
    )


def _memorised(late: _Late) -> Finding | None:
    overfitting = late.mean("overfitting", 0.0)
    if overfitting < 0.65:
        return None
    return Finding(
        "memorised",
        f"held-out samples look to the discriminator {overfitting:.0%} of the way from training "
        "samples to fakes",
        "The discriminator knows its training samples by heart, and what it teaches is to repeat "
        "them. Look at novelty in `gansmith evaluate`.",
        "Bring more samples; train shorter; augment (--recipe few-pictures).",
    )


def _oscillation(late: _Late) -> Finding | None:
    unsettled = late.middle("unsettled", 0.0)
    if unsettled < 0.5:
        return None
    return Finding(
        "oscillation",
        f"a latent's sample by the average and by the generator as it stands lie {unsettled:.2f} "
        "times as far apart as two real samples",
        "The players chase each other around the solution instead of nearing it.",
        "Add or strengthen the penalties (game.regularizers=r1,r2), lower both learning rates, "
        "and let them fall (players.generator.lr=2e-3..1e-4).",
    )


def _collapse(late: _Late) -> Finding | None:
    variety, recall = late.middle("variety", 1.0), late.middle("recall", 1.0)
    if variety > 0.6 or recall > 0.3:
        return None
    return Finding(
        "mode collapse",
        f"two samples are {variety:.2f} times as far apart as two real ones, and only {recall:.0%} "
        "of the real ones could have come from the generator",
        "The generator has found a few samples that pass, and makes no others.",
        "Take the relativistic objective (game.objective=relativistic) with penalties "
        "(game.regularizers=r1,r2); raise players.discriminator.lr if it learns more slowly than "
        "the generator; train longer.",
    )


# What each brings with it, and is not named beside it: a generator that is told nothing, for
# example, is beaten, has little variety, and an average that never catches up.
FOLLOW: Mapping[str, tuple[str, ...]] = {
    "vanishing gradient": ("discriminator won", "oscillation", "mode collapse"),
    "discriminator won": ("mode collapse",),
    "memorised": ("discriminator won",),
    "oscillation": ("discriminator won",),
}

CHECKS: tuple[Callable[[_Late], Finding | None], ...] = (
    _vanishing, _won, _memorised, _oscillation, _collapse,
)  # fmt: skip
