"""Outcome statistics over REST: how emitted signals ended in the last days."""

from datetime import date, timedelta
from typing import Annotated

import msgspec
from msgspec import Meta

from api.endpoints.track_record import mean_and_error
from api.resources import Resources
from api.rest.params import Name, Timeframe, canonical_timeframe
from domain.clock import to_datetime
from domain.statistics.intervals import Interval, wilson
from store import graded


class Lookback(msgspec.Struct, frozen=True, kw_only=True):
    """Which signals."""

    symbol: Name | None = None
    timeframe: Timeframe | None = None
    lookback_days: Annotated[int, Meta(ge=1, le=3650, description="UTC days, today included.")] = 30


class OutcomeStats(msgspec.Struct, frozen=True, kw_only=True):
    """How `total_signals` emitted signals ended since a day; null where undefined.

    Attributes
    ----------
    entered
        Signals of which the market gave an entry; rates and means are of these.
    tp_hit, sl_hit, expired
        How all of them ended.
    win_rate, win_rate_interval
        Fraction with a return above 0, net of costs, and Wilson's interval of 95 %.
    avg_return_pct, avg_return_pct_se, avg_return_r, avg_return_r_se
        Net means, each with its standard error.
    avg_duration_s
        From entry to exit.
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


async def show_outcome_stats(resources: Resources, asked: Lookback) -> OutcomeStats:
    """Win rate, average return and duration of emitted signals that ended in the last days.

    Returns are net of costs.
    """
    timeframe = None if asked.timeframe is None else canonical_timeframe(asked.timeframe)
    since = (to_datetime(resources.now_ns()) - timedelta(days=asked.lookback_days - 1)).date()
    found = await graded.outcomes(
        resources.pool, symbol=asked.symbol or "", timeframe=timeframe, status="emitted", since=since
    )
    entered, wins = int(found.entered), int(found.wins)
    pct, pct_se = mean_and_error(found.entered, found.total_pct, found.pct_squares)
    r, r_se = mean_and_error(found.entered, found.total_r, found.r_squares)
    return OutcomeStats(
        symbol=asked.symbol,
        timeframe=timeframe,
        lookback_days=asked.lookback_days,
        since=since,
        total_signals=int(found.outcomes),
        entered=entered,
        wins=wins,
        losses=int(found.losses),
        tp_hit=int(found.tp_hit),
        sl_hit=int(found.sl_hit),
        expired=int(found.expired),
        win_rate=wins / entered if entered else None,
        win_rate_interval=wilson(wins, entered),
        avg_return_pct=pct,
        avg_return_pct_se=pct_se,
        best_return_pct=found.greatest_pct,
        worst_return_pct=found.least_pct,
        avg_return_r=r,
        avg_return_r_se=r_se,
        avg_duration_s=found.duration_s / entered if entered else None,
    )
