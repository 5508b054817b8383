"""Bar closing: when the watermark passes the end of a bar, the bars of all instruments close together.

Only the finest frame is built from trades; the others are folded from its closed bars. Because the
lateness is at most one bar of the finest frame, at most two bars of an instrument are open at a time;
they are stored in `cells[slot, index of the bar & 1]`.

Grouped arguments: `rule` is (lengths of the frames, lateness_ns, quiet_ns, whether an
instrument's first bar is partial); `state` is (life, cells, folds, free); `table` is (keys, slots);
`out` is (bars, gaps), with `row` and `gap` written so far.
"""

from domain.blocks import NO_ID
from domain.slices import FIRST, INCOMPLETE, SYNTHETIC
from operators.kernels import kernel
from operators.kernels.cell import clear, fold, write
from operators.kernels.slots import CLOSED_UNTIL, FREE_SLOTS, NEWEST, NEXT_CLOSE, SLOTS, UNSET, index_slots


@kernel
def id_gap(cell, life):
    """Number of missing trades of an instrument with contiguous ids at the close of this bar."""
    before = 0 if life.closed_id == NO_ID else cell.min_id - life.closed_id - 1
    return max(0, cell.max_id - cell.min_id + 1 - cell.count) + max(0, before)


@kernel
def close_instant(clock, rule, state, out, row, gap):
    """Close every bar that ends at the next boundary; return the numbers of rows, gaps and freed slots."""
    lengths, _, quiet_ns, partial_first = rule
    life, cells, folds, free = state
    rows, gaps = out
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
            missing = id_gap(cell, mine)
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
        write(rows[row], cell, start, end, mine.instrument, slot, 0, flags, clock[NEWEST])
        base = rows[row]
        row += 1
        for frame in range(1, lengths.size):
            higher = folds[slot, frame]
            if not mine.started:
                clear(higher)
                higher.first_ts = 0  # no bar of this frame written yet
            fold(higher, base, start % lengths[frame] == 0)
            if end % lengths[frame] == 0:
                higher_flags = higher.flags if higher.first_ts else higher.flags | FIRST
                opened = end - lengths[frame]
                write(rows[row], higher, opened, end, mine.instrument, slot, frame, higher_flags, clock[NEWEST])
                row += 1
                clear(higher)
                higher.first_ts = 1
        mine.started = 1
        clear(cell)
    clock[CLOSED_UNTIL] = end
    return row, gap, freed


@kernel
def advance(clock, ts, rule):
    """Advance the newest time; the first call also initialises the closing boundary."""
    lengths, lateness_ns, _, _ = rule
    if clock[NEWEST] == UNSET:
        clock[CLOSED_UNTIL] = (ts - lateness_ns) // lengths[0] * lengths[0]
        clock[NEXT_CLOSE] = clock[CLOSED_UNTIL] + lengths[0] + lateness_ns
    clock[NEWEST] = max(clock[NEWEST], ts)


@kernel
def close_due(clock, rule, state, table, out, row, gap):
    """Close all bars that the watermark has passed; stop early when the output is full. Returns (row, gap, full)."""
    lengths, lateness_ns, _, _ = rule
    rows, gaps = out
    while clock[NEWEST] >= clock[NEXT_CLOSE]:
        if clock[SLOTS] == clock[FREE_SLOTS]:  # no instrument is active: skip any number of bars at once
            due = (clock[NEWEST] - lateness_ns) // lengths[0] * lengths[0]
            clock[CLOSED_UNTIL] = due
            clock[NEXT_CLOSE] = due + lengths[0] + lateness_ns
            break
        if row + clock[SLOTS] * lengths.size > rows.size or gap + 2 * clock[SLOTS] > gaps.size:
            return row, gap, True
        row, gap, freed = close_instant(clock, rule, state, out, row, gap)
        clock[NEXT_CLOSE] += lengths[0]
        if freed:
            index_slots(table[0], table[1], state[0], clock[SLOTS])
    return row, gap, False
