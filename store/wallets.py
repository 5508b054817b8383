"""Wallets: large traders on prediction markets, with the track record of each when it was last seen.

A wallet is identified by its address, or by its number while the address is not known. It is stored as one row, whose
key is the number, a hash of the address.
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

_VALUES: Final = {"id": "text", "seen_at": "timestamptz", "record": "json"}
_COLUMNS: Final = {"number": "int8", **_VALUES}
NUMBER_MAX = (1 << 63) - 1
"""The highest wallet number."""

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
"""  # noqa: S608  names and types of columns, no user input

_READ: Final = "SELECT id, seen_at, record::text FROM wallets WHERE number = %s"


def number_of(wallet: str) -> int:
    """The number of a wallet that is given by its address or its number.

    Examples
    --------
    >>> number_of("7"), number_of("0xAb") == number_of("0xab")
    (7, True)
    """
    number = int(wallet) if wallet.isascii() and wallet.isdigit() else NUMBER_MAX + 1
    return number if number <= NUMBER_MAX else wallet_id(wallet)


def aliases(wallet: str) -> list[str]:
    """The identifiers, in lower case, under which trades of a wallet may be stored: as given, and its number."""
    return [wallet.lower(), str(number_of(wallet))]


def write(connection: psycopg.Connection, wallets: Sequence[Wallet]) -> int:
    """Write wallets as they were last seen; returns how many were inserted or updated.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached.
    """
    latest: dict[int, Wallet] = {}
    for each in sorted(wallets, key=lambda one: one.seen_at):
        number = number_of(each.id)
        previous = latest.get(number, each)
        latest[number] = msgspec.structs.replace(each, id=previous.id) if each.id == str(number) else each
    if not latest:
        return 0
    numbers = sorted(latest)
    rows = [latest[number] for number in numbers]
    parameters = {"number": column(numbers, "int8"), **columns(rows, _VALUES)}
    parameters["record"] = Texts([_encoder.encode(row.record).decode() for row in rows])
    with map_errors():
        return connection.execute(_WRITE, parameters).rowcount


async def one(pool: Pool, wallet: str) -> Wallet | None:
    """The wallet with this address, in any case, or number; None if there is none.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached in time.
    """
    with map_errors():
        async with pool.connection() as connection:
            row: Any = await (await connection.execute(_READ, (number_of(wallet),))).fetchone()
    return Wallet(id=row[0], seen_at=row[1], record=_record.decode(row[2])) if row else None
