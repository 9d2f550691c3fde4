"""Pages made from the code: every field of the configuration, every part of the registry.

A page holds a line such as ``<!-- generated: configuration -->``; when the page is read, the line
is replaced by Markdown made from the dataclasses and the registry, so no table is kept by hand.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from sphinx.application import Sphinx

from gansmith import config, modalities, registry
from gansmith.config import Component, Cosine, Experiment
from gansmith.evaluation import features
from gansmith.game import build

assert build  # imported so that they register what they hold
assert features
assert modalities

MARK = re.compile(r"^<!-- generated: (\w+) -->$", re.MULTILINE)

SECTIONS = (
    ("data", config.DataConfig),
    ("codec", config.CodecConfig),
    ("game", config.GameConfig),
    ("game.regularizers", config.RegularizerConfig),
    ("latent", config.LatentConfig),
    ("players", config.OptimizerConfig),
    ("ema", config.EmaConfig),
    ("augment", config.AugmentConfig),
    ("train", config.TrainConfig),
    ("machine", config.MachineConfig),
)
KEYS = {"game.regularizers": "game.regularizers.NAME", "players": "players.NAME"}

KINDS = (
    ("recipe", "Recipes"),
    ("source", "Sources"),
    ("objective", "Objectives"),
    ("regularizer", "Regularizers"),
    ("generator", "Generators"),
    ("discriminator", "Discriminators"),
    ("transform", "Augmentations"),
    ("extractor", "Features that samples are measured in"),
    ("latent", "Latents"),
    ("codec", "Codecs that are learned"),
    ("game", "Rules of the game"),
    ("metric", "Metrics"),
    ("modality", "Modalities"),
)


def field_descriptions(kind: type) -> dict[str, str]:
    """What a class says about its fields under ``Attributes:``, by name."""
    _, _, block = (inspect.getdoc(kind) or "").partition("Attributes:\n")
    found: dict[str, str] = {}
    names: list[str] = []
    for line in block.splitlines():
        if line.strip() and not line.startswith(" "):
            break
        entry = re.match(r"    (\w+(?:, \w+)*): (.*)", line)
        if entry and not line.startswith("     "):
            names = entry[1].split(", ")
            found.update(dict.fromkeys(names, entry[2]))
        elif line.strip():
            found.update({name: f"{found[name]} {line.strip()}" for name in names})
        else:
            names = []
    return found


def markdown(text: str) -> str:
    """A docstring's inline reStructuredText as Markdown fit for a cell of a table."""
    text = re.sub(r":\w+:`~?([^`]+)`", r"`\1`", text)
    return text.replace("``", "`").replace("|", "\\|").replace("\n", " ").strip()


def shown_default(value: Any) -> str:
    """A default the way a user would write it after ``=``."""
    if isinstance(value, Cosine):
        shown = f"{value.start:g}" + ("" if value.start == value.end else f"..{value.end:g}")
    elif isinstance(value, Component):
        shown = value.name
    elif isinstance(value, bool):
        shown = str(value).lower()
    elif isinstance(value, tuple):
        shown = ",".join(str(v) for v in value)
    else:
        shown = str(value)
    return f"`{shown.lower() if value is None else shown}`" if shown else "none"


def shown_type(hint: Any) -> str:
    """A type in words."""
    if get_origin(hint) is not None and "Literal" in str(get_origin(hint)):
        return " or ".join(f"`{option}`" for option in get_args(hint))
    words = {
        "str": "text",
        "int": "whole number",
        "float": "number",
        "bool": "`true` or `false`",
        "Cosine": "number, or `start..end`",
        "Component": "name, with its options as fields",
    }
    name = getattr(hint, "__name__", str(hint))
    if type(None) in get_args(hint):
        rest = [shown_type(h) for h in get_args(hint) if h is not type(None)]
        return " or ".join([*rest, "`none`"])
    if get_origin(hint) is tuple:
        whole = int in get_args(hint)
        numbers = "numbers such as `64x64`" if whole else "numbers with commas between them"
        return "names with commas between them" if Ellipsis in get_args(hint) else numbers
    return words.get(name, "options by name")


