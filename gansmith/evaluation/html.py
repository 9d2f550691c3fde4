"""The report as one page that needs nothing else: pictures and plots are inside it."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from gansmith.evaluation.doctor import diagnose
from gansmith.evaluation.plots import curves, span
from gansmith.evaluation.report import Report, Value, baseline_rows, interval, shown, told

if TYPE_CHECKING:
    from PIL.Image import Image

STYLE = """
:root { color-scheme: light dark; --line: #8884; --dim: #777; --fake: #c2410c; --real: #2563eb; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .3rem .7rem .3rem 0; border-bottom: 1px solid var(--line); }
th { font-weight: 600; color: var(--dim); } td.number, th.number { text-align: right; }
td.reads, p.dim, dl, figcaption { color: var(--dim); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: 0; }
dt { font-weight: 600; } dd { margin: 0; overflow-wrap: anywhere; }
figure { margin: 1rem 0; } img { max-width: 100%; image-rendering: pixelated; }
.row { display: grid; gap: 0 1.5rem; grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr)); }
svg { max-width: 100%; height: auto; } svg text { fill: currentColor; font-size: 11px; }
"""


def page(
    report: Report,
    samples: Mapping[str, str],
    records: Sequence[Mapping[str, Any]],
    title: str,
) -> str:
    """The whole page.

    Args:
        report: the numbers.
        samples: pieces of HTML that show them, by their titles.
        records: lines of metrics.jsonl; empty for samples from elsewhere.
        title: of the page.
    """
    parts = [
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(title)}</title>",
        '<meta name=viewport content="width=device-width">',
        f"<style>{STYLE}</style><h1>{escape(title)}</h1>",
        f"<p class=dim>{escape(_sentence(report))}</p>",
        f"<p><b>{escape(report.baselines.verdict)}</b></p>" if report.baselines else "",
        "<h2>What was measured</h2>",
        _table(report.values),
        "<p class=dim>The bar is the 95 % interval, the dot the value, the stroke what real "
        "samples reach in the fakes' place. A value within reach of the stroke is as good as "
        "these counts can tell.</p>",
        _missing(report),
        _baselines(report),
        *(f"<h2>{escape(name)}</h2>{piece}" for name, piece in samples.items()),
        _classes(report),
        _training(records),
        _doctor(records),
        "<h2>How</h2>",
        _about(report.about),
    ]
    return "\n".join(part for part in parts if part) + "\n"


def _sentence(report: Report) -> str:
    about = report.about
    used = about["features"].get("used_in_training")
    return (
        f"{about['fake']['num_measured']:,} fakes against {about['real']['reference']}. "
        f"Distances are between features: {about['features']['about']}."
        + (f" They are contaminated: {used}." if used else "")
    )


def _table(values: Sequence[Value]) -> str:
    rows = [
        f"<tr><td>{escape(v.name)}<td class=number>{shown(v.value)}<td>{interval(v)}"
        f"<td>{span(v)}<td class=number>{'' if v.floor is None else shown(v.floor)}"
        f"<td>{'as real' if v.better == 'floor' else v.better}<td class=number>{v.num_fake:,}"
        f"<td class=reads>{escape(told(v))}"
        for v in values
    ]
    head = (
        "<tr><th>metric<th class=number>value<th>95 % interval<th><th class=number>real data"
        "<th>better<th class=number>n<th>reads"
    )
    return f"<table>{head}{''.join(rows)}</table>"


def _missing(report: Report) -> str:
    if not report.missing:
        return ""
    items = "".join(f"<dt>{escape(m.name)}<dd>{escape(m.why)}" for m in report.missing)
    return f"<h2>What was not measured</h2><dl>{items}</dl>"


def _baselines(report: Report) -> str:
    if report.baselines is None or not report.baselines.rows:
        return ""
    rows = baseline_rows(report.baselines)
    head = "".join(f"<th>{escape(name)}" for name in rows[0])
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}" for cell in row.values()) for row in rows)
    notes = "".join(f"<p class=dim>{escape(note)}</p>" for note in report.baselines.notes)
    return f"<h2>Beside simpler ways</h2><table><tr>{head}{body}</table>{notes}"


def figures(pictures: Mapping[str, Image]) -> str:
    """Pictures by their captions; two stand beside each other."""
    made = [
        f"<figure><img alt='{escape(caption)}' src='{_inline(picture)}'>"
        f"<figcaption>{escape(caption)}</figcaption></figure>"
        for caption, picture in pictures.items()
    ]
    return f"<div class=row>{''.join(made)}</div>"


def _inline(picture: Image) -> str:
    file = io.BytesIO()
    picture.save(file, format="PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


def _classes(report: Report) -> str:
    if not report.classes:
        return ""
    parts = []
    for name, values in report.classes.items():
        parts += [
            f"<tr><td>{escape(name)}<td>{escape(v.name)}<td class=number>{shown(v.value)}"
            f"<td>{interval(v)}<td>{span(v)}"
            f"<td class=number>{'' if v.floor is None else shown(v.floor)}"
            f"<td class=number>{v.num_fake:,}"
            for v in values
        ]
    head = (
        "<tr><th>class<th>metric<th class=number>value<th>95 % interval<th>"
        "<th class=number>real data<th class=number>n"
    )
    return f"<h2>Classes</h2><table>{head}{''.join(parts)}</table>"


def _training(records: Sequence[Mapping[str, Any]]) -> str:
    groups = {
        "Kernel distance": ("kernel_distance", "kernel_distance_unaveraged"),
        "Coverage": ("coverage", "coverage_real"),
        "Right about which of two is real": ("critic_right", "discriminator_right"),
        "Novelty": ("closer_to_training", "near_copies"),
        "Duality gap": ("duality_gap", "discriminator_could_gain", "generator_could_gain"),
        "Losses": ("discriminator_loss", "generator_loss"),
        "Mean logits": ("real_logit", "fake_logit"),
        "Overfitting of the discriminator": ("overfitting", "augment_strength"),
        "Gradient norms": ("discriminator_gradient_norm", "generator_gradient_norm"),
    }
    drawn = []
    for title, names in groups.items():
        lines = {
            name.replace("_", " "): [(r["samples"], r[name]) for r in records if name in r]
            for name in names
        }
        if any(len(points) > 1 for points in lines.values()):
            drawn.append(f"<figure>{curves(title, lines)}</figure>")
    if not drawn:
        return ""
    return f"<h2>Training</h2><div class=row>{''.join(drawn)}</div>"


def _doctor(records: Sequence[Mapping[str, Any]]) -> str:
    if not records:
        return ""
    findings = diagnose(records)
    if not findings:
        return "<p class=dim>Nothing stands out in the records of this run.</p>"
    items = "".join(
        f"<dt>{escape(f.name)}<dd>{escape(f.evidence)}. {escape(f.means)} {escape(f.change)}"
        for f in findings
    )
    return f"<dl>{items}</dl>"


def _about(about: Mapping[str, Any], prefix: str = "") -> str:
    items = []
    for name, value in about.items():
        key = f"{prefix}{name.replace('_', ' ')}"
        if isinstance(value, Mapping):
            items.append(_about(value, f"{key}: "))
        else:
            items.append(f"<dt>{escape(key)}<dd>{escape(str(value))}")
    return "".join(items) if prefix else f"<dl>{''.join(items)}</dl>"
