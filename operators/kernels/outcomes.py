"""Triple-barrier outcomes: follow candidates over the bars of the finest frame until target, stop or expiry.

Open candidates are stored in a pool; those of one slot form a linked list in order of arrival.
"""

import numpy as np

from domain.slices import EXPIRED, PAYOUT, SL_HIT, SYNTHETIC, TP_HIT
from operators.kernels import kernel
from operators.kernels.costs import cost_of, paid_of

OPEN = np.dtype(
    [
        (name, "<i8")
        for name in ("ts", "instrument", "expires_at", "entry_at", "next", "slot", "strategy", "direction", "status")
    ]
    + [
        (name, "<f8")
        for name in ("reference", "take_profit", "stop_loss", "confidence", "entry", "best", "worst", "cost")
    ]
)
"""An open candidate. `entry_at` is 0 until entry; `cost` is the round-trip cost as a fraction of the price; `next`
links those of a slot."""
NONE = -1


@kernel
def _add(candidate, pool, free, heads, cost):
    """Append a candidate to the list of its slot; `free[0]` is the number of free entries."""
    place = free[free[0]]
    free[0] -= 1
    mine = pool[place]
    mine.ts, mine.instrument, mine.expires_at = candidate.ts, candidate.instrument, candidate.expires_at
    mine.slot, mine.strategy, mine.direction = candidate.slot, candidate.strategy, candidate.direction
    mine.status, mine.confidence, mine.reference = candidate.status, candidate.confidence, candidate.entry_price
    mine.take_profit, mine.stop_loss = candidate.take_profit, candidate.stop_loss
    mine.cost = cost_of(candidate, cost)
    mine.entry_at, mine.next = 0, NONE
    mine.entry = mine.best = mine.worst = np.nan
    if heads[candidate.slot] == NONE:
        heads[candidate.slot] = place
        return
    at = heads[candidate.slot]
    while pool[at].next != NONE:
        at = pool[at].next
    pool[at].next = place


@kernel
def _settle_one(mine, bar):
    """Follow one candidate over one bar; return the outcome and the exit price, or -1."""
    if bar.open_time < mine.ts:  # it opened before the decision, whose price it contains
        return -1, np.nan
    if mine.entry_at == 0 and not bar.flags & SYNTHETIC:
        mine.entry_at, mine.entry = bar.open_time, bar.open
        mine.best = mine.worst = bar.open
    if mine.entry_at:
        long = mine.direction > 0
        worst, best = (bar.low, bar.high) if long else (bar.high, bar.low)
        # Stop first: the order of prices within a bar is unknown, so the worse case is assumed.
        if (worst <= mine.stop_loss) if long else (worst >= mine.stop_loss):
            price = min(bar.open, mine.stop_loss) if long else max(bar.open, mine.stop_loss)
            mine.worst = min(mine.worst, price) if long else max(mine.worst, price)
            return SL_HIT, price
        if (best >= mine.take_profit) if long else (best <= mine.take_profit):
            price = bar.open if bar.flags & PAYOUT else mine.take_profit  # a resolved market takes no orders
            mine.best = max(mine.best, price) if long else min(mine.best, price)
            return TP_HIT, price
        mine.best = max(mine.best, best) if long else min(mine.best, best)
        mine.worst = min(mine.worst, worst) if long else max(mine.worst, worst)
    if bar.close_time >= mine.expires_at:
        return EXPIRED, bar.close if mine.entry_at else np.nan
    return -1, np.nan


@kernel
def _grade(out, mine, bar, outcome, price):
    """Write the outcome."""
    out.ts, out.instrument, out.exit_at = mine.ts, mine.instrument, bar.close_time
    out.slot, out.strategy, out.direction = mine.slot, mine.strategy, mine.direction
    out.status, out.confidence, out.outcome = mine.status, mine.confidence, outcome
    out.entry_at, out.entry_price, out.exit_price = mine.entry_at, mine.entry, price
    if mine.entry_at == 0:  # nothing traded until it expired: no position, hence no return
        out.return_pct = out.return_r = out.best_r = out.worst_r = np.nan
        return
    out.redeemed = bar.flags & PAYOUT != 0
    # The planned risk, not that of the actual entry price: it is never zero.
    risk = abs(mine.reference - mine.stop_loss)
    net = mine.direction * (price - mine.entry) - paid_of(mine.cost, out) * mine.entry
    out.return_pct = 100.0 * net / mine.entry
    out.return_r = net / risk
    out.best_r = mine.direction * (mine.best - mine.entry) / risk
    out.worst_r = mine.direction * (mine.worst - mine.entry) / risk


@kernel
def follow(bars, candidates, pool, free, heads, outcomes, cost):
    """Follow all open candidates over `bars`, adding each new one once its decision time has passed.

    Parameters
    ----------
    bars
        (r,) BAR in slice order; only the finest frame is followed.
    candidates
        (c,) CANDIDATE, in the order of their decision.
    pool, free, heads
        Open candidates; a stack of free indices with its size first; head of the list of each slot.
    outcomes
        Output with room for every open and new candidate.
    cost
        Round-trip fees and slippage as a fraction of the price, for candidates without a cost of their own.

    Returns
    -------
    int
        Number of outcomes written.
    """
    count = 0
    waiting = 0
    for row in range(bars.size):
        bar = bars[row]
        if bar.frame != 0:
            continue
        while waiting < candidates.size and candidates[waiting].ts <= bar.open_time:
            _add(candidates[waiting], pool, free, heads, cost)
            waiting += 1
        before = NONE
        at = heads[bar.slot]
        while at != NONE:
            mine = pool[at]
            following = mine.next
            outcome, price = _settle_one(mine, bar)
            if outcome < 0:
                before = at
            else:
                _grade(outcomes[count], mine, bar, outcome, price)
                count += 1
                if before == NONE:
                    heads[bar.slot] = following
                else:
                    pool[before].next = following
                free[0] += 1
                free[free[0]] = at
            at = following
    while waiting < candidates.size:
        _add(candidates[waiting], pool, free, heads, cost)
        waiting += 1
    return count
