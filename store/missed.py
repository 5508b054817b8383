"""Missed: what was announced since an instant, from the ledger, for readers whose feed has lost it.

Of what changes over its life the ledger knows the last change, which says all that those before it did. Performance is
not among it: each of its messages says all that those before it did, so the next one makes up for them.
"""

from datetime import datetime
from typing import Any, Final

import msgspec

from domain.signals import Signal
from store import alerts, composites, executions, opportunities, signals
from store.listing import Listing
from store.postgres import Connection

_encoder = msgspec.json.Encoder()

_LISTINGS: Final[dict[str, tuple[Listing[Any], str, dict[str, str]]]] = {
    "signals": (signals.LISTING, "since", {"status": "emitted"}),
    "composites": (composites.LISTING, "since", {}),
    "arbitrage": (opportunities.LISTING, "changed_since", {}),
    "executions": (executions.LISTING, "changed_since", {}),
    "alerts": (alerts.LISTING, "since", {}),
}


def since(connection: Connection, channel: str, at: datetime, *, limit: int) -> list[bytes]:
    """The payloads of a channel's messages of this instant or later, the newest last.

    Parameters
    ----------
    limit
        How many at most; if there are more, the oldest are left out.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached.
    """
    if channel not in _LISTINGS:
        return []
    listing, filtered, announced = _LISTINGS[channel]
    rows = listing.read(connection, {filtered: at, **announced}, limit=limit)
    return [_encoder.encode(_as_announced(row)) for row in reversed(rows)]


def _as_announced(row: msgspec.Struct) -> msgspec.Struct:
    """A signal is announced before its end."""
    return msgspec.structs.replace(row, outcome=None) if isinstance(row, Signal) else row
