"""AsyncAPI: the document of the WebSockets and event streams, generated from the types.

AsyncAPI 3.0, https://www.asyncapi.com/docs/reference/specification/v3.0.0.
"""

from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from inspect import cleandoc
from typing import Any

import msgspec

from api.feed.admission import DEFAULT_CHANNELS
from api.feed.channel_messages import CHANNEL_MESSAGES
from api.feed.filters import FilterParameters
from api.feed.messages import CLOSE_CODES, ControlMessage, Subscribe, Unsubscribe
from api.feed.stream import PATH as STREAM_PATH
from api.resources import Resources
from api.rest.schemas import schemas

_TICKET = {
    "type": "string",
    "description": "From `POST /api/v1/tickets`, for web pages, which cannot set headers on a WebSocket.",
}
_DESCRIPTION = """
The live feed. One JSON object per text frame; clients must ignore types and fields that they do not know.
A position is an epoch and a seq: the seqs of a channel increase, not always by one, and cannot be compared
across epochs. No message is dropped silently: a `gap` announces what a client will not receive.

The channels of the feed are {channels}. Connections are closed with {codes}, or a code of RFC 6455.
"""


@cache
def _document() -> bytes:
    return msgspec.json.encode(document(version("signalengine")))


async def show_asyncapi(_resources: Resources, _: object) -> bytes:
    """The WebSockets and event streams, as an AsyncAPI 3.0 document."""
    return _document()


def document(program_version: str) -> dict[str, Any]:
    """The AsyncAPI 3.0 document, for a version of the program."""
    controls: list[type[msgspec.Struct]] = list(ControlMessage.__args__)
    published = list(CHANNEL_MESSAGES.values())
    commands: list[type[msgspec.Struct]] = [Subscribe, Unsubscribe]
    _, components = schemas([*published, *controls, *commands])
    messages = {_name(record): _message(record) for record in (*published, *controls, *commands)}
    sockets = {
        _channel_id(path): _socket(path, defaults, controls, commands) for path, defaults in DEFAULT_CHANNELS.items()
    }
    streams = {f"stream_{name}": _stream(name, [record, *controls]) for name, record in CHANNEL_MESSAGES.items()}
    channels = {**sockets, **streams}
    operations = {f"send_{name}": _operation("send", name, _sent(one)) for name, one in channels.items()}
    for name in streams:
        operations[f"send_{name}"]["bindings"] = {"http": {"method": "GET", "query": _query()}}
    operations |= {
        f"receive_{name}": _operation("receive", name, [_name(record) for record in commands]) for name in sockets
    }
    codes = ", ".join(f"{code} ({meaning})" for code, meaning in CLOSE_CODES.items())
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "signalengine",
            "version": program_version,
            "description": cleandoc(_DESCRIPTION).format(channels=", ".join(CHANNEL_MESSAGES), codes=codes),
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages, "schemas": components},
    }


def _name(record: type[msgspec.Struct]) -> str:
    return str(record.__struct_config__.tag)


def _message(record: type[msgspec.Struct]) -> dict[str, Any]:
    summary = cleandoc(record.__doc__ or "").partition("\n")[0]
    return {"name": _name(record), "summary": summary, "payload": {"$ref": f"#/components/schemas/{record.__name__}"}}


def _channel_id(path: str) -> str:
    return path.removeprefix("/api/v1").strip("/").replace("/", "_")


def _socket(
    path: str,
    defaults: tuple[str, ...],
    controls: Sequence[type[msgspec.Struct]],
    commands: Sequence[type[msgspec.Struct]],
) -> dict[str, Any]:
    """A WebSocket; on each, a client may subscribe to any channel."""
    names = [*(_name(record) for record in (*CHANNEL_MESSAGES.values(), *controls, *commands))]
    return {
        "address": path,
        "description": f"Streams {', '.join(defaults)} by default, until the client sends its first `subscribe`.",
        "messages": _references(names),
        "bindings": {"ws": {"method": "GET", "query": _query()}},
    }


def _stream(channel: str, records: Sequence[type[msgspec.Struct]]) -> dict[str, Any]:
    return {
        "address": STREAM_PATH.format(channel=channel),
        "description": "Server-sent events. The id of an event is its position; send it as `Last-Event-ID` to resume.",
        "messages": _references([_name(record) for record in records]),
    }


def _references(names: Sequence[str]) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/messages/{name}"} for name in names}


def _query() -> dict[str, Any]:
    """The query parameters: a filter, and a ticket."""
    properties = schemas([FilterParameters])[1][FilterParameters.__name__]["properties"]
    return {"type": "object", "properties": {**properties, "ticket": _TICKET}}


def _sent(channel: dict[str, Any]) -> list[str]:
    return [name for name in channel["messages"] if name not in (_name(Subscribe), _name(Unsubscribe))]


def _operation(action: str, channel: str, names: Sequence[str]) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [{"$ref": f"#/channels/{channel}/messages/{name}"} for name in names],
    }
