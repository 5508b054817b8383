"""Outcome statistics endpoint: how the emitted signals of the last days ended."""

from datetime import date, timedelta
from typing import Annotated

import msgspec
from msgspec import Meta

from api.endpoints.performance_metrics import mean_and_standard_error
from api.resources import Resources
from api.rest.params import Symbol, Timeframe, canonical_timeframe
from domain.clock import to_datetime
from domain.statistics.intervals import Interval, wilson
from store import outcome_days


class OutcomeStatsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Query parameters: symbol, timeframe and period of the signals."""

    symbol: Symbol | None = None
    timeframe: Timeframe | None = None
    lookback_days: Annotated[int, Meta(ge=1, le=3650, description="Number of UTC days, including today.")] = 30


class OutcomeStats(msgspec.Struct, frozen=True, kw_only=True):
    """Outcomes of `total_signals` emitted signals that ended on or after `since`; null where undefined.

    Attributes
    ----------
    entered
        Signals that were entered; rates and means are over these.
    tp_hit, sl_hit, expired
        Outcomes of all signals.
    win_rate, win_rate_interval
        Share with a return above 0, net of costs, and its 95 % Wilson interval.
    avg_return_pct, avg_return_pct_se, avg_return_r, avg_return_r_se
        Mean returns, net of costs, each with its standard error.
    avg_duration_s
        Mean time from entry to exit.
    """

    symbol: str | None
    timeframe: str | None
    lookback_days: int
    since: date
    total_signals: int
    entered: int
    wins: int
    losses: int
    tp_hit: int
    sl_hit: int
    expired: int
    win_rate: float | None
    win_rate_interval: Interval | None
    avg_return_pct: float | None
    avg_return_pct_se: float | None
    best_return_pct: float | None
    worst_return_pct: float | None
    avg_return_r: float | None
    avg_return_r_se: float | None
    avg_duration_s: float | None


async def show_outcome_stats(resources: Resources, query: OutcomeStatsQuery) -> OutcomeStats:
    """Win rate, average return and average duration of the emitted signals that ended in the last days.

    Returns are net of costs.
    """
    timeframe = None if query.timeframe is None else canonical_timeframe(query.timeframe)
    since = (to_datetime(resources.now_ns()) - timedelta(days=query.lookback_days - 1)).date()
    outcomes = await outcome_days.outcomes(
        resources.pool, symbol=query.symbol or "", timeframe=timeframe, status="emitted", since=since
    )
    entered, wins = int(outcomes.entered), int(outcomes.wins)
    pct, pct_se = mean_and_standard_error(outcomes.entered, outcomes.total_pct, outcomes.pct_squares)
    r, r_se = mean_and_standard_error(outcomes.entered, outcomes.total_r, outcomes.r_squares)
    return OutcomeStats(
        symbol=query.symbol,
        timeframe=timeframe,
        lookback_days=query.lookback_days,
        since=since,
        total_signals=int(outcomes.outcomes),
        entered=entered,
        wins=wins,
        losses=int(outcomes.losses),
        tp_hit=int(outcomes.tp_hit),
        sl_hit=int(outcomes.sl_hit),
        expired=int(outcomes.expired),
        win_rate=wins / entered if entered else None,
        win_rate_interval=wilson(wins, entered),
        avg_return_pct=pct,
        avg_return_pct_se=pct_se,
        best_return_pct=outcomes.greatest_pct,
        worst_return_pct=outcomes.least_pct,
        avg_return_r=r,
        avg_return_r_se=r_se,
        avg_duration_s=outcomes.duration_s / entered if entered else None,
    )
