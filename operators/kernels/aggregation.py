"""Aggregation: add trades, or closed bars, to the bars under construction, in one pass over a batch.

A pass stops early when an output or pool is full; the caller makes room and resumes at the returned row. `rule`,
`state`, `table` and `out` are as in `closing`.
"""

import numpy as np

from domain.blocks import CONTIGUOUS_IDS, KIND_GAP, KIND_HEARTBEAT, KIND_TRADE
from domain.slices import INCOMPLETE
from operators.kernels import kernel
from operators.kernels.cell import add_trade
from operators.kernels.closing import advance, close_due
from operators.kernels.slots import (
    CLOSED_UNTIL,
    FREED_IN_PASS,
    NEWEST,
    NEXT_CLOSE,
    SLOTS,
    UNSET,
    allocate_slot,
    find_slot,
    seen_before,
)

ACCEPTED, DUPLICATES, LATE, REJECTS = range(4)
"""Indices into the tally."""

DONE, ROWS_FULL, SLOTS_FULL, SLOT_REUSED = range(4)
"""Stop reason of a pass: all rows processed; output full; slots full; the output must be emitted first, because a slot
freed in this pass is to be reused."""


@kernel
def good_trade(trade):
    """Whether price, size and their product are positive and finite."""
    return trade.price > 0.0 and trade.size > 0.0 and trade.price * trade.size < np.inf


@kernel
def good_bar(bar, length):
    """Whether a bar is consistent; NaN is allowed for an unknown quote or taker buy volume."""
    ordered = 0.0 < bar.low <= bar.open <= bar.high < np.inf and bar.low <= bar.close <= bar.high
    known = (np.isnan(bar.quote_volume) or 0.0 <= bar.quote_volume < np.inf) and (
        np.isnan(bar.buy_volume) or 0.0 <= bar.buy_volume < np.inf
    )
    return ordered and known and 0.0 <= bar.volume < np.inf and bar.open_time % length == 0


@kernel
def mark(clock, length, state, slot, ts):
    """Record that trades before `ts` may be missing: bars open until then are incomplete."""
    life, cells, _, _ = state
    life[slot].marked = 1
    first = clock[CLOSED_UNTIL] // length
    for bar in range(first, max(first, ts // length) + 1):
        cells[slot, bar & 1].flags |= INCOMPLETE


@kernel
def mark_gap(clock, length, state, slot, trade):
    """Apply a gap marker of one instrument, or of all (instrument 0)."""
    if slot >= 0:
        mark(clock, length, state, slot, trade.ts)
    elif trade.instrument == 0:
        for each in range(clock[SLOTS]):
            mark(clock, length, state, each, trade.ts)


@kernel
def allocate(clock, state, table, instrument):
    """Allocate a slot for a new instrument; return (slot, DONE, SLOTS_FULL or SLOT_REUSED)."""
    life, cells, _, free = state
    slot = allocate_slot(clock, (life, cells, free), table, instrument)
    if slot >= 0:
        return slot, DONE
    return slot, SLOT_REUSED if slot == FREED_IN_PASS else SLOTS_FULL


@kernel
def aggregate_trades(trades, start, clock, rule, state, seen, table, out, tally, late_quote):
    """Add `trades[start:]`, including heartbeats and gap markers, to their bars.

    Returns
    -------
    tuple
        (next row to process, bars written, gaps written, stop reason).
    """
    row = gap = 0
    length = rule[0][0]
    life, cells = state[0], state[1]
    for at in range(start, trades.size):
        trade = trades[at]
        if trade.ts > clock[NEWEST] and (trade.kind != KIND_TRADE or good_trade(trade)):
            advance(clock, trade.ts, rule)
        if clock[NEWEST] >= clock[NEXT_CLOSE] and clock[NEWEST] != UNSET:
            row, gap, full = close_due(clock, rule, state, table, out, row, gap)
            if full:
                return at, row, gap, ROWS_FULL
        if trade.kind == KIND_HEARTBEAT:
            continue
        slot = table[1][find_slot(table[0], table[1], trade.instrument)]
        if trade.kind == KIND_GAP:
            mark_gap(clock, length, state, slot, trade)
            continue
        if not good_trade(trade):
            tally[REJECTS] += 1
            continue
        late = trade.ts < clock[CLOSED_UNTIL]
        if slot < 0 and not late:
            slot, why = allocate(clock, state, table, trade.instrument)
            if why != DONE:
                return at, row, gap, why
            life[slot].last_ts = trade.ts
        if slot >= 0 and trade.id >= 0 and seen_before(life[slot], seen[slot], trade.id):
            tally[DUPLICATES] += 1
            continue
        if late:
            tally[LATE] += 1
            late_quote[0] += trade.price * trade.size
            continue
        tally[ACCEPTED] += 1
        mine = life[slot]
        mine.last_ts = max(mine.last_ts, trade.ts)
        if trade.flags & CONTIGUOUS_IDS:
            mine.contiguous = 1
        add_trade(cells[slot, (trade.ts // length) & 1], trade)
    return trades.size, row, gap, DONE


@kernel
def aggregate_bars(bars, start, clock, rule, state, table, out, tally):
    """Like `aggregate_trades`, with closed bars of the finest frame as input."""
    row = gap = 0
    length = rule[0][0]
    life, cells = state[0], state[1]
    for at in range(start, bars.size):
        bar = bars[at]
        if not good_bar(bar, length):
            tally[REJECTS] += 1
            continue
        # One ns before its end: bars of other instruments that end at the same instant may still arrive.
        if bar.close_time - 1 > clock[NEWEST]:
            advance(clock, bar.close_time - 1, rule)
        if clock[NEWEST] >= clock[NEXT_CLOSE]:
            row, gap, full = close_due(clock, rule, state, table, out, row, gap)
            if full:
                return at, row, gap, ROWS_FULL
        if bar.open_time < clock[CLOSED_UNTIL]:
            tally[LATE] += 1
            continue
        slot = table[1][find_slot(table[0], table[1], bar.instrument)]
        if slot < 0:
            slot, why = allocate(clock, state, table, bar.instrument)
            if why != DONE:
                return at, row, gap, why
        cell = cells[slot, (bar.open_time // length) & 1]
        if cell.count:
            tally[DUPLICATES] += 1
            continue
        tally[ACCEPTED] += 1
        life[slot].last_ts = bar.close_time - 1
        cell.open, cell.high, cell.low, cell.close = bar.open, bar.high, bar.low, bar.close
        cell.volume, cell.quote, cell.buy, cell.largest = bar.volume, bar.quote_volume, bar.buy_volume, bar.largest
        cell.trades, cell.count, cell.flags = bar.trades, 1, bar.flags & INCOMPLETE
    return bars.size, row, gap, DONE