def fields_table(kind: type, path: str) -> Iterator[str]:
    """A table of one dataclass."""
    hints, described = get_type_hints(kind), field_descriptions(kind)
    yield "| Setting | Default | Takes | |"
    yield "|---|---|---|---|"
    for field in dataclasses.fields(kind):
        if dataclasses.is_dataclass(hints[field.name]) and f"{path}.{field.name}" in KEYS:
            continue
        default = "required"
        if field.default is not dataclasses.MISSING:
            default = shown_default(field.default)
        elif field.default_factory is not dataclasses.MISSING:
            default = "none"
        about = markdown(described.get(field.name, ""))
        yield f"| `{path}.{field.name}` | {default} | {shown_type(hints[field.name])} | {about} |"


def configuration() -> Iterator[str]:
    """Every field of an experiment, section by section."""
    parts = {f.name for f in dataclasses.fields(Experiment)}
    missing = parts - {path for path, _ in SECTIONS}
    assert missing == {"recipe", "modality", "generator", "discriminator"}, missing
    for path, kind in SECTIONS:
        summary, _, rest = (inspect.getdoc(kind) or "").partition("\n\n")
        about = rest.partition("Attributes:")[0].strip()
        yield f"## {path}\n"
        yield f"{markdown(summary)}\n"
        if about:
            yield f"{markdown(about)}\n"
        yield from fields_table(kind, KEYS.get(path, path))
        yield ""
    described = field_descriptions(Cosine)
    yield "## Schedules\n"
    yield f"{markdown((inspect.getdoc(Cosine) or '').partition('Attributes:')[0])}\n"
    yield from (f"- `{name}`: {markdown(about)}" for name, about in described.items())


def body(entry: registry.Entry) -> str:
    """What a part's docstring says after its first line, up to its arguments."""
    _, _, rest = (inspect.getdoc(entry.build) or "").partition("\n")
    rest = re.split(r"\n(?:Args|Attributes|Raises|Returns):\n", f"\n{rest}", maxsplit=1)[0]
    return markdown(rest)


def option_descriptions(entry: registry.Entry) -> dict[str, str]:
    """What a part says about its options under ``Args:``."""
    text = inspect.getdoc(entry.build) or ""
    holder = type("Holder", (), {"__doc__": text.replace("Args:\n", "Attributes:\n", 1)})
    return field_descriptions(holder)


def parts_of(kind: str) -> Iterator[str]:
    """All parts of one kind."""
    for name in registry.names(kind):
        entry = registry.get(kind, name)
        yield f"### `{name}`\n"
        yield f"{markdown(entry.summary)}\n"
        if body(entry):
            yield f"{body(entry)}\n"
        described = option_descriptions(entry)
        options = [
            f"- `{option}`, default {shown_default(default)}"
            + (f": {markdown(described[option])}" if option in described else "")
            for option, default in entry.options.items()
        ]
        if options:
            yield "\n".join([*options, ""])


def components() -> Iterator[str]:
    """Every part that can be chosen by name."""
    for kind, title in KINDS:
        if registry.names(kind):
            yield f"## {title}\n"
            yield from parts_of(kind)


def benchmarks() -> Iterator[str]:
    """A table of contents of the pages that benchmarks have written, where there are any."""
    docs = Path(__file__).parents[1]
    pages = sorted([*docs.glob("benchmarks*.md"), *docs.glob("benchmarks*/**/*.md")])
    if pages:
        names = [str(page.relative_to(docs).with_suffix("")) for page in pages]
        yield from ("```{toctree}", ":hidden:", ":caption: Measured", "", *names, "```")


GENERATORS = {
    "configuration": configuration,
    "components": components,
    "benchmarks": benchmarks,
}

# A shape such as (N, *spec.shape), which reStructuredText would take for emphasis.
STARRED = re.compile(r"(?<![\w*`\\])\*(?=[A-Za-z_.]+[,)])")


def fill_in(app: Sphinx, docname: str, source: list[str]) -> None:
    """Replace the marks of a page by what is generated."""
    del docname
    if MARK.search(source[0]):
        app.env.note_reread()  # the code may have changed, where the page has not
    source[0] = MARK.sub(lambda mark: "\n".join(GENERATORS[mark[1]]()), source[0])


def escape_stars(
    app: Sphinx, what: str, name: str, found: Any, options: Any, lines: list[str]
) -> None:
    """Let docstrings say (N, *shape) as plainly as the code does."""
    del app, what, name, found, options
    lines[:] = [STARRED.sub(r"\\*", line) for line in lines]


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("source-read", fill_in)
    app.connect("autodoc-process-docstring", escape_stars)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
