"""The two parts of an encoded text: its plan, and what chooses its words."""

from __future__ import annotations

from gansmith.errors import ConfigError
from gansmith.protocols import Spec

PLAN, WORDS = "plan", "words"


def spec_of(plan: int, words: int, num_classes: int) -> Spec:
    """Of encoded texts, (plan + words,): any real values.

    Args:
        plan: numbers that say what a text is about.
        words: of its tokens at most, a number each.
        num_classes: of the texts.
    """
    spans = ((PLAN, 0, plan), (WORDS, plan, plan + words))
    return Spec((plan + words,), num_classes, spans=spans)


def parts(spec: Spec) -> tuple[Spec, int]:
    """The plan alone, and how many words there are.

    Raises:
        ConfigError: for other samples than texts with a plan.
    """
    if [name for name, _, _ in spec.spans] != [PLAN, WORDS]:
        raise ConfigError(
            "These networks are for texts that a codec makes plans of.",
            where="generator.name, discriminator.name",
            fix="Take codec.name=text-latents, or other networks.",
        )
    (_, first, last), (_, start, end) = spec.spans
    return Spec((last - first,), spec.num_classes), end - start
