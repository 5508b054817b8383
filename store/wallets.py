"""Wallets: who trades large on prediction markets, and what each had won when it was last seen."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import psycopg

from domain.whale_trades import Wallet, WalletRecord
from store.arrays import Texts
from store.columns import columns, unnest
from store.postgres import Pool, reachable

_COLUMNS: Final = {"id": "text", "seen_at": "timestamptz", "record": "json"}

_encoder = msgspec.json.Encoder()
_record = msgspec.json.Decoder(WalletRecord)

_WRITE: Final = f"""
INSERT INTO wallets AS old ({", ".join(_COLUMNS)})
SELECT * FROM {unnest(_COLUMNS)}
ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at, record = excluded.record
WHERE old.seen_at < excluded.seen_at
"""  # noqa: S608  names and types of our own columns

_READ: Final = """
SELECT id, seen_at, record::text FROM wallets WHERE lower(id) = lower(%s) ORDER BY seen_at DESC, id LIMIT 1
"""


def write(connection: psycopg.Connection, wallets: Sequence[Wallet]) -> int:
    """Write wallets as they were last seen; how many are new, or were seen later than was known.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached.
    """
    newest: dict[str, Wallet] = {}
    for each in sorted(wallets, key=lambda one: one.seen_at):
        newest[each.id] = each
    rows = sorted(newest.values(), key=lambda one: one.id)
    if not rows:
        return 0
    parameters = columns(rows, _COLUMNS)
    parameters["record"] = Texts([_encoder.encode(row.record).decode() for row in rows])
    with reachable():
        return connection.execute(_WRITE, parameters).rowcount


async def one(pool: Pool, wallet: str) -> Wallet | None:
    """The wallet of that address or number, whichever letters of it are capitals.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached in time.
    """
    with reachable():
        async with pool.connection() as connection:
            row: Any = await (await connection.execute(_READ, (wallet,))).fetchone()
    return Wallet(id=row[0], seen_at=row[1], record=_record.decode(row[2])) if row else None
