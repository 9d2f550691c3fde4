"""Small plots as SVG, drawn here so that a report needs neither a library nor the network."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

from gansmith.evaluation.report import Value, shown

Points = Sequence[tuple[float, float]]
COLOURS = ("#2563eb", "#c2410c", "#15803d", "#7e22ce")
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 420, 216, 52, 8, 26, 40
# Of a plane, and what is left free within its frame.
PLANE, MARGIN = (620, 400), 14


def span(value: Value) -> str:
    """A bar for the interval, a dot for the value, a stroke for the floor."""
    numbers = [n for n in (value.value, value.low, value.high, value.floor) if n is not None]
    least, most = min(numbers), max(numbers)
    if not math.isfinite(most - least) or most == least:
        return ""
    width, height = 140, 16

    def x(number: float) -> str:
        return f"{6 + (number - least) / (most - least) * (width - 12):.1f}"

    middle = height / 2
    parts = []
    if value.low is not None and value.high is not None:
        parts.append(
            f"<line x1='{x(value.low)}' x2='{x(value.high)}' y1='{middle}' y2='{middle}' "
            f"stroke='{COLOURS[1]}' stroke-width='4' stroke-opacity='.35'/>"
        )
    if value.floor is not None:
        at = x(value.floor)
        parts.append(f"<line x1='{at}' x2='{at}' y1='1' y2='{height - 1}' stroke='{COLOURS[0]}' "
                     "stroke-width='2'/>")  # fmt: skip
    parts.append(f"<circle cx='{x(value.value)}' cy='{middle}' r='3.5' fill='{COLOURS[1]}'/>")
    return (
        f"<svg width='{width}' height='{height}' viewBox='0 0 {width} {height}' role='img'>"
        f"{''.join(parts)}</svg>"
    )


def curves(title: str, lines: Mapping[str, Points]) -> str:
    """Lines over the samples shown, with the ends of both axes written out."""
    lines = {name: _thin([p for p in points if math.isfinite(p[1])])
             for name, points in lines.items() if points}  # fmt: skip
    every = [point for points in lines.values() for point in points]
    first, last = min(p[0] for p in every), max(p[0] for p in every)
    least, most = min(p[1] for p in every), max(p[1] for p in every)
    across, up = max(last - first, 1e-12), max(most - least, 1e-12)

    def at(point: tuple[float, float]) -> str:
        x = LEFT + (point[0] - first) / across * (WIDTH - LEFT - RIGHT)
        y = TOP + (most - point[1]) / up * (HEIGHT - TOP - BOTTOM)
        return f"{x:.1f},{y:.1f}"

    parts = [f"<text x='{LEFT}' y='13' font-weight='600'>{escape(title)}</text>"]
    for y, number in ((TOP + 4, most), (HEIGHT - BOTTOM, least)):
        parts.append(f"<text x='{LEFT - 6}' y='{y}' text-anchor='end'>{shown(number)}</text>")
    below = f"x='{WIDTH - RIGHT}' y='{HEIGHT - BOTTOM + 15}' text-anchor='end'"
    parts.append(f"<text {below}>{last:,.0f} samples</text>")
    named = LEFT
    for colour, (name, points) in zip(COLOURS, lines.items(), strict=False):
        path = " ".join(at(point) for point in points)
        parts.append(
            f"<polyline points='{path}' fill='none' stroke='{colour}' stroke-width='1.3'/>"
        )
        parts.append(
            f"<text x='{named}' y='{HEIGHT - 6}' style='fill:{colour}'>{escape(name)}</text>"
        )
        named += 7 * len(name) + 12
    frame = (
        f"<path d='M{LEFT} {TOP}V{HEIGHT - BOTTOM}H{WIDTH - RIGHT}' fill='none' "
        "stroke='currentColor' stroke-opacity='.4'/>"
    )
    size = f"viewBox='0 0 {WIDTH} {HEIGHT}' width='{WIDTH}'"
    return f"<svg {size} role='img'>{frame}{''.join(parts)}</svg>"


def plane(
    title: str, axes: tuple[str, str], curve: Sequence[tuple[float, float, str]],
    points: Mapping[str, tuple[float, float]],
) -> str:  # fmt: skip
    """A curve through labelled places of a plane, and single points with their names.

    Args:
        title: above it.
        axes: what is drawn across, and up.
        curve: (across, up, label) of each place, in order.
        points: (across, up) by name, one to three.
    """
    every = [(x, y) for x, y, _ in curve] + list(points.values())
    (left, right), (least, most) = ((min(n), max(n)) for n in zip(*every, strict=True))
    (width, height), edge = PLANE, LEFT + MARGIN
    across = (width - edge - RIGHT - MARGIN) / max(right - left, 1e-12)
    up = (height - TOP - BOTTOM - 2 * MARGIN) / max(most - least, 1e-12)

    def at(x: float, y: float) -> tuple[float, float]:
        return edge + (x - left) * across, TOP + MARGIN + (most - y) * up

    blue = COLOURS[0]
    places = [at(x, y) for x, y, _ in curve]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    parts = [f"<polyline points='{path}' fill='none' stroke='{blue}' stroke-width='1.3'/>"]
    for (x, y), (_, _, label) in zip(places, curve, strict=True):
        parts.append(f"<circle cx='{x:.1f}' cy='{y:.1f}' r='2.5' fill='{blue}'/>")
        late = x > 0.85 * width  # a label behind it would not fit
        parts.append(_word(x - 5 if late else x + 5, y + 12, label, late, blue))
    for colour, (name, place) in zip(COLOURS[1:], points.items(), strict=False):
        x, y = at(*place)
        parts.append(f"<circle cx='{x:.1f}' cy='{y:.1f}' r='4.5' fill='{colour}'/>")
        parts.append(_word(x + (-8 if x > width / 2 else 8), y - 5, name, x > width / 2, colour))
    bottom, end = height - BOTTOM, width - RIGHT
    parts += [
        f"<text x='{LEFT}' y='13' font-weight='600'>{escape(title)}</text>",
        _word(LEFT - 6, TOP + MARGIN + 4, shown(most), True),
        _word(LEFT - 6, bottom - MARGIN + 4, shown(least), True),
        _word(edge, bottom + 15, shown(left)),
        _word(end - MARGIN, bottom + 15, shown(right), True),
        _word(end, height - 6, f"across: {axes[0]}; up: {axes[1]}", True),
        f"<path d='M{LEFT} {TOP}V{bottom}H{end}' fill='none' stroke='currentColor' "
        "stroke-opacity='.4'/>",
    ]
    return f"<svg viewBox='0 0 {width} {height}' width='{width}' role='img'>{''.join(parts)}</svg>"


def _word(x: float, y: float, word: str, before: bool = False, fill: str = "") -> str:
    anchor, colour = " text-anchor='end'" * before, f" style='fill:{fill}'" if fill else ""
    return f"<text x='{x:.1f}' y='{y:.1f}'{anchor}{colour}>{escape(word)}</text>"


def _thin(points: Points, most: int = 300) -> Points:
    """Fewer points where there are more than a screen shows."""
    step = -(-len(points) // most)
    return [*points[:: max(step, 1)], *points[-1:]]
