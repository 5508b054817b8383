"""Paper account: trade every signal that the limits allow, in the order of event time.

At one instant positions are closed first, then planned ones are filled and all are marked to market at the closes,
and then new ones are planned, so that released capital can be used again at once.
"""

import numpy as np

from domain.clock import DAY
from domain.executions import EVEN, LOSS, OPEN, PLANNED, SKIP_REASONS, SKIPPED, UNFILLED, WIN
from domain.slices import EMITTED, SYNTHETIC
from operators.kernels import kernel
from operators.kernels.costs import cost_of, paid_of

POSITION = np.dtype(
    [(name, "<i8") for name in ("ts", "instrument", "entry_at", "strategy", "direction", "regime")]
    + [(name, "<f8") for name in ("probability", "entry", "shares", "risk", "mark", "cost")]
)
"""A planned or open position; `entry_at` is 0 until it is filled; `cost` is the round-trip cost over the price."""
ACCOUNT = np.dtype(
    [("equity", "<f8"), ("marked", "<f8"), ("peak", "<f8"), ("midnight", "<i8"), ("held", "<i8"), ("begun", "<i8")]
)
RULE = np.dtype(
    [(name, "<f8") for name in ("risk_fraction", "kelly_fraction", "notional_max", "cost")] + [("positions_max", "<i8")]
)
FULL, NO_EDGE, NO_EQUITY = (SKIP_REASONS.index(name) for name in ("max_open_positions", "no_edge", "no_equity"))
UNSETTLED = 255
LATEST = np.iinfo(np.int64).max


@kernel
def share_at_risk(probability, reward, loss, rule):
    """Fraction of the equity to risk: the fixed fraction, or less where the Kelly criterion asks for less.

    Growth is maximal at f = (p b - q a) / (a b) of the equity per R at risk, where a win pays b and a loss costs
    a, both in R and net of costs (Kelly, 1956). With an unknown probability or a `kelly_fraction` of 0, the
    fixed fraction applies; it is 0 where the target does not cover the costs.
    """
    if reward <= 0.0:
        return 0.0
    if np.isnan(probability) or rule.kelly_fraction == 0.0:
        return rule.risk_fraction
    best = (probability * reward - (1.0 - probability) * loss) / (loss * reward)
    return max(0.0, min(rule.risk_fraction, rule.kelly_fraction * best))


@kernel
def _write_execution(out, mine, at, state, equity):
    """Write a row about a position that is not closed."""
    out.ts, out.at, out.instrument = mine.ts, at, mine.instrument
    out.strategy, out.direction, out.regime = mine.strategy, mine.direction, mine.regime
    out.state, out.outcome, out.probability = state, UNSETTLED, mine.probability
    out.entry_at, out.exit_at, out.entry_price, out.exit_price = mine.entry_at, 0, mine.entry, np.nan
    out.shares, out.notional, out.risk = mine.shares, mine.shares * mine.entry, mine.risk
    out.fees, out.skipped, out.equity = 0.0, 0, equity
    out.pnl = out.pnl_pct = out.pnl_r = np.nan


@kernel
def _plan(candidate, probability, regime, positions, account, rule, out):
    """Size a position for an emitted candidate, or record it as skipped."""
    mine = positions[account.held]
    mine.ts, mine.instrument, mine.entry_at = candidate.ts, candidate.instrument, 0
    mine.strategy, mine.direction, mine.regime = candidate.strategy, candidate.direction, regime
    mine.probability, mine.entry = probability, candidate.entry_price
    mine.mark, mine.shares, mine.risk = candidate.entry_price, 0.0, 0.0
    mine.cost = cost_of(candidate, rule.cost)
    why = 0
    if account.held >= rule.positions_max:
        why = FULL
    elif account.equity <= 0.0:
        why = NO_EQUITY
    else:
        distance = abs(candidate.entry_price - candidate.stop_loss)
        cost = mine.cost * candidate.entry_price / distance
        reward = abs(candidate.take_profit - candidate.entry_price) / distance - cost
        share = share_at_risk(probability, reward, 1.0 + cost, rule)
        if share > 0.0:
            wanted = share * account.equity / (distance * (1.0 + cost))
            mine.shares = min(wanted, rule.notional_max * account.equity / candidate.entry_price)
            mine.risk = mine.shares * distance * (1.0 + cost)
        else:
            why = NO_EDGE
    _write_execution(out, mine, candidate.ts, SKIPPED if why else PLANNED, account.equity)
    out.skipped = why
    if not why:
        account.held += 1


