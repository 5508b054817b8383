"""Webhooks: the queue of deliveries, and how far the feed was read for them.

Deliveries and the positions up to which the feed was read are written in one transaction, so that a message becomes a
delivery once, wherever the process ends. The id of a delivery is a function of its message, so nothing changes if the
message is read again, from the feed or from the database.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, Literal, NamedTuple

import msgspec
import psycopg

from store.advisory_locks import AdvisoryLock
from store.columns import columns, unnest
from store.postgres import map_errors, transaction

Status = Literal["waiting", "delivered", "given_up"]


class Position(NamedTuple):
    """How far a channel was read.

    Attributes
    ----------
    seq
        Sequence number of the last message that was read.
    at
        The newest event time of a message; None if no message had one.
    epoch
        The epoch of the feed that `seq` belongs to.
    """

    seq: int
    at: datetime | None
    epoch: str


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One message for one hook.

    Attributes
    ----------
    id
        Sent to the receiver, the same for each attempt.
    channel, seq
        Position of the message in the feed; `seq` is 0 if it was recovered from the database.
    body
        Body of the request.
    created_at
        Time of creation, and of the first attempt.
    attempts, last_status
        Number of attempts, and the HTTP status of the last one: 0 for no response, None before the first.
    """

    id: str
    hook: str
    channel: str
    seq: int
    body: str
    created_at: datetime
    attempts: int = 0
    last_status: int | None = None


class Count(NamedTuple):
    """The number of deliveries of a hook with one status, and when the oldest of them was created."""

    hook: str
    status: Status
    deliveries: int
    oldest_at: datetime


_COLUMNS: Final = {
    "id": "text",
    "hook": "text",
    "channel": "text",
    "seq": "int8",
    "body": "text",
    "created_at": "timestamptz",
}
_INSERT: Final = f"""
INSERT INTO webhook_deliveries ({", ".join(_COLUMNS)}, status, due_at)
SELECT *, 'waiting', created_at FROM {unnest(_COLUMNS)} AS given ({", ".join(_COLUMNS)})
ON CONFLICT (id) DO NOTHING
"""  # noqa: S608  names and types of columns, no user input
_ADVANCE: Final = """
INSERT INTO webhook_positions AS old (channel, seq, at, epoch)
SELECT * FROM unnest(%(channels)s::text[], %(seqs)s::int8[], %(ats)s::timestamptz[], %(epochs)s::text[])
ON CONFLICT (channel) DO UPDATE
SET seq = greatest(old.seq, excluded.seq), at = greatest(old.at, excluded.at), epoch = excluded.epoch
"""
_DUE: Final = """
SELECT id, hook, channel, seq, body, created_at, attempts, last_status FROM webhook_deliveries
WHERE hook = %(hook)s AND status = 'waiting' AND due_at <= %(now)s ORDER BY due_at, seq LIMIT %(limit)s
"""
_RECORD_ATTEMPT: Final = """
UPDATE webhook_deliveries
SET status = %(status)s, attempts = attempts + 1, due_at = %(due_at)s, last_status = %(last_status)s,
    last_error = %(last_error)s, ended_at = CASE WHEN %(status)s = 'waiting' THEN NULL ELSE %(now)s END
WHERE id = ANY(%(ids)s) AND status = 'waiting'
"""
_GIVE_UP: Final = """
UPDATE webhook_deliveries
SET status = 'given_up', ended_at = %(now)s, last_error = concat_ws('; ', nullif(last_error, ''), %(reason)s::text)
WHERE status = 'waiting' AND
"""
_GIVE_UP_EXPIRED: Final = f"{_GIVE_UP} created_at < %(before)s"
_GIVE_UP_SURPLUS: Final = f"""{_GIVE_UP} hook = %(hook)s AND id IN (
    SELECT id FROM webhook_deliveries WHERE hook = %(hook)s AND status = 'waiting'
    ORDER BY created_at DESC, seq DESC OFFSET %(waiting_max)s
)"""  # noqa: S608  no user input
_GIVE_UP_ORPHANED: Final = f"{_GIVE_UP} hook <> ALL(%(hooks)s)"
# The condition on the status lets Postgres use the partial index of ended deliveries.
_DELETE_ENDED: Final = "DELETE FROM webhook_deliveries WHERE status <> 'waiting' AND ended_at < %(before)s"
_COUNTS: Final = """
SELECT hook, status, count(*), min(created_at) FROM webhook_deliveries GROUP BY hook, status ORDER BY hook, status
"""
_WAITING_COUNTS: Final = """
SELECT hook, status, count(*), min(created_at) FROM webhook_deliveries WHERE status = 'waiting' GROUP BY hook, status
"""


