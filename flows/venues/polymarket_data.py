"""Polymarket's Data API: rows of trades with the wallet of their taker, as version 1 and 2 write them.

A third form, written by recorders, has no token and no side: `timestamp`, `wallet`, `market` (a
slug), `size`, `price` and `tx_hash`.

A transaction fills several orders, and rows have no number of their own. A row is the trade that its
transaction, token, wallet, side, price and size say; told twice, it is one trade. That counts two
equal fills of one transaction as one, which is better than to take for two what was delivered twice:
a whale must not grow by a lost connection. The recorders' form tells neither token nor side, so its
time belongs to what the trade is.

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
    """A trade as version 1 of the API and the real-time service tell it."""

    asset: str
    side: str
    price: Decimal
    size: Decimal
    timestamp: int
    proxy_wallet: str
    transaction_hash: str


class _SecondRow(msgspec.Struct):
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


_first = msgspec.json.Decoder(Row)
_second = msgspec.json.Decoder(_SecondRow)
_recorded = msgspec.json.Decoder(_RecordedRow)


def decode(payload: Json, form: str, buffer: RowBuffer) -> None:
    """One row.

    Parameters
    ----------
    payload
        A JSON object.
    form
        "1" and "2" for the versions of the API, "recorded" for the third form.
    buffer
        Takes the trade, or the reject.
    """
    try:
        if form == "recorded":
            _add_recorded_trade(_recorded.decode(payload), buffer)
        elif form == "2":
            row = _second.decode(payload)
            add_trade(Row(*msgspec.structs.astuple(row)), buffer)
        else:
            add_trade(_first.decode(payload), buffer)
    except UNREADABLE as problem:
        buffer.reject(f"trade: {problem}")


def add_trade(row: Row, buffer: RowBuffer) -> None:
    """The trade of a row.

    Raises
    ------
    UnusableError
        If it cannot be used.
    """
    side, wallet = side_of(row.side), _given(row.proxy_wallet, "wallet")
    buffer.trade(
        buffer.stamp(from_s(row.timestamp)),
        buffer.instrument(name_of(row.asset)),
        price=row.price,
        size=row.size,
        side=side,
        identity=(_given(row.transaction_hash, "transaction").lower(), row.asset, wallet.lower(), row.side),
        wallet=wallet,
    )


def _add_recorded_trade(row: _RecordedRow, buffer: RowBuffer) -> None:
    wallet = _given(row.wallet, "wallet")
    ts = parse_iso(row.timestamp)
    buffer.trade(
        buffer.stamp(ts),
        buffer.instrument(name_of(_given(row.market, "market"))),
        price=row.price,
        size=row.size,
        side=0,
        identity=(_given(row.tx_hash, "transaction").lower(), row.market, wallet.lower(), str(ts)),
        wallet=wallet,
    )


def _given(text: str, what: str) -> str:
    if not text:
        raise UnusableError(f"{what} is missing")
    return text
