"""Outcomes: the outcome of each signal, one row per signal, written once."""

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
"""  # noqa: S608  names and types of columns, no user input


def write(connection: psycopg.Connection, outcomes: Sequence[Outcome]) -> int:
    """Write outcomes, and add new ones to the daily sums; a stored outcome is not changed.

    Their signals must be written before.

    Returns
    -------
    int
        The number of new rows.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached.
    """
    if not outcomes:
        return 0
    with map_errors():
        row = connection.execute(_WRITE, columns(outcomes, _COLUMNS)).fetchone()
    return int(row[0]) if row else 0
