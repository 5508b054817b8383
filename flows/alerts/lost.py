"""Lost: what the feed has lost of a channel, read from the ledger."""

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from flows.alerts import letters
from flows.alerts.letters import Message
from store import missed
from store.postgres import Connection

OVERLAP: Final = timedelta(minutes=10)
"""Messages are announced nearly, not quite, in the order of the times that they speak of."""


class Lost(NamedTuple):
    """What may have been lost, oldest first, and how many messages more were too old, or too many."""

    messages: list[Message]
    skipped: int


def read(
    connection: Connection, channel: str, at: datetime | None, *, now: datetime, give_up: timedelta, most: int
) -> Lost:
    """What may have been lost, and some of what was told before.

    Parameters
    ----------
    at
        The newest time that a message spoke of which was read; None if none did.
    give_up
        What is so much older than the newest message, or than now, is passed over. What is younger than that and was
        told before is known by its id, since deliveries are kept for longer.
    most
        How many messages at most, the newest of them.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached.
    """
    last = now if at is None else at
    since = max(last - OVERLAP, min(last + timedelta(microseconds=1), now - give_up))
    payloads = missed.since(connection, channel, since, limit=most + 1)
    found = [message for payload in payloads if (message := letters.read(channel, 0, payload)) is not None]
    timed = sorted((message.at, str(message.said["id"]), message) for message in found if message.at is not None)
    old_before = min(timed[-1][0], now) - give_up if timed else now
    young = [message for time, _, message in timed if time >= old_before][-most:]
    return Lost(young, len(timed) - len(young))
