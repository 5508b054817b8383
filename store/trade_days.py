"""Trade days: daily and total sums of the results of paper trades, by strategy, regime and confidence.

A trade is added to the sums by the statement that writes its end, so that it counts once however often it is written.
Sums are exact (`numeric`), so they do not depend on how trades are divided into batches; the drawdown of a period is
computed from the sums of its days. Peak, low and drawdown follow the order in which trades are written: that of their
exits within one branch of the dataflow, but branches write independently, so where a row holds trades of both, these
three can differ between runs.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final, Literal

import msgspec

from store.postgres import Pool, map_errors

Kind = Literal["overall", "signal_type", "regime", "confidence"]

_SUMS: Final = (
    *("trades", "wins", "losses", "total_pnl", "gains", "losings", "day_return", "total_r", "r_squares"),
    *("duration_s", "predicted", "predicted_wins", "probability_sum", "brier_sum"),
)
"""Columns that are added."""

_MERGED: Final = {
    "least_pnl": "least(old.least_pnl, excluded.least_pnl)",
    "greatest_pnl": "greatest(old.greatest_pnl, excluded.greatest_pnl)",
    "least_r": "least(old.least_r, excluded.least_r)",
    "greatest_r": "greatest(old.greatest_r, excluded.greatest_r)",
    "peak": "trim_scale(greatest(old.peak, old.total_pnl + excluded.peak))",
    "low": "trim_scale(least(old.low, old.total_pnl + excluded.low))",
    "drawdown": "trim_scale(least(old.drawdown, excluded.drawdown, old.total_pnl + excluded.low - old.peak))",
}
"""How the other columns are merged. Trailing zeros are trimmed, since either of two equal numbers may be taken."""
_FIRST: Final = date.min + timedelta(days=1)
"""The earliest day; the row of the day before it holds the totals of all days."""
_BUCKET: Final = "(floor(probability * 10) - (probability >= 1)::int)::numeric / 10"
"""Lower bound of the confidence bucket of a trade; null without a probability. The last bucket includes 1."""

ADD: Final = f"""
ended AS (
    SELECT *, (exit_time AT TIME ZONE 'UTC')::date AS ended_on, pnl::numeric AS money, pnl_r::numeric AS r,
           CASE WHEN equity::numeric > pnl::numeric
                THEN pnl::numeric / (equity::numeric - pnl::numeric) ELSE 0 END AS share,
           probability::numeric AS stated, probability::numeric - (pnl > 0)::int AS miss
    FROM fresh WHERE outcome IN ('win', 'loss', 'even')
), placed AS (
    SELECT ended.*, market.symbol AS of_symbol, part.kind, part.name, span.day,
           sum(money) OVER (PARTITION BY market.symbol, kind, name, day ORDER BY exit_time, id) AS running
    FROM ended,
    LATERAL (VALUES (''), (symbol)) AS market (symbol),
    LATERAL (VALUES (ended_on), ('{date.min}')) AS span (day),
    LATERAL (VALUES ('overall', 'overall'), ('signal_type', signal_type), ('regime', regime), ('confidence',
        to_char({_BUCKET}, 'FM0.0') || '-' || to_char({_BUCKET} + 0.1, 'FM0.0'))) AS part (kind, name)
    WHERE part.name IS NOT NULL
), walked AS (
    SELECT *, running - greatest(0, max(running)
        OVER (PARTITION BY of_symbol, kind, name, day ORDER BY exit_time, id)) AS fall
    FROM placed
), summed AS (
    INSERT INTO trade_days AS old (symbol, kind, name, day, {", ".join(_SUMS)}, {", ".join(_MERGED)})
    SELECT of_symbol, kind, name, day,
           count(*), count(*) FILTER (WHERE money > 0), count(*) FILTER (WHERE money < 0),
           sum(money), sum(greatest(money, 0)), sum(greatest(-money, 0)), sum(share), sum(r), sum(r * r),
           sum(extract(epoch FROM exit_time - entry_time)),
           count(stated), count(stated) FILTER (WHERE money > 0), coalesce(sum(stated), 0),
           coalesce(sum(miss * miss), 0),
           min(pnl), max(pnl), min(pnl_r), max(pnl_r),
           trim_scale(greatest(0, max(running))), trim_scale(least(0, min(running))), trim_scale(min(fall))
    FROM walked
    GROUP BY of_symbol, kind, name, day
    ORDER BY of_symbol, kind, name, day
    ON CONFLICT (symbol, kind, name, day) DO UPDATE SET
        {", ".join(f"{name} = old.{name} + excluded.{name}" for name in _SUMS)},
        {", ".join(f"{name} = {rule}" for name, rule in _MERGED.items())}
)
"""  # noqa: S608  names of columns, no user input
"""Common table expressions that add ended trades to the sums; `fresh` are the inserted and replaced rows of
`trade_executions`."""

_READ_PERIOD: Final = f"""
WITH days AS (
    SELECT *, sum(total_pnl) OVER (PARTITION BY kind, name ORDER BY day ROWS UNBOUNDED PRECEDING) - total_pnl AS before
    FROM trade_days WHERE symbol = %(symbol)s AND kind = ANY(%(kinds)s) AND day BETWEEN %(since)s AND %(until)s
), walked AS (
    SELECT *, least(drawdown, before + low - greatest(0, max(before + peak) OVER (
        PARTITION BY kind, name ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING))) AS fall
    FROM days
)
SELECT kind, name, {", ".join(f"sum({name})::float8" for name in _SUMS)},
       min(least_pnl), max(greatest_pnl), min(least_r), max(greatest_r), min(fall)::float8,
       array_agg(day - date '1970-01-01' ORDER BY day), array_agg(day_return ORDER BY day)::float8[]
