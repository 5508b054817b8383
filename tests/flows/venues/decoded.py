"""The output of decoders of prediction markets, as plain values."""

import json
from collections import Counter
from typing import Any, NamedTuple

from domain.markets import Group
from domain.quotes import CHANGE, CLEAR, DROP, LEVEL, READY, TICK, TOP
from flows.venues.prediction import PredictionDecoder
from flows.venues.row_buffer import MarketChange, RowBuffer, Run, rows_of

RECEIVED = 1_800_000_000_000_000_000
KINDS = {CLEAR: "CLEAR", LEVEL: "LEVEL", CHANGE: "CHANGE", TOP: "TOP", DROP: "DROP", TICK: "TICK", READY: "READY"}


class Decoded(NamedTuple):
    """Quotes are (time, instrument's name, kind, side, price, size); trades are whole rows."""

    quotes: list[tuple[Any, ...]]
    trades: list[tuple[Any, ...]]
    groups: list[Group]
    changes: list[MarketChange]
    rejects: list[str]
    ignored: Counter[str]


def decode_messages(*messages: Any, received_ns: int = RECEIVED, **options: Any) -> Decoded:
    """Decode messages with the decoder of all prediction markets; objects are encoded as JSON."""
    buffer, prediction = RowBuffer("x", **options), PredictionDecoder()
    for position, message in enumerate(messages, 1):
        payload = message if isinstance(message, bytes) else json.dumps(message).encode()
        buffer.begin(position, received_ns, payload)
        prediction.decode(payload, buffer)
    return as_values(buffer, buffer.drain())


def as_values(buffer: RowBuffer, runs: list[Run]) -> Decoded:
    """The same for a buffer and the runs drained from it."""
    quotes = [
        (ts, buffer.names[instrument], KINDS[kind], side, price / 1e9, size / 1e6)
        for ts, _, instrument, price, size, _, side, kind, _, _ in rows_of(runs, "quotes").tolist()
    ]
    return Decoded(
        quotes=quotes,
        trades=rows_of(runs, "trades").tolist(),
        groups=[content for kind, content in runs if kind == "group"],
        changes=[content for kind, content in runs if kind == "change"],
        rejects=[reject.reason for reject in buffer.rejects],
        ignored=buffer.ignored,
    )
