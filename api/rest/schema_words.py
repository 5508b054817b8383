"""Schema words: what a value may be, told to people instead of programs."""

from collections.abc import Mapping
from html import escape
from typing import Any, Final

import msgspec

_FORMATS: Final = {"date-time": "time", "date": "day", "decimal": "decimal number as text"}
_HEADING: Final = "Attributes\n----------\n"


def words(schema: Mapping[str, Any]) -> str:
    """HTML for a JSON schema; records are linked, not told again.

    Examples
    --------
    >>> words({"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": 9}})
    'list of integer from 1 to 9'
    >>> words({"type": "string", "pattern": "^[1-9]m$", "examples": ["5m"]})
    'text such as <code>5m</code>'
    """
    default = schema.get("default")
    unless = f"; {_code(default)} unless given" if default not in (None, "", []) and "$ref" not in schema else ""
    return _kind(schema) + unless


def _kind(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return link(schema)
    if "anyOf" in schema:
        return " or ".join(words(each) for each in schema["anyOf"])
    if "enum" in schema:
        return " or ".join(map(_code, schema["enum"]))
    match schema.get("type"):
        case "array":
            return f"list of {words(schema['items'])}" if "items" in schema else "list"
        case "object":
            values = schema.get("additionalProperties")
            return f"{words(values)}, by name" if isinstance(values, Mapping) and values else "object"
        case "integer" | "number" as kind:
            return f"{kind}{_range(schema)}"
        case "string":
            return _text(schema)
        case "boolean":
            return "<code>true</code> or <code>false</code>"
        case "null":
            return "null"
        case _:
            return "anything"


def _range(schema: Mapping[str, Any]) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is None:
        return "" if high is None else f" up to {high}"
    return f" from {low}" + ("" if high is None else f" to {high}")


def _text(schema: Mapping[str, Any]) -> str:
    if "format" in schema:
        return _FORMATS.get(schema["format"], escape(schema["format"]))
    if "examples" in schema:
        return f"text such as {' or '.join(f'<code>{escape(str(one))}</code>' for one in schema['examples'])}"
    return f"text like <code>{escape(schema['pattern'])}</code>" if "pattern" in schema else "text"


def link(schema: Mapping[str, Any]) -> str:
    """To the record that a schema refers to; empty if it refers to none."""
    name = escape(schema.get("$ref", "").rpartition("/")[2])
    return f'<a href="#record-{name}"><code>{name}</code></a>' if name else ""


def attributes(description: str) -> tuple[str, dict[str, str]]:
    r"""The description of a record without its fields, and what it says of those; a name may stand for several.

    Examples
    --------
    >>> attributes("A plan.\n\nAttributes\n----------\nsize, fee\n    Sets, and\n    what they cost.")
    ('A plan.', {'size, fee': 'Sets, and what they cost.'})
    """
    told, _, listed = description.partition(_HEADING)
    fields: dict[str, list[str]] = {}
    for line in filter(None, listed.splitlines()):
        if not line.startswith(" "):
            fields[line] = []
        elif fields:
            fields[next(reversed(fields))].append(line.strip())
    return told.strip(), {names: " ".join(lines) for names, lines in fields.items()}


def _code(value: Any) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return f"<code>{escape(text)}</code>"
