"""Reference: the OpenAPI and AsyncAPI documents as one plain page, for people; nothing on it is fetched."""

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from hashlib import sha256
from html import escape
from typing import Any, Final

from api.rest.result import Result
from api.rest.schema_words import attributes, link, words

STYLE: Final = """
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 0 auto; padding: 1rem; overflow-wrap: break-word; }
code { font-family: ui-monospace, monospace; font-size: .9em; }
h2 { border-top: 1px solid; margin-top: 2.5rem; padding-top: 1rem; }
h3 { margin-top: 2rem; font-size: 1.1rem; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { border: 1px solid; padding: .2rem .5rem; text-align: left; vertical-align: top; }
td:last-child { overflow-wrap: anywhere; min-width: 8rem; }
div { overflow-x: auto; }
"""
_HASH: Final = b64encode(sha256(STYLE.encode()).digest()).decode()
POLICY: Final = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; frame-ancestors 'none'"


def page(document: Mapping[str, Any], live: Mapping[str, Any]) -> Result:
    """The page of two documents.

    Parameters
    ----------
    document
        OpenAPI, as `api.rest.openapi.document` makes it.
    live
        AsyncAPI, as `api.feed.asyncapi.document` does.
    """
    return Result.from_bytes(_html(document, live).encode(), {"Content-Security-Policy": POLICY})


def _html(document: Mapping[str, Any], live: Mapping[str, Any]) -> str:
    info = document["info"]
    told = [(path, method, one) for path, item in document["paths"].items() for method, one in item.items()]
    index = "".join(
        f'<li><a href="#{one["operationId"]}"><code>{method.upper()} {_e(path)}</code></a> {_inline(one["summary"])}'
        for path, method, one in told
    )
    operations = "".join("".join(_operation(path, method, one)) for path, method, one in told)
    schemas = live["components"]["schemas"] | document["components"]["schemas"]
    records = "".join("".join(_record(name, schema)) for name, schema in sorted(schemas.items()))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_e(info['title'])} API</title><style>{STYLE}</style></head><body>"
        f"<h1>{_e(info['title'])} {_e(info['version'])}</h1>{_paragraphs(info['description'])}"
        '<p>For programs: <a href="/openapi.json">OpenAPI 3.1</a>, and '
        '<a href="/asyncapi.json">AsyncAPI 3.0</a> for what is live.</p>'
        f'<nav><ul>{index}<li><a href="#live">Live</a> WebSockets and event streams'
        '<li><a href="#records">Records</a> what all of them take and give</ul></nav>'
        f'<main><h2>Requests</h2>{operations}<h2 id="live">Live</h2>{"".join(_live(live))}'
        f'<h2 id="records">Records</h2>{records}</main></body></html>'
    )


def _operation(path: str, method: str, one: Mapping[str, Any]) -> Iterator[str]:
    yield f'<h3 id="{_e(one["operationId"])}"><code>{method.upper()} {_e(path)}</code></h3>'
    yield f"<p>{_inline(one['summary'])}</p>{_paragraphs(one['description'])}"
    if one["parameters"]:
        yield _table(("parameter", "in", "value", "what"), map(_parameter, one["parameters"]))
    if "requestBody" in one:
        ((kind, content),) = one["requestBody"]["content"].items()
        yield f"<p>Content: <code>{_e(kind)}</code></p>"
        yield from _fields(content["schema"], attributes(content["schema"].get("description", ""))[1])
    rows = ((status, _inline(told["description"]), _body(told)) for status, told in sorted(one["responses"].items()))
    yield _table(("status", "what", "content"), rows)


def _parameter(parameter: Mapping[str, Any]) -> tuple[str, ...]:
    needed = " (needed)" if parameter["required"] else ""
    name, told = _e(parameter["name"]), _inline(parameter.get("description", ""))
    return f"<code>{name}</code>{needed}", _e(parameter["in"]), words(parameter["schema"]), told


def _body(answer: Mapping[str, Any]) -> str:
    return ", ".join(
        link(content["schema"]) or f"<code>{_e(kind)}</code>" for kind, content in answer.get("content", {}).items()
    )


def _live(live: Mapping[str, Any]) -> Iterator[str]:
    yield _paragraphs(live["info"]["description"])
    channels = live["channels"].values()
    yield _table(
        ("address", "what"), ((f"<code>{_e(one['address'])}</code>", _inline(one["description"])) for one in channels)
    )
    asked = {
        reference["$ref"].rpartition("/")[2]
        for operation in live["operations"].values()
        if operation["action"] == "receive"
        for reference in operation["messages"]
    }
    yield _table(
        ("message", "from", "record", "what"),
        (
            (
                f"<code>{_e(name)}</code>",
                "you" if name in asked else "us",
                link(one["payload"]),
                _inline(one["summary"]),
            )
            for name, one in live["components"]["messages"].items()
        ),
    )


def _record(name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    told, fields = attributes(schema.get("description", ""))
    yield f'<h3 id="record-{_e(name)}"><code>{_e(name)}</code></h3>{_paragraphs(told)}'
    yield from _fields(schema, fields)


def _fields(schema: Mapping[str, Any], told: Mapping[str, str]) -> Iterator[str]:
    """What an object holds. Words on several fields stand with the first of them."""
    firsts = {names.partition(", ")[0]: names for names in told}
    properties = schema.get("properties", {})
    if properties:
        rows = ((f"<code>{_e(name)}</code>", words(one), _told(name, firsts, told)) for name, one in properties.items())
        yield _table(("field", "value", "what"), rows)
    for first, names in firsts.items():
        if first not in properties:
            yield f"<p><code>{_e(names)}</code>: {_inline(told[names])}</p>"


def _told(name: str, firsts: Mapping[str, str], told: Mapping[str, str]) -> str:
    names = firsts.get(name, "")
    others = f"(with {', '.join(f'`{one}`' for one in names.split(', ')[1:])}) " if ", " in names else ""
    return _inline(others + told[names]) if names else ""


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Cells are HTML already. It scrolls by itself where it is too wide."""
    body = "".join(f"<tr>{''.join(f'<td>{cell}' for cell in row)}</tr>" for row in rows)
    return f"<div><table><tr>{''.join(f'<th>{head}' for head in heads)}</tr>{body}</table></div>"


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{_inline(part)}</p>" for part in text.strip().split("\n\n") if part)


@cache
def _inline(text: str) -> str:
    """With what stands between backquotes as code."""
    parts = _e(text).split("`")
    return "".join(f"<code>{part}</code>" if place % 2 else part for place, part in enumerate(parts))


def _e(text: str) -> str:
    return escape(text)