@kernel
def _close(ended, positions, account, out):
    """Close the position of an outcome; return whether there was one."""
    for place in range(account.held):
        mine = positions[place]
        if (
            mine.ts == ended.ts
            and mine.instrument == ended.instrument
            and mine.strategy == ended.strategy
            and mine.direction == ended.direction
        ):
            _write_execution(out, mine, ended.exit_at, UNFILLED, account.equity)
            out.exit_at, out.outcome = ended.exit_at, ended.outcome
            if ended.entry_at:
                notional = mine.shares * ended.entry_price
                pnl = notional * ended.return_pct / 100.0
                account.equity += pnl
                out.state = WIN if pnl > 0.0 else LOSS if pnl < 0.0 else EVEN
                out.entry_at, out.entry_price, out.exit_price = ended.entry_at, ended.entry_price, ended.exit_price
                out.notional, out.fees, out.pnl = notional, paid_of(mine.cost, ended) * notional, pnl
                out.pnl_pct, out.pnl_r, out.equity = ended.return_pct, ended.return_r, account.equity
            account.held -= 1
            for later in range(place, account.held):  # preserve the order of the others
                positions[later] = positions[later + 1]
            return True
    return False


@kernel
def _fill_and_mark(bar, positions, account, out):
    """Fill planned positions at the first price after the decision and mark open ones; return the rows written."""
    count = 0
    for place in range(account.held):
        mine = positions[place]
        if mine.instrument != bar.instrument:
            continue
        if mine.entry_at == 0 and bar.open_time >= mine.ts and not bar.flags & SYNTHETIC:
            mine.entry_at, mine.entry = bar.open_time, bar.open
            _write_execution(out[count], mine, bar.close_time, OPEN, account.equity)
            count += 1
        if mine.entry_at:
            mine.mark = bar.close
    return count


@kernel
def _end_day(positions, account, out):
    """Mark the account to market at midnight, net of the full costs of open positions."""
    floating = exposure = 0.0
    opened = 0
    for place in range(account.held):
        mine = positions[place]
        if mine.entry_at:
            opened += 1
            floating += mine.shares * (mine.direction * (mine.mark - mine.entry) - mine.cost * mine.entry)
            exposure += mine.shares * mine.mark
    worth = account.equity + floating
    account.peak = max(account.peak, worth)
    out.day, out.equity, out.open_positions = account.midnight, worth, opened
    out["return"] = worth / account.marked - 1.0 if account.marked > 0.0 else np.nan
    out.drawdown = worth / account.peak - 1.0
    out.gross_exposure = exposure / worth if worth > 0.0 else np.nan
    account.marked = worth
    account.midnight += DAY


@kernel
def trade(bars, candidates, probability, regime, outcomes, positions, accounts, rules, executions, days):
    """Advance the account over rows of all families, each in the order of its event time.

    Parameters
    ----------
    bars
        BAR; only the finest frame is used.
    candidates, probability, regime
        CANDIDATE, and for each its calibrated probability (NaN: unknown) and regime.
    positions
        (n + 1,) POSITION, at most n open at once; the first `held` are in use; updated.
    accounts, rules
        (1,) ACCOUNT, updated, and (1,) RULE.
    executions, days
        Output with room for three rows per candidate and two per position held; for every midnight.

    Returns
    -------
    tuple
        Numbers of rows written to `executions` and `days`.
    """
    account, rule = accounts[0], rules[0]
    written = ended = 0
    bar = new = old = 0
    while bar < bars.size or new < candidates.size or old < outcomes.size:
        instant = LATEST
        if bar < bars.size:
            instant = bars[bar].close_time
        if new < candidates.size:
            instant = min(instant, candidates[new].ts)
        if old < outcomes.size:
            instant = min(instant, outcomes[old].exit_at)
        if not account.begun:
            account.begun, account.midnight = 1, -(-instant // DAY) * DAY
        while account.midnight < instant:
            _end_day(positions, account, days[ended])
            ended += 1
        while old < outcomes.size and outcomes[old].exit_at == instant:
            written += _close(outcomes[old], positions, account, executions[written])
            old += 1
        while bar < bars.size and bars[bar].close_time == instant:
            if account.held and bars[bar].frame == 0:
                written += _fill_and_mark(bars[bar], positions, account, executions[written:])
            bar += 1
        while new < candidates.size and candidates[new].ts == instant:
            if candidates[new].status == EMITTED:
                _plan(candidates[new], probability[new], regime[new], positions, account, rule, executions[written])
                written += 1
            new += 1
    return written, ended