def try_lock(connection: psycopg.Connection) -> bool:
    """Try to become the process that delivers; the lock is held until its connection ends.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached, as in every function here.
    """
    with map_errors():
        return connection.execute("SELECT pg_try_advisory_lock(%s)", (AdvisoryLock.WEBHOOKS,)).fetchone() == (True,)


def positions(connection: psycopg.Connection) -> dict[str, Position]:
    """The stored position of each channel."""
    with map_errors():
        rows = connection.execute("SELECT channel, seq, at, epoch FROM webhook_positions").fetchall()
    return {channel: Position(*position) for channel, *position in rows}


def delete_other_positions(connection: psycopg.Connection, channels: Sequence[str]) -> None:
    """Delete the positions of all channels except `channels`; if one is read again, it is read from its end."""
    with map_errors():
        connection.execute("DELETE FROM webhook_positions WHERE channel <> ALL(%s)", (list(channels),))


def write(connection: psycopg.Connection, deliveries: Sequence[Delivery], positions: Mapping[str, Position]) -> int:
    """Write deliveries, and the positions up to which the feed was read for them, in one transaction.

    Returns
    -------
    int
        How many deliveries were new.
    """
    with transaction(connection):
        inserted = 0
        if deliveries:
            inserted = connection.execute(_INSERT, columns(deliveries, _COLUMNS)).rowcount
        seqs, ats, epochs = zip(*positions.values(), strict=True) if positions else ((), (), ())
        values = {"channels": list(positions), "seqs": list(seqs), "ats": list(ats), "epochs": list(epochs)}
        connection.execute(_ADVANCE, values)
    return inserted


def due(connection: psycopg.Connection, hook: str, now: datetime, limit: int = 1) -> list[Delivery]:
    """The deliveries of a hook whose next attempt is due, at most `limit`, in the order in which they became due."""
    with map_errors():
        rows = connection.execute(_DUE, {"hook": hook, "now": now, "limit": limit}).fetchall()
    names = ("id", "hook", "channel", "seq", "body", "created_at", "attempts", "last_status")
    return [Delivery(**dict(zip(names, row, strict=True))) for row in rows]


def record_attempt(
    connection: psycopg.Connection,
    ids: Sequence[str],
    *,
    status: Status,
    now: datetime,
    due_at: datetime,
    last_status: int,
    last_error: str,
) -> None:
    """Record the result of an attempt that delivered all of `ids` together.

    Parameters
    ----------
    status
        `waiting` if they are to be retried, at `due_at`.
    last_status, last_error
        HTTP status of the response, 0 if there was none; and what went wrong, empty on success.
    """
    with map_errors():
        connection.execute(
            _RECORD_ATTEMPT,
            {
                "ids": list(ids),
                "status": status,
                "now": now,
                "due_at": due_at,
                "last_status": last_status,
                "last_error": last_error,
            },
        )


def give_up(
    connection: psycopg.Connection, hooks: Sequence[str], *, now: datetime, before: datetime, waiting_max: int
) -> dict[str, int]:
    """Give up what was created before `before`, exceeds `waiting_max` of a hook, or belongs to none of `hooks`.

    Returns
    -------
    dict
        How many were given up, by hook.
    """
    given_up: Counter[str] = Counter()
    expired = {"now": now, "reason": "too old", "before": before}
    orphaned = {"now": now, "reason": "hook was removed", "hooks": list(hooks)}
    surplus = [{"now": now, "reason": "too many waiting", "hook": hook, "waiting_max": waiting_max} for hook in hooks]
    with map_errors():
        for statement, values in [
            (_GIVE_UP_EXPIRED, expired),
            (_GIVE_UP_ORPHANED, orphaned),
            *((_GIVE_UP_SURPLUS, each) for each in surplus),
        ]:
            given_up.update(hook for (hook,) in connection.execute(f"{statement} RETURNING hook", values).fetchall())
    return dict(given_up)


def delete_ended(connection: psycopg.Connection, *, before: datetime) -> int:
    """Delete deliveries that ended before `before`; returns how many."""
    with map_errors():
        return connection.execute(_DELETE_ENDED, {"before": before}).rowcount


def counts(connection: psycopg.Connection) -> list[Count]:
    """Count the deliveries by hook and status."""
    with map_errors():
        return [Count(*row) for row in connection.execute(_COUNTS).fetchall()]


def waiting_counts(connection: psycopg.Connection) -> list[Count]:
    """Count the waiting deliveries by hook; unlike `counts` this reads only an index."""
    with map_errors():
        return [Count(*row) for row in connection.execute(_WAITING_COUNTS).fetchall()]
