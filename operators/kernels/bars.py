"""Trades to closed bars: one pass, any number of instruments and frames, O(1) state for each.

Only the finest frame is built from trades; the others are folded from its closed bars. A bar closes
when the watermark (newest event time less the allowed lateness) reaches its end, for all instruments
of the shard at once. Because the lateness is at most one bar of the finest frame, at most two bars
of an instrument are open at a time; they sit in `cells[slot, index of the bar & 1]`.

Open and close are the prices of the first and last trade by (time, id), so the order of arrival
within the lateness does not matter; volumes are summed with a compensation term (Knuth's two-sum),
so they equal `math.fsum` but for rare ties.

Shapes: n trades, s slots, f frames (finest first), r rows of output.
"""

import numpy as np

from domain.blocks import CONTIGUOUS_IDS, KIND_GAP, KIND_HEARTBEAT, NO_ID
from domain.slices import FIRST, INCOMPLETE, SYNTHETIC
from operators.kernels import kernel

CELL = np.dtype(
    [(name, "<f8") for name in ("open", "high", "low", "close")]
    + [(name, "<f8") for name in ("volume", "volume_rest", "quote", "quote_rest", "buy", "buy_rest", "largest")]
    + [(name, "<i8") for name in ("count", "trades", "first_ts", "first_id", "last_ts", "last_id")]
    + [(name, "<i8") for name in ("min_id", "max_id", "flags")]
)
"""A bar being built. `count` is what it was made of (trades, or bars for the higher frames)."""

LIFE = np.dtype(
    [
        (name, "<i8")
        for name in ("instrument", "vacant", "started", "newest_id", "closed_id", "last_ts", "contiguous", "marked")
    ]
    + [("last_close", "<f8")]
)
"""What outlives an instrument's bars. A vacant slot keeps the number of who lived there, whose bars may
still be on their way, until somebody else moves in."""

SEEN_IDS = 256
"""Ids under the newest that are remembered one by one; below them every id counts as seen."""
SEEN_WORDS = SEEN_IDS // 64

NEWEST, CLOSED_UNTIL, NEXT_CLOSE, SLOTS, FREE_SLOTS, REUSABLE = range(6)
"""The shard's clock: newest event time; every bar that ends by then is closed; newest time at which
the next bars close; slots ever used; how many of them are free; how many of those were free when the
pass began."""
UNSET = -(1 << 62)
"""`newest`, before anything was accepted."""

ACCEPTED, DUPLICATES, LATE, REJECTS = range(4)

DONE, ROWS_FULL, SLOTS_FULL, SLOT_REUSED = range(4)
"""Why a pass stopped: all taken in; make room for rows; make room for slots; hand on the rows first,
since a slot that was freed in this pass is needed again."""

_HASH = np.uint64(0x9E3779B97F4A7C15)


@kernel
def find_slot(table_keys, table_slots, instrument):
    """Index in the table where `instrument` is, or where it would go (open addressing)."""
    mask = table_keys.size - 1
    at = np.int64((np.uint64(instrument) * _HASH) >> np.uint64(33)) & mask
    while table_slots[at] >= 0 and table_keys[at] != instrument:
        at = (at + 1) & mask
    return at


@kernel
def index_slots(table_keys, table_slots, life, slots):
    """Fill the table anew from `life`."""
    table_slots[:] = -1
    for slot in range(slots):
        if not life[slot].vacant:
            at = find_slot(table_keys, table_slots, life[slot].instrument)
            table_keys[at], table_slots[at] = life[slot].instrument, slot


@kernel
def _add(total, rest, value):
    """Two-sum: (total + value, rest + what the rounding lost)."""
    grown = total + value
    back = grown - total
    return grown, rest + ((total - (grown - back)) + (value - back))


@kernel
def _clear(cell):
    cell.count = 0
    cell.trades = 0
    cell.flags = 0
    cell.volume = cell.volume_rest = cell.quote = cell.quote_rest = cell.buy = cell.buy_rest = cell.largest = 0.0


