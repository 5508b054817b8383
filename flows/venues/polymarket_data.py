"""Polymarket's Data API: decode trades with the wallet of their taker, of versions 1 and 2 of the API.

A third form, written by recorders, has no token and no side: `timestamp`, `wallet`, `market` (a slug), `size`,
`price` and `tx_hash`.

A transaction fills several orders, and rows have no id. A trade is identified by its transaction, token, wallet,
side, price and size; rows with the same values are one trade. That counts two equal fills of one transaction as
one, which is better than counting a repeated delivery twice: a whale must not grow because of a lost connection.
The recorders' form has neither token nor side, so its time is part of the identity.

References
----------
Polymarket, "Get trades" of the Data API, version 1 and version 2 (2026-09-04).
"""

from decimal import Decimal

import msgspec

from domain.clock import parse_iso
from flows.venues.fields import UNREADABLE, UnusableError
from flows.venues.polymarket import from_s, name_of, side_of
from flows.venues.row_buffer import Json, RowBuffer


class Row(msgspec.Struct, rename="camel"):
    """A trade of version 1 of the API and of the real-time service."""

    asset: str
    side: str
    price: Decimal
    size: Decimal
    timestamp: int
    proxy_wallet: str
    transaction_hash: str


class _RowV2(msgspec.Struct):
    token_id: str
    side: str
    price: Decimal
    size: Decimal
    timestamp: int
    proxy_wallet: str
    transaction_hash: str


class _RecordedRow(msgspec.Struct):
    market: str
    price: Decimal
    size: Decimal
    timestamp: str
    wallet: str
    tx_hash: str


_row_v1 = msgspec.json.Decoder(Row)
_row_v2 = msgspec.json.Decoder(_RowV2)
_recorded = msgspec.json.Decoder(_RecordedRow)


def decode(payload: Json, form: str, buffer: RowBuffer) -> None:
    """Decode one row.

    Parameters
    ----------
    payload
        A JSON object.
    form
        "1" and "2" for the versions of the API, "recorded" for the recorders' form.
    buffer
        Receives the trade, or the reject.
    """
    try:
        if form == "recorded":
            _add_recorded_trade(_recorded.decode(payload), buffer)
        elif form == "2":
            row = _row_v2.decode(payload)
            add_trade(Row(*msgspec.structs.astuple(row)), buffer)
        else:
            add_trade(_row_v1.decode(payload), buffer)
    except UNREADABLE as problem:
        buffer.reject(f"trade: {problem}")


def add_trade(row: Row, buffer: RowBuffer) -> None:
    """Add the trade of a row to the buffer.

    Raises
    ------
    UnusableError
        If it is invalid.
    """
    side, wallet = side_of(row.side), _required(row.proxy_wallet, "wallet")
    buffer.trade(
        buffer.stamp(from_s(row.timestamp)),
        buffer.instrument(name_of(row.asset)),
        price=row.price,
        size=row.size,
        side=side,
        identity=(_required(row.transaction_hash, "transaction").lower(), row.asset, wallet.lower(), row.side),
        wallet=wallet,
    )


def _add_recorded_trade(row: _RecordedRow, buffer: RowBuffer) -> None:
    wallet = _required(row.wallet, "wallet")
    ts = parse_iso(row.timestamp)
    buffer.trade(
        buffer.stamp(ts),
        buffer.instrument(name_of(_required(row.market, "market"))),
        price=row.price,
        size=row.size,
        side=0,
        identity=(_required(row.tx_hash, "transaction").lower(), row.market, wallet.lower(), str(ts)),
        wallet=wallet,
    )


def _required(text: str, what: str) -> str:
    if not text:
        raise UnusableError(f"{what} is missing")
    return text
