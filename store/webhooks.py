"""Webhooks in Postgres: how far the feed was read for them, and what is to be told to whom.

Deliveries and the position up to which they were made are written together, so a message becomes a delivery once,
wherever the process ends; its id is a function of the message, so that nothing changes if it is read again, from the
feed or from the ledger.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, Literal, NamedTuple

import msgspec
import psycopg

from store.advisory_locks import AdvisoryLock
from store.columns import columns, unnest
from store.postgres import reachable, transaction

Status = Literal["waiting", "delivered", "given_up"]


class Position(NamedTuple):
    """How far a channel was read.

    Attributes
    ----------
    seq
        Of the last message that was looked at.
    at
        The newest time that a message spoke of; None if none did.
    epoch
        The life of the feed that `seq` belongs to.
    """

    seq: int
    at: datetime | None
    epoch: str


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One message for one hook.

    Attributes
    ----------
    id
        What the receiver knows it by, at each attempt.
    channel, seq
        Where the message stands in the feed; 0 if it came from the ledger.
    body
        What is sent.
    created_at
        When it was made; `due_at` is then the same.
    attempts, last_status
        How often it was tried, and what was answered at last.
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
    """How many deliveries of a hook have a status, and when the oldest of them was made."""

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
SELECT *, 'waiting', created_at FROM {unnest(_COLUMNS)} AS fresh ({", ".join(_COLUMNS)})
ON CONFLICT (id) DO NOTHING
"""  # noqa: S608  names and types of our own columns
_ADVANCE: Final = """
INSERT INTO webhook_positions AS old (channel, seq, at, epoch)
SELECT * FROM unnest(%(channels)s::text[], %(seqs)s::int8[], %(ats)s::timestamptz[], %(epochs)s::text[])
ON CONFLICT (channel) DO UPDATE
SET seq = greatest(old.seq, excluded.seq), at = greatest(old.at, excluded.at), epoch = excluded.epoch
"""
_DUE: Final = """
SELECT id, hook, channel, seq, body, created_at, attempts, last_status FROM webhook_deliveries
WHERE hook = %(hook)s AND status = 'waiting' AND due_at <= %(now)s ORDER BY due_at, seq LIMIT %(most)s
"""
_TRIED: Final = """
UPDATE webhook_deliveries
SET status = %(status)s, attempts = attempts + 1, due_at = %(due_at)s, last_status = %(last_status)s,
    last_error = %(last_error)s, ended_at = CASE WHEN %(status)s = 'waiting' THEN NULL ELSE %(now)s END
WHERE id = ANY(%(ids)s) AND status = 'waiting'
"""
_GIVE_UP: Final = """
UPDATE webhook_deliveries
SET status = 'given_up', ended_at = %(now)s, last_error = concat_ws('; ', nullif(last_error, ''), %(why)s::text)
WHERE status = 'waiting' AND
"""
_OLD: Final = f"{_GIVE_UP} created_at < %(before)s"
_SURPLUS: Final = f"""{_GIVE_UP} hook = %(hook)s AND id IN (
    SELECT id FROM webhook_deliveries WHERE hook = %(hook)s AND status = 'waiting'
    ORDER BY created_at DESC, seq DESC OFFSET %(most)s
)"""  # noqa: S608  no value of anybody's
_STRANGERS: Final = f"{_GIVE_UP} hook <> ALL(%(hooks)s)"
# The status is named for the sake of the index, which holds ended deliveries only.
_FORGET: Final = "DELETE FROM webhook_deliveries WHERE status <> 'waiting' AND ended_at < %(before)s"
_COUNTS: Final = """
SELECT hook, status, count(*), min(created_at) FROM webhook_deliveries GROUP BY hook, status ORDER BY hook, status
"""
_WAITING: Final = """
SELECT hook, status, count(*), min(created_at) FROM webhook_deliveries WHERE status = 'waiting' GROUP BY hook, status
"""


