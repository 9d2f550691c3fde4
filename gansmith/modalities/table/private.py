"""Learning from a release alone: the source, and the rules of the game."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from gansmith.config import DataConfig
from gansmith.data.dataset import Dataset, Schema, content_hashes, occurrence_hashes
from gansmith.game.game import Augmentation, Draw, Game, Move, Networks, Penalty, Player
from gansmith.game.objectives import Objective
from gansmith.modalities.table.game import CHUNK_SAMPLES, finish
from gansmith.modalities.table.generator import TableGenerator
from gansmith.modalities.table.refiner import NAME, MaskedConditional, learn_from, refiner_of
from gansmith.modalities.table.release import SUFFIX, Release
from gansmith.modalities.table.spans import Spans
from gansmith.progress import Progress
from gansmith.protocols import Spec
from gansmith.registry import register

# Rows that stand where a data set has rows.
STAND_INS = 20
# Brings the squared differences of shares to the size at which Adam's epsilon is nothing.
SCALE = 100.0


@register("source", "release")
class ReleaseFile:
    """The .release of a table: noised counts of its rows, from `gansmith release`."""

    built_in = False

    def matches(self, uri: str) -> bool:
        path = Path(uri).expanduser()
        return path.suffix == SUFFIX and path.is_file()

    def open(self, config: DataConfig, *, progress: Progress, cache_dir: Path | None) -> Dataset:
        del progress, cache_dir
        release = Release.load(Path(config.source).expanduser())
        cells = _stand_ins(release)
        return Dataset(
            Schema("table", (len(release.columns),), "float64", label="rows"),
            cells,
            None,
            occurrence_hashes(content_hashes(cells)),
            config.source,
            given_holdout=np.zeros(len(cells), bool),
            truth={"release": release},
            notes=[
                f"Noised counts of about {release.num_rows:,} rows, with {release.claim}; "
                f"{STAND_INS} rows drawn column by column stand for them."
            ],
            columns=release.columns,
            stand_in=True,
            guarantee=tuple(release.guarantee()),
        )


def _stand_ins(release: Release) -> np.ndarray:
    """(20, columns) rows whose columns have nothing to do with each other."""
    codec, random = release.codec(), np.random.default_rng(0)
    x = torch.full((STAND_INS, codec.spec.shape[0]), 0.5)
    x[:, : codec.num_codes] = 0
    for _, first, last in codec.spec.spans:
        shares = release.mean[first:last].double().numpy() + 1e-12
        chosen = random.choice(last - first, STAND_INS, p=shares / shares.sum())
        x[torch.arange(STAND_INS), first + torch.from_numpy(chosen)] = 1
    return codec.decode(x).numpy()


class NoisedPairs(nn.Module):
    """How far fakes' shares of pairs of codes are from the noised ones: squares, all alike.

    The noise of all of them is the same, so that the least sum of squares is the most likely.
    Shares that no rows can have, such as negative ones, are as near as rows can come.

    Args:
        spans: the columns.
        mean: (D,) noised shares of codes.
        pairs: (D, D) noised shares of pairs.
    """

    mean: Tensor
    pairs: Tensor
    counted: Tensor

    def __init__(self, spans: Spans, mean: Tensor, pairs: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean, persistent=False)
        self.register_buffer("pairs", pairs, persistent=False)
        self.register_buffer("counted", spans.of_two_columns().to(pairs.dtype), persistent=False)

    def forward(self, shares: Tensor) -> Tensor:
        """(N, D) shares that the generator gives the codes of each row -> the loss."""
        pairs = (shares.T @ shares / len(shares) - self.pairs).square() * self.counted
        return SCALE * (pairs.sum() + (shares.mean(0) - self.mean).square().sum())


def match(networks: Networks, draw: Draw, counts: NoisedPairs | None) -> Move:
    """The generator's move: have the noised shares."""
    assert counts is not None, "the codec of a run that is read has no counts, and is not trained"
    generator = networks["generator"]
    assert isinstance(generator, TableGenerator)
    loss = counts(generator.spans.softmax(generator.logits(draw.latent)))
    return Move(loss, {"marginal_loss": loss.detach()})


def learn_own(networks: Networks, draw: Draw) -> Move:
    """The refiner's move: it learns from the generator's rows, so that conditions can be met."""
    generator, refiner = networks["generator"], refiner_of(networks)
    assert isinstance(generator, TableGenerator)
    with torch.no_grad():
        rows = generator(draw.latent, draw.condition)
    return learn_from(refiner, rows, draw.randomness)


@register("game", "noised-pairs")
def noised_pairs(
    networks: Mapping[str, nn.Module],
    objective: Objective,
    penalties: tuple[Penalty, ...],
    augmentation: Augmentation,
    discriminator_steps: int,
    spec: Spec,
) -> Game:
    """A generator is held against noised shares of pairs; no row is looked at."""
    del objective, penalties, discriminator_steps
    counts = None
    if spec.mean is not None and spec.pairs is not None:
        spans = Spans(spec.spans)
        counts = NoisedPairs(spans, spec.mean[: spans.size], spec.pairs)
    own = {"generator": networks["generator"], NAME: MaskedConditional(spec)}
    players = (
        Player("generator", ("generator",), partial(match, counts=counts), 0),
        Player(NAME, (NAME,), learn_own, 1),
    )
    return Game(
        own,
        players,
        {},
        augmentation=augmentation,
        finish=partial(finish, sweeps=0),
        chunk_samples=CHUNK_SAMPLES,
    )
