"""What fakes give away of training rows, as attacks find: an estimate, and never a guarantee.

Each attack is tried on training rows and, as the control, on held-out rows, of which the fakes can
know nothing. What it gains on the training rows is what they give away to *this* attack; another
may find more. Singling out, linking and inferring are those of Giomi et al. 2022, arXiv:2211.10459;
membership is told by distances, plain and compared with those to other real rows (van Breugel et
al. 2023, arXiv:2302.12580).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gansmith.evaluation.comparison import Comparison
from gansmith.evaluation.estimate import LEAST, LEVEL, Estimate, share
from gansmith.evaluation.measure import estimated
from gansmith.evaluation.report import Missing, Value
from gansmith.evaluation.two_sample import above
from gansmith.modalities.table.risk import RATE, Attack, average, risk, true_positives
from gansmith.modalities.table.schema import Cells, Column, are_values, special_numbers
from gansmith.modalities.table.singling import (
    LEAST_CONDITIONS,
    of_one_column,
    of_several_columns,
    singling_out,
)

Codes = npt.NDArray[np.float64]
Gaps = npt.NDArray[np.float32]

# Rows of each kind that are attacked one by one, and conditions that shall single some out.
MOST_ATTACKED = 2_000
# Training rows, held-out rows and fakes that are looked at.
MOST_ROWS = 10_000
MOST_SECRETS, NUM_SPLITS, NUM_NEIGHBOURS = 20, 10, 5
# A number is guessed if no more than this share of the rows lie between it and the guess.
TOLERANCE = 0.01
# Control rows of which RATE is a handful, so that they can place a threshold.
LEAST_FOR_RATE = 500
# Gaps between rows that are held at once.
MOST_GAPS = 500_000

# What each is where fakes are new rows of the same kind: training and held-out rows are then alike.
FLOORS = {
    "singling-out-univariate": 0.0,
    "singling-out-multivariate": 0.0,
    "linkability": 0.0,
    "attribute-inference": 0.0,
    "membership-auc": 0.5,
    "membership-calibrated": 0.5,
    "membership-tpr": RATE,
}
# An estimate with what it reads, or why there is none.
Outcome = tuple[Estimate, str] | str


@dataclass(frozen=True)
class Sides:
    """Codes (N, columns) of rows, each in random order.

    Attributes:
        fake: what is known to who attacks.
        train: rows that the generator learnt from.
        held_out: rows that it did not.
        names: of the columns.
    """

    fake: Codes
    train: Codes
    held_out: Codes
    names: Sequence[str]


def attack_values(
    comparison: Comparison, train: Cells, held_out: Cells, seed: int = 0
) -> tuple[list[Value], list[Missing]]:
    """What attacks gain by a table's fakes, with intervals of 95 %.

    Of more than 10,000 rows of a kind that many are drawn, and 2,000 at most are attacked.

    Args:
        comparison: the fakes, and the data set for its columns.
        train: (N, columns) cells of rows that the generator learnt from, 50 at least.
        held_out: (M, columns) of rows that it did not, 50 at least; as many training rows as these
            can be singled out. Some attacks need more.
        seed: of all choices.
    """
    columns = comparison.dataset.columns
    random = np.random.default_rng((seed, 6))
    kinds = [
        cells[random.permutation(len(cells))[:MOST_ROWS]]
        for cells in (comparison.fake, train, held_out)
    ]
    least = min(len(cells) for cells in kinds)
    if least < LEAST:
        why = f"needs {LEAST} fakes, training rows and held-out rows each, and has {least}"
        return [], [Missing(name, why) for name in FLOORS]
    names = [column.name for column in columns if column.learned]
    fake, x, held = encoded(columns, *kinds)
    outcomes = attacked(Sides(fake, x, held, names), random)
    counts = (min(least, MOST_ATTACKED), len(kinds[0]))
    values, missing = [], []
    for name, floor in FLOORS.items():
        outcome = outcomes[name]
        if isinstance(outcome, str):
            missing.append(Missing(name, outcome))
        else:
            values.append(estimated(name, outcome[0], floor, "lower", counts, outcome[1]))
    return values, missing


def attacked(sides: Sides, random: np.random.Generator) -> dict[str, Outcome]:
    """Every attack by its name."""
    fake = sides.fake
    n = min(len(sides.train), len(sides.held_out))
    tables = sides.train[:n], sides.held_out[:n]
    rows = sides.train[:MOST_ATTACKED], sides.held_out[:MOST_ATTACKED]
    one = singling_out(of_one_column(fake, MOST_ATTACKED, random), *tables)
    joint = ("singling-out-multivariate", "linkability", "attribute-inference")
    found: dict[str, Outcome] = dict.fromkeys(joint, "needs two columns")
    if fake.shape[1] > 1:
        conditions = of_several_columns(fake, MOST_ATTACKED, random)
        attacks = (
            singling_out(conditions, *tables),
            linkability(fake, *rows, random),
            inference(fake, *rows, sides.names, random),
        )
        found = {name: _gained(attack) for name, attack in zip(joint, attacks, strict=True)}
    return {"singling-out-univariate": _gained(one), **found, **membership(sides)}


def _gained(attack: Attack | None) -> Outcome:
    """The risk, and how often the attack succeeded; or why there is none."""
    if attack is None:
        return f"fewer than {LEAST_CONDITIONS} conditions single out a fake"
    found = risk(attack.train, attack.control)
    if found is None:
        return "the attack on held-out rows always succeeds"
    shares = f"{attack.train.value:.3f} of attacks succeed, {attack.control.value:.3f} on held-out"
    return found, shares + attack.about


def membership(sides: Sides) -> dict[str, Outcome]:
    """Can training rows be told from held-out ones, by how near the fakes come?

    By the distance alone; and by its ratio to the distance to other real rows, for which half of
    the held-out rows serve.
    """
    train, control = sides.train[:MOST_ATTACKED], sides.held_out[:MOST_ATTACKED]
    near, usual = nearest(train, sides.fake), nearest(control, sides.fake)
    plain = above(-near, -usual), "chance that a training row is nearer than a held-out one"
    half = len(sides.held_out) // 2
    reference, control, usual = sides.held_out[half:], control[:half], usual[:half]
    ratio: Outcome = f"needs {2 * LEAST} held-out rows"
    found: Outcome = f"needs {2 * LEAST_FOR_RATE:,} held-out rows"
    if half >= LEAST:
        # Distances below a hundredth of the usual are alike.
        least = 0.01 * max(float(usual.mean()), 1e-3)
        scores = [
            np.log(nearest(rows, reference) + least) - np.log(distances + least)
            for rows, distances in ((train, near), (control, usual))
        ]
        ratio = above(scores[0], scores[1]), "the same, for how near other real rows are"
        if half >= LEAST_FOR_RATE:
            reads = f"training rows found where {RATE:.0%} of held-out rows are taken for such"
            found = true_positives(scores[0], scores[1]), reads
    return {"membership-auc": plain, "membership-calibrated": ratio, "membership-tpr": found}


# -- rows as codes -------------------------------------------------------------------------------


def encoded(columns: Sequence[Column], *tables: Cells) -> list[Codes]:
    """Tables (N, columns) as numbers of which any two are at a distance of min(|a - b|, 1).

    A number or date becomes its rank among all rows, in (0, 1), so that different ones stay
    different; a level 2, 4, ...; a missing cell -2; a special -4, -6, ...
    """
    cells = np.concatenate(tables)
    codes = [_column(c, cells[:, i]) for i, c in enumerate(columns) if c.learned]
    ends = np.cumsum([len(table) for table in tables])[:-1]
    return np.split(np.stack(codes, axis=1), ends)


def _column(column: Column, cells: Cells) -> Codes:
    missing, special, known = np.isnan(cells), special_numbers(cells), are_values(cells)
    codes = np.where(missing, -2.0, -4.0 - 2 * special)
    values = cells[known]
    if column.kind in {"number", "datetime"}:
        ordered = np.sort(values)
        left, right = (np.searchsorted(ordered, values, side) for side in ("left", "right"))
        codes[known] = (left + right) / (2 * len(values))
    else:
        codes[known] = 2 + 2 * values
    return codes


def _gaps(rows: Codes, others: Codes) -> Iterator[tuple[slice, Gaps]]:
    """Distances in each column by itself, (columns, some rows, M): a few rows at a time."""
    a, b = (np.ascontiguousarray(x.T, np.float32) for x in (rows, others))
    step = max(1, MOST_GAPS // b.size)
    for first in range(0, len(rows), step):
        at = slice(first, first + step)
        gaps = a[:, at, None] - b[:, None]
        yield at, np.minimum(np.abs(gaps, out=gaps), np.float32(1), out=gaps)


# -- attacks -------------------------------------------------------------------------------------


def linkability(fake: Codes, train: Codes, control: Codes, random: np.random.Generator) -> Attack:
    """Are two halves of a row, known apart, found to be one, since both are near the same fake?

    Each row is tried with one of ten ways of halving the columns. It is linked if among the five
    fakes nearest by one half and by the other there is a common one.

    Args:
        fake, train, control: (N, columns) codes, at least two columns.
        random: halves the columns.
    """
    linked = []
    parts = [np.array_split(rows, NUM_SPLITS) for rows in (train, control)]
    for sides in zip(*parts, strict=True):
        halves = np.array_split(random.permutation(fake.shape[1]), 2)
        # Of fakes that are equally near, each half takes others.
        known = [(half, random.permutation(len(fake))) for half in halves]
        linked.append([
            _linked(*(order[_closest(rows[:, j], fake[order][:, j])] for j, order in known))
            for rows in sides
        ])  # fmt: skip
    found = [average(np.concatenate(side)) for side in zip(*linked, strict=True)]
    return Attack(found[0], found[1])


def _closest(rows: Codes, fake: Codes) -> npt.NDArray[np.int64]:
    """(N, 5) the nearest fakes, of equally near ones the first."""
    found = []
    for _, gaps in _gaps(rows, fake):
        whole, every, closest = gaps.sum(0), np.arange(gaps.shape[1]), []
        for _ in range(NUM_NEIGHBOURS):
            closest.append(whole.argmin(1))
            whole[every, closest[-1]] = np.inf
        found.append(np.stack(closest, axis=1))
    return np.concatenate(found)


def _linked(first: npt.NDArray[np.int64], second: npt.NDArray[np.int64]) -> Codes:
    return np.asarray((first[:, :, None] == second[:, None]).any((1, 2)), np.float64)


def inference(
    fake: Codes, train: Codes, control: Codes, names: Sequence[str], random: np.random.Generator
) -> Attack:
    """Is a cell of a row as in the fake that is nearest by all other columns?

    Every column is the secret in turn, 20 of them at most. The one that is guessed most is named,
    if it would be by chance in less than 5 % of cases, all columns together (Bonferroni).

    Args:
        fake, train, control: (N, columns) codes, at least two columns.
        names: of the columns.
        random: draws the secrets.
    """
    secrets = np.sort(random.permutation(len(names))[:MOST_SECRETS])
    guessed = [_guessed(rows, fake, secrets) for rows in (train, control)]
    level = 1 - (1 - LEVEL) / len(secrets)
    about, most = "", 0.0
    for i, secret in enumerate(secrets):
        own = risk(*(share(hits[:, i].sum(), len(hits), level) for hits in guessed))
        if own is not None and own.low > most:
            about, most = f"; most {names[secret]} ({own.value:.3f})", own.low
    return Attack(average(guessed[0].mean(1)), average(guessed[1].mean(1)), about)


def _guessed(rows: Codes, fake: Codes, secrets: npt.NDArray[np.int64]) -> Codes:
    """(N, secrets) 1 where the guess is right."""
    hits = np.zeros((len(rows), len(secrets)))
    for at, gaps in _gaps(rows, fake):
        whole = gaps.sum(0)
        for i, secret in enumerate(secrets):
            guess = fake[(whole - gaps[secret]).argmin(1), secret]
            hits[at, i] = np.abs(guess - rows[at, secret]) <= TOLERANCE
    return hits


def nearest(rows: Codes, others: Codes) -> npt.NDArray[np.float64]:
    """(N,) distance of each row to the nearest of others, the sum over columns."""
    found = [gaps.sum(0).min(1) for _, gaps in _gaps(rows, others)]
    return np.concatenate(found).astype(np.float64)