def take_turn(connection: psycopg.Connection) -> bool:
    """Whether this process is the one that delivers; it is as long as its connection lives.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached, here as in all others.
    """
    with reachable():
        return connection.execute("SELECT pg_try_advisory_lock(%s)", (AdvisoryLock.WEBHOOKS,)).fetchone() == (True,)


def positions(connection: psycopg.Connection) -> dict[str, Position]:
    """Channel to how far it was read."""
    with reachable():
        rows = connection.execute("SELECT channel, seq, at, epoch FROM webhook_positions").fetchall()
    return {channel: Position(*position) for channel, *position in rows}


def leave(connection: psycopg.Connection, channels: Sequence[str]) -> None:
    """Forget how far all others than `channels` were read: who wants to hear of them again begins anew."""
    with reachable():
        connection.execute("DELETE FROM webhook_positions WHERE channel <> ALL(%s)", (list(channels),))


def write(connection: psycopg.Connection, deliveries: Sequence[Delivery], seen: Mapping[str, Position]) -> int:
    """Write deliveries, and how far the feed was looked at for them; all of it or nothing.

    Returns
    -------
    int
        How many deliveries were new.
    """
    with transaction(connection):
        fresh = 0
        if deliveries:
            fresh = connection.execute(_INSERT, columns(deliveries, _COLUMNS)).rowcount
        seqs, ats, epochs = zip(*seen.values(), strict=True) if seen else ((), (), ())
        values = {"channels": list(seen), "seqs": list(seqs), "ats": list(ats), "epochs": list(epochs)}
        connection.execute(_ADVANCE, values)
    return fresh


def due(connection: psycopg.Connection, hook: str, now: datetime, most: int = 1) -> list[Delivery]:
    """The deliveries of a hook that are to be tried next, at most so many."""
    with reachable():
        rows = connection.execute(_DUE, {"hook": hook, "now": now, "most": most}).fetchall()
    names = ("id", "hook", "channel", "seq", "body", "created_at", "attempts", "last_status")
    return [Delivery(**dict(zip(names, row, strict=True))) for row in rows]


def tried(
    connection: psycopg.Connection,
    ids: Sequence[str],
    *,
    status: Status,
    now: datetime,
    due_at: datetime,
    last_status: int,
    last_error: str,
) -> None:
    """Write down what came of an attempt at all of `ids`.

    Parameters
    ----------
    status
        `waiting` if they are to be tried again, at `due_at`.
    last_status, last_error
        What was answered: of HTTP, 0 for no answer; and in words.
    """
    with reachable():
        connection.execute(
            _TRIED,
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
    """Give up what was made before `before`, what is more than `waiting_max` of one hook, and what is of no hook.

    Returns
    -------
    dict
        How many, by hook.
    """
    found: Counter[str] = Counter()
    old = {"now": now, "why": "too old", "before": before}
    strangers = {"now": now, "why": "its hook is gone", "hooks": list(hooks)}
    surplus = [{"now": now, "why": "too many wait", "hook": hook, "most": waiting_max} for hook in hooks]
    with reachable():
        for statement, values in [(_OLD, old), (_STRANGERS, strangers), *((_SURPLUS, each) for each in surplus)]:
            found.update(hook for (hook,) in connection.execute(f"{statement} RETURNING hook", values).fetchall())
    return dict(found)


def forget(connection: psycopg.Connection, *, before: datetime) -> int:
    """Delete what ended before `before`; how many."""
    with reachable():
        return connection.execute(_FORGET, {"before": before}).rowcount


def counts(connection: psycopg.Connection) -> list[Count]:
    """How many deliveries there are, by hook and status."""
    with reachable():
        return [Count(*row) for row in connection.execute(_COUNTS).fetchall()]


def waiting(connection: psycopg.Connection) -> list[Count]:
    """The same of those that wait alone, which is read from an index."""
    with reachable():
        return [Count(*row) for row in connection.execute(_WAITING).fetchall()]
