"""Lanes: the rows of one instrument and frame, which are interleaved in a Slice.

The number of a lane is slot * frames + frame. State arrays are indexed by lane.
"""

import numpy as np

from domain.slices import FIRST, INCOMPLETE
from operators.kernels import kernel
from operators.kernels.derived import DERIVED, derive

COLUMNS = 11
"""Number of tape rows copied from bars, as named in `operators.features.TAPE`."""
REMEMBERED, FORGOTTEN = (1, 2, 3, 4, 5, 6, 7, 10), (0, 8, 9)
"""Tape rows read by windows, whose history is stored; and open, largest trade and close time, which every feature
reads at its own bar only, and which are NaN for bars before the batch."""


@kernel
def lane_rows(bars, frames, seen_so_far):
    """Lane of each row, and the number of bars in its lane so far, this one included.

    `seen_so_far` (lanes) is updated. A row with the flag FIRST resets its lane.
    """
    lane = np.empty(bars.size, np.int64)
    seen = np.empty(bars.size, np.int64)
    for row in range(bars.size):
        at = bars[row].slot * frames + bars[row].frame
        if bars[row].flags & FIRST:
            seen_so_far[at] = 0
        seen_so_far[at] += 1
        lane[row] = at
        seen[row] = seen_so_far[at]
    return lane, seen


@kernel
def build_tape(bars, lane, history, cursor):
    """Lay out the bars of each lane contiguously, after the stored history of the lane.

    Parameters
    ----------
    bars
        (r,) BAR.
    lane
        (r,) lane of each row.
    history
        (lanes, len(REMEMBERED), h): the last h bars of each lane, newest last; updated.
    cursor
        (lanes,) scratch; zero on entry and on return.

    Returns
    -------
    tuple
        The tape (original and derived columns, t); (r,) the row numbers of `bars`, lane by lane; and (r,) the tape
        position of each of them.
    """
    depth = history.shape[2]
    touched = np.empty(lane.size, np.int64)
    lanes = 0
    for row in range(lane.size):
        if cursor[lane[row]] == 0:
            touched[lanes] = lane[row]
            lanes += 1
        cursor[lane[row]] += 1
    starts = np.empty(lanes + 1, np.int64)
    starts[0] = 0
    for each in range(lanes):
        starts[each + 1] = starts[each] + cursor[touched[each]]
        cursor[touched[each]] = starts[each]
    order = np.empty(lane.size, np.uint32)  # unsigned: avoids the check for negative indices
    for row in range(lane.size):
        order[cursor[lane[row]]] = row
        cursor[lane[row]] += 1
    at = np.empty(lane.size, np.int64)
    tape = np.empty((COLUMNS + len(DERIVED), lane.size + lanes * depth))
    for each in range(lanes):
        begin, past = starts[each] + each * depth, history[touched[each]]
        first = begin + depth
        end = first + starts[each + 1] - starts[each]
        for nth in range(len(REMEMBERED)):
            known, remembered = tape[REMEMBERED[nth], begin:first], past[nth]
            for back in range(depth):
                known[back] = remembered[back]
        for column in FORGOTTEN:
            tape[column, begin:first] = np.nan
        for rank in range(starts[each], starts[each + 1]):
            place = rank + (each + 1) * depth
            at[rank] = place
            bar = bars[order[rank]]
            tape[0, place], tape[1, place], tape[2, place], tape[3, place] = bar.open, bar.high, bar.low, bar.close
            tape[4, place], tape[5, place], tape[6, place] = bar.volume, bar.quote_volume, bar.buy_volume
            tape[7, place] = np.nan if bar.trades < 0 else float(bar.trades)
            tape[8, place], tape[9, place] = bar.largest, bar.close_time / 1e9
            tape[10, place] = 1.0 if bar.flags & INCOMPLETE else 0.0
        for nth in range(len(REMEMBERED)):
            known, remembered = tape[REMEMBERED[nth], end - depth : end], past[nth]
            for back in range(depth):
                remembered[back] = known[back]
        cursor[touched[each]] = 0
    derive(tape)
    return tape, order, at


@kernel
def scatter(values, order, seen, warmups, out):
    """Scatter values from lane order to row order, `out[:, order] = values`, with NaN where not warm.

    Parameters
    ----------
    values
        (columns, r).
    order
        (r,) uint32: row of each value.
    seen
        (r,) number of bars in its lane so far.
    warmups
        (columns,) bars until each column is warm.
    out
        (columns, r).
    """
    youngest = seen.min()
    for column in range(values.shape[0]):
        mine, theirs, warmup = values[column], out[column], warmups[column]
        if youngest < warmup:
            for rank in range(order.size):
                theirs[order[rank]] = mine[rank] if seen[rank] >= warmup else np.nan
        else:
            for rank in range(order.size):
                theirs[order[rank]] = mine[rank]


@kernel
def link_rows(lane, seen, last):
    """Link each row to the row before it in its lane, and find the newest row of each lane.

    Returns
    -------
    tuple
        (r,) int64: a row of this Slice; -1 - lane if the previous row was in an earlier Slice; or
        `NOTHING` if there is none. And the newest row of each lane present, in row order. `last` (lanes) is
        scratch, -1 on entry and on return.
    """
    before = np.empty(lane.size, np.int64)
    for row in range(lane.size):
        at = lane[row]
        if seen[row] == 1:
            before[row] = NOTHING
        else:
            before[row] = last[at] if last[at] >= 0 else -1 - at
        last[at] = row
    newest = np.empty(lane.size, np.int64)
    count = 0
    for row in range(lane.size):
        if last[lane[row]] == row:
            newest[count] = row
            count += 1
            last[lane[row]] = -1
    return before, newest[:count]


NOTHING = -(1 << 62)


@kernel
def link_frames(bars, frames, primary, present, last):
    """Link each row of the primary frame to the newest row of every frame that ends at or before the same instant.

    Rows are in the order (close time, slot, frame): the rows of higher frames that end with a primary bar
    follow it directly.

    Parameters
    ----------
    present
        (lanes,) 1 if the lane has had a bar since its slot was assigned; updated.
    last
        (lanes,) scratch, -1 on entry and on return.

    Returns
    -------
    tuple
        The primary rows (p,), and (frames, p): a row of this Slice, -1 - lane for one of an earlier
        Slice, or `NOTHING`.
    """
    rows = np.empty(bars.size, np.int64)
    newest = np.empty((frames, bars.size), np.int64)
    count = 0
    row = 0
    while row < bars.size:
        first = row
        slot, end = bars[row].slot, bars[row].close_time
        primary_row = -1
        while row < bars.size and bars[row].slot == slot and bars[row].close_time == end:
            at = slot * frames + bars[row].frame
            if bars[row].flags & FIRST and bars[row].frame == 0:
                for frame in range(frames):
                    present[slot * frames + frame] = 0
                    last[slot * frames + frame] = -1
            last[at] = row
            present[at] = 1
            if bars[row].frame == primary:
                primary_row = row
            row += 1
        if primary_row >= first:
            rows[count] = primary_row
            for frame in range(frames):
                at = slot * frames + frame
                if last[at] >= 0:
                    newest[frame, count] = last[at]
                else:
                    newest[frame, count] = -1 - at if present[at] else NOTHING
            count += 1
    for done in range(bars.size):
        last[bars[done].slot * frames + bars[done].frame] = -1
    return rows[:count], newest[:, :count]
