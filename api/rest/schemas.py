"""Schemas: the JSON schemas of records, for the documents of REST and of the live feed."""

from collections.abc import Iterator, Sequence
from inspect import cleandoc
from typing import Any

import msgspec
from msgspec import inspect

_REFERENCE = "#/components/schemas/{name}"
_Record = inspect.StructType | inspect.DataclassType


def schemas(records: Sequence[Any]) -> tuple[tuple[dict[str, Any], ...], dict[str, dict[str, Any]]]:
    """The schema of each, and the components that they refer to.

    Every time is aware and so goes out as RFC 3339, which msgspec says only of those whose type says so.

    Examples
    --------
    >>> from datetime import datetime
    >>> class Mark(msgspec.Struct):
    ...     at: datetime | None
    >>> schemas([Mark])[1]["Mark"]["properties"]
    {'at': {'anyOf': [{'type': 'string', 'format': 'date-time'}, {'type': 'null'}]}}
    """
    given, components = msgspec.json.schema_components(records, ref_template=_REFERENCE)
    for component in components.values():
        component["description"] = cleandoc(component.get("description", ""))
    found: dict[type, _Record] = {}
    for one in inspect.multi_type_info(records):
        _find(one, found)
    for cls, record in found.items():
        properties = components[cls.__name__]["properties"]
        for field in record.fields:
            if any(isinstance(part, inspect.DateTimeType) for part in _parts(field.type)):
                _mark(properties[field.encode_name])
    return given, components


def _parts(kind: inspect.Type) -> Iterator[inspect.Type]:
    """A type and what it is made of, down to its records."""
    yield kind
    for name in ("type", "item_type", "value_type"):
        if isinstance(part := getattr(kind, name, None), inspect.Type):
            yield from _parts(part)
    for name in ("types", "item_types"):
        for part in getattr(kind, name, ()):
            yield from _parts(part)


def _find(kind: inspect.Type, found: dict[type, _Record]) -> None:
    for part in _parts(kind):
        if isinstance(part, _Record) and part.cls not in found:
            found[part.cls] = part
            for field in part.fields:
                _find(field.type, found)


def _mark(schema: dict[str, Any]) -> None:
    """What is text here can only be a time: msgspec allows no union of both."""
    if schema.get("type") == "string":
        schema.setdefault("format", "date-time")
    for part in (*schema.get("anyOf", ()), schema.get("items"), schema.get("additionalProperties")):
        if isinstance(part, dict):
            _mark(part)
