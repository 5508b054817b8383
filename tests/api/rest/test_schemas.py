"""Schemas match the JSON that is sent."""

from datetime import UTC, datetime
from typing import Any

import jsonschema_rs
import msgspec

from api.rest.schemas import schemas
from tests.api.conftest import Api


class Mark(msgspec.Struct, rename={"at": "t"}):
    at: datetime
    name: str


class Row(msgspec.Struct):
    """Datetimes in every kind of container."""

    at: datetime | None
    several: list[datetime]
    named: dict[str, datetime]
    mark: Mark | None
    rows: "list[Row]"
    text: str = ""


def test_every_datetime_and_no_other_string_has_the_format_date_time() -> None:
    (reference,), components = schemas([list[Row]])
    string = {"type": "string"}
    date_time = {"type": "string", "format": "date-time"}
    assert reference == {"type": "array", "items": {"$ref": "#/components/schemas/Row"}}
    properties: dict[str, Any] = components["Row"]["properties"]
    assert properties["at"] == {"anyOf": [date_time, {"type": "null"}]}
    assert (properties["several"]["items"], properties["named"]["additionalProperties"]) == (date_time, date_time)
    assert components["Mark"]["properties"] == {"t": date_time, "name": string}
    assert properties["text"] == {**string, "default": ""}
    row = Row(datetime(2026, 11, 20, tzinfo=UTC), [], {}, Mark(datetime.now(UTC), "x"), [])
    validator = jsonschema_rs.Draft202012Validator(
        {**reference, "components": {"schemas": components}}, validate_formats=True
    )
    validator.validate(msgspec.to_builtins([row]))


def test_timestamps_of_both_documents_have_the_format_date_time(api: Api) -> None:
    for path in ("/openapi.json", "/asyncapi.json"):
        for name, schema in api.get(path)["components"]["schemas"].items():
            for field, value in schema.get("properties", {}).items():
                options = [value, *value.get("anyOf", ())]
                if field.endswith(("_at", "_time")) or field == "ts":
                    assert [each for each in options if each.get("format") == "date-time"], f"{name}.{field} of {path}"


class Base(msgspec.Struct):
    """Base.

    Attributes
    ----------
    id
        Constant.
    name
        Of the base.
    """

    id: int
    name: str


class Derived(Base, rename={"row": "line"}):
    """Derived.

    Attributes
    ----------
    name
        Of the record.
    first, row
        Of the file.
    """

    first: int = 0
    row: int = 0
    other: int = 0


def test_fields_are_described_by_their_class_and_its_bases() -> None:
    component = schemas([Derived])[1]["Derived"]
    described = {
        name: field["description"] for name, field in component["properties"].items() if "description" in field
    }
    assert described == {
        "id": "Constant.",
        "name": "Of the record.",
        "first": "`first`, `line`: Of the file.",
        "line": "`first`, `line`: Of the file.",
    }
    assert component["description"] == "Derived."
    assert component["properties"]["other"] == {"type": "integer", "default": 0}
