"""The API as a page: made from its OpenAPI document, without scripts and without a network."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem;
  color: #1a1a1a; background: #fff; }
h2 { margin-top: 2.5rem; } code, pre { font-family: ui-monospace, monospace; }
pre { background: #f2f2f2; padding: .7rem; overflow-x: auto; }
table { border-collapse: collapse; } td, th { text-align: left; padding: .2rem 1rem .2rem 0;
  vertical-align: top; }
@media (prefers-color-scheme: dark) { body { color: #e8e8e8; background: #151515; }
  pre { background: #262626; } a { color: #8ab4f8; } }
"""
EXAMPLES = {
    "/v1/sample": "curl -f 'URL/v1/sample?n=16&seed=1' -o samples",
    "/v1/judge": "curl -f URL/v1/judge -F files=@one.png -F files=@two.png",
    "/v1/judge/values": "curl -f URL/v1/judge/values -H 'Content-Type: application/json' "
    '-d \'{"samples": ["a text"]}\'',
}


def page(document: Mapping[str, Any], url: str) -> str:
    """HTML of an OpenAPI document.

    Args:
        document: as FastAPI makes it.
        url: of the server, for the examples.
    """
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8>",
        "<meta name=viewport content='width=device-width'>",
        f"<title>{escape(document['info']['title'])}</title><style>{STYLE}</style>",
        f"<h1>{escape(document['info']['title'])}</h1>",
        f"<p>{escape(document['info'].get('description', ''))} "
        "The same for programs: <a href=openapi.json>openapi.json</a>.</p>",
    ]
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            parts += _operation(path, method, operation, url)
    return "\n".join(parts)


def _operation(path: str, method: str, operation: Mapping[str, Any], url: str) -> list[str]:
    example = EXAMPLES.get(path, "curl -f URL" + path).replace("URL", url)
    rows = [
        f"<tr><td><code>{escape(each['name'])}</code><td>{escape(_kind(each['schema']))}"
        f"<td>{escape(each.get('description', ''))}"
        for each in operation.get("parameters", [])
    ]
    return [
        f"<h2><code>{method.upper()} {escape(path)}</code></h2>",
        f"<p>{escape(operation.get('summary', ''))}.</p>",
        *(["<table>", *rows, "</table>"] if rows else []),
        f"<pre>{escape(example)}</pre>",
    ]


def _kind(schema: Mapping[str, Any]) -> str:
    """The type, bounds and default of a parameter, in a few words."""
    for choice in schema.get("anyOf", []):
        if choice.get("type") != "null":
            return _kind(choice)
    words = [" | ".join(schema["enum"]) if "enum" in schema else schema.get("type", "")]
    if "minimum" in schema and "maximum" in schema:
        words.append(f"{schema['minimum']} to {schema['maximum']}")
    if "default" in schema:
        words.append(f"default {schema['default']}")
    return ", ".join(words)
