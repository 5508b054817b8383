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
from flows.venues.facts import UNREADABLE, UnusableError
from flows.venues.intake import Intake, Json
from flows.venues.polymarket import from_s, name_of, side_of


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


def decode(payload: Json, form: str, intake: Intake) -> None:
    """One row.

    Parameters
    ----------
    payload
        A JSON object.
    form
        "1" and "2" for the versions of the API, "recorded" for the third form.
    intake
        Takes the trade, or the reject.
    """
    try:
        if form == "recorded":
            _take_recorded(_recorded.decode(payload), intake)
        elif form == "2":
            row = _second.decode(payload)
            take(Row(*msgspec.structs.astuple(row)), intake)
        else:
            take(_first.decode(payload), intake)
    except UNREADABLE as problem:
        intake.reject(f"trade: {problem}")


def take(row: Row, intake: Intake) -> None:
    """The trade of a row.

    Raises
    ------
    UnusableError
        If it cannot be used.
    """
    side, wallet = side_of(row.side), _given(row.proxy_wallet, "wallet")
    intake.trade(
        intake.stamp(from_s(row.timestamp)),
        intake.instrument(name_of(row.asset)),
        price=row.price,
        size=row.size,
        side=side,
        identity=(_given(row.transaction_hash, "transaction").lower(), row.asset, wallet.lower(), row.side),
        wallet=wallet,
    )


def _take_recorded(row: _RecordedRow, intake: Intake) -> None:
    wallet = _given(row.wallet, "wallet")
    ts = parse_iso(row.timestamp)
    intake.trade(
        intake.stamp(ts),
        intake.instrument(name_of(_given(row.market, "market"))),
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
