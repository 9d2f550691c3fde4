"""A table's part of a report: rows as text, each column and each pair of columns drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from html import escape
from typing import Any

import numpy as np
import numpy.typing as npt

from gansmith.evaluation.comparison import Comparison
from gansmith.modalities.table.schema import Cells, Column, are_values, special_numbers
from gansmith.modalities.table.scores import Coder, pair_scores, shape_scores
from gansmith.modalities.table.writing import texts

Codes = npt.NDArray[np.int64]
Pairs = Sequence[tuple[npt.NDArray[Any], npt.NDArray[Any]]]
NUM_ROWS, MOST_COLUMNS, NUM_BARS, NUM_LEVELS, NUM_WORST = 12, 40, 24, 10, 4
WIDTH, HEIGHT, MARGIN = 264, 128, 18
REAL, FAKE = "#2563eb", "#c2410c"
# A pair that agrees so much worse than real rows do has the full colour.
FULL = 0.1
UNKNOWN = "(something else)"


def sections(comparison: Comparison, closest: Pairs) -> dict[str, str]:
    """Pieces of HTML by their titles."""
    every = [_also_unknown(column) for column in comparison.dataset.columns]
    columns = [(i, c) for i, c in enumerate(every) if c.learned]
    found = {"Rows": _rows(every, comparison)}
    if closest:
        found["Closest to the training rows"] = _closest(every, closest)
    coders = [Coder(c, comparison.reference[:, i]) for i, c in columns]
    real, control, fake = (
        np.stack([code(cells[:, i]) for code, (i, _) in zip(coders, columns, strict=True)], 1)
        for cells in (comparison.reference, comparison.control, comparison.fake)
    )
    sizes = [coder.size for coder in coders]
    shapes = shape_scores(real, fake, sizes)
    drawn = [
        _column(column, comparison.reference[:, i], comparison.fake[:, i], float(score))
        for (i, column), score in zip(columns, shapes, strict=True)
    ]
    found["Columns"] = (
        _dim("Blue: real rows. Orange: fakes. The number is 1 where both are alike.")
        + f"<div class=row>{''.join(drawn)}</div>"
    )
    if len(columns) > 1:
        worst = np.sort(np.argsort(shapes)[:MOST_COLUMNS])
        names = [columns[k][1].name for k in worst]
        parts = (real[:, worst], control[:, worst], fake[:, worst])
        found["Pairs of columns"] = _pairs(names, parts, [sizes[k] for k in worst])
    return found


def _also_unknown(column: Column) -> Column:
    """Fakes from elsewhere may hold what the real rows do not."""
    if column.kind in {"number", "datetime"}:
        return replace(column, specials=(*column.specials, UNKNOWN))
    return replace(column, levels=(*column.levels, UNKNOWN))


def _dim(text: str) -> str:
    return f"<p class=dim>{escape(text)}</p>"


# -- rows ----------------------------------------------------------------------------------------


def _rows(columns: Sequence[Column], comparison: Comparison) -> str:
    both = (("Fakes, not chosen", comparison.fake), ("Real rows", comparison.reference))
    return "".join(
        _dim(title) + _text_table(columns, np.asarray(cells[:NUM_ROWS])) for title, cells in both
    )


def _closest(columns: Sequence[Column], pairs: Pairs) -> str:
    cells = np.stack([row for pair in pairs for row in pair])
    return _dim("A fake, and below it the training row nearest to it.") + _text_table(
        columns, cells
    )


def _text_table(columns: Sequence[Column], cells: Cells) -> str:
    shown = [texts(column, cells[:, i]) for i, column in enumerate(columns)]
    head = "".join(f"<th>{escape(column.name)}" for column in columns)
    rows = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}' for cell in row)}" for row in zip(*shown, strict=True)
    )
    return f"<div style='overflow-x:auto;white-space:nowrap'><table><tr>{head}{rows}</table></div>"


# -- columns -------------------------------------------------------------------------------------


def _column(column: Column, real: Cells, fake: Cells, score: float) -> str:
    numeric = column.kind in {"number", "datetime"}
    labels, shares = (_number_bars if numeric else _level_bars)(column, real, fake)
    most = max(float(shares.max()), 1e-12)
    step = (WIDTH - 2) / len(labels)
    bars = []
    for k, label in enumerate(labels):
        title = f"{label}: real {shares[0, k]:.2%}, fakes {shares[1, k]:.2%}"
        bars.append(f"<g><title>{escape(title)}</title>" + "".join(
            f"<rect x='{1 + (k + 0.08 + 0.42 * side) * step:.1f}' width='{0.42 * step:.1f}' "
            f"y='{HEIGHT - MARGIN - height:.1f}' height='{height:.1f}' fill='{colour}'/>"
            for side, colour in enumerate((REAL, FAKE))
            for height in [shares[side, k] / most * (HEIGHT - 2 * MARGIN)]
        ) + "</g>")  # fmt: skip
    ends = (labels[0], "start", 1), (labels[-1], "end", WIDTH - 1)
    named = "".join(
        f"<text x='{x}' y='{HEIGHT - 5}' text-anchor='{anchor}'>{escape(_short(label))}</text>"
        for label, anchor, x in ends
    )
    title = f"<text x='1' y='12' font-weight='600'>{escape(_short(column.name, 28))}</text>"
    right = f"<text x='{WIDTH - 1}' y='12' text-anchor='end'>{score:.3f}</text>"
    size = f"viewBox='0 0 {WIDTH} {HEIGHT}' width='{WIDTH}'"
    return f"<figure><svg {size} role='img'>{title}{right}{''.join(bars)}{named}</svg></figure>"


def _short(text: str, most: int = 18) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


Bars = tuple[list[str], npt.NDArray[np.float64]]


def _number_bars(column: Column, real: Cells, fake: Cells) -> Bars:
    """Shares within equal steps of the middle 98 % of real numbers, beyond, and of what is none."""
    known = real[are_values(real)]
    known = known if len(known) else np.zeros(1)
    low, high = np.quantile(known, [0.01, 0.99])
    edges = np.unique(np.linspace(low, high, NUM_BARS + 1))
    inner = edges[1:-1] if len(edges) > 2 else edges[:1]
    shares = [
        np.bincount(np.searchsorted(inner, own[are_values(own)], "right"), minlength=len(inner) + 1)
        / len(own)
        for own in (real, fake)
    ]
    ends = texts(column, np.array([edges[0], edges[-1]]))
    whole = [_rounded(column, at) for at in inner]
    labels = [f"below {whole[0]}", *(f"from {text}" for text in whole)]
    labels[0], labels[-1] = f"to {ends[0]}", f"{ends[1]} and more"
    return _with_rest(column, labels, np.stack(shares), real, fake)


def _rounded(column: Column, number: float) -> str:
    return texts(column, np.array([number]))[0] if column.kind == "datetime" else f"{number:.4g}"


def _level_bars(column: Column, real: Cells, fake: Cells) -> Bars:
    """Shares of the commonest levels, of all others together, and of missing cells."""
    levels = column.levels if column.kind != "id" else ("a name", UNKNOWN)
    counts = np.stack([
        np.bincount(own[~np.isnan(own)].astype(np.int64), minlength=len(levels)) / len(own)
        for own in (real, fake)
    ])  # fmt: skip
    order = np.argsort(-counts[0], kind="stable")
    order = order[counts.sum(0)[order] > 0]
    first, others = order[:NUM_LEVELS], order[NUM_LEVELS:]
    labels, shares = [levels[k] for k in first], counts[:, first]
    if len(others):
        labels.append(f"{len(others):,} others")
        shares = np.concatenate([shares, counts[:, others].sum(1, keepdims=True)], 1)
    return _with_rest(column, labels, shares, real, fake)


def _with_rest(
    column: Column, labels: list[str], shares: npt.NDArray[np.float64], real: Cells, fake: Cells
) -> Bars:
    rest = {text: [special_numbers(x) == k for x in (real, fake)]
            for k, text in enumerate(column.specials)}  # fmt: skip
    rest["missing"] = [np.isnan(own) for own in (real, fake)]
    for label, where in rest.items():
        own = [float(each.mean()) for each in where]
        if any(own):
            labels = [*labels, label]
            shares = np.concatenate([shares, np.array(own)[:, None]], 1)
    return labels, shares


# -- pairs ---------------------------------------------------------------------------------------


def _pairs(names: list[str], parts: tuple[Codes, Codes, Codes], sizes: list[int]) -> str:
    real, control, fake = parts
    scores, floors = pair_scores(real, fake, sizes), pair_scores(real, control, sizes)
    places = [(i, j) for i in range(len(names)) for j in range(i)]
    side, left = 15, 120
    cells = []
    for (i, j), score, floor in zip(places, scores, floors, strict=True):
        title = f"{names[j]} and {names[i]}: {score:.3f}, real rows {floor:.3f}"
        strength = min(max((floor - score) / FULL, 0.0), 1.0)
        cells.append(
            f"<rect x='{left + j * side}' y='{i * side}' width='{side - 1}' height='{side - 1}' "
            f"fill='{FAKE}' fill-opacity='{0.06 + 0.94 * strength:.2f}'>"
            f"<title>{escape(title)}</title></rect>"
        )
    named = "".join(
        f"<text x='{left - 5}' y='{i * side + 11}' text-anchor='end'>{escape(_short(name))}</text>"
        for i, name in enumerate(names)
    )
    size = left + len(names) * side
    box = f"viewBox='0 0 {size} {len(names) * side}' width='{size}'"
    matrix = f"<svg {box}>{named}{''.join(cells)}</svg>"
    order = np.argsort(scores - floors)[:NUM_WORST]
    worst = [
        _grids(names, places[k], (real, fake), sizes, float(scores[k]), float(floors[k]))
        for k in order
    ]
    says = (
        f"How much worse two columns agree than in other real rows: full colour at {FULL:g}. Those "
        "that agree least are drawn below, real rows on the left, fakes on the right."
    )
    return f"{_dim(says)}<figure>{matrix}</figure><div class=row>{''.join(worst)}</div>"


def _grids(
    names: list[str], place: tuple[int, int], both: tuple[Codes, Codes], sizes: list[int],
    score: float, floor: float,
) -> str:  # fmt: skip
    """The shares of two columns' codes, as dots whose area says how often."""
    i, j = place
    tables = [
        np.bincount(rows[:, i] * sizes[j] + rows[:, j], minlength=sizes[i] * sizes[j]).reshape(
            sizes[i], sizes[j]
        )
        / len(rows)
        for rows in both
    ]
    used = [np.flatnonzero(sum(t.sum(axis) for t in tables) > 0) for axis in (1, 0)]
    most = max(float(t.max()) for t in tables) ** 0.5
    wide, high = 120 / len(used[1]), 110 / len(used[0])
    dots = []
    for k, (table, colour) in enumerate(zip(tables, (REAL, FAKE), strict=True)):
        for y, row in enumerate(used[0]):
            for x, column in enumerate(used[1]):
                radius = table[row, column] ** 0.5 / most * min(wide, high) / 2
                if radius > 0.1:
                    dots.append(
                        f"<circle cx='{2 + 138 * k + (x + 0.5) * wide:.1f}' "
                        f"cy='{18 + (y + 0.5) * high:.1f}' r='{radius:.1f}' fill='{colour}'/>"
                    )
    title = f"{_short(names[j], 16)} (across), {_short(names[i], 16)}"
    text = f"<text x='1' y='11' font-weight='600'>{escape(title)}</text>"
    says = f"<figcaption>{score:.3f}, real rows {floor:.3f}</figcaption>"
    return (
        f"<figure><svg viewBox='0 0 264 132' width='264'>{text}{''.join(dots)}</svg>{says}</figure>"
    )
