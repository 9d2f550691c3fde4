"""The game of tables: rows against a discriminator, pairs of columns against their true shares."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from torch import Tensor, nn

from gansmith.game.game import (
    AdversarialRules,
    Augmentation,
    Draw,
    Game,
    Move,
    Networks,
    Penalty,
    Player,
)
from gansmith.game.objectives import Objective
from gansmith.game.randomness import Randomness
from gansmith.modalities.table.generator import TableGenerator
from gansmith.modalities.table.refiner import (
    EXAMINATION,
    NAME,
    MaskedConditional,
    learn,
    refine,
    refiner_of,
)
from gansmith.modalities.table.spans import Spans
from gansmith.protocols import Condition, Spec
from gansmith.registry import register

SWEEPS = 2
# Rows that must meet a condition start from it, and not from the generator's columns.
BOUND_SWEEPS = 4
# The refiner gains more from moves than the adversarial game does.
REFINER_MOVES = 8
CHUNK_SAMPLES = 2_000
# Added to each share, so that the error of one that hardly occurs does not outweigh all others.
RARE = 1e-3
PAIR_WEIGHT, SINGLE_WEIGHT = 10.0, 2.0


class PairMarginals(nn.Module):
    """How far fakes' shares of codes, and of pairs of codes, are from those of the data.

    With P the (N, D) shares that the generator gives each code, P^T P / N is compared with
    X^T X / N of the one-hot data in one product: each entry is the share of rows with both codes.
    Squared errors are divided by the square roots of both codes' shares, so that rare ones count.

    Args:
        spans: the columns.
        mean: (D,) true shares of codes.
        pairs: (D, D) true shares of pairs.
    """

    pairs: Tensor
    mean: Tensor
    weights: Tensor
    own: Tensor

    def __init__(self, spans: Spans, mean: Tensor, pairs: Tensor) -> None:
        super().__init__()
        own = (mean + RARE).rsqrt()
        others = spans.of_two_columns()
        self.register_buffer("pairs", pairs, persistent=False)
        self.register_buffer("mean", mean, persistent=False)
        self.register_buffer("weights", own[:, None] * own * others, persistent=False)
        self.register_buffer("own", own.square(), persistent=False)

    def forward(self, shares: Tensor) -> Tensor:
        """(N, D) shares -> the loss."""
        pairs = (shares.T @ shares / len(shares) - self.pairs).square() * self.weights
        singles = (shares.mean(0) - self.mean).square() * self.own
        return PAIR_WEIGHT * pairs.sum() / len(self.mean) + SINGLE_WEIGHT * singles.sum()


class TableRules(AdversarialRules):
    """The adversarial rules, with the shares of pairs in the generator's loss."""

    def __init__(
        self, objective: Objective, penalties: tuple[Penalty, ...], augmentation: Augmentation,
        marginals: PairMarginals | None,
    ) -> None:  # fmt: skip
        super().__init__(objective, penalties, augmentation)
        self.marginals = marginals

    def generator(self, networks: Networks, draw: Draw) -> Move:
        """Be taken for real, with the right pairs of codes."""
        generator = networks["generator"]
        assert isinstance(generator, TableGenerator)
        logits = generator.logits(draw.latent)
        fake = generator.draw(logits, generator.uniform(draw.latent))
        move = self._be_taken_for_real(networks, draw, fake)
        if self.marginals is None:
            return move
        marginals = self.marginals(generator.spans.softmax(logits))
        scalars = {**move.scalars, "marginal_loss": marginals.detach()}
        return Move(move.loss + marginals, scalars)


def finish(
    networks: Networks, x: Tensor, condition: Condition, randomness: Randomness,
    sweeps: int = SWEEPS,
) -> Tensor:  # fmt: skip
    """Rows, refined; under a condition's mask with the codes that it allows alone."""
    refiner = refiner_of(networks)
    if condition.mask is None:
        return refine(refiner.finished(), x, sweeps, randomness) if sweeps else x
    return refine(refiner.finished(), x, BOUND_SWEEPS, randomness, allowed=condition.mask[0])


@register("game", "table")
def table(
    networks: Mapping[str, nn.Module],
    objective: Objective,
    penalties: tuple[Penalty, ...],
    augmentation: Augmentation,
    discriminator_steps: int,
    spec: Spec,
) -> Game:
    """Rows against a discriminator, shares of pairs, and a refiner that learns on real rows."""
    every = {**networks, NAME: MaskedConditional(spec)}
    marginals = None
    if spec.pairs is not None and spec.mean is not None:
        spans = Spans(spec.spans)
        marginals = PairMarginals(spans, spec.mean[: spans.size], spec.pairs)
    rules = TableRules(objective, penalties, augmentation, marginals)
    moves: list[tuple[str, Callable[[Networks, Draw], Move]]] = [
        *[("discriminator", rules.discriminator)] * discriminator_steps,
        ("generator", rules.generator),
    ]
    players = [Player(name, (name,), play, stream) for stream, (name, play) in enumerate(moves)]
    players += [
        Player(NAME, (NAME,), learn, stream, latent=False, examination=EXAMINATION)
        for stream in range(len(moves), len(moves) + REFINER_MOVES)
    ]
    return Game(
        every,
        tuple(players),
        {p.name: p.regularizer for p in penalties},
        augmentation=augmentation,
        finish=finish,
        chunk_samples=CHUNK_SAMPLES,
    )