@kernel
def _write(row, cell, open_time, close_time, instrument, slot, frame, flags):
    row.open_time, row.close_time, row.instrument = open_time, close_time, instrument
    row.open, row.high, row.low, row.close = cell.open, cell.high, cell.low, cell.close
    row.volume = cell.volume + cell.volume_rest
    row.quote_volume = cell.quote + cell.quote_rest
    row.buy_volume = cell.buy + cell.buy_rest
    row.largest = cell.largest
    row.trades, row.slot, row.frame, row.flags = cell.trades, slot, frame, flags


@kernel
def _fold(fold, bar, aligned):
    """Take one closed bar of the finest frame into a bar of a higher one."""
    if fold.count == 0:
        fold.open, fold.high, fold.low = bar.open, bar.high, bar.low
        fold.flags = SYNTHETIC if aligned else SYNTHETIC | INCOMPLETE
    fold.high = max(fold.high, bar.high)
    fold.low = min(fold.low, bar.low)
    fold.close = bar.close
    fold.volume, fold.volume_rest = _add(fold.volume, fold.volume_rest, bar.volume)
    fold.quote, fold.quote_rest = _add(fold.quote, fold.quote_rest, bar.quote_volume)
    fold.buy, fold.buy_rest = _add(fold.buy, fold.buy_rest, bar.buy_volume)
    # Not max(): it would drop a NaN, which says that the input did not tell.
    if not bar.largest <= fold.largest:
        fold.largest = bar.largest + fold.largest * 0.0
    if bar.trades < 0 or fold.trades < 0:
        fold.trades = -1
    else:
        fold.trades += bar.trades
    fold.flags |= bar.flags & INCOMPLETE
    if not bar.flags & SYNTHETIC:
        fold.flags &= ~SYNTHETIC
    fold.count += 1


@kernel
def _id_gap(cell, life):
    """Trades that an instrument with contiguous ids is missing at the close of this bar."""
    before = 0 if life.closed_id == NO_ID else cell.min_id - life.closed_id - 1
    return max(0, cell.max_id - cell.min_id + 1 - cell.count) + max(0, before)


