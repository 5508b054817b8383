"""Message history: messages of a channel since an instant, rebuilt from the tables, for readers whose feed lost them.

Of a record that changes over time there is only its latest message, which includes the earlier ones. The channel
performance has no history: each of its messages includes the earlier ones, so the next one makes up for a lost one.
"""

from datetime import datetime
from typing import Any, Final

import msgspec

from domain.signals import Signal
from store import alerts, composites, executions, opportunities, signals
from store.listing import Listing
from store.postgres import Connection

_encoder = msgspec.json.Encoder()

# Channel to its listing, the filter by time, and further filters.
_LISTINGS: Final[dict[str, tuple[Listing[Any], str, dict[str, str]]]] = {
    "signals": (signals.LISTING, "since", {"status": "emitted"}),
    "composites": (composites.LISTING, "since", {}),
    "arbitrage": (opportunities.LISTING, "changed_since", {}),
    "executions": (executions.LISTING, "changed_since", {}),
    "alerts": (alerts.LISTING, "since", {}),
}


def since(connection: Connection, channel: str, at: datetime, *, limit: int) -> list[bytes]:
    """The payloads of the messages of a channel, oldest first.

    Parameters
    ----------
    at
        Earliest event time.
    limit
        How many at most; if there are more, the oldest are left out.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached.
    """
    if channel not in _LISTINGS:
        return []
    listing, time_filter, filters = _LISTINGS[channel]
    rows = listing.read(connection, {time_filter: at, **filters}, limit=limit)
    return [_encoder.encode(_as_published(row)) for row in reversed(rows)]


def _as_published(row: msgspec.Struct) -> msgspec.Struct:
    """A signal is published without its outcome, which is not known then."""
    return msgspec.structs.replace(row, outcome=None) if isinstance(row, Signal) else row
