"""Outcome days: daily sums of the outcomes of signals, and of the accuracy of their probabilities.

An outcome is added to the sums by the statement that writes it, together with data of its signal, so that it counts
once however often it is written. Signals are written before their outcomes; an outcome without its signal is not
counted.
"""

from datetime import date
from typing import Any, Final

import msgspec

from domain.signals import Status
from store.postgres import Pool, map_errors

_COUNTS: Final = ("outcomes", "entered", "wins", "losses", "tp_hit", "sl_hit", "expired")
_SUMS: Final = ("total_pct", "pct_squares", "total_r", "r_squares", "duration_s")
_FORECASTS: Final = ("forecasts", "wins", "probability_sum", "brier_sum")


def _adding(*names: str) -> str:
    return ", ".join(f"{name} = old.{name} + excluded.{name}" for name in names)


ADD: Final = f"""
graded AS (
    SELECT cell.symbol, timeframe, status, (exit_at AT TIME ZONE 'UTC')::date AS day, signal_type, outcome,
           return_pct, return_pct::numeric AS pct, return_r::numeric AS r, duration_s::numeric AS lasted,
           probability::numeric AS stated, probability::numeric - (return_r > 0)::int AS miss, cell.symbol = '' AS once
    FROM fresh JOIN signals ON signals.id = fresh.signal_id,
    LATERAL (VALUES (''), (symbol)) AS cell (symbol)
), counted AS (
    INSERT INTO outcome_days AS old
        (symbol, timeframe, status, day, {", ".join((*_COUNTS, *_SUMS))}, least_pct, greatest_pct)
    SELECT symbol, timeframe, status, day,
           count(*), count(r), count(*) FILTER (WHERE r > 0), count(*) FILTER (WHERE r < 0),
           count(*) FILTER (WHERE outcome = 'tp_hit'), count(*) FILTER (WHERE outcome = 'sl_hit'),
           count(*) FILTER (WHERE outcome = 'expired'),
           coalesce(sum(pct), 0), coalesce(sum(pct * pct), 0), coalesce(sum(r), 0), coalesce(sum(r * r), 0),
           coalesce(sum(lasted) FILTER (WHERE r IS NOT NULL), 0), min(return_pct), max(return_pct)
    FROM graded GROUP BY symbol, timeframe, status, day ORDER BY symbol, timeframe, status, day
    ON CONFLICT (symbol, timeframe, status, day) DO UPDATE SET
        {_adding(*_COUNTS, *_SUMS)},
        least_pct = least(old.least_pct, excluded.least_pct),
        greatest_pct = greatest(old.greatest_pct, excluded.greatest_pct)
), compared AS (
    INSERT INTO forecast_days AS old (signal_type, status, step, day, {", ".join(_FORECASTS)})
    SELECT cell.signal_type, status, least(99, floor(stated * 100)), day,
           count(*), count(*) FILTER (WHERE r > 0), sum(stated), sum(miss * miss)
    FROM graded, LATERAL (VALUES (''), (signal_type)) AS cell (signal_type)
    WHERE once AND r IS NOT NULL AND stated IS NOT NULL
    GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
    ON CONFLICT (signal_type, status, step, day) DO UPDATE SET {_adding(*_FORECASTS)}
)
"""  # noqa: S608  names of columns, no user input
"""Common table expressions that add new outcomes to the sums; `fresh` are the inserted rows of `outcomes`."""

_READ_OUTCOMES: Final = f"""
SELECT {", ".join(f"coalesce(sum({name}), 0)::float8" for name in (*_COUNTS, *_SUMS))},
       min(least_pct), max(greatest_pct)
FROM outcome_days
WHERE symbol = %(symbol)s AND status = ANY(%(statuses)s) AND day BETWEEN %(since)s AND %(until)s
"""  # noqa: S608

_READ_FORECASTS: Final = f"""
SELECT step, {", ".join(f"sum({name})::float8" for name in _FORECASTS)}
FROM forecast_days
WHERE signal_type = %(signal_type)s AND status = ANY(%(statuses)s) AND day BETWEEN %(since)s AND %(until)s
GROUP BY step ORDER BY step
"""  # noqa: S608

_READ_SYMBOLS: Final = """
SELECT symbol, sum(entered)::float8, sum(wins)::float8, sum(total_pct)::float8
FROM outcome_days WHERE symbol <> '' AND status = 'emitted' AND day >= %(since)s
GROUP BY symbol HAVING sum(entered) > 0 ORDER BY sum(entered) DESC, symbol LIMIT %(limit)s
"""


class Outcomes(msgspec.Struct, frozen=True, kw_only=True):
    """Sums over the outcomes of signals; returns are those of signals that were entered."""

    outcomes: float
    entered: float
    wins: float
    losses: float
    tp_hit: float
    sl_hit: float
    expired: float
    total_pct: float
    pct_squares: float
    total_r: float
    r_squares: float
    duration_s: float
    least_pct: float | None
    greatest_pct: float | None


class Forecasts(msgspec.Struct, frozen=True):
    """Sums over forecasts with a probability from step / 100 to (step + 1) / 100."""

    step: int
    n: float
    wins: float
    probability_sum: float
    brier_sum: float


class SymbolOutcomes(msgspec.Struct, frozen=True):
    """Sums over the emitted signals of one symbol that were entered."""

    symbol: str
    entered: float
    wins: float
    total_pct: float


_FIELDS: Final = tuple(field.name for field in msgspec.structs.fields(Outcomes))


async def outcomes(
    pool: Pool,
    *,
    symbol: str = "",
    timeframe: str | None = None,
    status: Status | None = None,
    since: date = date.min,
    until: date = date.max,
) -> Outcomes:
    """Sums over the outcomes of signals.

    Parameters
    ----------
    symbol
        Only signals of this symbol; empty for all.
    status
        Only emitted or only suppressed signals; None for both.
    since, until
        First and last UTC day on which the signals ended.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached in time.
    """
    values: dict[str, Any] = {"symbol": symbol, "statuses": _statuses(status), "since": since, "until": until}
    query = _READ_OUTCOMES
    if timeframe is not None:
        query, values = f"{query} AND timeframe = %(timeframe)s", values | {"timeframe": timeframe}
    with map_errors():
        async with pool.connection() as connection:
            cursor = await connection.execute(query, values)
            (row,) = await cursor.fetchall()
    return Outcomes(**dict(zip(_FIELDS, row, strict=True)))


async def forecasts(
    pool: Pool,
    *,
    signal_type: str = "",
    status: Status | None = None,
    since: date = date.min,
    until: date = date.max,
) -> list[Forecasts]:
    """Sums over forecasts by probability, ascending; steps without forecasts are left out.

    Parameters
    ----------
    signal_type
        Only signals of this strategy; empty for all.
    status, since, until
        See `outcomes`.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached in time.
    """
    values: dict[str, Any] = {"signal_type": signal_type, "statuses": _statuses(status), "since": since, "until": until}
    with map_errors():
        async with pool.connection() as connection:
            cursor = await connection.execute(_READ_FORECASTS, values)
            return [Forecasts(*row) for row in await cursor.fetchall()]


async def symbols(pool: Pool, *, since: date, limit: int) -> list[SymbolOutcomes]:
    """The symbols with the most entered signals that ended since a UTC day, in descending order.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached in time.
    """
    with map_errors():
        async with pool.connection() as connection:
            cursor = await connection.execute(_READ_SYMBOLS, {"since": since, "limit": limit})
            return [SymbolOutcomes(*row) for row in await cursor.fetchall()]


def _statuses(status: Status | None) -> list[str]:
    return ["emitted", "suppressed"] if status is None else [status]
