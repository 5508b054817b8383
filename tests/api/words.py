"""What is heard in the tests, held against /asyncapi.json."""

import json
from functools import cache
from typing import Any

import jsonschema_rs
import msgspec

from api.feed.announcements import ANNOUNCEMENTS
from api.feed.asyncapi import document
from api.feed.messages import Word

_RECORDS = {str(record.__struct_config__.tag): record for record in (*ANNOUNCEMENTS.values(), *Word.__args__)}


def schema_of(kind: str) -> dict[str, Any]:
    """The document's schema of one type of message."""
    described = document("test")
    payload = described["components"]["messages"][kind]["payload"]
    return {**payload, "components": described["components"]}


@cache
def validator_of(kind: str) -> Any:
    """What holds messages of one type against it; in Rust, since every one that a test hears goes through it."""
    return jsonschema_rs.Draft202012Validator(schema_of(kind), validate_formats=True)


def checked(text: str | bytes) -> dict[str, Any]:
    """A message, if it is what the document says."""
    message: dict[str, Any] = json.loads(text)
    kind = message["type"]
    msgspec.json.decode(text, type=_RECORDS[kind])
    validator_of(kind).validate(message)
    return message
