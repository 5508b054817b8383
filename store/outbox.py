"""The outbox: what is committed and not yet announced.

A row is written in the statement that writes the thing itself, so both are kept or neither. After the
commit the rows are announced under their sequence numbers and deleted. A crash in between leaves
them here, and they are announced at the next start; what had reached Redis is known by its number
and not announced twice.
"""

from collections import defaultdict

import psycopg
import redis

from store import feed
from store.advisory_locks import AdvisoryLock
from store.postgres import map_errors, transaction

_AT_ONCE = 1_000

_TAKE = """
DELETE FROM outbox WHERE seq IN (SELECT seq FROM outbox ORDER BY seq LIMIT %s) RETURNING seq, channel, payload
"""
_ADVANCE = """
SELECT setval(pg_get_serial_sequence('outbox', 'seq'), %(newest)s) FROM outbox_seq_seq WHERE last_value < %(newest)s
"""


def lock(connection: psycopg.Connection) -> None:
    """Keep other writers of the outbox waiting until this transaction ends.

    Numbers are then committed in the order in which they were given out. Else a reader could meet
    8 before 7, and Redis would refuse 7.
    """
    with map_errors():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (AdvisoryLock.OUTBOX,))


async def lock_async(connection: psycopg.AsyncConnection) -> None:
    """`lock` for the API."""
    with map_errors():
        await connection.execute("SELECT pg_advisory_xact_lock(%s)", (AdvisoryLock.OUTBOX,))


def drain(connection: psycopg.Connection, client: redis.Redis) -> int:
    """Announce all that waits and delete it.

    Returns
    -------
    int
        The highest number that was announced; 0 if nothing waited.

    Raises
    ------
    ServiceError
        If Postgres or Redis cannot be reached; call again when they can.
    """
    last = 0
    while True:
        with transaction(connection):
            # A deletion that a crash undoes is announced again, and known by its number.
            connection.execute("SET LOCAL synchronous_commit = off")
            lock(connection)
            rows = connection.execute(_TAKE, (_AT_ONCE,)).fetchall()
            waiting: dict[str, list[tuple[int, bytes]]] = defaultdict(list)
            for seq, channel, payload in sorted(rows):
                waiting[channel].append((seq, payload.encode()))
                last = seq
            for channel, entries in waiting.items():
                feed.publish(client, channel, entries)
        if len(rows) < _AT_ONCE:
            return last


def advance(connection: psycopg.Connection, client: redis.Redis) -> None:
    """Number on from where the feed is, if it is ahead.

    After the database was emptied or restored from a backup its numbers begin again, and the feed
    would take every new signal for an old one.
    """
    with map_errors():
        connection.execute(_ADVANCE, {"newest": feed.newest(client)})
