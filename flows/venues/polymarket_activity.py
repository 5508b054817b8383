"""Polymarket's real-time data service: decode trades with the wallet of their taker.

Of the topic `activity`, the type `orders_matched` has one row per taker and is used; `trades` has the same rows
and those of the makers as well, so that its sum would count volume twice.

References
----------
Polymarket, real-time-data-client (2026-08); wallets are in mixed case here, and in lower case in the Data API.
"""

import msgspec

from flows.venues.fields import UNREADABLE
from flows.venues.polymarket_data import Row, add_trade
from flows.venues.row_buffer import Json, RowBuffer


class _Message(msgspec.Struct):
    topic: str
    type: str
    payload: msgspec.Raw = msgspec.Raw()


_message = msgspec.json.Decoder(_Message)
_row = msgspec.json.Decoder(Row)


def decode(payload: Json, buffer: RowBuffer) -> None:
    """Decode one message.

    Parameters
    ----------
    payload
        A JSON object.
    buffer
        Receives the trade, or the reject.
    """
    try:
        message = _message.decode(payload)
        if (message.topic, message.type) != ("activity", "orders_matched"):
            buffer.ignore(f"{message.topic}/{message.type}")
            return
        add_trade(_row.decode(message.payload), buffer)
    except UNREADABLE as problem:
        buffer.reject(f"activity: {problem}")
