"""Performance: update the running sums of each closed trade's groups, and raise alerts."""

import numpy as np

from domain.clock import DAY
from domain.executions import EVEN, LOSS, WIN
from domain.performance import (
    BUCKET,
    BUCKETS,
    DEGRADED,
    DRAWDOWN,
    LOSS_STREAK,
    OVERALL,
    RECOVERED,
    STRATEGY,
    WIN_STREAK,
)
from operators.kernels import kernel

RECORD = np.dtype([("weight", "<f8"), ("squares", "<f8"), ("mean", "<f8"), ("variance", "<f8"), ("degraded", "<i8")])
"""Exponentially weighted recent R of a strategy: sums of weights and squared weights, moments, and the alert state."""
WINS_IN_A_ROW, LOSSES_IN_A_ROW, DRAWDOWN_STEP = 10, 5, 0.1
HALF_LIFE, LEAST, Z = 50.0, 30.0, 1.645
"""Half-life in trades; minimum effective number of trades for an alert; z-score of a one-sided 95 % bound."""


@kernel
def _add_to_day(sums, trade):
    """Add a trade to its UTC day; first add the days that have ended to the sums, days without a trade as zeros."""
    today = trade.at // DAY
    if sums.trades > 0 and today > sums.day:
        sums.days += today - sums.day
        sums.returns += sums.day_return
        sums.return_squares += sums.day_return * sums.day_return
        sums.day_return = 0.0
    sums.day = today
    before = trade.equity - trade.pnl
    if before > 0.0:
        sums.day_return += trade.pnl / before


@kernel
def _add(sums, trade):
    """Add a trade to the sums of a group."""
    sums.ts = trade.at
    _add_to_day(sums, trade)
    sums.trades += 1
    sums.pnl += trade.pnl
    if trade.state == WIN:
        sums.wins += 1
        sums.gains += trade.pnl
        sums.streak = max(sums.streak, 0) + 1
    elif trade.state == LOSS:
        sums.losses += 1
        sums.losings -= trade.pnl
        sums.streak = min(sums.streak, 0) - 1
    else:
        sums.streak = 0
    sums.r += trade.pnl_r
    sums.r_squares += trade.pnl_r * trade.pnl_r
    sums.best_pnl = max(sums.best_pnl, sums.pnl)
    sums.drawdown = max(sums.drawdown, sums.best_pnl - sums.pnl)
    if not np.isnan(trade.probability):
        won = 1.0 if trade.state == WIN else 0.0
        sums.predicted += 1
        sums.probability += trade.probability
        sums.brier += (trade.probability - won) ** 2


@kernel
def _write_alert(out, ts, kind, strategy, count, value, bound):
    out.ts, out.kind, out.strategy, out.count, out.value, out.bound = ts, kind, strategy, count, value, bound


@kernel
def _check_degradation(record, sums, trade, out):
    """Alert when a strategy's recent mean R becomes credibly negative, and when it recovers; return rows written."""
    keep = 0.5 ** (1.0 / HALF_LIFE)
    record.weight = keep * record.weight + 1.0
    record.squares = keep * keep * record.squares + 1.0
    away = trade.pnl_r - record.mean
    share = 1.0 / record.weight
    record.mean += share * away
    record.variance = (1.0 - share) * (record.variance + share * away * away)
    count = record.weight * record.weight / record.squares
    if count < LEAST:
        return 0
    bound = record.mean + Z * np.sqrt(record.variance / (count - 1.0))
    if bound < 0.0 and not record.degraded:
        record.degraded = 1
        _write_alert(out[0], trade.at, DEGRADED, trade.strategy, sums.trades, record.mean, bound)
        return 1
    if record.mean > 0.0 and record.degraded:
        record.degraded = 0
        _write_alert(out[0], trade.at, RECOVERED, trade.strategy, sums.trades, record.mean, bound)
        return 1
    return 0


@kernel
def perform(trades, days, sums, records, sunk, changes, alerts):
    """Process closed trades and ended days, each in the order of its time.

    Parameters
    ----------
    trades, days
        EXECUTION, of which only closed trades count, and EQUITY.
    sums
        (1 + strategies + BUCKETS,) PERFORMANCE: overall, per strategy, per bucket; updated.
    records
        (strategies,) RECORD; updated.
    sunk
        (1,) int64: tenths of drawdown already reported; updated.
    changes, alerts
        Output with room for three rows per trade; for three per trade and one per day.

    Returns
    -------
    tuple
        Numbers of rows written to `changes` and `alerts`.
    """
    changed = written = day = 0
    for at in range(trades.size):
        trade = trades[at]
        if trade.state not in (WIN, LOSS, EVEN):
            continue
        while day < days.size and days[day].day < trade.at:
            written += _check_drawdown(days[day], sums[0], sunk, alerts[written:])
            day += 1
        strategies = records.size
        bucket = -1
        if not np.isnan(trade.probability):
            bucket = min(BUCKETS - 1, int(trade.probability * BUCKETS))
        for group in (OVERALL, STRATEGY, BUCKET):
            if group == BUCKET and bucket < 0:
                continue
            place = (0, 1 + trade.strategy, 1 + strategies + bucket)[group]
            _add(sums[place], trade)
            changes[changed] = sums[place]
            changed += 1
        mine = sums[1 + trade.strategy]
        if mine.streak > 0 and mine.streak % WINS_IN_A_ROW == 0:
            _write_alert(alerts[written], trade.at, WIN_STREAK, trade.strategy, mine.trades, mine.streak, np.nan)
            written += 1
        elif mine.streak < 0 and mine.streak % LOSSES_IN_A_ROW == 0:
            _write_alert(alerts[written], trade.at, LOSS_STREAK, trade.strategy, mine.trades, -mine.streak, np.nan)
            written += 1
        written += _check_degradation(records[trade.strategy], mine, trade, alerts[written:])
    while day < days.size:
        written += _check_drawdown(days[day], sums[0], sunk, alerts[written:])
        day += 1
    return changed, written


@kernel
def _check_drawdown(day, sums, sunk, out):
    """Alert when the drawdown reaches another tenth; reset at a new high."""
    if day.drawdown >= 0.0:
        sunk[0] = 0
    tenths = int(-day.drawdown / DRAWDOWN_STEP + 1e-9)
    if tenths <= sunk[0]:
        return 0
    sunk[0] = tenths
    _write_alert(out[0], day.day, DRAWDOWN, -1, sums.trades, -day.drawdown, np.nan)
    return 1
