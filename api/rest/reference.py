"""Reference: the OpenAPI document as one plain page, for people; nothing on it is fetched from anywhere."""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from functools import cache
from hashlib import sha256
from html import escape
from typing import Any, Final

import msgspec

from api.rest.answer import Answer

STYLE: Final = """
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 0 auto; padding: 1rem; overflow-wrap: anywhere; }
code, pre { font-family: ui-monospace, monospace; font-size: .9em; }
h2 { border-top: 1px solid; margin-top: 2rem; padding-top: 1rem; font-size: 1.1rem; }
table { border-collapse: collapse; }
th, td { border: 1px solid; padding: .2rem .5rem; text-align: left; vertical-align: top; }
pre { overflow-x: auto; }
"""
_HASH: Final = b64encode(sha256(STYLE.encode()).digest()).decode()
POLICY: Final = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; frame-ancestors 'none'"

_encoder = msgspec.json.Encoder(order="deterministic")


def page(document: Mapping[str, Any]) -> Answer:
    """The page of a document.

    Parameters
    ----------
    document
        As `api.rest.openapi.document` makes it.
    """
    return Answer.ready(_html(document).encode(), {"Content-Security-Policy": POLICY})


def _html(document: Mapping[str, Any]) -> str:
    info = document["info"]
    told = [(path, method, one) for path, item in document["paths"].items() for method, one in item.items()]
    index = "".join(
        f'<li><a href="#{one["operationId"]}"><code>{method.upper()} {_e(path)}</code></a> {_inline(one["summary"])}'
        for path, method, one in told
    )
    operations = "".join("".join(_operation(path, method, one)) for path, method, one in told)
    records = "".join(_record(name, schema) for name, schema in sorted(document["components"]["schemas"].items()))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_e(info['title'])} API</title><style>{STYLE}</style></head><body>"
        f"<h1>{_e(info['title'])} {_e(info['version'])}</h1>{_paragraphs(info['description'])}"
        '<p>For programs: <a href="/openapi.json">OpenAPI 3.1</a>.</p>'
        f"<nav><ul>{index}</ul></nav><main>{operations}<h2>Records</h2>{records}</main></body></html>"
    )


def _operation(path: str, method: str, one: Mapping[str, Any]) -> Iterator[str]:
    yield f'<h2 id="{_e(one["operationId"])}"><code>{method.upper()} {_e(path)}</code></h2>'
    yield f"<p>{_inline(one['summary'])}</p>{_paragraphs(one['description'])}"
    if one["parameters"]:
        rows = "".join(_parameter(each) for each in one["parameters"])
        yield f"<table><tr><th>parameter<th>in<th>value<th>what</tr>{rows}</table>"
    if "requestBody" in one:
        ((kind, content),) = one["requestBody"]["content"].items()
        yield f"<p>Content: <code>{_e(kind)}</code></p>{_schema(content['schema'])}"
    rows = "".join(
        f"<tr><td>{status}<td>{_inline(answer['description'])}<td>{_body(answer)}</tr>"
        for status, answer in sorted(one["responses"].items())
    )
    yield f"<table><tr><th>status<th>what<th>content</tr>{rows}</table>"


def _parameter(parameter: Mapping[str, Any]) -> str:
    needed = " (needed)" if parameter["required"] else ""
    value = {key: each for key, each in parameter["schema"].items() if key != "description"}
    return (
        f"<tr><td><code>{_e(parameter['name'])}</code>{needed}<td>{_e(parameter['in'])}"
        f"<td><code>{_e(_encoder.encode(value).decode())}</code><td>{_inline(parameter.get('description', ''))}</tr>"
    )


def _body(answer: Mapping[str, Any]) -> str:
    return ", ".join(
        _link(content["schema"]) or f"<code>{_e(kind)}</code>" for kind, content in answer.get("content", {}).items()
    )


def _record(name: str, schema: Mapping[str, Any]) -> str:
    told = _paragraphs(schema.get("description", ""))
    return (
        f'<details id="record-{_e(name)}"><summary><code>{_e(name)}</code></summary>{told}{_schema(schema)}</details>'
    )


def _schema(schema: Mapping[str, Any]) -> str:
    plain = {key: each for key, each in schema.items() if key not in ("description", "title")}
    return f"<pre>{_e(msgspec.json.format(_encoder.encode(plain), indent=2).decode())}</pre>"


def _link(schema: Mapping[str, Any]) -> str:
    name = _e(schema.get("$ref", "").rpartition("/")[2])
    return f'<a href="#record-{name}"><code>{name}</code></a>' if name else ""


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{_inline(part)}</p>" for part in text.strip().split("\n\n") if part)


@cache
def _inline(text: str) -> str:
    """With what stands between backquotes as code."""
    parts = _e(text).split("`")
    return "".join(f"<code>{part}</code>" if place % 2 else part for place, part in enumerate(parts))


def _e(text: str) -> str:
    return escape(text)