FROM walked GROUP BY kind, name ORDER BY kind, name
"""  # noqa: S608

_READ_ALL: Final = f"""
WITH series AS (
    SELECT kind, name, array_agg(day - date '1970-01-01' ORDER BY day) AS days,
           array_agg(day_return ORDER BY day)::float8[] AS returns
    FROM trade_days WHERE symbol = %(symbol)s AND kind = ANY(%(kinds)s) AND day > '{date.min}'
    GROUP BY kind, name
)
SELECT kind, name, {", ".join(f"{name}::float8" for name in _SUMS)},
       least_pnl, greatest_pnl, least_r, greatest_r, drawdown::float8, days, returns
FROM trade_days JOIN series USING (kind, name)
WHERE symbol = %(symbol)s AND kind = ANY(%(kinds)s) AND day = '{date.min}' ORDER BY kind, name
"""  # noqa: S608

_READ_SYMBOLS: Final = """
SELECT symbol, sum(trades)::float8,
       array_agg(day - date '1970-01-01' ORDER BY day), array_agg(day_return::float8 ORDER BY day)
FROM trade_days WHERE kind = 'overall' AND symbol <> '' AND day >= %(since)s
GROUP BY symbol ORDER BY sum(trades) DESC, symbol LIMIT %(limit)s
"""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Sums over the trades of one group.

    Attributes
    ----------
    kind, name
        The group: overall, a strategy, a regime, or a confidence bucket such as "0.5-0.6".
    drawdown
        Maximum drawdown of cumulative PnL, in quote units, at most 0.
    predicted, predicted_wins
        Trades that had a probability at the decision, and the number of these that won.
    days, returns
        Days since 1970 with a trade, ascending, and the return of each on the equity of the account.
    """

    kind: Kind
    name: str
    trades: float
    wins: float
    losses: float
    total_pnl: float
    gains: float
    losings: float
    day_return: float
    total_r: float
    r_squares: float
    duration_s: float
    predicted: float
    predicted_wins: float
    probability_sum: float
    brier_sum: float
    least_pnl: float
    greatest_pnl: float
    least_r: float
    greatest_r: float
    drawdown: float
    days: list[int]
    returns: list[float]


class SymbolPart(msgspec.Struct, frozen=True):
    """The number of ended trades of one symbol, with days and returns as in `Part`."""

    symbol: str
    trades: float
    days: list[int]
    returns: list[float]


_FIELDS: Final = tuple(field.name for field in msgspec.structs.fields(Part))


async def read(
    pool: Pool, kinds: Sequence[Kind], *, symbol: str = "", since: date | None = None, until: date | None = None
) -> list[Part]:
    """Sums of the groups of some kinds that have trades, ordered by kind and name.

    Parameters
    ----------
    symbol
        Only trades of this symbol; empty for all.
    since, until
        First and last UTC day on which the trades ended.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached in time.
    """
    values: dict[str, Any] = {"symbol": symbol, "kinds": list(kinds)}
    query = _READ_ALL
    if since is not None or until is not None:
        query = _READ_PERIOD
        values |= {"since": max(since or _FIRST, _FIRST), "until": until or date.max}
    with map_errors():
        async with pool.connection() as connection:
            cursor = await connection.execute(query, values)
            return [Part(**dict(zip(_FIELDS, row, strict=True))) for row in await cursor.fetchall()]


async def read_symbols(pool: Pool, *, since: date, limit: int) -> list[SymbolPart]:
    """The symbols with the most trades since a UTC day, in descending order.

    Raises
    ------
    ServiceError
        If Postgres cannot be reached in time.
    """
    with map_errors():
        async with pool.connection() as connection:
            cursor = await connection.execute(_READ_SYMBOLS, {"since": since, "limit": limit})
            return [SymbolPart(*row) for row in await cursor.fetchall()]
