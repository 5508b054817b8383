"""Composites: signals that belong together, as one; written once, by id."""

from collections.abc import Sequence
from typing import Final

import psycopg

from domain.composites import Composite
from store.announced import Announced

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

_TABLE: Final = Announced("composite_signals", "composites", _COLUMNS)


def write(connection: psycopg.Connection, composites: Sequence[Composite]) -> int:
    """Write composites and the outbox row of each that is new; how many wait there because of this call.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached.
    """
    first = {each.id: each for each in reversed(composites)}
    return _TABLE.write(connection, sorted(first.values(), key=lambda each: (each.detected_at, each.id)))
