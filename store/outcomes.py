"""Outcomes: how each signal ended, one row per signal, written once."""

from collections.abc import Sequence
from typing import Final

import psycopg

from domain.signals import Outcome
from store import outcome_days
from store.columns import columns, unnest
from store.postgres import map_errors

_COLUMNS: Final = {
    "signal_id": "text",
    "outcome": "text",
    "entry_at": "timestamptz",
    "exit_at": "timestamptz",
    "entry_price": "float8",
    "exit_price": "float8",
    "return_pct": "float8",
    "return_r": "float8",
    "best_r": "float8",
    "worst_r": "float8",
    "duration_s": "float8",
}
"""Name and Postgres type, in the order of the table and of `Outcome`."""

_WRITE: Final = f"""
WITH fresh AS (
    INSERT INTO outcomes ({", ".join(_COLUMNS)})
    SELECT * FROM {unnest(_COLUMNS)}
    ON CONFLICT (signal_id) DO NOTHING
    RETURNING *
), {outcome_days.ADD}
SELECT count(*) FROM fresh
"""  # noqa: S608  names and types of our own columns


def write(connection: psycopg.Connection, outcomes: Sequence[Outcome]) -> int:
    """Write outcomes, and count those that are new; the first of a signal stays.

    Write their signals first.

    Returns
    -------
    int
        How many were new.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached.
    """
    if not outcomes:
        return 0
    with map_errors():
        found = connection.execute(_WRITE, columns(outcomes, _COLUMNS)).fetchone()
    return int(found[0]) if found else 0
