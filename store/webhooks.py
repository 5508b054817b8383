"""Webhooks in Postgres: how far the feed was read for them, and what is to be told to whom.

Deliveries and the position up to which they were made are written together, so a message becomes a delivery once,
wherever the process ends; its id is a function of the message, so that nothing changes if it is read again.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, Literal, NamedTuple

import msgspec
import psycopg

from store.columns import columns, unnest
from store.postgres import reachable, transaction

Status = Literal["waiting", "delivered", "given_up"]

_LOCK: Final = 7_236_144_003


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One message for one hook.

    Attributes
    ----------
    id
        What the receiver knows it by, at each attempt.
    channel, seq
        Where the message stands in the feed.
    body
        What is sent.
    created_at
        When it was made; `due_at` is then the same.
    attempts
        How often it was tried.
    """

    id: str
    hook: str
    channel: str
    seq: int
    body: str
    created_at: datetime
    attempts: int = 0


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
INSERT INTO webhook_positions AS old (channel, seq) SELECT * FROM unnest(%(channels)s::text[], %(seqs)s::int8[])
ON CONFLICT (channel) DO UPDATE SET seq = greatest(old.seq, excluded.seq)
"""
_DUE: Final = """
SELECT id, hook, channel, seq, body, created_at, attempts FROM webhook_deliveries
WHERE hook = %(hook)s AND status = 'waiting' AND due_at <= %(now)s ORDER BY due_at, seq LIMIT 1
"""
_TRIED: Final = """
UPDATE webhook_deliveries
SET status = %(status)s, attempts = attempts + 1, due_at = %(due_at)s, last_status = %(last_status)s,
    last_error = %(last_error)s, ended_at = CASE WHEN %(status)s = 'waiting' THEN NULL ELSE %(now)s END
WHERE id = %(id)s AND status = 'waiting'
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
_FORGET: Final = "DELETE FROM webhook_deliveries WHERE status <> 'waiting' AND ended_at < %(before)s"
_COUNTS: Final = """
SELECT hook, status, count(*), min(created_at) FROM webhook_deliveries GROUP BY hook, status ORDER BY hook, status
"""


def take_turn(connection: psycopg.Connection) -> bool:
    """Whether this process is the one that delivers; it is as long as its connection lives.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached, here as in all others.
    """
    with reachable():
        return connection.execute("SELECT pg_try_advisory_lock(%s)", (_LOCK,)).fetchone() == (True,)


def positions(connection: psycopg.Connection) -> dict[str, int]:
    """Channel to the seq of the last message that was looked at."""
    with reachable():
        return dict(connection.execute("SELECT channel, seq FROM webhook_positions").fetchall())


def write(connection: psycopg.Connection, deliveries: Sequence[Delivery], seen: Mapping[str, int]) -> int:
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
        connection.execute(_ADVANCE, {"channels": list(seen), "seqs": list(seen.values())})
    return fresh


def due(connection: psycopg.Connection, hook: str, now: datetime) -> Delivery | None:
    """The delivery of a hook that is to be tried next; None if there is none now."""
    with reachable():
        row = connection.execute(_DUE, {"hook": hook, "now": now}).fetchone()
    names = ("id", "hook", "channel", "seq", "body", "created_at", "attempts")
    return None if row is None else Delivery(**dict(zip(names, row, strict=True)))


def tried(
    connection: psycopg.Connection,
    delivery_id: str,
    *,
    status: Status,
    now: datetime,
    due_at: datetime,
    last_status: int,
    last_error: str,
) -> None:
    """Write down what came of an attempt.

    Parameters
    ----------
    status
        `waiting` if it is to be tried again, at `due_at`.
    last_status, last_error
        What was answered: of HTTP, 0 for no answer; and in words.
    """
    with reachable():
        connection.execute(
            _TRIED,
            {
                "id": delivery_id,
                "status": status,
                "now": now,
                "due_at": due_at,
                "last_status": last_status,
                "last_error": last_error,
            },
        )


def give_up(
    connection: psycopg.Connection, hooks: Sequence[str], *, now: datetime, before: datetime, waiting_max: int
) -> int:
    """Give up what was made before `before`, what is more than `waiting_max` of one hook, and what is of no hook.

    Returns
    -------
    int
        How many.
    """
    with reachable():
        count = connection.execute(_OLD, {"now": now, "why": "too old", "before": before}).rowcount
        strangers = {"now": now, "why": "its hook is gone", "hooks": list(hooks)}
        count += connection.execute(_STRANGERS, strangers).rowcount
        for hook in hooks:
            surplus = {"now": now, "why": "too many wait", "hook": hook, "most": waiting_max}
            count += connection.execute(_SURPLUS, surplus).rowcount
    return count


def forget(connection: psycopg.Connection, *, before: datetime) -> int:
    """Delete what ended before `before`; how many."""
    with reachable():
        return connection.execute(_FORGET, {"before": before}).rowcount


def counts(connection: psycopg.Connection) -> list[Count]:
    """How many deliveries there are, by hook and status."""
    with reachable():
        return [Count(*row) for row in connection.execute(_COUNTS).fetchall()]