@kernel
def close_instant(clock, lengths, life, cells, folds, free, rows, row, gaps, gap, quiet_ns, partial_first):
    """Close every bar that ends at the next boundary; return the counts of rows and gaps, and of slots freed."""
    start = clock[CLOSED_UNTIL]
    end = start + lengths[0]
    side = (start // lengths[0]) & 1
    freed = 0
    for slot in range(clock[SLOTS]):
        mine = life[slot]
        cell = cells[slot, side]
        if mine.vacant or (cell.count == 0 and not mine.started):
            continue
        flags = cell.flags & INCOMPLETE
        if cell.count == 0:
            if start - mine.last_ts > quiet_ns:
                mine.vacant = 1
                free[clock[FREE_SLOTS]] = slot
                clock[FREE_SLOTS] += 1
                freed += 1
                continue
            cell.open = cell.high = cell.low = cell.close = mine.last_close
            flags |= SYNTHETIC
        elif mine.contiguous:
            missing = _id_gap(cell, mine)
            if missing > 0:
                flags |= INCOMPLETE
                gaps[gap].detected_at, gaps[gap].instrument, gaps[gap].slot = end, mine.instrument, slot
                gaps[gap].first_id = cell.min_id if mine.closed_id == NO_ID else mine.closed_id
                gaps[gap].last_id, gaps[gap].missing, gaps[gap].spare = cell.max_id, missing, 0
                gap += 1
            mine.closed_id = max(mine.closed_id, cell.max_id)
        if mine.marked:
            gaps[gap].detected_at, gaps[gap].instrument, gaps[gap].slot = end, mine.instrument, slot
            gaps[gap].first_id = gaps[gap].last_id = NO_ID
            gaps[gap].missing, gaps[gap].spare = -1, 0
            gap += 1
            mine.marked = 0
        if not mine.started:
            flags |= FIRST
            if partial_first:
                flags |= INCOMPLETE
        mine.last_close = cell.close
        _write(rows[row], cell, start, end, mine.instrument, slot, 0, flags)
        base = rows[row]
        row += 1
        for frame in range(1, lengths.size):
            fold = folds[slot, frame]
            if not mine.started:
                _clear(fold)
                fold.first_ts = 0  # no bar of this frame written yet
            _fold(fold, base, start % lengths[frame] == 0)
            if end % lengths[frame] == 0:
                fold_flags = fold.flags if fold.first_ts else fold.flags | FIRST
                _write(rows[row], fold, end - lengths[frame], end, mine.instrument, slot, frame, fold_flags)
                row += 1
                _clear(fold)
                fold.first_ts = 1
        mine.started = 1
        _clear(cell)
    clock[CLOSED_UNTIL] = end
    return row, gap, freed


@kernel
def _advance(clock, ts, lengths, lateness_ns):
    """Move the newest time on; the first time ever also sets where closing begins."""
    if clock[NEWEST] == UNSET:
        clock[CLOSED_UNTIL] = (ts - lateness_ns) // lengths[0] * lengths[0]
        clock[NEXT_CLOSE] = clock[CLOSED_UNTIL] + lengths[0] + lateness_ns
    clock[NEWEST] = max(clock[NEWEST], ts)


@kernel
def close_due(
    clock,
    lengths,
    lateness_ns,
    table_keys,
    table_slots,
    life,
    cells,
    folds,
    free,
    rows,
    row,
    gaps,
    gap,
    quiet_ns,
    partial_first,
):
    """Close all that the watermark has passed; stop early when the rows might not fit. Returns (row, gap, full)."""
    while clock[NEWEST] >= clock[NEXT_CLOSE]:
        if clock[SLOTS] == clock[FREE_SLOTS]:  # nobody lives here: no bars to make, however far the jump
            due = (clock[NEWEST] - lateness_ns) // lengths[0] * lengths[0]
            clock[CLOSED_UNTIL] = due
            clock[NEXT_CLOSE] = due + lengths[0] + lateness_ns
            break
        if row + clock[SLOTS] * lengths.size > rows.size or gap + 2 * clock[SLOTS] > gaps.size:
            return row, gap, True
        row, gap, freed = close_instant(
            clock, lengths, life, cells, folds, free, rows, row, gaps, gap, quiet_ns, partial_first
        )
        clock[NEXT_CLOSE] += lengths[0]
        if freed:
            index_slots(table_keys, table_slots, life, clock[SLOTS])
    return row, gap, False


@kernel
def _seen(life, words, trade_id):
    """Whether the id came before; remembers it."""
    newest = life.newest_id
    if trade_id > newest:
        if trade_id - newest >= SEEN_IDS or newest == NO_ID:
            words[:] = 0
        else:
            for skipped in range(newest + 1, trade_id):
                words[(skipped >> 6) % SEEN_WORDS] &= ~(np.uint64(1) << np.uint64(skipped & 63))
        words[(trade_id >> 6) % SEEN_WORDS] |= np.uint64(1) << np.uint64(trade_id & 63)
        life.newest_id = trade_id
        return False
    if newest - trade_id >= SEEN_IDS:
        return True
    bit = np.uint64(1) << np.uint64(trade_id & 63)
    if words[(trade_id >> 6) % SEEN_WORDS] & bit:
        return True
    words[(trade_id >> 6) % SEEN_WORDS] |= bit
    return False


@kernel
def _move_in(clock, life, cells, free, table_keys, table_slots, instrument):
    """A slot for a new instrument, or -1 (slots full) or -2 (only slots freed in this pass are left)."""
    if clock[FREE_SLOTS] > 0:
        if clock[FREE_SLOTS] > clock[REUSABLE]:
            return -2
        clock[FREE_SLOTS] -= 1
        clock[REUSABLE] = clock[FREE_SLOTS]
        slot = free[clock[FREE_SLOTS]]
    elif clock[SLOTS] < life.size:
        slot = clock[SLOTS]
        clock[SLOTS] += 1
    else:
        return -1
    mine = life[slot]
    mine.instrument, mine.vacant, mine.started, mine.contiguous, mine.marked = instrument, 0, 0, 0, 0
    mine.newest_id = mine.closed_id = NO_ID
    mine.last_close = np.nan
    _clear(cells[slot, 0])
    _clear(cells[slot, 1])
    at = find_slot(table_keys, table_slots, instrument)
    table_keys[at], table_slots[at] = instrument, slot
    return slot


@kernel
def _mark(clock, lengths, life, cells, slot, ts):
    """Note that trades before `ts` may be missing: the bars that are open by then are incomplete."""
    life[slot].marked = 1
    first = clock[CLOSED_UNTIL] // lengths[0]
    for bar in range(first, max(first, ts // lengths[0]) + 1):
        cells[slot, bar & 1].flags |= INCOMPLETE


@kernel
def roll_trades(
    trades,
    start,
    clock,
    lengths,
    lateness_ns,
    quiet_ns,
    partial_first,
    table_keys,
    table_slots,
    life,
    seen,
    cells,
    folds,
    free,
    rows,
    gaps,
    tally,
    late_quote,
):
    """Take in `trades[start:]`.

    Returns
    -------
    tuple
        (next trade to take, rows written, gaps written, why it stopped).
    """
    row = gap = 0
    for at in range(start, trades.size):
        trade = trades[at]
        ts = trade.ts
        if ts > clock[NEWEST]:
            usable = trade.kind != 0 or (0.0 < trade.price < np.inf and 0.0 < trade.size < np.inf)
            if usable:
                _advance(clock, ts, lengths, lateness_ns)
        if clock[NEWEST] >= clock[NEXT_CLOSE] and clock[NEWEST] != UNSET:
            row, gap, full = close_due(
                clock,
                lengths,
                lateness_ns,
                table_keys,
                table_slots,
                life,
                cells,
                folds,
                free,
                rows,
                row,
                gaps,
                gap,
                quiet_ns,
                partial_first,
            )
            if full:
                return at, row, gap, ROWS_FULL
        if trade.kind == KIND_HEARTBEAT:
            continue
        place = find_slot(table_keys, table_slots, trade.instrument)
        slot = table_slots[place]
        if trade.kind == KIND_GAP:
            if slot >= 0:
                _mark(clock, lengths, life, cells, slot, ts)
            elif trade.instrument == 0:
                for each in range(clock[SLOTS]):
                    _mark(clock, lengths, life, cells, each, ts)
            continue
        if not (0.0 < trade.price < np.inf and 0.0 < trade.size < np.inf):
            tally[REJECTS] += 1
            continue
        if slot < 0:
            if ts < clock[CLOSED_UNTIL]:
                tally[LATE] += 1
                late_quote[0] += trade.price * trade.size
                continue
            slot = _move_in(clock, life, cells, free, table_keys, table_slots, trade.instrument)
            if slot == -1:
                return at, row, gap, SLOTS_FULL
            if slot == -2:
                return at, row, gap, SLOT_REUSED
            life[slot].last_ts = ts
        mine = life[slot]
        if trade.id >= 0 and _seen(mine, seen[slot], trade.id):
            tally[DUPLICATES] += 1
            continue
        if ts < clock[CLOSED_UNTIL]:
            tally[LATE] += 1
            late_quote[0] += trade.price * trade.size
            continue
        tally[ACCEPTED] += 1
        mine.last_ts = max(mine.last_ts, ts)
        if trade.flags & CONTIGUOUS_IDS:
            mine.contiguous = 1
        cell = cells[slot, (ts // lengths[0]) & 1]
        price, size = trade.price, trade.size
        if cell.count == 0:
            cell.open = cell.high = cell.low = cell.close = price
            cell.first_ts = cell.last_ts = ts
            cell.first_id = cell.last_id = cell.min_id = cell.max_id = trade.id
        else:
            cell.high = max(cell.high, price)
            cell.low = min(cell.low, price)
            if ts > cell.last_ts or (ts == cell.last_ts and trade.id >= cell.last_id):
                cell.close, cell.last_ts, cell.last_id = price, ts, trade.id
            elif ts < cell.first_ts or (ts == cell.first_ts and trade.id < cell.first_id):
                cell.open, cell.first_ts, cell.first_id = price, ts, trade.id
            cell.min_id = min(cell.min_id, trade.id)
            cell.max_id = max(cell.max_id, trade.id)
        cell.count += 1
        cell.trades += 1
        cell.largest = max(cell.largest, size)
        cell.volume, cell.volume_rest = _add(cell.volume, cell.volume_rest, size)
        cell.quote, cell.quote_rest = _add(cell.quote, cell.quote_rest, price * size)
        if trade.side > 0:
            cell.buy, cell.buy_rest = _add(cell.buy, cell.buy_rest, size)
        elif trade.side == 0:
            cell.buy = np.nan
    return trades.size, row, gap, DONE


@kernel
def roll_bars(
    bars,
    start,
    clock,
    lengths,
    quiet_ns,
    partial_first,
    table_keys,
    table_slots,
    life,
    cells,
    folds,
    free,
    rows,
    gaps,
    tally,
):
    """Take in closed bars of the finest frame instead of trades; otherwise as `roll_trades`, with no lateness."""
    row = gap = 0
    for at in range(start, bars.size):
        bar = bars[at]
        usable = 0.0 < bar.low <= bar.open <= bar.high < np.inf and bar.low <= bar.close <= bar.high
        usable = usable and 0.0 <= bar.volume < np.inf and bar.open_time % lengths[0] == 0
        if not usable:
            tally[REJECTS] += 1
            continue
        # Short of its end: bars of other instruments that end at the same instant may still come.
        ts = bar.close_time - 1
        if ts > clock[NEWEST]:
            _advance(clock, ts, lengths, 0)
        if clock[NEWEST] >= clock[NEXT_CLOSE]:
            row, gap, full = close_due(
                clock,
                lengths,
                0,
                table_keys,
                table_slots,
                life,
                cells,
                folds,
                free,
                rows,
                row,
                gaps,
                gap,
                quiet_ns,
                partial_first,
            )
            if full:
                return at, row, gap, ROWS_FULL
        slot = table_slots[find_slot(table_keys, table_slots, bar.instrument)]
        if bar.open_time < clock[CLOSED_UNTIL]:
            tally[LATE] += 1
            continue
        if slot < 0:
            slot = _move_in(clock, life, cells, free, table_keys, table_slots, bar.instrument)
            if slot == -1:
                return at, row, gap, SLOTS_FULL
            if slot == -2:
                return at, row, gap, SLOT_REUSED
        cell = cells[slot, (bar.open_time // lengths[0]) & 1]
        if cell.count:
            tally[DUPLICATES] += 1
            continue
        tally[ACCEPTED] += 1
        life[slot].last_ts = ts
        cell.open, cell.high, cell.low, cell.close = bar.open, bar.high, bar.low, bar.close
        cell.volume, cell.quote, cell.buy = bar.volume, bar.quote_volume, bar.buy_volume
        cell.largest = bar.largest
        cell.trades, cell.count, cell.flags = bar.trades, 1, bar.flags & INCOMPLETE
    return bars.size, row, gap, DONE
