"""Schemas: the JSON schemas of records, for the OpenAPI and AsyncAPI documents."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from msgspec import inspect

from api.rest.docstrings import split_attributes

_REFERENCE = "#/components/schemas/{name}"
_Record = inspect.StructType | inspect.DataclassType


def schemas(records: Sequence[Any]) -> tuple[tuple[dict[str, Any], ...], dict[str, dict[str, Any]]]:
    """The schema of each type in `records`, and the components that the schemas refer to.

    Fields are described by the `Attributes` in the docstrings of their class and its bases.

    Every datetime of the API is aware and so is encoded as RFC 3339; msgspec sets the format `date-time` only where
    the type requires a time zone, so it is added to all others here.

    Examples
    --------
    >>> from datetime import datetime
    >>> class Mark(msgspec.Struct):
    ...     at: datetime | None
    >>> schemas([Mark])[1]["Mark"]["properties"]
    {'at': {'anyOf': [{'type': 'string', 'format': 'date-time'}, {'type': 'null'}]}}
    """
    references, components = msgspec.json.schema_components(records, ref_template=_REFERENCE)
    record_types: dict[type, _Record] = {}
    for type_info in inspect.multi_type_info(records):
        _collect_records(type_info, record_types)
    for cls, record_type in record_types.items():
        component = components[cls.__name__]
        component["description"], _ = split_attributes(cls.__doc__ or "")
        descriptions = _field_descriptions(record_type)
        for field in record_type.fields:
            schema = component["properties"][field.encode_name]
            if field.name in descriptions:
                schema.setdefault("description", descriptions[field.name])
            if any(isinstance(part, inspect.DateTimeType) for part in _parts(field.type)):
                _set_date_time(schema)
    return references, components


def _field_descriptions(record_type: _Record) -> dict[str, str]:
    """The description of each field by name; one that covers several fields begins with their names in JSON."""
    encode_names = {field.name: field.encode_name for field in record_type.fields}
    descriptions: dict[str, str] = {}
    for cls in reversed(record_type.cls.__mro__):  # a class describes its fields before its bases do
        for names, text in split_attributes(cls.__doc__ or "")[1].items():
            covered = ", ".join(f"`{encode_names.get(name, name)}`" for name in names)
            descriptions |= dict.fromkeys(names, f"{covered}: {text}" if len(names) > 1 else text)
    return descriptions


def _parts(type_info: inspect.Type) -> Iterator[inspect.Type]:
    """A type and the types nested in it, without the fields of records."""
    yield type_info
    for name in ("type", "item_type", "value_type"):
        if isinstance(part := getattr(type_info, name, None), inspect.Type):
            yield from _parts(part)
    for name in ("types", "item_types"):
        for part in getattr(type_info, name, ()):
            yield from _parts(part)


def _collect_records(type_info: inspect.Type, record_types: dict[type, _Record]) -> None:
    for part in _parts(type_info):
        if isinstance(part, _Record) and part.cls not in record_types:
            record_types[part.cls] = part
            for field in part.fields:
                _collect_records(field.type, record_types)


def _set_date_time(schema: dict[str, Any]) -> None:
    """Mark every string of the schema as a date-time; msgspec allows no union of str and datetime."""
    if schema.get("type") == "string":
        schema.setdefault("format", "date-time")
    for part in (*schema.get("anyOf", ()), schema.get("items"), schema.get("additionalProperties")):
        if isinstance(part, dict):
            _set_date_time(part)
