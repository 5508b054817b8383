"""Alerts: notifications for people; written once, by id."""

from collections.abc import Sequence
from typing import Final

import psycopg

from domain.performance import Alert
from store.listing import Listing
from store.outbox_table import OutboxTable

_COLUMNS: Final = {
    "id": "text",
    "kind": "text",
    "level": "text",
    "message": "text",
    "at": "timestamptz",
    "signal_type": "text",
    "value": "float8",
    "trades": "int8",
}
"""Name and Postgres type, in the order of the table and of `Alert`."""

_TABLE: Final = OutboxTable("alerts", "alerts", _COLUMNS)

LISTING: Final = Listing(
    "alerts",
    "at",
    ", ".join(_COLUMNS),
    {"since": "at >= %(since)s"},
    lambda row: Alert(**dict(zip(_COLUMNS, row, strict=True))),
)
"""Alerts, by (at, id) descending."""


def write(connection: psycopg.Connection, alerts: Sequence[Alert]) -> int:
    """Write alerts, and an outbox row for each that is new; returns the number of outbox rows.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached.
    """
    first = {each.id: each for each in reversed(alerts)}
    return _TABLE.write(connection, sorted(first.values(), key=lambda each: (each.at, each.id)))
