"""Validation of received messages against the schemas of /asyncapi.json."""

import json
from functools import cache
from typing import Any

import jsonschema_rs
import msgspec

from api.feed.asyncapi import document
from api.feed.channel_messages import CHANNEL_MESSAGES
from api.feed.messages import ControlMessage

_RECORDS = {
    str(record.__struct_config__.tag): record for record in (*CHANNEL_MESSAGES.values(), *ControlMessage.__args__)
}


def schema_of(message_type: str) -> dict[str, Any]:
    """The document's schema of one message type."""
    asyncapi = document("test")
    payload = asyncapi["components"]["messages"][message_type]["payload"]
    return {**payload, "components": asyncapi["components"]}


@cache
def validator_of(message_type: str) -> Any:
    """The compiled validator of one message type; in Rust, since every message received in a test passes it."""
    return jsonschema_rs.Draft202012Validator(schema_of(message_type), validate_formats=True)


def validated(text: str | bytes) -> dict[str, Any]:
    """Decode a message; raises if it does not match its record and its schema."""
    message: dict[str, Any] = json.loads(text)
    message_type = message["type"]
    msgspec.json.decode(text, type=_RECORDS[message_type])
    validator_of(message_type).validate(message)
    return message
