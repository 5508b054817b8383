"""AsyncAPI: the document that says what is spoken over WebSockets and event streams, made from the types.

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

_TICKET = {"type": "string", "description": "Of `POST /api/v1/tickets`, for pages, which can send no header with it."}
_DESCRIPTION = """
The live feed. One JSON object per text frame; types and fields that a client does not know are to be
ignored. A position is an epoch and a seq: seqs of a channel grow, not always by one, and mean nothing in
another epoch. Nothing is lost in silence: what a client will not get is told by a `gap`.

The channels of the feed are {channels}. Connections are closed with {codes}, or a code of RFC 6455.
"""


@cache
def _document() -> bytes:
    return msgspec.json.encode(document(version("signalengine")))


async def show_asyncapi(_resources: Resources, _: object) -> bytes:
    """What is spoken over WebSockets and event streams, as an AsyncAPI 3.0 document."""
    return _document()


def document(of_version: str) -> dict[str, Any]:
    """The AsyncAPI 3.0 document; `of_version` is that of the program."""
    words: list[type[msgspec.Struct]] = list(ControlMessage.__args__)
    announced = list(CHANNEL_MESSAGES.values())
    asked: list[type[msgspec.Struct]] = [Subscribe, Unsubscribe]
    _, components = schemas([*announced, *words, *asked])
    messages = {_name(record): _message(record) for record in (*announced, *words, *asked)}
    sockets = {_channel_id(path): _socket(path, channels, words, asked) for path, channels in DEFAULT_CHANNELS.items()}
    streams = {f"stream_{name}": _stream(name, [record, *words]) for name, record in CHANNEL_MESSAGES.items()}
    channels = {**sockets, **streams}
    operations = {f"tell_{name}": _operation("send", name, _told(one)) for name, one in channels.items()}
    for name in streams:
        operations[f"tell_{name}"]["bindings"] = {"http": {"method": "GET", "query": _query()}}
    operations |= {f"ask_{name}": _operation("receive", name, [_name(one) for one in asked]) for name in sockets}
    codes = ", ".join(f"{code} ({meaning})" for code, meaning in CLOSE_CODES.items())
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "signalengine",
            "version": of_version,
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
    channels: tuple[str, ...],
    words: Sequence[type[msgspec.Struct]],
    asked: Sequence[type[msgspec.Struct]],
) -> dict[str, Any]:
    """A WebSocket; a client may subscribe to any channel at each."""
    names = [*(_name(record) for record in (*CHANNEL_MESSAGES.values(), *words, *asked))]
    return {
        "address": path,
        "description": f"Streams {', '.join(channels)} by itself, until its client subscribes.",
        "messages": _references(names),
        "bindings": {"ws": {"method": "GET", "query": _query()}},
    }


def _stream(channel: str, told: Sequence[type[msgspec.Struct]]) -> dict[str, Any]:
    return {
        "address": STREAM_PATH.format(channel=channel),
        "description": "Server-sent events. The id of an event is its position, to be given back as `Last-Event-ID`.",
        "messages": _references([_name(record) for record in told]),
    }


def _references(names: Sequence[str]) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/messages/{name}"} for name in names}


def _query() -> dict[str, Any]:
    """What an address may carry: a filter, and a ticket."""
    properties = schemas([FilterParameters])[1][FilterParameters.__name__]["properties"]
    return {"type": "object", "properties": {**properties, "ticket": _TICKET}}


def _told(channel: dict[str, Any]) -> list[str]:
    return [name for name in channel["messages"] if name not in (_name(Subscribe), _name(Unsubscribe))]


def _operation(action: str, channel: str, names: Sequence[str]) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [{"$ref": f"#/channels/{channel}/messages/{name}"} for name in names],
    }
