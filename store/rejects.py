"""Rejects: invalid input, with the reason and the raw bytes."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, Final

import psycopg

from domain import clock
from domain.slices import Reject
from store.columns import column, unnest
from store.postgres import Pool, map_errors

_COLUMNS: Final = {
    "id": "text",
    "source": "text",
    "position": "int8",
    "reason": "text",
    "raw": "bytea",
    "at": "timestamptz",
}

_WRITE: Final = f"""
INSERT INTO rejects ({", ".join(_COLUMNS)})
SELECT * FROM {unnest(_COLUMNS)}
ON CONFLICT (id) DO NOTHING
"""  # noqa: S608  names and types of columns, no user input

_READ: Final = """
SELECT source, position, reason, raw, at FROM rejects
WHERE %(source)s::text IS NULL OR source = %(source)s
ORDER BY source, position, id LIMIT %(limit)s
"""


def write(connection: psycopg.Connection, rejects: Sequence[Reject]) -> int:
    """Write rejects; the same reject from the same position is stored once.

    Returns
    -------
    int
        The number of new rows.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached.
    """
    if not rejects:
        return 0
    values: dict[str, list[Any]] = {
        "id": [_id(reject) for reject in rejects],
        "source": [_text(reject.source) for reject in rejects],
        "position": [reject.position for reject in rejects],
        "reason": [_text(reject.reason) for reject in rejects],
        "raw": [reject.raw for reject in rejects],
        "at": [clock.to_datetime(reject.at_ns) if reject.at_ns else None for reject in rejects],
    }
    parameters = {name: column(values[name], kind) for name, kind in _COLUMNS.items()}
    with map_errors():
        return connection.execute(_WRITE, parameters).rowcount


async def page(pool: Pool, *, limit: int, source: str | None = None) -> list[Reject]:
    """Rejects by source and position.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached in time.
    """
    with map_errors():
        async with pool.connection() as connection:
            cursor = await connection.execute(_READ, {"source": source, "limit": limit})
            return [
                Reject(source, position, reason, raw, clock.from_datetime(at) if at else 0)
                for source, position, reason, raw, at in await cursor.fetchall()
            ]


def _id(reject: Reject) -> str:
    text = f"{_text(reject.source)}|{reject.position}|{_text(reject.reason)}|"
    return blake2b(text.encode() + reject.raw, digest_size=16).hexdigest()


def _text(text: str) -> str:
    """The text as Postgres can store it: file names may not be valid UTF-8, and bad input may contain NUL."""
    return text.encode("utf-8", "replace").decode().replace("\x00", "�")
