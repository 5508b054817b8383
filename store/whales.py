"""Whales: large trades on prediction markets, emitted and suppressed, at their latest revision."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import psycopg

from domain.whale_trades import WalletRecord, WhaleTrade
from store.arrays import Texts
from store.columns import columns, unnest
from store.listing import Listing
from store.postgres import map_errors

_COLUMNS: Final = {
    "id": "text",
    "kind": "text",
    "token": "text",
    "market": "text",
    "slug": "text",
    "outcome": "text",
    "wallet": "text",
    "detected_at": "timestamptz",
    "first_at": "timestamptz",
    "last_at": "timestamptz",
    "side": "text",
    "direction": "int4",
    "notional": "float8",
    "max_gain": "float8",
    "contracts": "float8",
    "vwap": "float8",
    "fills": "int4",
    "rank": "float8",
    "rank_n": "float8",
    "share": "float8",
    "wallets": "int4",
    "against": "int4",
    "posterior": "float8",
    "chance": "float8",
    "record": "json",
    "revision": "int4",
    "status": "text",
    "suppressed_reason": "text",
    "reason": "text",
    "simulated": "boolean",
}
"""Name and Postgres type, in the order of the table and of `WhaleTrade`."""

_encoder = msgspec.json.Encoder()
_record = msgspec.json.Decoder(WalletRecord | None)

_WRITE: Final = f"""
INSERT INTO whale_trades AS old ({", ".join(_COLUMNS)})
SELECT * FROM {unnest(_COLUMNS)}
ON CONFLICT (id) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in _COLUMNS if name != "id")}
WHERE old.revision < excluded.revision
"""  # noqa: S608  names and types of columns, no user input


def _whale(row: tuple[Any, ...]) -> WhaleTrade:
    values = dict(zip(_COLUMNS, row, strict=True))
    values["record"] = _record.decode(values["record"])
    return WhaleTrade(**values)


LISTING: Final = Listing(
    "whale_trades",
    "detected_at",
    ", ".join(f"{name}::text" if kind == "json" else name for name, kind in _COLUMNS.items()),
    {
        "kind": "kind = %(kind)s",
        "market": "market = %(market)s",
        "slug": "slug = %(slug)s",
        "wallet": "lower(wallet) = ANY(%(wallet)s)",
        "direction": "direction = %(direction)s",
        "status": "status = %(status)s",
        "min_notional": "notional >= %(min_notional)s",
        "since": "detected_at >= %(since)s",
        "until": "detected_at < %(until)s",
    },
    _whale,
)
"""Whales, by (detected_at, id) descending."""


def write(connection: psycopg.Connection, whales: Sequence[WhaleTrade]) -> int:
    """Write whales at their latest revision; returns how many were inserted or updated.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached.
    """
    latest: dict[str, WhaleTrade] = {}
    for each in sorted(whales, key=lambda one: one.revision):
        latest[each.id] = each
    rows = sorted(latest.values(), key=lambda one: (one.detected_at, one.id))
    if not rows:
        return 0
    parameters = columns(rows, _COLUMNS)
    parameters["record"] = Texts([_encoder.encode(row.record).decode() for row in rows])
    with map_errors():
        return connection.execute(_WRITE, parameters).rowcount
