"""Wallets: who trades large on prediction markets, and what each had won when it was last seen.

A wallet is told of by its address, or by its number where that is not known yet or not known any more. It is
one row, whose key is the number, which follows from the address.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import psycopg

from domain.wallets import wallet_id
from domain.whale_trades import Wallet, WalletRecord
from store.arrays import Texts
from store.columns import column, columns, unnest
from store.postgres import Pool, map_errors

_TOLD: Final = {"id": "text", "seen_at": "timestamptz", "record": "json"}
_COLUMNS: Final = {"number": "int8", **_TOLD}
NUMBER_MAX = (1 << 63) - 1
"""The greatest number."""

_encoder = msgspec.json.Encoder()
_record = msgspec.json.Decoder(WalletRecord)

_WRITE: Final = f"""
INSERT INTO wallets AS old ({", ".join(_COLUMNS)})
SELECT * FROM {unnest(_COLUMNS)}
ON CONFLICT (number) DO UPDATE SET
    id = CASE WHEN excluded.id = excluded.number::text THEN old.id ELSE excluded.id END,
    seen_at = GREATEST(old.seen_at, excluded.seen_at),
    record = CASE WHEN old.seen_at < excluded.seen_at THEN excluded.record ELSE old.record END
WHERE old.seen_at < excluded.seen_at OR (old.id = old.number::text AND excluded.id <> old.id)
"""  # noqa: S608  names and types of our own columns

_READ: Final = "SELECT id, seen_at, record::text FROM wallets WHERE number = %s"


def number_of(wallet: str) -> int:
    """The number of a wallet that is called by its address or its number.

    Examples
    --------
    >>> number_of("7"), number_of("0xAb") == number_of("0xab")
    (7, True)
    """
    number = int(wallet) if wallet.isascii() and wallet.isdigit() else NUMBER_MAX + 1
    return number if number <= NUMBER_MAX else wallet_id(wallet)


def aliases(wallet: str) -> list[str]:
    """What whales of a wallet may have been told under, in small letters."""
    return [wallet.lower(), str(number_of(wallet))]


def write(connection: psycopg.Connection, wallets: Sequence[Wallet]) -> int:
    """Write wallets as they were last seen; how many are new, or were seen later than was known.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached.
    """
    newest: dict[int, Wallet] = {}
    for each in sorted(wallets, key=lambda one: one.seen_at):
        number = number_of(each.id)
        known = newest.get(number, each)
        newest[number] = msgspec.structs.replace(each, id=known.id) if each.id == str(number) else each
    if not newest:
        return 0
    numbers = sorted(newest)
    rows = [newest[number] for number in numbers]
    parameters = {"number": column(numbers, "int8"), **columns(rows, _TOLD)}
    parameters["record"] = Texts([_encoder.encode(row.record).decode() for row in rows])
    with map_errors():
        return connection.execute(_WRITE, parameters).rowcount


async def one(pool: Pool, wallet: str) -> Wallet | None:
    """The wallet of that address or number, whichever letters of it are capitals.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached in time.
    """
    with map_errors():
        async with pool.connection() as connection:
            row: Any = await (await connection.execute(_READ, (number_of(wallet),))).fetchone()
    return Wallet(id=row[0], seen_at=row[1], record=_record.decode(row[2])) if row else None
