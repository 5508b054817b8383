"""Events: events found by detectors, one row each, written once."""

from collections.abc import Sequence
from typing import Any, Final

import psycopg

from domain.signals import Event
from store.columns import columns, unnest
from store.listing import Listing
from store.partitions import create_missing
from store.postgres import map_errors

_COLUMNS: Final = {
    "id": "text",
    "venue": "text",
    "symbol": "text",
    "timeframe": "text",
    "detector": "text",
    "direction": "int2",
    "strength": "float8",
    "detected_at": "timestamptz",
    "simulated": "boolean",
}
"""Name and Postgres type, in the order of the table and of `Event`."""

_WRITE: Final = f"""
INSERT INTO events ({", ".join(_COLUMNS)})
SELECT * FROM {unnest(_COLUMNS)}
ON CONFLICT DO NOTHING
"""  # noqa: S608  names and types of columns, no user input


def _event(row: tuple[Any, ...]) -> Event:
    return Event(**dict(zip(_COLUMNS, row, strict=True)))


LISTING: Final = Listing(
    "events",
    "detected_at",
    ", ".join(_COLUMNS),
    {
        "symbol": "symbol = %(symbol)s",
        "venue": "venue = %(venue)s",
        "timeframe": "timeframe = %(timeframe)s",
        "detector": "detector = %(detector)s",
        "direction": "direction = %(direction)s",
        "since": "detected_at >= %(since)s",
        "until": "detected_at < %(until)s",
    },
    _event,
)
"""Events, by (detected_at, id) descending."""


def write(connection: psycopg.Connection, events: Sequence[Event]) -> int:
    """Write events; a stored event is not changed. Creates missing partitions.

    Returns
    -------
    int
        The number of new rows.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached.
    """
    if not events:
        return 0
    parameters = columns(events, _COLUMNS)
    create_missing(connection, "events", parameters["detected_at"])
    with map_errors():
        return connection.execute(_WRITE, parameters).rowcount
