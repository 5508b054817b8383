"""Composites: signals that match a pattern together; written once, by id, and listed newest first."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import psycopg

from domain.composites import Component, Composite
from store.listing import Listing
from store.outbox_table import OutboxTable

_COLUMNS: Final = {
    "id": "text",
    "venue": "text",
    "symbol": "text",
    "market_slug": "text",
    "pattern_type": "text",
    "direction": "text",
    "detected_at": "timestamptz",
    "component_signals": "json",
    "composite_confidence": "float8",
    "correlation_score": "float8",
    "expected_return": "float8",
    "risk_score": "float8",
    "regime": "text",
    "reason": "text",
    "simulated": "boolean",
}
"""Name and Postgres type, in the order of the table and of `Composite`."""

_TABLE: Final = OutboxTable("composite_signals", "composites", _COLUMNS)

_components = msgspec.json.Decoder(list[Component])


def _composite(row: tuple[Any, ...]) -> Composite:
    values = dict(zip(_COLUMNS, row, strict=True))
    values["component_signals"] = _components.decode(values["component_signals"])
    return Composite(**values)


LISTING: Final = Listing(
    "composite_signals",
    "detected_at",
    ", ".join(f"{name}::text" if kind == "json" else name for name, kind in _COLUMNS.items()),
    {
        "symbol": "symbol = %(symbol)s",
        "venue": "venue = %(venue)s",
        "market_slug": "market_slug = %(market_slug)s",
        "pattern_type": "pattern_type = %(pattern_type)s",
        "direction": "direction = %(direction)s",
        "min_confidence": "composite_confidence >= %(min_confidence)s",
        "since": "detected_at >= %(since)s",
        "until": "detected_at < %(until)s",
    },
    _composite,
)
"""Composites, by (detected_at, id) descending."""


def write(connection: psycopg.Connection, composites: Sequence[Composite]) -> int:
    """Write composites, and an outbox row for each that is new; returns the number of outbox rows.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached.
    """
    first = {each.id: each for each in reversed(composites)}
    return _TABLE.write(connection, sorted(first.values(), key=lambda each: (each.detected_at, each.id)))
