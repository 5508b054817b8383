"""Recovery: messages of a channel that the feed lost, read from the database."""

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from flows.alerts import messages
from flows.alerts.messages import Message
from store import message_history
from store.postgres import Connection

OVERLAP: Final = timedelta(minutes=10)
"""Messages are published nearly, but not exactly, in the order of their event times."""


class Recovered(NamedTuple):
    """Messages that may have been lost, oldest first, and how many more were too old or too many."""

    messages: list[Message]
    skipped: int


def recover(
    connection: Connection, channel: str, after: datetime | None, *, now: datetime, give_up: timedelta, limit: int
) -> Recovered:
    """Read the messages that may have been lost, together with some that were delivered before.

    Parameters
    ----------
    after
        The newest event time that was read from the feed; None if there was none.
    give_up
        Messages that are older than this, compared with the newest one or with now, are skipped. Younger ones that
        were delivered before are recognised by their ids, because deliveries are kept for longer than that.
    limit
        The number of messages at most; the newest are returned.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached.
    """
    newest_read = now if after is None else after
    since = max(newest_read - OVERLAP, min(newest_read + timedelta(microseconds=1), now - give_up))
    payloads = message_history.since(connection, channel, since, limit=limit + 1)
    parsed = [message for payload in payloads if (message := messages.parse(channel, 0, payload)) is not None]
    ordered = sorted((message.at, str(message.fields["id"]), message) for message in parsed if message.at is not None)
    expired_before = min(ordered[-1][0], now) - give_up if ordered else now
    current = [message for at, _, message in ordered if at >= expired_before][-limit:]
    return Recovered(current, len(ordered) - len(current))
