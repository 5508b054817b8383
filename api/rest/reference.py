"""Reference: the OpenAPI and AsyncAPI documents as one self-contained HTML page, without scripts or external files."""

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from hashlib import sha256
from html import escape
from typing import Any, Final

from api.rest.result import Result
from api.rest.schema_html import record_link, schema_html

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


def page(openapi: Mapping[str, Any], asyncapi: Mapping[str, Any]) -> Result:
    """The reference page.

    Parameters
    ----------
    openapi
        As `api.rest.openapi.document` makes it.
    asyncapi
        As `api.feed.asyncapi.document` makes it.
    """
    return Result.from_bytes(_html(openapi, asyncapi).encode(), {"Content-Security-Policy": POLICY})


def _html(openapi: Mapping[str, Any], asyncapi: Mapping[str, Any]) -> str:
    info = openapi["info"]
    operations = [
        (path, method, operation) for path, item in openapi["paths"].items() for method, operation in item.items()
    ]
    index = "".join(
        f'<li><a href="#{operation["operationId"]}"><code>{method.upper()} {_e(path)}</code></a> '
        f"{_inline(operation['summary'])}"
        for path, method, operation in operations
    )
    endpoints = "".join("".join(_operation(*operation)) for operation in operations)
    schemas = asyncapi["components"]["schemas"] | openapi["components"]["schemas"]
    records = "".join("".join(_record(name, schema)) for name, schema in sorted(schemas.items()))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_e(info['title'])} API reference</title><style>{STYLE}</style></head><body>"
        f"<h1>{_e(info['title'])} {_e(info['version'])} API reference</h1>{_paragraphs(info['description'])}"
        '<p>Machine-readable: <a href="/openapi.json">OpenAPI 3.1</a> for the REST API, and '
        '<a href="/asyncapi.json">AsyncAPI 3.0</a> for the live feed.</p>'
        f'<nav><ul>{index}<li><a href="#live">Live feed</a> WebSocket and server-sent events'
        '<li><a href="#records">Objects</a> of requests, responses and messages</ul></nav>'
        f'<main><h2>Endpoints</h2>{endpoints}<h2 id="live">Live feed</h2>{"".join(_live(asyncapi))}'
        f'<h2 id="records">Objects</h2>{records}</main></body></html>'
    )


def _operation(path: str, method: str, operation: Mapping[str, Any]) -> Iterator[str]:
    yield f'<h3 id="{_e(operation["operationId"])}"><code>{method.upper()} {_e(path)}</code></h3>'
    yield f"<p>{_inline(operation['summary'])}</p>{_paragraphs(operation['description'])}"
    if operation["parameters"]:
        yield _table(("parameter", "in", "type", "description"), map(_parameter, operation["parameters"]))
    if "requestBody" in operation:
        ((media_type, content),) = operation["requestBody"]["content"].items()
        yield f"<p>Request body: <code>{_e(media_type)}</code></p>"
        yield from _fields(content["schema"])
    rows = (
        (status, _inline(response["description"]), _body(response))
        for status, response in sorted(operation["responses"].items())
    )
    yield _table(("status", "description", "body"), rows)


def _parameter(parameter: Mapping[str, Any]) -> tuple[str, ...]:
    required = " (required)" if parameter["required"] else ""
    name, description = _e(parameter["name"]), _inline(parameter.get("description", ""))
    return f"<code>{name}</code>{required}", _e(parameter["in"]), schema_html(parameter["schema"]), description


def _body(response: Mapping[str, Any]) -> str:
    return ", ".join(
        record_link(content["schema"]) or f"<code>{_e(media_type)}</code>"
        for media_type, content in response.get("content", {}).items()
    )


def _live(asyncapi: Mapping[str, Any]) -> Iterator[str]:
    yield _paragraphs(asyncapi["info"]["description"])
    channels = asyncapi["channels"].values()
    yield _table(
        ("address", "description"),
        ((f"<code>{_e(channel['address'])}</code>", _inline(channel["description"])) for channel in channels),
    )
    # Operations are those of the server: what it receives, clients send.
    from_client = {
        reference["$ref"].rpartition("/")[2]
        for operation in asyncapi["operations"].values()
        if operation["action"] == "receive"
        for reference in operation["messages"]
    }
    yield _table(
        ("message", "sent by", "object", "description"),
        (
            (
                f"<code>{_e(name)}</code>",
                "client" if name in from_client else "server",
                record_link(message["payload"]),
                _inline(message["summary"]),
            )
            for name, message in asyncapi["components"]["messages"].items()
        ),
    )


def _record(name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    yield f'<h3 id="record-{_e(name)}"><code>{_e(name)}</code></h3>{_paragraphs(schema.get("description", ""))}'
    yield from _fields(schema)


def _fields(schema: Mapping[str, Any]) -> Iterator[str]:
    properties = schema.get("properties", {})
    if properties:
        yield _table(
            ("field", "type", "description"),
            (
                (f"<code>{_e(name)}</code>", schema_html(field), _inline(field.get("description", "")))
                for name, field in properties.items()
            ),
        )


def _table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table of HTML cells, in a box that scrolls horizontally when the table is too wide."""
    head = "".join(f"<th>{heading}" for heading in headings)
    body = "".join(f"<tr>{''.join(f'<td>{cell}' for cell in row)}</tr>" for row in rows)
    return f"<div><table><tr>{head}</tr>{body}</table></div>"


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{_inline(paragraph)}</p>" for paragraph in text.strip().split("\n\n") if paragraph)


@cache
def _inline(text: str) -> str:
    """Escaped text, with the parts between backquotes as code."""
    parts = _e(text).split("`")
    return "".join(f"<code>{part}</code>" if index % 2 else part for index, part in enumerate(parts))


def _e(text: str) -> str:
    return escape(text)
