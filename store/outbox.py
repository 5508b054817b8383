"""Outbox: messages that are committed and not yet published (transactional outbox).

An outbox row is written in the same transaction as the record that it is about, so both are committed or neither. After
the commit the rows are published under their sequence numbers and deleted. After a crash in between they are published
at the next start; Redis knows by the sequence number which of them it has already.
"""

from collections import defaultdict

import psycopg
import redis

from store import feed
from store.advisory_locks import AdvisoryLock
from store.postgres import map_errors, transaction

_BATCH = 1_000

_TAKE = """
DELETE FROM outbox WHERE seq IN (SELECT seq FROM outbox ORDER BY seq LIMIT %s) RETURNING seq, channel, payload
"""
_ADVANCE = """
SELECT setval(pg_get_serial_sequence('outbox', 'seq'), %(newest)s) FROM outbox_seq_seq WHERE last_value < %(newest)s
"""


def lock(connection: psycopg.Connection) -> None:
    """Lock the outbox against other writers until the transaction ends.

    Sequence numbers are then committed in the order in which they are assigned. Otherwise 8 could be published before
    7, and Redis would refuse 7.
    """
    with map_errors():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (AdvisoryLock.OUTBOX,))


async def lock_async(connection: psycopg.AsyncConnection) -> None:
    """`lock` for an asynchronous connection."""
    with map_errors():
        await connection.execute("SELECT pg_advisory_xact_lock(%s)", (AdvisoryLock.OUTBOX,))


def drain(connection: psycopg.Connection, client: redis.Redis) -> int:
    """Publish all messages in the outbox, and delete them.

    Returns
    -------
    int
        The highest sequence number that was published; 0 if the outbox was empty.

    Raises
    ------
    ServiceError
        If Postgres or Redis cannot be reached; call again when they can.
    """
    last = 0
    while True:
        with transaction(connection):
            # If a crash undoes the deletion, the message is published again, and ignored for its sequence number.
            connection.execute("SET LOCAL synchronous_commit = off")
            lock(connection)
            rows = connection.execute(_TAKE, (_BATCH,)).fetchall()
            entries_of: dict[str, list[tuple[int, bytes]]] = defaultdict(list)
            for seq, channel, payload in sorted(rows):
                entries_of[channel].append((seq, payload.encode()))
                last = seq
            for channel, entries in entries_of.items():
                feed.publish(client, channel, entries)
        if len(rows) < _BATCH:
            return last


def advance(connection: psycopg.Connection, client: redis.Redis) -> None:
    """Advance the sequence of the outbox to the newest number in the feed, if that is higher.

    After the database was emptied or restored from a backup its numbers start again, and the feed would ignore every
    new message as a repeated one.
    """
    with map_errors():
        connection.execute(_ADVANCE, {"newest": feed.newest(client)})
